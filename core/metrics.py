"""How good predictions are, beside the loss: what people read off a run."""

from __future__ import annotations

import math

import numpy as np

from core.data.targets import decide

METRIC = {"classification": "accuracy", "regression": "r2"}
"""The metric that a run is followed by."""


def metrics(
    task: str, loss: str, outputs: np.ndarray, y: np.ndarray, Y: np.ndarray
) -> dict[str, float]:
    """Accuracy of classes, or r2 and mean absolute error of values; nan for no samples.

    outputs, Y: (n_samples, n_outputs); y: class numbers (n_samples,) or values.
    """
    if task == "classification":
        right = decide(outputs, loss) == y
        return {"accuracy": float(right.mean()) if len(right) else math.nan}
    if not len(outputs):
        return {"r2": math.nan, "mean_absolute_error": math.nan}
    error = outputs.astype(np.float64) - Y
    spread = ((Y - Y.mean(axis=0)) ** 2).sum()
    r2 = 1 - (error**2).sum() / spread if spread else math.nan
    return {"r2": float(r2), "mean_absolute_error": float(np.abs(error).mean())}

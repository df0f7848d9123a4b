"""How good a network is on samples: the one place where losses and metrics are taken.

A trainer follows its run by it, and a report reads a network at rest by it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data import Dataset
from core.data.targets import decide, encode_targets
from core.maths.losses import LOSSES
from core.refusals import Refusal

if TYPE_CHECKING:
    from core.engine.cpu import Scratch
    from core.engine.layout import Layout

METRIC = {"classification": "accuracy", "regression": "r2"}
"""The metric that a run is followed by."""

Rows = slice | np.ndarray
"""Which rows: a slice, or row numbers int64 (n,)."""

ALL = slice(None)


@dataclass(frozen=True)
class Samples:
    """Rows of a dataset, with their targets as a loss compares them.

    X: float32 (n, n_inputs). y: class numbers (n,) or values (n, n_values), as in the dataset.
    Y: float32 (n, n_outputs), as `encode_targets` writes them.
    """

    X: np.ndarray
    y: np.ndarray
    Y: np.ndarray

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: Rows) -> Samples:
        """Some of the rows."""
        return Samples(self.X[rows], self.y[rows], self.Y[rows])


def parts_of(dataset: Dataset) -> tuple[str, ...]:
    """Parts that a network is evaluated on: "train", "test", and "validation" if there is one."""
    return ("train", "test", *(["validation"] if dataset.n_validation else []))


def unknown_part(part: object, dataset: Dataset) -> Refusal:
    """The refusal of a part that a dataset does not have."""
    return Refusal(
        "Unknown part {part}. Choose one of: {choices}.",
        part=repr(part),
        choices=", ".join(parts_of(dataset)),
    )


def samples_of(
    dataset: Dataset, part: str, loss: str, *, activation: str = "auto", rows: Rows = ALL
) -> Samples:
    """Rows of the "train", "test" or, where there is one, "validation" part.

    activation: of the output layer.
    """
    if part not in parts_of(dataset):
        raise unknown_part(part, dataset)
    X, y = getattr(dataset, f"X_{part}"), getattr(dataset, f"y_{part}")
    Y = encode_targets(y[rows], dataset.task, dataset.n_classes, loss, activation=activation)
    return Samples(X[rows], y[rows], Y)


def measure(
    layout: Layout,
    params: np.ndarray,
    samples: Samples,
    task: str,
    loss: str,
    scratch: Scratch | None = None,
) -> tuple[dict[str, float], np.ndarray]:
    """The loss and the metrics on samples; dropout off, no penalty.

    scratch: `scratch_for` them, if they are measured again and again.

    Returns ({"loss": ..., "accuracy": ...} or with r2 and mean_absolute_error, nan where there
    are no samples; outputs float32 (n, n_outputs)).
    """
    from core.engine import cpu

    total, outputs = cpu.loss_sums(layout, params, samples.X, samples.Y, loss, scratch)
    return measured(samples, task, loss, total, outputs), outputs


def measured(
    samples: Samples, task: str, loss: str, total: float, outputs: np.ndarray
) -> dict[str, float]:
    """The values of `measure`. total: the loss summed over samples and outputs."""
    n_terms = len(samples) if LOSSES[loss].mean_over == "samples" else samples.Y.size
    values = {"loss": total / n_terms if n_terms else math.nan}
    return values | metrics(task, loss, outputs, samples.y, samples.Y)


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

"""How far predicted values are from the true ones, output by output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST_BINS = 40


@dataclass(frozen=True)
class ValueScore:
    """One output: share of the variance explained (r2, NaN for constant values), root mean
    squared error and mean absolute error, both in the unit of the values. NaN without samples."""

    r2: float
    rmse: float
    mae: float


def value_scores(true: np.ndarray, predicted: np.ndarray) -> list[ValueScore]:
    """Score every output by itself. true, predicted: (n, n_values)."""
    true, predicted = (np.asarray(part, dtype=np.float64) for part in (true, predicted))
    return [_score(*pair) for pair in zip(true.T, predicted.T, strict=True)]


def _score(true: np.ndarray, predicted: np.ndarray) -> ValueScore:
    if not len(true):
        return ValueScore(math.nan, math.nan, math.nan)
    with np.errstate(all="ignore"):  # a diverged network is scored too, with nan and inf
        error = true - predicted
        squares, spread = float((error**2).sum()), float(((true - true.mean()) ** 2).sum())
    r2 = 1.0 - squares / spread if spread else math.nan
    return ValueScore(r2, math.sqrt(squares / len(true)), float(np.abs(error).mean()))


def residual_shares(parts: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Histograms of several parts' residuals over the same bins.

    parts: (n,) each, finite. Returns edges (bins + 1,), and for each part the share of its
    samples in every bin, (bins,), 0 without samples. The bins are symmetric about 0, so that a
    lean to one side is seen.
    """
    reach = max((float(np.abs(part).max()) for part in parts if len(part)), default=0.0) or 1.0
    n = max(len(part) for part in parts)
    bins = int(np.clip(2.0 * n ** (1.0 / 3.0), 8, MOST_BINS)) // 2 * 2 + 1  # one about 0
    edges = np.linspace(-reach, reach, bins + 1)
    counts = [np.histogram(part, edges)[0] for part in parts]
    return edges, [count / max(len(part), 1) for count, part in zip(counts, parts, strict=True)]

"""Whether probabilities mean what they say: of what is called 80% sure, are 80% right?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.inspect.report import confidence
from core.inspect.thresholds import positive_scores
from core.maths import losses, registry

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """A reliability diagram: bins of equal width over probabilities, (bins,) each.

    edges: (bins + 1,) from 0 to 1. predicted: mean probability in a bin; observed: how often it
    came true; NaN in an empty bin. counts: samples.
    error: the expected calibration error, the mean of |observed - predicted| over samples
    (Guo et al. 2017); NaN without samples.
    """

    edges: np.ndarray
    predicted: np.ndarray
    observed: np.ndarray
    counts: np.ndarray
    error: float


def calibration(probabilities: np.ndarray, came_true: np.ndarray, bins: int = BINS) -> Calibration:
    """Compare probabilities (n,) in 0 to 1 with what came true, bool (n,).

    A probability on an edge belongs to the bin above it, 1 to the last one.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, probabilities, side="right") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        predicted = np.bincount(place, probabilities, bins) / counts
        observed = np.bincount(place, came_true.astype(np.float64), bins) / counts
    gaps = np.abs(observed - predicted)[counts > 0]
    total = int(counts.sum())
    error = float((gaps * counts[counts > 0]).sum() / total) if total else math.nan
    return Calibration(edges, predicted, observed, counts, error)


def told_probabilities(
    outputs: np.ndarray, predicted: np.ndarray, true: np.ndarray, loss: str, n_classes: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """The probabilities (n,) that outputs tell, and whether they came true, bool (n,).

    Of two classes, that of the second; of more, that of the class decided for, `predicted` (n,).
    outputs: (n, n_outputs). None where outputs are no probabilities: a hinge's margins, or
    numbers below 0 or above 1.
    """
    if registry.get(losses.LOSSES, loss, "loss").targets == "plus_minus":
        return None
    if outputs.size and not (outputs.min() >= 0.0 and outputs.max() <= 1.0):
        return None
    if n_classes == 2:
        return positive_scores(outputs), np.asarray(true) == 1
    return confidence(outputs, loss).astype(np.float64), np.asarray(true) == predicted

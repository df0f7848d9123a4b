"""The seven features of 2-D data that TensorFlow Playground offers, one record each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One function of the raw coordinates; label and latex are what the page shows."""

    name: str
    label: str
    latex: str
    function: Callable[[Columns, Columns], Columns]


FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("x1", "X₁", r"x_1", lambda x1, x2: x1),
        Feature("x2", "X₂", r"x_2", lambda x1, x2: x2),
        Feature("x1_squared", "X₁²", r"x_1^2", lambda x1, x2: x1 * x1),
        Feature("x2_squared", "X₂²", r"x_2^2", lambda x1, x2: x2 * x2),
        Feature("x1_x2", "X₁X₂", r"x_1 x_2", lambda x1, x2: x1 * x2),
        Feature("sin_x1", "sin(X₁)", r"\sin x_1", lambda x1, x2: np.sin(x1)),
        Feature("sin_x2", "sin(X₂)", r"\sin x_2", lambda x1, x2: np.sin(x2)),
    )
}


def expand(points: NDArray[np.floating], names: Sequence[str]) -> NDArray[np.float64]:
    """Compute features of points in the plane.

    points: (n_samples, 2), the raw x1 and x2. names: keys of FEATURES.
    Returns float64 (n_samples, len(names)).
    """
    x1, x2 = np.asarray(points, dtype=np.float64).T
    return np.stack([FEATURES[name].function(x1, x2) for name in names], axis=1)

"""A layer's normalization in a trace: plain float64 NumPy, there and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.maths import normalizations
from core.maths.normalizations import BETA, GAMMA, MOVING_MEAN, MOVING_VARIANCE, NORMALIZATIONS

if TYPE_CHECKING:
    from core.engine.layout import Layout

# Plain arithmetic takes whole arrays too; the root is math's, number by number.
_scaled: Callable[..., Any] = normalizations.scaled
_slope: Callable[..., Any] = normalizations.slope
_inverse_deviation = np.vectorize(normalizations.inverse_deviation, otypes=[np.float64])


@dataclass(frozen=True)
class Normalizing:
    """What lies between the sums z and the activation of a layer; letters as in `trace`.

    arrays: gamma, beta and, over batches, running statistics, (units,), by name; {} where z goes
    on as it is. at_rest: by the running statistics, which are constants, not by the batch's own.
    """

    name: str = "none"
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    at_rest: bool = False

    @property
    def over(self) -> str:
        """What mean and variance are taken over: "batch", "units", or "" if they are constants."""
        over = NORMALIZATIONS[self.name].over
        return "" if over == "batch" and self.at_rest else over

    def statistics(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance by which z (batch, units) is normalized, each (batch, units)."""
        if self.over:
            axis = 0 if self.over == "batch" else 1
            found = z.mean(axis=axis, keepdims=True), z.var(axis=axis, keepdims=True)
        else:
            found = self.arrays[MOVING_MEAN], self.arrays[MOVING_VARIANCE]
        mean, variance = (np.broadcast_to(s.astype(np.float64), z.shape) for s in found)
        return mean, variance

    def normalized(self, z: np.ndarray) -> np.ndarray:
        """n = (z - mean) / sqrt(variance + epsilon)."""
        mean, variance = self.statistics(z)
        return np.asarray((z - mean) * _inverse_deviation(variance))

    def read(self, z: np.ndarray) -> np.ndarray:
        """y = gamma n + beta, what the activation reads."""
        if not self.arrays:
            return z
        gamma, beta = (self.arrays[name].astype(np.float64) for name in (GAMMA, BETA))
        return np.asarray(_scaled(self.normalized(z), gamma, beta))

    def back(self, z: np.ndarray, deltas: np.ndarray) -> np.ndarray:
        """From dL/dy to dL/dz, (batch, units) each."""
        if not self.arrays:
            return deltas
        d, n = deltas * self.arrays[GAMMA], self.normalized(z)
        inverse = _inverse_deviation(self.statistics(z)[1])
        if not self.over:
            return np.asarray(d * inverse)
        axis = 0 if self.over == "batch" else 1
        mean_d, mean_dn = (np.mean(part, axis=axis, keepdims=True) for part in (d, d * n))
        return np.asarray(_slope(d, n, mean_d, mean_dn, inverse))


PLAIN = Normalizing()


def normalizing_of(
    layout: Layout, params: np.ndarray, *, at_rest: bool = False
) -> tuple[Normalizing, ...]:
    """The normalization of every layer, its arrays looked at within the flat parameters."""
    pairs = zip(layout.normalizations, layout.normalization_views(params), strict=True)
    return tuple(Normalizing(name, arrays, at_rest) for name, arrays in pairs)

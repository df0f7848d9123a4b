"""Initial weights from uniform numbers: Keras 3's initializers, and TensorFlow Playground's.

weights(u, fan_in, fan_out, **options): u float64 in (0, 1), fan_in * fan_out numbers in any shape;
returns float64 of that shape.
Unlike the rest of the maths these work on whole NumPy arrays: they run once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.maths.normal import normal_quantile
from core.maths.options import Option, Value

Array = NDArray[np.float64]

# A normal cut off at two standard deviations, as in Keras: its lower tail and its own deviation.
LOWER_TAIL = 0.5 * math.erfc(math.sqrt(2.0))
TRUNCATED_DEVIATION = 0.87962566103423978


@dataclass(frozen=True)
class Initializer:
    """weights(u, fan_in, fan_out, **options) -> initial weights; bias: what every bias starts at.

    options: the settings that `weights` takes by name, with Keras's defaults.
    """

    name: str
    label: str
    latex: str
    weights: Callable[..., Array]
    bias: float = 0.0
    options: Mapping[str, Option] = field(default_factory=dict)

    def drawn(
        self, u: Array, fan_in: int, fan_out: int, given: Mapping[str, Value] | None = None
    ) -> Array:
        """Initial weights under these options, defaults filled in."""
        defaults = {name: option.default for name, option in self.options.items()}
        return self.weights(u, fan_in, fan_out, **{**defaults, **(given or {})})


def zeros(u: Array, fan_in: int, fan_out: int) -> Array:
    return np.zeros_like(u)


def glorot_uniform(u: Array, fan_in: int, fan_out: int) -> Array:
    return _symmetric(u, math.sqrt(6.0 / (fan_in + fan_out)))


def glorot_normal(u: Array, fan_in: int, fan_out: int) -> Array:
    return _truncated_normal(u, math.sqrt(2.0 / (fan_in + fan_out)))


def he_uniform(u: Array, fan_in: int, fan_out: int) -> Array:
    return _symmetric(u, math.sqrt(6.0 / fan_in))


def he_normal(u: Array, fan_in: int, fan_out: int) -> Array:
    return _truncated_normal(u, math.sqrt(2.0 / fan_in))


def lecun_normal(u: Array, fan_in: int, fan_out: int) -> Array:
    return _truncated_normal(u, math.sqrt(1.0 / fan_in))


def uniform(u: Array, fan_in: int, fan_out: int) -> Array:
    return _symmetric(u, 0.5)


def variance_scaling(
    u: Array, fan_in: int, fan_out: int, scale: float, mode: str, distribution: str
) -> Array:
    """Variance scale / n, n the number of inputs, of units, or their mean. Of it the initializers
    above are special cases: he_normal is scale 2, glorot_uniform fan_avg and uniform, and so on.
    """
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[mode]
    deviation = math.sqrt(scale / n)
    if distribution == "uniform":
        return _symmetric(u, math.sqrt(3.0) * deviation)
    if distribution == "untruncated_normal":
        return normal_quantile(u) * deviation
    return _truncated_normal(u, deviation)


def truncated_normal(u: Array, fan_in: int, fan_out: int, mean: float, stddev: float) -> Array:
    """A normal cut off at two of its deviations; stddev is the whole normal's, as in Keras."""
    return mean + _truncated_normal(u, stddev * TRUNCATED_DEVIATION)


def orthogonal(u: Array, fan_in: int, fan_out: int, gain: float) -> Array:
    """Saxe et al. 2014: orthonormal columns, or rows if there are fewer of those, times gain.

    Q of a normal matrix's QR, the signs turned so that R's diagonal is positive: uniform over all
    such matrices.
    """
    tall = normal_quantile(u).reshape(max(fan_in, fan_out), min(fan_in, fan_out))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))
    return gain * (q if fan_in >= fan_out else q.T).reshape(u.shape)


def constant(u: Array, fan_in: int, fan_out: int, value: float) -> Array:
    return np.full_like(u, value)


def _symmetric(u: Array, limit: float) -> Array:
    return (2.0 * u - 1.0) * limit


def _truncated_normal(u: Array, deviation: float) -> Array:
    inner = LOWER_TAIL + u * (1.0 - 2.0 * LOWER_TAIL)
    return normal_quantile(inner) * (deviation / TRUNCATED_DEVIATION)


INITIALIZERS: dict[str, Initializer] = {
    record.name: record
    for record in (
        Initializer("zeros", "Zeros", "0", zeros),
        Initializer(
            "glorot_uniform",
            "Glorot uniform",
            r"U(-a, a),\quad a = \sqrt{\tfrac{6}{n_{in} + n_{out}}}",
            glorot_uniform,
        ),
        Initializer(
            "glorot_normal",
            "Glorot normal",
            r"N\left(0, \tfrac{2}{n_{in} + n_{out}}\right)",
            glorot_normal,
        ),
        Initializer(
            "he_uniform",
            "He uniform",
            r"U(-a, a),\quad a = \sqrt{\tfrac{6}{n_{in}}}",
            he_uniform,
        ),
        Initializer("he_normal", "He normal", r"N\left(0, \tfrac{2}{n_{in}}\right)", he_normal),
        Initializer(
            "lecun_normal", "LeCun normal", r"N\left(0, \tfrac{1}{n_{in}}\right)", lecun_normal
        ),
        Initializer(
            "uniform",
            "Uniform (TensorFlow Playground)",
            r"U\left(-\tfrac{1}{2}, \tfrac{1}{2}\right)",
            uniform,
            bias=0.1,
        ),
        Initializer(
            "variance_scaling",
            "Variance scaling",
            r"\mathrm{Var} = \tfrac{s}{n}",
            variance_scaling,
            options={
                "scale": Option(1.0, "Scale", low=1e-6, high=100.0),
                "mode": Option("fan_in", "Mode", choices=("fan_in", "fan_out", "fan_avg")),
                "distribution": Option(
                    "truncated_normal",
                    "Distribution",
                    choices=("truncated_normal", "untruncated_normal", "uniform"),
                ),
            },
        ),
        Initializer(
            "truncated_normal",
            "Truncated normal",
            r"N(\mu, \sigma^{2}),\quad |w - \mu| \le 2 \sigma",
            truncated_normal,
            options={
                "mean": Option(0.0, "Mean", low=-10.0, high=10.0),
                "stddev": Option(0.05, "Standard deviation", high=10.0),
            },
        ),
        Initializer(
            "orthogonal",
            "Orthogonal",
            r"W^{\top} W = g^{2} I",
            orthogonal,
            options={"gain": Option(1.0, "Gain", high=10.0)},
        ),
        Initializer(
            "constant",
            "Constant",
            r"w = c",
            constant,
            options={"value": Option(0.0, "Value", low=-10.0, high=10.0)},
        ),
    )
}

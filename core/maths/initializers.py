"""Initial weights from uniform numbers: Keras 3's initializers, and TensorFlow Playground's.

weights(u, fan_in, fan_out): u float64 in (0, 1), any shape; returns float64 of that shape.
Unlike the rest of the maths these work on whole NumPy arrays: they run once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.maths.normal import normal_quantile

Array = NDArray[np.float64]

# A normal cut off at two standard deviations, as in Keras: its lower tail and its own deviation.
LOWER_TAIL = 0.5 * math.erfc(math.sqrt(2.0))
TRUNCATED_DEVIATION = 0.87962566103423978


@dataclass(frozen=True)
class Initializer:
    """weights(u, fan_in, fan_out) -> initial weights; bias: what every bias starts at."""

    name: str
    label: str
    latex: str
    weights: Callable[[Array, int, int], Array]
    bias: float = 0.0


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
    )
}

"""Penalties on one weight, as in Keras: l1 = rate |w|, l2 = rate w^2 (no 1/2), l1_l2 both.

They act on the weights of every layer, not on biases, and are summed, not averaged.
Scalar functions (see `core.maths.scalar`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.maths.scalar import fabs, sign


@dataclass(frozen=True)
class Regularizer:
    """penalty(w, rate) -> its share of the penalty; derivative(w, rate) -> dpenalty/dw."""

    name: str
    label: str
    latex: str
    penalty: Callable[[float, float], float]
    derivative: Callable[[float, float], float]


def none(w: float, rate: float) -> float:
    return 0.0


def none_derivative(w: float, rate: float) -> float:
    return 0.0


def l1(w: float, rate: float) -> float:
    return rate * fabs(w)


def l1_derivative(w: float, rate: float) -> float:
    return rate * sign(w)


def l2(w: float, rate: float) -> float:
    return rate * w * w


def l2_derivative(w: float, rate: float) -> float:
    return 2.0 * rate * w


def l1_l2(w: float, rate: float) -> float:
    return rate * (fabs(w) + w * w)


def l1_l2_derivative(w: float, rate: float) -> float:
    return rate * (sign(w) + 2.0 * w)


REGULARIZERS: dict[str, Regularizer] = {
    record.name: record
    for record in (
        Regularizer("none", "None", "0", none, none_derivative),
        Regularizer("l1", "L1", r"\lambda \sum |w|", l1, l1_derivative),
        Regularizer("l2", "L2", r"\lambda \sum w^{2}", l2, l2_derivative),
        Regularizer(
            "l1_l2", "L1 + L2", r"\lambda \sum \left(|w| + w^{2}\right)", l1_l2, l1_l2_derivative
        ),
    )
}

"""Losses of one output of one sample. Formulas are Keras 3's.

y: target; p: the network's output (prediction). Scalar functions (see `core.maths.scalar`).
The loss of a batch is the mean over samples and outputs (`mean_over="outputs"`), or for the
categorical cross-entropy the sum over outputs and mean over samples (`mean_over="samples"`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.maths.activations import SOFTMAX
from core.maths.scalar import clip, exp, fabs, log, log1p, sign, tanh

LN_2 = math.log(2.0)
HUBER_DELTA = 1.0
SMALLEST_PROBABILITY = 1e-7  # Keras's epsilon: keeps the logarithm finite
LARGEST_PROBABILITY = 1.0 - 1e-7


@dataclass(frozen=True)
class Loss:
    """function(y, p) -> loss of one output; derivative(y, p) -> dloss/dp.

    output_activation: what "auto" means for the output layer.
    targets: how classes are written: "zero_one" 0/1 or one-hot, "plus_minus" -1/+1,
        "value": values as they are, classes as 0/1.
    mean_over: "outputs" (mean over samples and outputs) or "samples" (sum over outputs, then mean).
    tasks: the tasks that the loss suits.
    difference_behind: the output activation behind which dloss/dz is p - y, without the two-step
        chain's division by what the loss clips; None if there is none.
    shares_sum: whether a sample's outputs are one distribution. There is one for each class then,
        and where no softmax sees to it, the loss compares p_k / sum_j p_j, as Keras's does.
    smooths_labels: whether label smoothing acts: it pulls targets to 1/2, or to 1 / n_outputs
        where outputs share a sum.
    """

    name: str
    label: str
    latex: str
    function: Callable[[float, float], float]
    derivative: Callable[[float, float], float]
    output_activation: Literal["linear", "sigmoid", "softmax"]
    targets: Literal["zero_one", "plus_minus", "value"]
    mean_over: Literal["outputs", "samples"]
    tasks: tuple[str, ...]
    difference_behind: str | None = None
    shares_sum: bool = False
    smooths_labels: bool = False

    def normalizes(self, activation: str) -> bool:
        """Whether it divides the outputs of this activation by their sum."""
        return self.shares_sum and activation != SOFTMAX

    def smooth_to(self, n_outputs: int) -> float:
        """What label smoothing pulls targets to."""
        return 1.0 / n_outputs if self.shares_sum else 0.5


def mean_squared_error(y: float, p: float) -> float:
    return (p - y) * (p - y)


def mean_squared_error_derivative(y: float, p: float) -> float:
    return 2.0 * (p - y)


def mean_absolute_error(y: float, p: float) -> float:
    return fabs(p - y)


def mean_absolute_error_derivative(y: float, p: float) -> float:
    return sign(p - y)


def huber(y: float, p: float) -> float:
    e = fabs(p - y)
    return 0.5 * e * e if e <= HUBER_DELTA else HUBER_DELTA * (e - 0.5 * HUBER_DELTA)


def huber_derivative(y: float, p: float) -> float:
    return clip(p - y, -HUBER_DELTA, HUBER_DELTA)


def log_cosh(y: float, p: float) -> float:
    e = fabs(p - y)
    return e + log1p(exp(-2.0 * e)) - LN_2


def log_cosh_derivative(y: float, p: float) -> float:
    return tanh(p - y)


def binary_crossentropy(y: float, p: float) -> float:
    q = clip(p, SMALLEST_PROBABILITY, LARGEST_PROBABILITY)
    return -(y * log(q) + (1.0 - y) * log(1.0 - q))


def binary_crossentropy_derivative(y: float, p: float) -> float:
    # Zero where p is clipped, as in Keras. Behind a sigmoid the engine uses p - y, without a clip.
    q = clip(p, SMALLEST_PROBABILITY, LARGEST_PROBABILITY)
    return (q - y) / (q * (1.0 - q)) if q == p else 0.0 * (q - p)


def categorical_crossentropy(y: float, p: float) -> float:
    return -y * log(clip(p, SMALLEST_PROBABILITY, LARGEST_PROBABILITY))


def categorical_crossentropy_derivative(y: float, p: float) -> float:
    q = clip(p, SMALLEST_PROBABILITY, LARGEST_PROBABILITY)
    return -y / q if q == p else 0.0 * (q - p)


def hinge(y: float, p: float) -> float:
    margin = 1.0 - y * p
    return 0.0 if margin < 0.0 else margin


def hinge_derivative(y: float, p: float) -> float:
    return -y if y * p < 1.0 else 0.0


def squared_hinge(y: float, p: float) -> float:
    margin = 1.0 - y * p
    return 0.0 if margin < 0.0 else margin * margin


def squared_hinge_derivative(y: float, p: float) -> float:
    return -2.0 * y * (1.0 - y * p) if y * p < 1.0 else 0.0


_ANY = ("classification", "regression")
_CLASSES = ("classification",)

LOSSES: dict[str, Loss] = {
    record.name: record
    for record in (
        Loss(
            "mean_squared_error",
            "Mean squared error",
            r"(p - y)^{2}",
            mean_squared_error,
            mean_squared_error_derivative,
            output_activation="linear",
            targets="value",
            mean_over="outputs",
            tasks=_ANY,
        ),
        Loss(
            "mean_absolute_error",
            "Mean absolute error",
            r"|p - y|",
            mean_absolute_error,
            mean_absolute_error_derivative,
            output_activation="linear",
            targets="value",
            mean_over="outputs",
            tasks=_ANY,
        ),
        Loss(
            "huber",
            "Huber",
            r"\begin{cases} \frac{1}{2}(p - y)^{2} & |p - y| \le 1 \\"
            r" |p - y| - \frac{1}{2} & |p - y| > 1 \end{cases}",
            huber,
            huber_derivative,
            output_activation="linear",
            targets="value",
            mean_over="outputs",
            tasks=_ANY,
        ),
        Loss(
            "log_cosh",
            "Log-cosh",
            r"\ln\cosh(p - y)",
            log_cosh,
            log_cosh_derivative,
            output_activation="linear",
            targets="value",
            mean_over="outputs",
            tasks=_ANY,
        ),
        Loss(
            "binary_crossentropy",
            "Binary cross-entropy",
            r"-\left(y \ln p + (1 - y) \ln(1 - p)\right)",
            binary_crossentropy,
            binary_crossentropy_derivative,
            output_activation="sigmoid",
            targets="zero_one",
            mean_over="outputs",
            tasks=_CLASSES,
            difference_behind="sigmoid",
            smooths_labels=True,
        ),
        Loss(
            "categorical_crossentropy",
            "Categorical cross-entropy",
            r"-\sum_k y_k \ln p_k",
            categorical_crossentropy,
            categorical_crossentropy_derivative,
            output_activation="softmax",
            targets="zero_one",
            mean_over="samples",
            tasks=_CLASSES,
            difference_behind=SOFTMAX,
            shares_sum=True,
            smooths_labels=True,
        ),
        Loss(
            "hinge",
            "Hinge",
            r"\max(0, 1 - y p)",
            hinge,
            hinge_derivative,
            output_activation="linear",
            targets="plus_minus",
            mean_over="outputs",
            tasks=_CLASSES,
        ),
        Loss(
            "squared_hinge",
            "Squared hinge",
            r"\max(0, 1 - y p)^{2}",
            squared_hinge,
            squared_hinge_derivative,
            output_activation="linear",
            targets="plus_minus",
            mean_over="outputs",
            tasks=_CLASSES,
        ),
    )
}

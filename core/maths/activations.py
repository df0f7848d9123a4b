"""Activations: the value and the slope of one neuron. Formulas and constants are Keras 3's.

z: pre-activation; a: the activation's own value at z, at hand when the slope is wanted.
Scalar functions (see `core.maths.scalar`). At a kink the slope is the left side's, as in Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from core.maths.scalar import cos, erf, exp, expm1, fabs, sigmoid, sin, softplus, tanh

LEAKY_SLOPE = 0.2
SELU_ALPHA = 1.6732632423543772  # Klambauer et al. 2017, as in Keras
SELU_SCALE = 1.0507009873554805
SQRT_HALF = math.sqrt(0.5)
NORMAL_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)


@dataclass(frozen=True)
class Activation:
    """function(z) -> a; derivative(z, a) -> da/dz."""

    name: str
    label: str
    latex: str
    function: Callable[[float], float]
    derivative: Callable[[float, float], float]


@dataclass(frozen=True)
class OutputActivation:
    """An activation as the menus of the output layer list it; softmax acts on a whole row."""

    name: str
    label: str
    latex: str


def linear(z: float) -> float:
    return z


def linear_derivative(z: float, a: float) -> float:
    return 1.0


def relu(z: float) -> float:
    return 0.0 if z < 0.0 else z  # this way round nan stays nan


def relu_derivative(z: float, a: float) -> float:
    return 1.0 if z > 0.0 else 0.0


def leaky_relu(z: float) -> float:
    return LEAKY_SLOPE * z if z < 0.0 else z


def leaky_relu_derivative(z: float, a: float) -> float:
    return 1.0 if z > 0.0 else LEAKY_SLOPE


def elu(z: float) -> float:
    return expm1(z) if z < 0.0 else z


def elu_derivative(z: float, a: float) -> float:
    return 1.0 if z > 0.0 else a + 1.0


def selu(z: float) -> float:
    return SELU_SCALE * (SELU_ALPHA * expm1(z) if z < 0.0 else z)


def selu_derivative(z: float, a: float) -> float:
    return SELU_SCALE if z > 0.0 else a + SELU_SCALE * SELU_ALPHA


def gelu(z: float) -> float:
    return 0.5 * z * (1.0 + erf(SQRT_HALF * z))


def gelu_derivative(z: float, a: float) -> float:
    return 0.5 * (1.0 + erf(SQRT_HALF * z)) + z * NORMAL_DENSITY_AT_0 * exp(-0.5 * z * z)


def silu(z: float) -> float:
    return z * sigmoid(z)


def silu_derivative(z: float, a: float) -> float:
    return sigmoid(z) + a * sigmoid(-z)


def mish(z: float) -> float:
    # tanh(softplus(z)) = s (1 + q) / (1 + q^2): one exponential, and no digits lost at either end
    s, q = sigmoid(z), sigmoid(-z)
    return z * s * (1.0 + q) / (1.0 + q * q)


def mish_derivative(z: float, a: float) -> float:
    s, q = sigmoid(z), sigmoid(-z)
    d = 1.0 / (1.0 + q * q)
    return s * (1.0 + q) * d + z * s * (4.0 * q * q * d * d)


def softplus_derivative(z: float, a: float) -> float:
    return sigmoid(z)


def softsign(z: float) -> float:
    return z / (1.0 + fabs(z))


def softsign_derivative(z: float, a: float) -> float:
    d = 1.0 / (1.0 + fabs(z))
    return d * d


def hyperbolic_tangent(z: float) -> float:
    return tanh(z)


def tanh_derivative(z: float, a: float) -> float:
    return 1.0 - a * a


def sigmoid_derivative(z: float, a: float) -> float:
    return a * (1.0 - a)


def sine(z: float) -> float:
    return sin(z)


def sine_derivative(z: float, a: float) -> float:
    return cos(z)


def gaussian(z: float) -> float:
    return exp(-z * z)


def gaussian_derivative(z: float, a: float) -> float:
    return -2.0 * z * a


ACTIVATIONS: dict[str, Activation] = {
    record.name: record
    for record in (
        Activation("linear", "Linear", "z", linear, linear_derivative),
        Activation("relu", "ReLU", r"\max(0, z)", relu, relu_derivative),
        Activation(
            "leaky_relu", "Leaky ReLU", r"\max(0.2\,z, z)", leaky_relu, leaky_relu_derivative
        ),
        Activation(
            "elu",
            "ELU",
            r"\begin{cases} z & z > 0 \\ e^{z} - 1 & z \le 0 \end{cases}",
            elu,
            elu_derivative,
        ),
        Activation(
            "selu",
            "SELU",
            r"\begin{cases} \lambda z & z > 0 \\ \lambda \alpha (e^{z} - 1) & z \le 0 \end{cases}"
            r",\quad \lambda \approx 1.0507,\ \alpha \approx 1.6733",
            selu,
            selu_derivative,
        ),
        Activation(
            "gelu",
            "GELU",
            r"\tfrac{1}{2} z \left(1 + \operatorname{erf}\tfrac{z}{\sqrt{2}}\right)",
            gelu,
            gelu_derivative,
        ),
        Activation("silu", "SiLU (Swish)", r"\frac{z}{1 + e^{-z}}", silu, silu_derivative),
        Activation("mish", "Mish", r"z \tanh(\ln(1 + e^{z}))", mish, mish_derivative),
        Activation("softplus", "Softplus", r"\ln(1 + e^{z})", softplus, softplus_derivative),
        Activation("softsign", "Softsign", r"\frac{z}{1 + |z|}", softsign, softsign_derivative),
        Activation("tanh", "Tanh", r"\tanh z", hyperbolic_tangent, tanh_derivative),
        Activation("sigmoid", "Sigmoid", r"\frac{1}{1 + e^{-z}}", sigmoid, sigmoid_derivative),
        Activation("sine", "Sine", r"\sin z", sine, sine_derivative),
        Activation("gaussian", "Gaussian", r"e^{-z^{2}}", gaussian, gaussian_derivative),
    )
}

SOFTMAX = "softmax"  # for the output layer only: it mixes the units of a row

OUTPUT_ACTIVATIONS: dict[str, Activation | OutputActivation] = {
    **ACTIVATIONS,
    SOFTMAX: OutputActivation(SOFTMAX, "Softmax", r"\frac{e^{z_j}}{\sum_k e^{z_k}}"),
}

"""The scalar functions that all maths here is written in.

Primitives (`PRIMITIVES`) are thin wrappers over `math`, made total: they return inf or nan where
`math` raises. A backend replaces them BY NAME: fast float32 versions on the CPU, device functions
on CUDA; as they stand, in double precision, they are the reference. Helpers (`HELPERS`) are written
in primitives and are compiled like any registered function.

The rules for a scalar function, so that a backend can rebind every number to float32:
every number is a float literal or a module-level float (`1.0 - a * a`, never `1 - a**2`);
it calls nothing but names from this module; it may use if/else. A test checks them.
"""

from __future__ import annotations

import math

PRIMITIVES = ("exp", "expm1", "log", "log1p", "tanh", "erf", "sin", "cos", "sqrt", "fabs")
HELPERS = ("sigmoid", "softplus", "sign", "clip")

_LARGEST_EXPONENT = math.log(1.7976931348623157e308)  # beyond it `math.exp` raises


def exp(x: float) -> float:
    """e^x; inf where it overflows."""
    return math.inf if x > _LARGEST_EXPONENT else math.exp(x)


def expm1(x: float) -> float:
    """e^x - 1, exact near zero; inf where it overflows."""
    return math.inf if x > _LARGEST_EXPONENT else math.expm1(x)


def log(x: float) -> float:
    """Natural logarithm; -inf at 0, nan below."""
    if x > 0.0:
        return math.log(x)
    return -math.inf if x == 0.0 else math.nan


def log1p(x: float) -> float:
    """log(1 + x), exact near zero; -inf at -1, nan below."""
    if x > -1.0:
        return math.log1p(x)
    return -math.inf if x == -1.0 else math.nan


def tanh(x: float) -> float:
    """Hyperbolic tangent."""
    return math.tanh(x)


def erf(x: float) -> float:
    """Gauss error function."""
    return math.erf(x)


def sin(x: float) -> float:
    """Sine; nan at infinity."""
    return math.sin(x) if math.isfinite(x) else math.nan


def cos(x: float) -> float:
    """Cosine; nan at infinity."""
    return math.cos(x) if math.isfinite(x) else math.nan


def sqrt(x: float) -> float:
    """Square root; nan below 0."""
    return math.nan if x < 0.0 else math.sqrt(x)


def fabs(x: float) -> float:
    """Absolute value."""
    return abs(x)


def sigmoid(z: float) -> float:
    """1 / (1 + e^-z), without overflow: only a negative number is ever exponentiated."""
    e = exp(-fabs(z))
    return 1.0 / (1.0 + e) if z >= 0.0 else e / (1.0 + e)


def softplus(z: float) -> float:
    """log(1 + e^z), without overflow."""
    return (0.0 if z < 0.0 else z) + log1p(exp(-fabs(z)))


def sign(x: float) -> float:
    """-1, 0 or 1."""
    return 1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0)


def clip(x: float, low: float, high: float) -> float:
    """The nearest number to x in [low, high]; nan stays nan."""
    return low if x < low else (high if x > high else x)

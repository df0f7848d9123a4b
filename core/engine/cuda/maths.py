"""From the registries' scalar Python to device functions, as `core.engine.compile` does on the CPU.

The primitives are the device's own, `math`'s there, made total: where `math` would raise in the
simulator they give inf or nan, as the device does.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import cuda

from core.engine.cuda.devices import is_simulated
from core.engine.rebuilding import rebuilt
from core.maths import scalar
from core.maths.activations import ACTIVATIONS
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS, RULES
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES, warm_up

SIMULATED = is_simulated()

f32 = np.float32
ZERO = f32(0.0)
INFINITY, MINUS_INFINITY, NAN = f32(math.inf), f32(-math.inf), f32(math.nan)
SMALLEST_NORMAL = f32(1.17549435e-38)
LARGEST_EXPONENT = f32(math.log(float(np.finfo(np.float32).max)))


def device(function: Callable[..., Any]) -> Any:
    """A function that kernels call; in the simulator it stays as it is, which is quicker."""
    return function if SIMULATED else cuda.jit(device=True)(function)


def _as_it_is(k):
    return k


def _unsigned(k):
    return np.uint64(k)


place = _as_it_is if SIMULATED else device(_unsigned)
"""An index that is never negative, told so: of any other the compiled code asks at each access."""


@device
def is_finite(x):
    """Neither nan nor infinite."""
    return abs(x) < INFINITY


@device
def flushed(s):
    """s, or 0 for a denormal, as on the CPU: see `core.engine.loops`."""
    return ZERO if abs(s) < SMALLEST_NORMAL else s


@device
def smaller(a, b):
    """The smaller of two numbers; device code has no `min`."""
    return a if a < b else b


@device
def exp(x):
    """e^x; inf where it overflows."""
    if x > LARGEST_EXPONENT:
        return INFINITY
    return f32(math.exp(x))


@device
def expm1(x):
    """e^x - 1, exact near zero."""
    if x > LARGEST_EXPONENT:
        return INFINITY
    return f32(math.expm1(x))


@device
def log(x):
    """Natural logarithm; -inf at 0, nan below."""
    if x > ZERO:
        return f32(math.log(x))
    return MINUS_INFINITY if x == ZERO else NAN


@device
def log1p(x):
    """log(1 + x), exact near zero."""
    if x > f32(-1.0):
        return f32(math.log1p(x))
    return MINUS_INFINITY if x == f32(-1.0) else NAN


@device
def tanh(x):
    """Hyperbolic tangent."""
    return f32(math.tanh(x))


@device
def erf(x):
    """Gauss error function."""
    return f32(math.erf(x))


@device
def sin(x):
    """Sine; nan at infinity."""
    return f32(math.sin(x)) if is_finite(x) else NAN


@device
def cos(x):
    """Cosine; nan at infinity."""
    return f32(math.cos(x)) if is_finite(x) else NAN


@device
def sqrt(x):
    """Square root; nan below 0."""
    return NAN if x < ZERO else f32(math.sqrt(x))


@device
def fabs(x):
    """Absolute value."""
    return abs(x)


PRIMITIVES = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "tanh": tanh,
    "erf": erf,
    "sin": sin,
    "cos": cos,
    "sqrt": sqrt,
    "fabs": fabs,
}


@functools.cache
def single(function: Callable[..., Any]) -> Any:
    """A registered scalar function for the device, in float32."""
    if function.__module__ == scalar.__name__ and function.__name__ in PRIMITIVES:
        return PRIMITIVES[function.__name__]
    return device(rebuilt(function, np.float32, single))


@functools.cache
def double(function: Callable[..., Any]) -> Any:
    """A plain function over float64 or integers for the device."""
    if function.__module__ == scalar.__name__ and function.__name__ in scalar.PRIMITIVES:
        return getattr(math, function.__name__)
    # Device code has none of NumPy's functions. Its types are at hand.
    takes_types = "uint64" in function.__code__.co_names
    return device(rebuilt(function, float, double, np=np if takes_types else math))


# ---- one function of many -------------------------------------------------------------------


def choose(functions: Sequence[Any], arguments: int) -> Any:
    """One function of many: `choose([f, g], 2)(code, a, b)` is f(a, b) for code 0, g for code 1.

    Device functions know no `*arguments`, so each number of them that occurs is written out.
    """
    leaf, pair = _OF_SO_MANY[arguments]
    return _tree([leaf(function) for function in functions], 0, pair)


def _tree(functions: Sequence[Any], first: int, pair: Callable[..., Any]) -> Any:
    if len(functions) == 1:
        return functions[0]
    half = len(functions) // 2
    low, high = functions[:half], functions[half:]
    return pair(_tree(low, first, pair), _tree(high, first + half, pair), first + half)


def _leaf_1(f: Any) -> Any:
    return device(lambda code, a: f(a))


def _leaf_2(f: Any) -> Any:
    return device(lambda code, a, b: f(a, b))


def _leaf_3(f: Any) -> Any:
    return device(lambda code, a, b, c: f(a, b, c))


def _leaf_10(f: Any) -> Any:
    return device(lambda code, a, b, c, d, e, g, h, i, j, k: f(a, b, c, d, e, g, h, i, j, k))


def _pair_1(f: Any, g: Any, middle: int) -> Any:
    @device
    def pick(code, a):
        if code < middle:
            return f(code, a)
        return g(code, a)

    return pick


def _pair_2(f: Any, g: Any, middle: int) -> Any:
    @device
    def pick(code, a, b):
        if code < middle:
            return f(code, a, b)
        return g(code, a, b)

    return pick


def _pair_3(f: Any, g: Any, middle: int) -> Any:
    @device
    def pick(code, a, b, c):
        if code < middle:
            return f(code, a, b, c)
        return g(code, a, b, c)

    return pick


def _pair_10(f: Any, g: Any, middle: int) -> Any:
    @device
    def pick(code, a, b, c, d, e, h, i, j, k, n):
        if code < middle:
            return f(code, a, b, c, d, e, h, i, j, k, n)
        return g(code, a, b, c, d, e, h, i, j, k, n)

    return pick


_OF_SO_MANY = {
    1: (_leaf_1, _pair_1),
    2: (_leaf_2, _pair_2),
    3: (_leaf_3, _pair_3),
    10: (_leaf_10, _pair_10),
}

activate = choose([single(r.function) for r in ACTIVATIONS.values()], 1)
slope = choose([single(r.derivative) for r in ACTIVATIONS.values()], 2)
loss_of = choose([single(r.function) for r in LOSSES.values()], 2)
loss_slope = choose([single(r.derivative) for r in LOSSES.values()], 2)
penalty_slope = choose([single(r.derivative) for r in REGULARIZERS.values()], 2)
_rules = (*RULES, OPTIMIZERS["sgd"])  # the last is plain SGD: `settings.PLAIN_SGD`
updated = choose([single(r.update) for r in _rules], 10)
prepare = choose([double(r.prepare) for r in _rules], 3)
scheduled = choose([double(r.function) for r in SCHEDULES.values()], 3)
warmed_up = double(warm_up)

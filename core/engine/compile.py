"""From the registries' scalar Python to compiled loops.

A registered function such as `tanh_derivative(z, a)` is plain Python in double precision.
`single` rebuilds it for float32: every constant becomes a float32 (one stray float64 would turn a
whole loop into double), the primitives `exp`, `tanh` ... become the fast ones of `scalars`, and the
result is compiled. A kernel's factory wraps it in a loop, where it is inlined and vectorised, and
`choose` makes one function of many that picks by code, so a kernel compiles once for all of them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.engine import scalars
from core.engine.jit import exact, kernel
from core.engine.rebuilding import rebuilt
from core.maths import scalar


@functools.cache
def single(function: Callable[..., Any]) -> Any:
    """A registered scalar function, compiled for float32."""
    if function.__module__ == scalar.__name__ and function.__name__ in scalars.PRIMITIVES:
        return scalars.PRIMITIVES[function.__name__]
    return kernel(rebuilt(function, np.float32, single))


@functools.cache
def double(function: Callable[..., Any]) -> Any:
    """A plain function over float64 or integers, compiled as it stands; primitives are libm's."""
    if function.__module__ == scalar.__name__ and function.__name__ in scalar.PRIMITIVES:
        return getattr(math, function.__name__)
    return exact(rebuilt(function, float, double))


def choose(functions: Sequence[Any]) -> Any:
    """One function of many: `choose([f, g])(code, ...)` calls f(...) for code 0, g for code 1."""
    if len(functions) > 4:
        size = 4 ** math.ceil(math.log(len(functions), 4) - 1)
        groups = [choose(functions[k : k + size]) for k in range(0, len(functions), size)]
        return _of_groups(size, *_four(groups))
    return _of_functions(*_four(functions))


def _four(functions: Sequence[Any]) -> list[Any]:
    return [*functions, *[functions[-1]] * 4][:4]


def _of_functions(f: Any, g: Any, h: Any, i: Any) -> Any:
    @kernel
    def pick(code, *arguments):  # type: ignore[no-untyped-def]
        if code == 0:
            return f(*arguments)
        if code == 1:
            return g(*arguments)
        if code == 2:
            return h(*arguments)
        return i(*arguments)

    return pick


def _of_groups(size: int, f: Any, g: Any, h: Any, i: Any) -> Any:
    @kernel
    def pick(code, *arguments):  # type: ignore[no-untyped-def]
        if code < size:
            return f(code, *arguments)
        if code < 2 * size:
            return g(code - size, *arguments)
        if code < 3 * size:
            return h(code - 2 * size, *arguments)
        return i(code - 3 * size, *arguments)

    return pick

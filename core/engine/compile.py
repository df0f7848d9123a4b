"""From the registries' scalar Python to compiled loops: the one place with compiler switches.

A registered function such as `tanh_derivative(z, a)` is plain Python in double precision.
`single` rebuilds it for float32: every constant becomes a float32 (one stray float64 would turn a
whole loop into double), the primitives `exp`, `tanh` ... become the fast ones of `scalars`, and the
result is compiled. A kernel's factory wraps it in a loop, where it is inlined and vectorised, and
`choose` makes one function of many that picks by code, so a kernel compiles once for all of them.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numba
import numpy as np

from core.engine import cache, scalars
from core.maths import scalar

# Sums may be reordered (vector lanes), products fused, divisions turned into products with a
# reciprocal, and the sign of zero is of no consequence. `nnan` and `ninf` stay out: with them
# (or fastmath=True) the compiler drops the checks that notice a diverged run.
FAST = frozenset({"reassoc", "contract", "arcp", "nsz"})

# error_model="numpy": a division by zero gives inf or nan, not a Python exception (which would also
# keep a loop from being vectorised).
_OPTIONS: dict[str, Any] = {"fastmath": set(FAST), "error_model": "numpy", "nogil": True}

kernel = numba.njit(**_OPTIONS)


def entry(function: Callable[..., Any]) -> Any:
    """A kernel that Python calls: compiled at its first call, kept on disk."""
    return cache.keep(kernel(function))


def _rebuilt(
    function: Callable[..., Any], number: Callable[[float], Any], replaced: Mapping[str, Any]
) -> Callable[..., Any]:
    """A copy of a function with its numbers converted and the functions it calls compiled.

    number: applied to each float constant; replaced: compiled versions of scalar primitives, by name.
    """
    code = function.__code__
    constants = tuple(number(c) if isinstance(c, float) else c for c in code.co_consts)
    names: dict[str, Any] = {}
    for name in code.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, float):
            names[name] = number(value)
        elif isinstance(value, types.FunctionType):
            primitive = value.__module__ == scalar.__name__ and value.__name__ in replaced
            names[name] = (
                replaced[value.__name__] if primitive else kernel(_rebuilt(value, number, replaced))
            )
        elif name in function.__globals__:
            names[name] = value
    return types.FunctionType(code.replace(co_consts=constants), names, function.__name__)


@functools.cache
def single(function: Callable[..., Any]) -> Any:
    """A registered scalar function, compiled for float32."""
    return kernel(_rebuilt(function, np.float32, scalars.PRIMITIVES))


@functools.cache
def double(function: Callable[..., Any]) -> Any:
    """A plain function over float64 or integers, compiled as it stands."""
    return numba.njit(error_model="numpy", nogil=True)(_rebuilt(function, float, {}))


def choose(functions: Sequence[Any]) -> Any:
    """One function of many: `choose([f, g])(code, ...)` calls f(...) for code 0, g(...) for code 1.

    Halves, not a chain: every level is compiled again with all that lies below it.
    """
    if len(functions) == 1:
        (only,) = functions

        @kernel
        def last(code, *arguments):  # type: ignore[no-untyped-def]
            return only(*arguments)

        return last
    middle = len(functions) // 2
    lower, upper = choose(functions[:middle]), choose(functions[middle:])

    @kernel
    def pick(code, *arguments):  # type: ignore[no-untyped-def]
        if code < middle:
            return lower(code, *arguments)
        return upper(code - middle, *arguments)

    return pick

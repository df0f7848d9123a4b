"""How functions are compiled: the one place with compiler switches, each with its reason.

`entry` is for what Python calls, `kernel` and `exact` for the parts that an entry is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core.codegen import get_host_cpu_features

from core.engine import cache
from core.engine.compilers import EntryCompiler, PartCompiler

# Sums may be reordered (vector lanes), products fused, divisions turned into products with a
# reciprocal, and the sign of zero is of no consequence. `nnan` and `ninf` stay out: with them
# (or fastmath=True) the compiler drops the checks that notice a diverged run.
FAST = {"reassoc", "contract", "arcp", "nsz"}

# For the scalars: `reassoc` would cancel their rounding tricks and two-part constants.
EXACT = {"contract", "nsz"}

# error_model="numpy": a division by zero gives inf or nan, not a Python exception (which would also
# keep a loop from being vectorised).
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "_nrt": False}


# Whether there are 32 registers of 16 floats, so that a tall tile fits.
HAS_WIDE_REGISTERS = "+avx512f" in (
    getattr(numba.config, "CPU_FEATURES", None) or get_host_cpu_features()
)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function for use by other kernels; Python cannot call it."""
    return numba.njit(fastmath=FAST, pipeline_class=PartCompiler, **_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """A kernel that becomes part of whatever calls it."""
    return numba.njit(fastmath=FAST, pipeline_class=PartCompiler, forceinline=True, **_OPTIONS)(
        function
    )


def exact(function: Callable[..., Any]) -> Any:
    """A kernel whose arithmetic is done in the order in which it is written."""
    return numba.njit(fastmath=EXACT, pipeline_class=PartCompiler, **_OPTIONS)(function)


def entry(function: Callable[..., Any]) -> Any:
    """A kernel that Python calls: compiled at its first call, kept on disk."""
    compiled = numba.njit(fastmath=FAST, pipeline_class=EntryCompiler, **_OPTIONS)(function)
    return cache.keep(compiled) if hasattr(compiled, "py_func") else compiled

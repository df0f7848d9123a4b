"""How kernels for the GPU are compiled, and kept between runs as those of the CPU are.

A kernel takes the compiler a minute. Numba's cache would look at the file of the kernel alone, not
at what it calls: see `core.engine.cache`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from numba import cuda

from core.engine import cache
from core.engine.cuda.maths import SIMULATED

SOURCES = (*cache.SOURCES, "engine/cuda", "engine/cuda/large")


def kernel(function: Callable[..., Any]) -> Any:
    """Compile what is launched, at its first launch; it is kept on disk for each kind of GPU."""
    compiled = cuda.jit(function)
    return compiled if SIMULATED else keep(compiled)


def keep(dispatcher: Any) -> Any:
    """Have a kernel's code read from, and written to, the folder of these sources."""
    if cache.folder(SOURCES) is not None:
        dispatcher._cache = kind_of_cache()(dispatcher.py_func)
    return dispatcher


def kind_of_cache() -> Any:
    """Our cache made of the parts of whichever `numba.cuda` there is: numba-cuda has its own."""
    from numba.cuda.dispatcher import CUDACache, CUDACacheImpl

    files = sys.modules[CUDACache.__base__.__module__]
    kept = type("Kept", (CUDACacheImpl,), {"_locator_classes": [Locator]})
    return cache.forgiving(CUDACache, kept, files.IndexDataCacheFile)


class Locator(cache.Locator):
    """`cache.Locator`, for a folder that edits of the GPU's sources change as well."""

    sources = SOURCES

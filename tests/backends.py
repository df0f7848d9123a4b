"""The backend under test: the CPU's; or, where Numba simulates a GPU, that one's.

Tests marked `on_every_backend` run on either. `tests/test_cuda.py` runs them once more, in a
process of their own: whether Numba simulates is settled when it is imported.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import pytest

BACKEND = "cuda" if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1" else "cpu"

on_every_backend = pytest.mark.every_backend


def kind_of_engine() -> Callable[..., Any]:
    """What makes an engine of the backend under test."""
    if BACKEND == "cpu":
        from core.engine.cpu import CPUEngine

        return CPUEngine
    from core.engine.cuda.engine import CUDAEngine

    few_threads()
    return functools.partial(CUDAEngine, threads=THREADS)


THREADS = 2


@functools.cache
def few_threads() -> None:
    """Blocks of few threads in this process, one after another: more are only slower."""
    if BACKEND == "cuda":
        from core.engine.cuda.plan import Plan
        from tests import simulator

        simulator.install()
        Plan.threads = property(lambda self: THREADS)  # type: ignore[method-assign,assignment]

"""PyTorch with its whole step compiled (needs a C++ compiler)."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.contenders import torch_eager
from benchmarks.workloads import Workload

LABEL, NEEDS = "PyTorch, compiled", "torch"


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    return torch_eager.prepare(workload, optimizer, rate, compiled=True)

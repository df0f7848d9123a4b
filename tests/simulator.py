"""Numba's CUDA simulator, with the threads of a block one after another instead of all at once.

Numba's own polls its threads for whether they wait, which takes milliseconds a barrier. Here each
runs up to its next barrier, then the next one; `backwards` begins with the last, and with the last
block of a launch. Two orders that give the same bits tell that no thread reads what another writes
between two barriers, and no block what another one does; a barrier that not all of them reach is
an error.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from greenlet import getcurrent, greenlet
from numba.cuda.simulator import kernel as simulated
from numba.cuda.simulator.kernel import BlockManager
from numba.cuda.simulator.kernelapi import Dim3, FakeCUDAModule, swapped_cuda_module

from core.engine.cuda.large import backward, forward, muon, normalizing, outputs, update
from core.engine.cuda.large.machine import Simulated


class Blocks:
    """How the simulator runs a block."""

    backwards = False


def nobody() -> None:
    """A barrier for a thread that is alone."""


def run_block(self: Any, grid_point: Any, *arguments: Any) -> None:
    """`BlockManager.run`: every thread of the block to its end, from barrier to barrier."""
    me: Any = threading.current_thread()
    if Blocks.backwards:
        grid_point = tuple(n - 1 - k for n, k in zip(self._grid_dim, grid_point, strict=True))
    me.blockIdx, me.syncthreads = Dim3(*grid_point), getcurrent().switch
    points = list(np.ndindex(*self._block_dim))
    if len(points) == 1:
        me.threadIdx, me.syncthreads = Dim3(0, 0, 0), nobody
        self._f(*arguments)
        return
    threads = [(Dim3(*point), greenlet(lambda: self._f(*arguments))) for point in points]
    while not threads[0][1].dead:
        for place, thread in reversed(threads) if Blocks.backwards else threads:
            me.threadIdx = place
            thread.switch()
        ended = {thread.dead for _, thread in threads}
        assert len(ended) == 1, "not all threads of the block came to the same barrier"


@contextlib.contextmanager
def launched_directly() -> Iterator[None]:
    """Kernels of large networks with a single thread are called as functions: the simulator's
    launch takes longer than what they do.
    """
    launch, me, first = Simulated.call, threading.current_thread(), Dim3(0, 0, 0)
    one = FakeCUDAModule((1, 1, 1), (1, 1, 1), 0)
    # The simulator looks an array up by the line that asks for it, which takes long.
    one._shared = SimpleNamespace(array=lambda shape, kind: np.empty(shape, kind.name))

    def alone(kernel: Any, *arguments: Any) -> None:
        me.threadIdx, me.blockIdx, me.syncthreads = first, first, nobody
        simulated._kernel_context = one
        try:
            kernel.fn(*arguments)
        finally:
            simulated._kernel_context = None

    def call(self: Any, kernel: Any, blocks: int, threads: int, *arguments: Any) -> Any:
        if (blocks, threads) == (1, 1):
            return functools.partial(alone, kernel, *arguments)
        return launch(self, kernel, blocks, threads, *arguments)

    one_each = (forward.begin, backward.sum_slopes, outputs.judge_outputs, normalizing.measure_sums)
    one_each += (update.move_all, muon.take_momentum)
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as swapped:
        for kernel in one_each:
            swapped.enter_context(swapped_cuda_module(kernel.fn, one))
        patch.setattr(Simulated, "call", call)
        yield


def install() -> None:
    """Run blocks this way from now on, in this process."""
    BlockManager.run = run_block

"""Numba's CUDA simulator, with the threads of a block one after another instead of all at once.

Numba's own polls its threads for whether they wait, which takes milliseconds a barrier. Here each
runs up to its next barrier, then the next one; `backwards` begins with the last. Two orders that
give the same bits tell that no thread reads what another writes between two barriers; a barrier
that not all of them reach is an error.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from greenlet import getcurrent, greenlet
from numba.cuda.simulator.kernel import BlockManager
from numba.cuda.simulator.kernelapi import Dim3


class Blocks:
    """How the simulator runs a block."""

    backwards = False


def run_block(self: Any, grid_point: Any, *arguments: Any) -> None:
    """`BlockManager.run`: every thread of the block to its end, from barrier to barrier."""
    me: Any = threading.current_thread()
    me.blockIdx, me.syncthreads = Dim3(*grid_point), getcurrent().switch
    points = list(np.ndindex(*self._block_dim))
    threads = [(Dim3(*point), greenlet(lambda: self._f(*arguments))) for point in points]
    while not threads[0][1].dead:
        for place, thread in reversed(threads) if Blocks.backwards else threads:
            me.threadIdx = place
            thread.switch()
        ended = {thread.dead for _, thread in threads}
        assert len(ended) == 1, "not all threads of the block came to the same barrier"


def install() -> None:
    """Run blocks this way from now on, in this process."""
    BlockManager.run = run_block

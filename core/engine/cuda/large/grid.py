"""The threads of a whole grid, and how those of a block add up.

A block has a row of a matrix, or a piece of the parameters, at a time; where it sums, each of a
fixed number of partial sums is made in order, then they are added in pairs: no number of threads or
blocks changes that.
"""

from numba import cuda

from core.engine.cuda.block import Thread, barrier
from core.engine.cuda.maths import SIMULATED, device

PARTS = 32  # partial sums of a row
PIECE_PARTS = 256  # of a piece


def _simulated_everyone():
    from numba.cuda.simulator.kernel import _get_kernel_context

    me = _get_kernel_context()
    lane, lanes, row, rows = me.threadIdx.x, me.blockDim.x, me.blockIdx.x, me.gridDim.x
    return Thread(row * lanes + lane, rows * lanes, lane, lanes, row, rows)


def _everyone():
    lane, lanes, row, rows = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x, cuda.gridDim.x
    return Thread(row * lanes + lane, rows * lanes, lane, lanes, row, rows)


# The simulator lends a kernel its own `cuda` module in the kernel's file alone.
everyone = _simulated_everyone if SIMULATED else device(_everyone)
"""This thread among all of the grid: a row is a block's, its lanes are the block's threads."""


@device
def add_up(t, parts, n, width):
    """Sum n rows of `width` numbers, which a block's threads wrote, into the first, in pairs."""
    half = n // 2
    while half > 0:
        barrier()
        for k in range(t.lane, half * width, t.lanes):
            parts[k] += parts[k + half * width]
        half //= 2
    barrier()


@device
def added_up(t, parts, n):
    """The sum of n numbers that a block's threads wrote; parts is free after it."""
    add_up(t, parts, n, 1)
    total = parts[0]
    barrier()
    return total


@device
def largest_of(t, parts):
    """The largest of PARTS numbers that a block's threads wrote; parts is free after it."""
    half = PARTS // 2
    while half > 0:
        barrier()
        for k in range(t.lane, half, t.lanes):
            parts[k] = parts[k + half] if parts[k + half] > parts[k] else parts[k]
        half //= 2
    barrier()
    largest = parts[0]
    barrier()
    return largest

"""What the threads of a block know: who they are, what they share, and how they wait."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from numba import cuda

from core.engine.cuda.maths import SIMULATED, device, place
from core.engine.cuda.plan import N_COLUMNS


class Thread(NamedTuple):
    """A thread's number among all of its block, and its place when they stand in rows.

    A loop over numbers is shared out as range(number, n, count), one over a matrix as
    range(row, n_rows, rows) by range(lane, n_columns, lanes).
    """

    number: Any
    count: Any
    lane: Any
    lanes: Any
    row: Any
    rows: Any


class Memory(NamedTuple):
    """The block's shared memory: see `plan`. A matrix has `width` numbers from row to row."""

    table: Any  # int32, the layout's, row by row
    broken: Any  # int32 (1,): 1 if something is no longer finite
    rates: Any  # float64 (CHUNK,): learning rates
    parts: Any  # float64: partial sums
    F: Any  # float32, as all that follow: the whole, in which x, h and a are places
    x: Any  # where X, H and A begin in it; device code can return no array
    h: Any
    a: Any
    P: Any
    G: Any
    S0: Any
    S1: Any
    S2: Any
    X: Any
    Y: Any
    Z: Any
    A: Any
    D: Any
    Q: Any
    L: Any
    C: Any
    E: Any
    H: Any
    M: Any
    K: Any
    N: Any
    V: Any
    U: Any
    across: Any  # numbers of a row of V


def _simulated_barrier() -> None:
    threading.current_thread().syncthreads()  # type: ignore[attr-defined]  # the simulator's


def _barrier():
    cuda.syncthreads()


# The simulator lends a kernel its own `cuda` module in the kernel's file alone.
barrier = _simulated_barrier if SIMULATED else device(_barrier)
"""Wait for all threads of the block: what each wrote before, all may read."""


@device
def at(m, layer, column):
    """A number of the layout's table."""
    return m.table[place(layer * N_COLUMNS + column)]

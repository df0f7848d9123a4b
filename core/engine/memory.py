"""The memory of a run: what a kernel is given, and what it may scribble on.

Kernels allocate nothing. All of it is flat: place by place as `layout` and the kernels say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.engine.lanes import LANES
from core.engine.layout import Layout
from core.engine.norms import BLOCK
from core.engine.team import HELPED, N_SIGNALS
from core.maths.rules import N_CONSTANTS, N_SLOTS

Floats = NDArray[np.float32]

ALIGNMENT = 64  # bytes: a cache line, and the widest vector

# Places in the state, in what is drawn (see `kernels.run`), in the codes and in the numbers.
STEP, EPOCH, POSITION = range(3)
ORDER_EPOCH, LAST_WIDTH = range(2)
OPTIMIZER, LOSS, REGULARIZER, OUTPUT_RULE, MEAN_OVER, BATCH_SIZE, SEED, SCHEDULE = range(8)
MATRICES = 8  # how many layers, from the first, have weights that move as a whole matrix
HEIGHT, WIDTH, CHANNELS = range(9, 12)  # of images, where they are augmented
N_CODES = 12
(
    LEARNING_RATE,
    REGULARIZATION_RATE,
    CLIP_VALUE,
    CLIP_NORM,
    GLOBAL_CLIP_NORM,
    SMOOTHING,
    SMOOTH_TO,
    MAX_NORM,
    INPUT_NOISE,
    TRANSLATION,
    ROTATION,
    ZOOM,
    CUTOUT,
    MIXUP,
) = range(14)
N_NUMBERS = 14

# How dE/dZ of the output layer is had: from the slopes, or by a rule for (activation, loss).
BY_SLOPE, BY_SOFTMAX, DIFFERENCE, NORMALIZED = range(4)

PER_OUTPUT, PER_SAMPLE = range(2)  # what the mean of a loss is taken over

N_OPTIONS = 16  # places for those of an optimizer

MATRIX_ROWS = 64  # of a matrix that are replaced at a time: see `orthogonal`

N_COLUMNS = 4  # of a recorded row, before the three groups of columns by layer


class Inputs(NamedTuple):
    """What samples are fed, flat: numbers row by row; or entries, see `entries`."""

    values: Floats
    columns: NDArray[np.int32]  # empty, with starts, where samples are whole rows
    starts: NDArray[np.int64]


class Buffers(NamedTuple):
    """Scratch memory for one batch; each float32, flat, sized for the widest batch. See above."""

    X: Floats  # of sparse samples, the values of their entries
    Y: Floats
    Z: Floats
    A: Floats
    H: Floats  # the same array as A when no layer has dropout
    M: Floats
    D: Floats
    T: Floats  # (width + inputs, 16) for each thread: sixteen units, a row for each sample
    R: Floats  # a matrix before it is turned feature-major: a row for each sample
    Q: Floats  # (outputs, width): outputs made to sum to one
    S: Floats  # (width,): sums over the outputs of a sample
    N: Floats  # of normalized layers, with V and B: see `normalize`; empty where there are none
    V: Floats
    B: Floats
    G: Floats
    before: Floats  # parameters before the update, kept on recorded steps
    K: Floats  # see `orthogonal`; empty unless the optimizer moves matrices
    C: Floats  # (width,): weights of the samples, 1 where all count alike
    sums: np.ndarray  # float64: squares of gradients, parameters and updates, block by block
    columns: NDArray[np.int32]  # of sparse samples, as in `Inputs`; else empty
    starts: NDArray[np.int64]


class Slots(NamedTuple):
    """An optimizer's memories, each like the parameters; empty where it has not so many."""

    s: Floats
    r: Floats
    q: Floats


class Team(NamedTuple):
    """What the threads that share a step exchange: see `team`."""

    signals: np.ndarray  # int64
    constants: Floats  # of the optimizer, at this step
    finite: Floats  # 0, or nan when something is no longer finite


class Settings(NamedTuple):
    """What may change between two calls."""

    codes: np.ndarray  # int64, OPTIMIZER ...
    numbers: np.ndarray  # float64, LEARNING_RATE ...
    options: np.ndarray  # float64, the optimizer's
    schedule: np.ndarray  # float64, the schedule's options
    dropout: np.ndarray  # float32, one a layer; the output's is 0
    weights: Floats  # one for each training sample; empty where all count alike
    background: Floats  # of images, one a channel; empty where they are not augmented


class Image(NamedTuple):
    """What the samples are, where they are images: row by row, channels together."""

    shape: tuple[int, int, int]  # height, width, channels
    background: Floats  # (channels,)


class Entries(Protocol):
    """Sparse samples (n, n_inputs), such as `core.data.sparse.SparseRows`."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: Floats

    @property
    def shape(self) -> tuple[int, int]: ...

    def __len__(self) -> int: ...


Rows = Floats | Entries
"""What samples are fed: float32 (n, n_inputs), or entries."""


def inputs_of(X: Rows) -> Inputs:
    """Samples as the kernels take them: one type for all, so one compiled kernel."""
    if isinstance(X, np.ndarray):
        return Inputs(flat(X), frozen(np.zeros(0, np.int32)), frozen(np.zeros(0, np.int64)))
    columns, starts = np.require(X.columns, np.int32), np.require(X.starts, np.int64)
    return Inputs(flat(X.values), frozen(columns), frozen(starts))


def most_entries(X: Rows) -> int:
    """Entries of the longest of sparse samples, at least 1; 0 for whole rows."""
    if isinstance(X, np.ndarray):
        return 0
    return max(1, int(np.diff(X.starts).max(initial=0)))


def flat(array: Floats) -> Floats:
    """A flat view that cannot be written to."""
    return frozen(np.ascontiguousarray(array, dtype=np.float32).reshape(-1))


def frozen(array: NDArray) -> NDArray:
    """A view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def aligned(*shape: int) -> Floats:
    """Zeros that start on a cache line."""
    n = math.prod(shape)
    raw = np.zeros(n * 4 + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + 4 * n].view(np.float32).reshape(shape)


def slots_of(rows: Floats) -> Slots:
    """The rows of (n_slots, n_parameters), of which there may be none."""
    return Slots(*[*rows, *[rows.reshape(-1)[:0]] * N_SLOTS][:N_SLOTS])


def team_of(*, helped: bool) -> Team:
    """A team that waits for its first piece; helped: whether helpers may come."""
    signals = np.zeros(N_SIGNALS, dtype=np.int64)
    signals[HELPED] = helped
    return Team(signals, np.zeros(N_CONSTANTS, np.float32), np.zeros(1, np.float32))


def scratch_a_thread(sizes: Sequence[int], width: int) -> int:
    """Numbers of T for each thread. sizes: of all that feeds a layer whole."""
    return (whole(width) + max(sizes)) * LANES


def matrix_scratch(layout: Layout) -> int:
    """How many numbers `orthogonal` needs for the largest of the hidden layers."""
    return max(
        (
            whole(min(pair)) * (max(pair) + 2 * min(pair) + MATRIX_ROWS)
            for pair in pairwise(layout.sizes[:-1])
        ),
        default=0,
    )


def buffers_for(
    layout: Layout,
    width: int,
    *,
    dropout: bool,
    training: bool,
    matrices: bool = False,
    threads: int = 1,
    entries: int = 0,
) -> Buffers:
    """Scratch memory for batches of up to `width` samples, cut from one block.

    entries: of the longest sample, where samples are sparse.
    """
    width, inputs, outputs = whole(width), layout.n_inputs, layout.n_outputs
    units = (layout.n_units + LANES) * width  # blocks of 16 rows may reach beyond the last unit
    parameters = whole(layout.n_parameters)
    dense = layout.sizes[1:] if entries else layout.sizes
    sizes = {
        "X": (entries or whole(inputs)) * width,
        "Y": whole(outputs) * width,
        "Z": units,
        "A": units,
        "H": units * dropout,
        "M": units * dropout,
        "D": units * training,
        "T": scratch_a_thread(dense, width) * threads,
        "R": width * whole(max(dense)) + LANES,
        "Q": outputs * width,
        "S": width,
        "N": units * layout.is_normalized,
        "V": layout.n_layers * width * layout.is_normalized,
        "B": 2 * layout.n_units * layout.is_normalized,
        "K": matrix_scratch(layout) * matrices,
        "C": width,
        "G": parameters * training,
        "before": parameters * training,
    }
    block, start, parts = aligned(sum(map(whole, sizes.values()))), 0, {}
    for name, size in sizes.items():
        parts[name] = block[start : start + size]
        start += whole(size)
    parts["C"][:] = 1.0
    if not dropout:
        parts["H"] = parts["A"]
    rounded = layout.n_parameters // BLOCK + layout.n_layers  # each layer's last block is a part
    sums = np.zeros(3 * rounded * training)
    columns = np.zeros(entries * width, dtype=np.int32)
    starts = np.zeros((width + 1) * bool(entries), dtype=np.int64)
    return Buffers(**parts, sums=sums, columns=columns, starts=starts)


def whole(count: int) -> int:
    """A count, rounded up to whole vectors."""
    return (count + LANES - 1) // LANES * LANES

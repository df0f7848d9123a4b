"""What a large network keeps in the GPU's memory: see `plan` and `rest` for the sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine import memory
from core.engine.memory import Rows
from core.engine.settings import N_SCHEDULE

PIECE = 2048  # numbers whose squares a block sums
SEGMENTS = 4  # of a layer: weights, biases, gamma and beta
N_NUMBERS = memory.N_NUMBERS + memory.N_OPTIONS + N_SCHEDULE

WORKSPACE = 2**25  # bytes for cuBLAS, what NVIDIA advises for Hopper

Shapes = dict[str, tuple[tuple[int, ...], type]]
"""Shape and type of arrays, by name."""

# Places in `now`: what all kernels of a mini-batch are told.
STEP, START, ORDER, BROKEN_AT = range(4)  # BROKEN_AT: the first step that broke, 0 for none
N_NOW = 4

# Groups of `parts`, a sum of squares for each piece.
GRADIENT, WEIGHT, MOVE, CLIPPED = range(4)
N_GROUPS = 4


class Arrays(NamedTuple):
    """All that kernels are given; as the block engine's `Memory`, but in the GPU's own memory.

    A stage of the block engine finds the members it asks for here as well.
    """

    table: Any  # int32, the layout's, row by row
    pieces: Any  # int32 (n_pieces, 3): where one begins and ends, and its segment
    segments: Any  # int32 (SEGMENTS n_layers + 1,): the first piece of each
    codes: Any  # int64, as in `memory.Settings`
    numbers: Any  # float64: numbers, options and schedule of the settings, one behind the other
    dropout: Any  # float64 (n_layers,)
    state: Any  # int64 (3,)
    now: Any  # int64 (N_NOW,)
    stride: Any  # int64 (1,): a row is written at every step that it divides
    broken: Any  # int32 (1,): 1 if something is no longer finite
    orders: Any  # int32 (kept, n_samples): that of epoch e is in row e % kept
    drawn: Any  # int64 (kept,): which epoch a row is the order of
    samples: Any  # float32, flat, as are targets: all of the training set; or its entries
    columns: Any  # int32, of each entry; as is starts, a number of no meaning for whole rows
    starts: Any  # int64 (n_samples + 1,): the first entry of each sample
    targets: Any
    weights: Any  # float32 (n_samples,)
    background: Any  # float32, one a channel, where samples are images
    rates: Any  # float64 (1,): the learning rate
    parts: Any  # float64 (N_GROUPS n_pieces,)
    lengths: Any  # float64 (SEGMENTS n_layers,): norms of the segments
    rows: Any  # float64 (capacity, columns): a ring, by step // stride
    across: int  # numbers of a row of V
    P: Any  # float32, as all that follow
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
    N: Any
    V: Any
    K: Any
    U: Any


def samples_of(X: Rows) -> dict[str, NDArray]:
    """Samples as the arrays of that name hold them. A GPU has no arrays of nothing."""
    values, columns, starts = memory.inputs_of(X)
    named: dict[str, NDArray] = {"samples": values, "columns": columns, "starts": starts}
    return {name: a if a.size else np.zeros(1, a.dtype) for name, a in named.items()}


def bytes_of(shapes: Mapping[str, tuple[tuple[int, ...], type]]) -> int:
    """Memory that arrays take."""
    return sum(math.prod(shape) * np.dtype(kind).itemsize for shape, kind in shapes.values())


class Extent(NamedTuple):
    """How much there is of some samples. entries: None for whole rows."""

    rows: int
    entries: int | None

    def fits(self, room: Extent) -> bool:
        """Whether there is room for them; never for samples of the other kind."""
        if self.entries is None or room.entries is None:
            return self.entries is room.entries and self.rows <= room.rows
        return self.rows <= room.rows and self.entries <= room.entries


def extent_of(X: Rows) -> Extent:
    return Extent(len(X), n_entries(X))


def n_entries(X: Rows) -> int | None:
    """Of sparse samples; None for whole rows."""
    return None if isinstance(X, np.ndarray) else len(X.values)

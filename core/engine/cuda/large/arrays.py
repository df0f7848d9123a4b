"""What a large network keeps in the GPU's memory, and how many bytes that takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.costs import most_rows
from core.engine import memory
from core.engine.cuda.plan import U_ROWS, V_ROWS, matrix_scratch
from core.engine.layout import BETA, BIASES, GAMMA, STOP, WEIGHTS, Layout
from core.engine.memory import Rows
from core.engine.settings import N_SCHEDULE
from core.maths.rules import N_CONSTANTS

PIECE = 2048  # numbers whose squares a block sums
SEGMENTS = 4  # of a layer: weights, biases, gamma and beta
N_NUMBERS = memory.N_NUMBERS + memory.N_OPTIONS + N_SCHEDULE

MOST_AHEAD = 64  # epochs whose orders are drawn at a time
ORDER_BYTES = 2**26  # that they may take
ROW_BYTES = 2**22  # that rows on their way to the host may take
WORKSPACE = 2**25  # bytes for cuBLAS, what NVIDIA advises for Hopper

MOST_PARTS = 3  # that are judged: training, test and validation samples
PIECE_ROWS, PIECE_BYTES = 1024, 2**25  # of samples that are judged at a time, and what is between
FEWEST_ROWS, MOST_SPARSE_ROWS = 4096, 2**20  # that there is room for in a part
FEWEST_ENTRIES, MOST_ENTRIES = 2**20, 2**25

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


def n_entries(X: Rows) -> int | None:
    """Of sparse samples; None for whole rows."""
    return None if isinstance(X, np.ndarray) else len(X.values)


@dataclass(frozen=True)
class LargePlan:
    """Sizes of all arrays.

    batch: the largest mini-batch; n_slots: of the optimizer; matrices: whether it moves whole
    matrices. n_entries: of sparse samples, None for whole rows.
    """

    layout: Layout
    n_samples: int
    batch: int
    n_slots: int
    matrices: bool = False
    n_entries: int | None = None

    @property
    def across(self) -> int:
        """Numbers of a row of V: see `core.engine.cuda.normalize`."""
        return max(self.batch, *self.layout.sizes[1:])

    @cached_property
    def pieces(self) -> NDArray[np.int32]:
        """(n_pieces, 3), see `Arrays`: no piece reaches over the end of its segment."""
        found = []
        for layer, row in enumerate(self.layout.table.tolist()):
            bounds = [row[column] for column in (WEIGHTS, BIASES, GAMMA, BETA, STOP)]
            for part, (first, last) in enumerate(pairwise(bounds)):
                for start in range(first, last, PIECE):
                    found.append((start, min(start + PIECE, last), SEGMENTS * layer + part))
        return np.array(found, dtype=np.int32)

    @cached_property
    def segments(self) -> NDArray[np.int32]:
        """(SEGMENTS n_layers + 1,), see `Arrays`."""
        wanted = np.arange(SEGMENTS * self.layout.n_layers + 1)
        return np.searchsorted(self.pieces[:, 2], wanted).astype(np.int32)

    @property
    def columns(self) -> int:
        """Of a row of history."""
        return memory.N_COLUMNS + 3 * self.layout.n_layers

    @property
    def row_capacity(self) -> int:
        return min(max(ROW_BYTES // (8 * self.columns), 1), 4096)

    @property
    def ahead(self) -> int:
        """Epochs whose orders there is room for."""
        return min(max(ORDER_BYTES // (4 * self.n_samples), 1), MOST_AHEAD)

    @cached_property
    def shapes(self) -> Shapes:
        """Shape and type of each of the arrays."""
        net, n, i4, i8, f8 = self.layout, self.n_samples, np.int32, np.int64, np.float64
        n_layers, n_pieces, units = net.n_layers, len(self.pieces), net.n_units * self.batch
        mixed: Shapes = {
            "table": ((net.table.size,), i4),
            "pieces": ((n_pieces, 3), i4),
            "segments": ((SEGMENTS * n_layers + 1,), i4),
            "codes": ((memory.N_CODES,), i8),
            "numbers": ((N_NUMBERS,), f8),
            "dropout": ((n_layers,), f8),
            "state": ((3,), i8),
            "now": ((N_NOW,), i8),
            "stride": ((1,), i8),
            "broken": ((1,), i4),
            "orders": ((self.ahead, n), i4),
            "drawn": ((self.ahead,), i8),
            "columns": ((self.n_entries or 1,), i4),
            "starts": ((1 if self.n_entries is None else n + 1,), i8),
            "rates": ((1,), f8),
            "parts": ((N_GROUPS * n_pieces,), f8),
            "lengths": ((SEGMENTS * n_layers,), f8),
            "rows": ((self.row_capacity, self.columns), f8),
        }
        slots = {f"S{k}": net.n_parameters if k < self.n_slots else 1 for k in range(3)}
        statistics = V_ROWS * n_layers * self.across
        floats = {
            "samples": n * net.n_inputs if self.n_entries is None else max(self.n_entries, 1),
            **{"targets": n * net.n_outputs, "weights": n},
            **{"background": net.n_inputs, "P": net.n_numbers, "G": net.n_parameters},
            **slots,
            **{"X": net.n_inputs * self.batch, "Y": net.n_outputs * self.batch},
            **dict.fromkeys(("Z", "A", "D", "H", "M"), units),
            **{"Q": net.n_outputs * self.batch, "L": self.batch, "C": self.batch},
            **{"E": N_CONSTANTS, "U": U_ROWS * self.batch},
            "N": units if net.is_normalized else 1,
            "V": statistics if net.is_normalized else 1,
            "K": max(matrix_scratch(net), 1) if self.matrices else 1,
        }
        return {**mixed, **{name: ((size,), np.float32) for name, size in floats.items()}}

    @property
    def learnt(self) -> tuple[str, ...]:
        """Names of the arrays that a mini-batch moves: parameters and slots."""
        return ("P", "S0", "S1", "S2")[: 1 + self.n_slots]

    @property
    def rest(self) -> RestPlan:
        """What the network is judged in."""
        return RestPlan(self.layout, self.n_samples, self.n_entries)

    @property
    def device_bytes(self) -> int:
        """Memory of the GPU that it takes, learning and judged: arrays, what is learnt twice, and
        cuBLAS's workspace.
        """
        begun = {name: self.shapes[name] for name in self.learnt}
        return bytes_of(self.shapes) + bytes_of(begun) + self.rest.device_bytes + WORKSPACE


@dataclass(frozen=True)
class RestPlan:
    """Sizes of what samples are judged in, which is there beside the arrays of a `LargePlan`.

    n_samples, n_entries: of the training samples. What there is room for follows from them and
    from the layout, never from what a GPU has left: whoever judges a part, GPU or CPU, is the same
    wherever the experiment is run.
    """

    layout: Layout
    n_samples: int
    n_entries: int | None

    @property
    def rows(self) -> int:
        """Most samples of a part: of whole rows, no more than an estimate looks at."""
        is_dense = self.n_entries is None
        most = most_rows(self.layout.n_parameters) if is_dense else MOST_SPARSE_ROWS
        return min(max(self.n_samples, FEWEST_ROWS), most)

    @property
    def entries(self) -> int:
        """Most entries of a part of sparse samples."""
        return min(max(self.n_entries or 0, FEWEST_ENTRIES), MOST_ENTRIES)

    def takes(self, X: Rows) -> bool:
        """Whether there is room for samples."""
        entries = n_entries(X)
        alike = (entries is None) is (self.n_entries is None)
        return alike and len(X) <= self.rows and (entries or 0) <= self.entries

    @property
    def piece(self) -> int:
        """Samples that are judged at a time."""
        net = self.layout
        numbers = net.n_inputs + 2 * net.n_outputs + (2 + net.is_normalized) * net.n_units
        return min(max(PIECE_BYTES // (4 * numbers), 1), PIECE_ROWS, self.rows)

    @property
    def across(self) -> int:
        """Numbers of a row of V."""
        return max(self.piece, *self.layout.sizes[1:])

    @cached_property
    def shapes(self) -> Shapes:
        """Those of a piece on its way through the network, and of what comes out for a part.

        Named as in `Arrays`; beginning: the state that a part begins with; losses: of its samples;
        outputs: sample by sample.
        """
        net, piece, i8, f4 = self.layout, self.piece, np.int64, np.float32
        statistics = V_ROWS * net.n_layers * self.across
        return {
            **{"state": ((3,), i8), "beginning": ((3,), i8), "now": ((N_NOW,), i8)},
            **{
                "drawn": ((1,), i8),
                "broken": ((1,), np.int32),
                "numbers": ((N_NUMBERS,), np.float64),
            },
            **{"orders": ((1, self.rows), np.int32), "weights": ((self.rows,), f4)},
            **{"losses": ((self.rows,), f4), "outputs": ((self.rows * net.n_outputs,), f4)},
            **{"X": ((net.n_inputs * piece,), f4), "Y": ((net.n_outputs * piece,), f4)},
            **{"Z": ((net.n_units * piece,), f4), "A": ((net.n_units * piece,), f4)},
            **{"Q": ((net.n_outputs * piece,), f4), "C": ((piece,), f4)},
            "V": ((statistics if net.is_normalized else 1,), f4),
        }

    @cached_property
    def samples(self) -> Shapes:
        """Those of the samples of a part."""
        net, rows, is_dense = self.layout, self.rows, self.n_entries is None
        return {
            "samples": ((rows * net.n_inputs if is_dense else self.entries,), np.float32),
            "columns": ((1 if is_dense else self.entries,), np.int32),
            "starts": ((1 if is_dense else rows + 1,), np.int64),
            "targets": ((rows * net.n_outputs,), np.float32),
        }

    @property
    def device_bytes(self) -> int:
        return bytes_of(self.shapes) + MOST_PARTS * bytes_of(self.samples)

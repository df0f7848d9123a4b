"""How large the arrays of a large network are, and how many bytes all of it takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.engine import memory
from core.engine.cuda.large import arrays
from core.engine.cuda.large.arrays import (
    N_GROUPS,
    N_NOW,
    N_NUMBERS,
    SEGMENTS,
    WORKSPACE,
    Extent,
    Shapes,
    bytes_of,
)
from core.engine.cuda.large.rest import RestPlan, rooms_for
from core.engine.cuda.plan import U_ROWS, V_ROWS, matrix_scratch
from core.engine.layout import BETA, BIASES, GAMMA, STOP, WEIGHTS, Layout
from core.maths.rules import N_CONSTANTS

MOST_AHEAD = 64  # epochs whose orders are drawn at a time
ORDER_BYTES = 2**26  # that they may take
ROW_BYTES = 2**22  # that rows on their way to the host may take


@dataclass(frozen=True)
class LargePlan:
    """Sizes of all arrays.

    batch: the largest mini-batch; n_slots: of the optimizer; matrices: whether it moves whole
    matrices. n_entries: of sparse samples, None for whole rows. judged: see `CUDAEngine`.
    """

    layout: Layout
    n_samples: int
    batch: int
    n_slots: int
    matrices: bool = False
    n_entries: int | None = None
    judged: tuple[Extent, ...] = ()

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
                for start in range(first, last, arrays.PIECE):
                    found.append((start, min(start + arrays.PIECE, last), SEGMENTS * layer + part))
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
        judged = self.judged or (Extent(self.n_samples, self.n_entries),)
        return RestPlan(self.layout, rooms_for(self.layout, judged))

    @property
    def device_bytes(self) -> int:
        """Memory of the GPU that it takes, learning and judged: arrays, what is learnt twice, and
        cuBLAS's workspace.
        """
        begun = {name: self.shapes[name] for name in self.learnt}
        return bytes_of(self.shapes) + bytes_of(begun) + self.rest.device_bytes + WORKSPACE

"""How large the arrays are in which a large network is judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.costs import most_rows
from core.engine.cuda.large.arrays import N_NOW, N_NUMBERS, Extent, Shapes, bytes_of, extent_of
from core.engine.cuda.plan import V_ROWS
from core.engine.layout import Layout
from core.engine.memory import Rows

PIECE_ROWS, PIECE_BYTES = 1024, 2**25  # of samples that are judged at a time, and what is between
MOST_TARGETS, MOST_ENTRIES = 2**22, 2**25  # of a part of sparse samples, or the CPU judges it


def rooms_for(layout: Layout, parts: Iterable[Extent]) -> tuple[Extent, ...]:
    """What there is room for, the least first: a room for each part, at least one in all.

    Of whole rows no more than an estimate looks at.
    """
    rooms, is_dense, most = [], True, most_rows(layout.n_parameters)
    for rows, entries in parts:
        is_dense = entries is None
        if entries is None:
            rooms.append(Extent(min(rows, most), None))
        elif rows * layout.n_outputs <= MOST_TARGETS and entries <= MOST_ENTRIES:
            rooms.append(Extent(rows, max(entries, 1)))
    return tuple(sorted(room for room in rooms if room.rows)) or (
        Extent(1, None if is_dense else 1),
    )


@dataclass(frozen=True)
class RestPlan:
    """Sizes of what samples are judged in, which is there beside the arrays of a `LargePlan`.

    rooms: see `rooms_for`. They follow from the experiment and its data, never from what a GPU has
    left: whoever judges a part, GPU or CPU, is the same wherever the experiment is run.
    """

    layout: Layout
    rooms: tuple[Extent, ...]

    @property
    def rows(self) -> int:
        """Most samples of a part."""
        return max(room.rows for room in self.rooms)

    def takes(self, X: Rows) -> bool:
        """Whether there is room for samples."""
        return any(extent_of(X).fits(room) for room in self.rooms)

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

    def samples(self, room: Extent) -> Shapes:
        """Those of the samples of a part."""
        net, (rows, entries) = self.layout, room
        return {
            "samples": ((rows * net.n_inputs if entries is None else entries,), np.float32),
            "columns": ((entries or 1,), np.int32),
            "starts": ((1 if entries is None else rows + 1,), np.int64),
            "targets": ((rows * net.n_outputs,), np.float32),
        }

    @property
    def device_bytes(self) -> int:
        return bytes_of(self.shapes) + sum(bytes_of(self.samples(room)) for room in self.rooms)

"""How large the arrays are in which a large network is judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.costs import most_rows
from core.engine.cuda.large.arrays import N_NOW, N_NUMBERS, Shapes, bytes_of, n_entries
from core.engine.cuda.plan import V_ROWS
from core.engine.layout import Layout
from core.engine.memory import Rows

MOST_PARTS = 3  # that are judged: training, test and validation samples
PIECE_ROWS, PIECE_BYTES = 1024, 2**25  # of samples that are judged at a time, and what is between
FEWEST_ROWS = 4096  # that there is room for in a part, unless they are more than may be
MOST_TARGETS = 2**22  # numbers, of sparse samples
FEWEST_ENTRIES, MOST_ENTRIES = 2**20, 2**25


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
        net, is_dense = self.layout, self.n_entries is None
        most = most_rows(net.n_parameters) if is_dense else max(MOST_TARGETS // net.n_outputs, 1)
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

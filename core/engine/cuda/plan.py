"""Where everything lies in the shared memory of a block, and whether it fits; see `Plan`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.engine.layout import Layout
from core.maths.rules import N_CONSTANTS
from core.refusals import BackendRefusal

N_COLUMNS = 12  # of the layout's table
CHUNK = 32  # steps whose learning rates and constants are made at a time
V_ROWS = 3  # of a layer: see `normalize`
U_ROWS = 7  # see `augment`
PARTS = 32  # partial sums of a layer's squares

MOST_THREADS = 256
WARP = 32

# Arrays of float32 in a block's memory, in this order. Letters as in `core.engine.kernels`, and
# P: parameters; S0, S1, S2: the optimizer's slots; L: losses of the samples; C: their weights;
# E: the optimizer's constants of a chunk of steps; K: see `orthogonal`; N, V: see `normalize`;
# U: see `augment`.
NAMES = (
    *("P", "G", "S0", "S1", "S2", "X", "Y", "Z", "A", "D", "Q", "L", "C", "E", "H", "M", "K"),
    *("N", "V", "U"),
)
(P, G, S0, S1, S2, X, Y, Z, A, D, Q, L, C, E, H, M, K, N, V, U) = range(len(NAMES))
END = len(NAMES)  # where what is behind the last array begins
WIDTH, LANES = END + 1, END + 2  # numbers from one row to the next; threads that share a row
ACROSS = END + 3  # numbers from one row to the next of V


@dataclass(frozen=True)
class Plan:
    """How a block works on one network of a population.

    layout: its sizes; batch: the largest of any network; n_slots: likewise; dropout: whether any
    layer has it; matrices: whether any optimizer moves whole matrices; augmented: whether anything
    is done to samples, but for noise.
    """

    layout: Layout
    batch: int
    n_slots: int
    dropout: bool
    matrices: bool = False
    augmented: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it asks for nothing that few networks do: see `kernels.training`."""
        return not (self.matrices or self.augmented or self.layout.is_normalized)

    @property
    def width(self) -> int:
        """Numbers from one row to the next: odd, so that neither rows nor columns of 32 threads
        meet in one bank of the memory."""
        return self.batch | 1

    @property
    def across(self) -> int:
        """Room for a number for each sample, or for each unit of any layer."""
        return max(self.width, *self.layout.sizes[1:])

    @property
    def lanes(self) -> int:
        """Threads side by side along a row: a power of 2."""
        widest = max(self.batch, *self.layout.sizes)
        return min(1 << (widest - 1).bit_length(), WARP)

    @property
    def threads(self) -> int:
        """Threads of a block: whole warps, no more than the widest layer keeps busy.

        Not measured: two items a thread seem enough to hide what a barrier costs.
        """
        items = self.batch * max(self.layout.sizes[1:])
        warps = -(-items // (2 * WARP))
        return min(max(warps, 1) * WARP, MOST_THREADS)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Numbers of each array of float32."""
        net, width = self.layout, self.width
        units, n = net.n_units * width, net.n_parameters
        slots = [n * (slot < self.n_slots) for slot in range(3)]
        return {
            **{"P": net.n_numbers, "G": n, "S0": slots[0], "S1": slots[1], "S2": slots[2]},
            **{"X": net.n_inputs * width, "Y": net.n_outputs * width},
            **{"Z": units, "A": units, "D": units, "Q": net.n_outputs * width},
            **{"L": width, "C": width, "E": CHUNK * N_CONSTANTS},
            **{"H": units * self.dropout, "M": units * self.dropout},
            "K": matrix_scratch(net) * self.matrices,
            "N": units * net.is_normalized,
            "V": V_ROWS * net.n_layers * self.across * net.is_normalized,
            "U": U_ROWS * width * self.augmented,
        }

    @property
    def n_doubles(self) -> int:
        """float64 at the beginning: learning rates of a chunk of steps, then partial sums."""
        return CHUNK + 2 * PARTS * self.layout.n_layers

    @property
    def n_integers(self) -> int:
        """int32 behind them: the table, then whether something is no longer finite."""
        return self.layout.n_layers * N_COLUMNS + 2

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """What the kernel reads: where each array begins, in float32; END to ACROSS."""
        starts = np.cumsum([2 * self.n_doubles + self.n_integers, *self.sizes.values()])
        if not self.dropout:
            starts[H] = starts[A]
        return np.array([*starts, self.width, self.lanes, self.across], dtype=np.int64)

    @property
    def shared_bytes(self) -> int:
        """What a block needs."""
        return 4 * int(self.places[END])

    def fits(self, limit: int) -> bool:
        """Whether a block needs at most `limit` bytes."""
        return self.shared_bytes <= limit

    def check(self, limit: int) -> None:
        """Raise a BackendRefusal if a block needs more than `limit` bytes."""
        if not self.fits(limit):
            raise BackendRefusal(
                "The network needs {needed} bytes of a GPU's shared memory at batch size {batch}, "
                "but there are {limit}. Choose fewer units, a smaller batch or backend 'cpu'.",
                needed=self.shared_bytes,
                batch=self.batch,
                limit=limit,
            )


def matrix_scratch(layout: Layout) -> int:
    """Numbers that `orthogonal` needs for the largest of the hidden layers."""
    pairs = pairwise(layout.sizes[:-1])
    return max((2 * a * b + 2 * min(a, b) ** 2 for a, b in pairs), default=0)

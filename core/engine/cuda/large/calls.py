"""What a mini-batch is made of: launches of kernels, and products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from core.engine import memory
from core.engine.cuda.large.arrays import Arrays
from core.engine.cuda.large.graphs import Call
from core.engine.cuda.large.grid import PARTS, PIECE_PARTS
from core.engine.cuda.large.machine import Machine
from core.engine.cuda.large.plan import LargePlan
from core.engine.cuda.large.products import Matrix
from core.engine.memory import Settings
from core.maths.rules import muon_matrix

THREADS = 256  # of a block that takes numbers one by one, at most
WARP = 32


class Asked(NamedTuple):
    """What the settings ask for, as far as it decides which kernels run."""

    dropout: tuple[bool, ...]
    images: bool = False  # moved or cut out
    mixup: bool = False
    noise: bool = False
    weighted: bool = False
    finish: bool = False  # a penalty, or clipping by value
    clip_norm: bool = False
    global_clip_norm: bool = False
    max_norm: bool = False
    matrices: int = 0
    ns_steps: int = 0  # iterations of Muon

    @staticmethod
    def by(s: Settings) -> Asked:
        n, matrices = s.numbers, int(s.codes[memory.MATRICES])
        penalty = s.codes[memory.REGULARIZER] != 0 and n[memory.REGULARIZATION_RATE] > 0
        return Asked(
            dropout=tuple(bool(rate) for rate in s.dropout > 0),
            images=bool(np.any(n[memory.TRANSLATION : memory.CUTOUT + 1] > 0)),
            mixup=bool(n[memory.MIXUP] > 0),
            noise=bool(n[memory.INPUT_NOISE] > 0),
            weighted=s.weights.size > 0,
            finish=bool(penalty or n[memory.CLIP_VALUE] > 0),
            clip_norm=bool(n[memory.CLIP_NORM] > 0),
            global_clip_norm=bool(n[memory.GLOBAL_CLIP_NORM] > 0),
            max_norm=bool(n[memory.MAX_NORM] > 0),
            matrices=matrices,
            ns_steps=int(muon_matrix(s.options.tolist(), 0.0, 1.0, 1.0)[-1]) if matrices else 0,
        )


class Repeated:
    """Calls that are launched together, again and again.

    They are captured when they run for the second time: by then all kernels are compiled.
    """

    def __init__(self, machine: Machine, calls: Sequence[Call]) -> None:
        self._machine, self._calls = machine, calls
        self._runs, self._captured = 0, None  # type: tuple[int, Call | None]

    def run(self) -> None:
        """Launch them."""
        self._runs += 1
        if self._runs > 1 and self._captured is None:
            self._captured = self._machine.captured(self._calls)
        if self._captured is not None:
            self._captured()
            return
        for call in self._calls:
            call()


@dataclass(frozen=True)
class Batch:
    """One mini-batch of `count` samples, and where its calls come from.

    recorded: whether it writes a row of history.
    """

    machine: Machine
    m: Arrays
    plan: LargePlan
    asked: Asked
    count: int
    recorded: bool

    @property
    def table(self) -> list[list[int]]:
        """The layout's."""
        rows: list[list[int]] = self.plan.layout.table.tolist()
        return rows

    @property
    def last(self) -> int:
        """The output layer."""
        return self.plan.layout.n_layers - 1

    def sums(self, kernel: Any, rows: int, *arguments: object, parts: int = PARTS) -> Call:
        """Launch one block a row that is summed, of so many partial sums."""
        return self.machine.share(kernel, rows, parts, self.m, *arguments)

    def by_pieces(self, kernel: Any, pieces: int, *arguments: object) -> Call:
        """Launch one block a piece."""
        return self.sums(kernel, pieces, *arguments, parts=PIECE_PARTS)

    def by_rows(self, kernel: Any, rows: int, length: int, *arguments: object) -> Call:
        """Launch one block a row, and one thread for each of `length` numbers of it, or fewer."""
        threads = min(-(-length // WARP) * WARP, THREADS)
        return self.machine.share(kernel, rows, threads, self.m, *arguments)

    def by_numbers(self, kernel: Any, numbers: int, *arguments: object, few: bool = False) -> Call:
        """Launch one thread a number. few: so few, and each with so much to do, that small blocks
        spread them better.
        """
        threads = WARP if few else THREADS
        blocks = -(-numbers // threads)
        return self.machine.share(kernel, blocks, threads, self.m, *arguments)

    def product(
        self, out: Matrix, a: Matrix, b: Matrix, *, turn_a: bool = False, turn_b: bool = False
    ) -> Call:
        """out = a b, each of them turned if it says so."""
        multiply = self.machine.products.multiply
        return partial(multiply, out, a, b, turn_a=turn_a, turn_b=turn_b)

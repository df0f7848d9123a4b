"""One mini-batch of a large network: which kernels and products, in which order.

    begin, fetch
    Z = W' F, activate            layer by layer; the last: judge_outputs
    sum_slopes                    of the last layer
    G = F D', D = W D, put_back   layer by layer, from the last to the first
    finish, clip, move, hold      what the settings ask for
    measure, write                if a row is due

F is what feeds a layer: X, or A of the layer below, or H where that one has dropout.
"""

from __future__ import annotations

from typing import NamedTuple

from core.engine import memory
from core.engine.cuda.large import kernels
from core.engine.cuda.large.arrays import Arrays, Plan
from core.engine.cuda.large.graphs import Call
from core.engine.cuda.large.machine import Machine
from core.engine.cuda.large.products import Matrix
from core.engine.layout import INPUTS, ROW, UNITS, WEIGHTS
from core.engine.memory import Settings

THREADS = 256  # of a block that takes numbers one by one
ROW_THREADS = kernels.PARTS  # of a block that takes rows or pieces


class Asked(NamedTuple):
    """What the settings ask for, as far as it decides which kernels run."""

    dropout: tuple[bool, ...]
    finish: bool  # a penalty, or clipping by value
    clip_norm: bool
    global_clip_norm: bool
    max_norm: bool

    @staticmethod
    def by(settings: Settings) -> Asked:
        n = settings.numbers
        penalty = settings.codes[memory.REGULARIZER] != 0 and n[memory.REGULARIZATION_RATE] > 0
        return Asked(
            tuple(bool(rate) for rate in settings.dropout > 0),
            bool(penalty or n[memory.CLIP_VALUE] > 0),
            bool(n[memory.CLIP_NORM] > 0),
            bool(n[memory.GLOBAL_CLIP_NORM] > 0),
            bool(n[memory.MAX_NORM] > 0),
        )


class Step:
    """The calls of one mini-batch of `count` samples; recorded: whether it writes a row.

    It is captured when it runs for the second time: by then all its kernels are compiled.
    """

    def __init__(
        self, machine: Machine, m: Arrays, plan: Plan, asked: Asked, count: int, recorded: bool
    ) -> None:
        self._machine, self._m, self._plan, self._asked = machine, m, plan, asked
        self._table, self._last = plan.layout.table.tolist(), plan.layout.n_layers - 1
        self._count, self._recorded = count, recorded
        self._calls = [*self._forward(), *self._backward(), *self._move()]
        self._runs, self._captured = 0, None  # type: tuple[int, Call | None]

    def run(self) -> None:
        """Launch it."""
        self._runs += 1
        if self._runs == 2:
            self._captured = self._machine.captured(self._calls)
        if self._captured is not None:
            self._captured()
            return
        for call in self._calls:
            call()

    # -- calls -------------------------------------------------------------------------------

    def _over_rows(self, kernel: object, rows: int, *arguments: object) -> Call:
        """One block a row or a piece."""
        return self._machine.share(kernel, rows, ROW_THREADS, self._m, *arguments)

    def _over(self, kernel: object, numbers: int, threads: int, *arguments: object) -> Call:
        """One thread a number."""
        return self._machine.share(kernel, -(-numbers // threads), threads, self._m, *arguments)

    def _product(
        self, out: Matrix, a: Matrix, b: Matrix, *, turn_a: bool = False, turn_b: bool = False
    ) -> Call:
        multiply = self._machine.products.multiply
        return lambda: multiply(out, a, b, turn_a=turn_a, turn_b=turn_b)

    # -- matrices ----------------------------------------------------------------------------

    def _by_unit(self, array: object, layer: int) -> Matrix:
        """A layer's rows of Z, A, D or H."""
        row = self._table[layer]
        return Matrix(array, row[ROW] * self._count, row[UNITS], self._count)

    def _by_input(self, array: object, layer: int) -> Matrix:
        """A layer's weights in P, or their slopes in G."""
        row = self._table[layer]
        return Matrix(array, row[WEIGHTS], row[INPUTS], row[UNITS])

    def _fed(self, layer: int) -> Matrix:
        """What feeds a layer."""
        if layer == 0:
            return Matrix(self._m.X, 0, self._table[0][INPUTS], self._count)
        is_masked = self._asked.dropout[layer - 1]
        return self._by_unit(self._m.H if is_masked else self._m.A, layer - 1)

    # -- the mini-batch ----------------------------------------------------------------------

    def _forward(self) -> list[Call]:
        m, last, count = self._m, self._last, self._count
        calls = [
            self._machine.call(kernels.begin, 1, 1, m, count),
            self._over_rows(kernels.fetch, count, last, count),
        ]
        for layer, row in enumerate(self._table):
            Z, W = self._by_unit(m.Z, layer), self._by_input(m.P, layer)
            calls.append(self._product(Z, W, self._fed(layer), turn_a=True))
            if layer < last:
                calls.append(self._over_rows(kernels.activate, row[UNITS], layer, count))
        return [*calls, self._over(kernels.judge_outputs, count, ROW_THREADS, last, count)]

    def _backward(self) -> list[Call]:
        m, count = self._m, self._count
        units = self._table[self._last][UNITS]
        calls = [self._over_rows(kernels.sum_slopes, units, self._last, count)]
        for layer in range(self._last, -1, -1):
            D = self._by_unit(m.D, layer)
            calls.append(
                self._product(self._by_input(m.G, layer), self._fed(layer), D, turn_b=True)
            )
            if layer > 0:
                below = self._by_unit(m.D, layer - 1)
                calls.append(self._product(below, self._by_input(m.P, layer), D))
                calls.append(self._over_rows(kernels.put_back_layer, below.rows, layer - 1, count))
        return calls

    def _move(self) -> list[Call]:
        n, n_layers, asked = self._plan.layout.n_parameters, self._last + 1, self._asked
        n_pieces = len(self._plan.pieces)
        lengths = [
            self._over_rows(kernels.square_gradient, n_pieces),
            self._over_rows(kernels.measure_segments, 2 * n_layers),
        ]
        calls: list[Call] = []
        if asked.finish or self._recorded:
            calls.append(self._over_rows(kernels.finish_gradient, n_pieces, self._recorded))
        if asked.clip_norm:
            calls += [*lengths, self._over_rows(kernels.shorten_segments, n_pieces)]
        if asked.global_clip_norm:
            calls += [*lengths, self._over(kernels.shorten_all, n, THREADS)]
        calls.append(self._over(kernels.move_all, n, THREADS, self._plan.n_slots, self._recorded))
        if asked.max_norm:
            widest = max(row[UNITS] for row in self._table)
            calls.append(self._over(kernels.hold_all, widest, ROW_THREADS, n_layers))
        if self._recorded:
            calls.append(self._over_rows(kernels.measure_moves, n_pieces))
            calls.append(self._over_rows(kernels.write_row, n_layers, n_layers, self._count))
        return calls

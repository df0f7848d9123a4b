"""Losses and outputs on samples, as the network stands: forward alone, on the GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.engine import memory
from core.engine.cuda.large import arrays, forward
from core.engine.cuda.large.arrays import Arrays, LargePlan
from core.engine.cuda.large.calls import ROW_THREADS, Asked, Batch, Repeated
from core.engine.cuda.large.graphs import Call
from core.engine.cuda.large.machine import Machine
from core.engine.cuda.large.steps import by_input, by_unit, feeding, fetch, is_normalized
from core.engine.layout import ROW, UNITS
from core.engine.memory import Floats, Rows


def judging_bytes(X: Rows, Y: Floats) -> int:
    """Memory of the GPU that samples take: X, Y, their weights and their order."""
    return sum(part.nbytes for part in memory.inputs_of(X)) + Y.nbytes + 8 * len(X)


class Judged:
    """Samples in the GPU's memory, judged as many at a time as a mini-batch has.

    X: (n, n_inputs), whole rows or sparse; Y: float32 (n, n_outputs). m: the network's arrays;
    those between the layers are written over, what is learnt and the counters are not. numbers: of
    the settings.
    """

    def __init__(
        self, machine: Machine, m: Arrays, plan: LargePlan, asked: Asked, numbers: Floats,
        X: Rows, Y: Floats,
    ) -> None:  # fmt: skip
        self._machine, self._plan, self._n = machine, plan, len(X)
        n_layers = plan.layout.n_layers
        self._asked = asked._replace(dropout=(False,) * n_layers)
        unsmoothed = numbers.copy()
        unsmoothed[memory.SMOOTHING] = 0.0
        self._m = m._replace(
            **{name: self._sent(part) for name, part in arrays.samples_of(X).items()},
            targets=self._sent(memory.flat(Y)), weights=self._sent(np.ones(len(X), np.float32)),
            orders=self._sent(np.arange(len(X), dtype=np.int32)[np.newaxis]),
            numbers=self._sent(unsmoothed), now=self._sent(np.zeros(arrays.N_NOW, np.int64)),
            broken=self._sent(np.zeros(1, np.int32)),
        )  # fmt: skip
        self._pieces: dict[int, Repeated] = {}

    def _sent(self, values: Any) -> Any:
        array = self._machine.empty(values.shape, values.dtype.type)
        self._machine.send(array, values)
        return array

    def forget(self) -> None:
        """What was captured is gone."""
        self._pieces = {}

    def sums(self) -> tuple[float, Floats]:
        """The loss summed over samples and outputs, and the outputs: see `cpu.loss_sums`."""
        last, m, fetch = self._plan.layout.table[-1].tolist(), self._m, self._machine.fetch
        outputs, total = np.empty((self._n, last[UNITS]), np.float32), 0.0
        for start in range(0, self._n, self._plan.batch):
            count = min(self._plan.batch, self._n - start)
            self._machine.send(m.now, np.array([1, start, 0, 0]))
            self._piece(count).run()
            total += float(fetch(m.L, 0, count).sum(dtype=np.float64))
            first = last[ROW] * count
            made = fetch(m.A, first, first + last[UNITS] * count)
            outputs[start : start + count] = made.reshape(-1, count).T
        return total, outputs

    def _piece(self, count: int) -> Repeated:
        if count not in self._pieces:
            batch = Batch(self._machine, self._m, self._plan, self._asked, count, recorded=False)
            self._pieces[count] = Repeated(self._machine, at_rest(batch))
        return self._pieces[count]


def at_rest(b: Batch) -> list[Call]:
    """A piece's calls: dropout off, batches normalized by their running statistics."""
    count = b.count
    calls = [fetch(b)]
    for layer, row in enumerate(b.table):
        Z, W = by_unit(b, b.m.Z, layer), by_input(b, b.m.P, layer)
        calls.append(b.product(Z, W, feeding(b, layer), turn_a=True))
        if is_normalized(b, layer):
            calls.append(b.by_rows(forward.add_biases, row[UNITS], layer, count))
        if b.plan.layout.normalizations[layer] == "layer":
            across = b.plan.across
            calls.append(
                b.by_numbers(forward.measure_sums, across, layer, count, threads=ROW_THREADS)
            )
        if layer < b.last:
            calls.append(b.by_rows(forward.settle, row[UNITS], layer, count))
    judge = b.by_numbers(forward.judge_outputs, count, b.last, count, threads=ROW_THREADS)
    return [*calls, judge]

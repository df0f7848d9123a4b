"""Losses and outputs on samples, as the network stands: forward alone, on the GPU.

They go through it piece by piece, and nobody waits in between: `begin` moves on a counter of their
own, and what comes out is fetched once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from core.engine import memory
from core.engine.cuda.large import arrays, forward, outputs
from core.engine.cuda.large.arrays import Arrays, extent_of
from core.engine.cuda.large.calls import Asked, Batch, Repeated
from core.engine.cuda.large.graphs import Call
from core.engine.cuda.large.machine import Machine
from core.engine.cuda.large.plan import LargePlan
from core.engine.cuda.large.steps import by_input, by_unit, feeding, fetch, is_normalized, measure
from core.engine.layout import UNITS
from core.engine.memory import Floats, Rows


class Part(NamedTuple):
    """Samples in the GPU's memory. X, Y: where they came from; kept, so that no others have their
    identity. room: which they are in. m: what kernels are given; pieces: those launched so far, by
    how many samples.
    """

    X: Rows
    Y: Floats
    room: int
    m: Arrays
    pieces: dict[int, Repeated]


class Judge:
    """Room in the GPU's memory for all that is judged, beside what a network learns in.

    m: the network's arrays, of which nothing is written to.
    """

    def __init__(self, machine: Machine, m: Arrays, plan: LargePlan) -> None:
        rest = plan.rest
        self._machine, self._plan = machine, replace(plan, batch=rest.piece)
        there = {name: machine.empty(*room) for name, room in rest.shapes.items()}
        known: dict[str, Any] = {"orders": np.arange(rest.rows), "weights": np.ones(rest.rows)}
        for name in ("beginning", "now", "drawn", "broken", "numbers"):
            known[name] = np.zeros(rest.shapes[name][0])
        for name, values in known.items():
            machine.send(there[name], values)
        self._beginning = there.pop("beginning")
        self._losses, self._outputs = there.pop("losses"), there.pop("outputs")
        self._m = m._replace(**there, across=rest.across)
        self._rooms = [
            {name: machine.empty(*shape) for name, shape in rest.samples(room).items()}
            for room in rest.rooms
        ]
        self._parts: dict[int, Part] = {}

    def is_full_for(self, X: Rows) -> bool:
        """Whether others have to be forgotten before these can be judged."""
        return id(X) not in self._parts and self._free_for(X) is None

    def _free_for(self, X: Rows) -> int | None:
        """The least room that takes them and is nobody's."""
        taken = {part.room for part in self._parts.values()}
        for number, room in enumerate(self._plan.rest.rooms):
            if number not in taken and extent_of(X).fits(room):
                return number
        return None

    def forget_samples(self) -> None:
        """Make room; what was captured is of no use any more."""
        self._parts.clear()

    def forget_captured(self) -> None:
        """What was captured is gone."""
        for part in self._parts.values():
            part.pieces.clear()

    def sums(self, X: Rows, Y: Floats) -> tuple[float, Floats]:
        """The loss summed over samples and outputs, and the outputs: see `cpu.loss_sums`.

        The samples stay, so that the very same arrays are known again.
        """
        n, n_outputs, machine = len(X), self._plan.layout.n_outputs, self._machine
        if n == 0:
            return 0.0, np.empty((0, n_outputs), np.float32)
        if id(X) not in self._parts:
            self._parts[id(X)] = self._sent(X, Y)
        machine.copy(self._m.state, self._beginning)
        for start in range(0, n, self._plan.batch):
            self._piece(self._parts[id(X)], min(self._plan.batch, n - start)).run()
        losses = machine.fetch(self._losses, 0, n)
        made = machine.fetch(self._outputs, 0, n * n_outputs).reshape(n, n_outputs)
        return float(losses.sum(dtype=np.float64)), made

    def _sent(self, X: Rows, Y: Floats) -> Part:
        number = self._free_for(X)
        assert number is not None
        room = self._rooms[number]
        known = {**arrays.samples_of(X), "targets": memory.flat(Y)}
        there = {name: room[name][: values.size] for name, values in known.items()}
        for name, values in known.items():
            self._machine.send(there[name], values)
        m = self._m._replace(**there, weights=self._m.weights[: len(X)])
        return Part(X, Y, number, m, {})

    def _piece(self, part: Part, count: int) -> Repeated:
        if count not in part.pieces:
            nothing = Asked(dropout=(False,) * self._plan.layout.n_layers)
            batch = Batch(self._machine, part.m, self._plan, nothing, count, recorded=False)
            calls = at_rest(batch, self._losses, self._outputs)
            part.pieces[count] = Repeated(self._machine, calls)
        return part.pieces[count]


def at_rest(b: Batch, losses: Any, outs: Any) -> list[Call]:
    """A piece's calls: dropout off, batches normalized by their running statistics.

    losses, outs: what comes out is written there.
    """
    count = b.count
    calls = [b.machine.call(forward.begin, 1, 1, b.m, count), fetch(b, learns=False)]
    for layer, row in enumerate(b.table):
        Z, W = by_unit(b, b.m.Z, layer), by_input(b, b.m.P, layer)
        calls.append(b.product(Z, W, feeding(b, layer), turn_a=True))
        if is_normalized(b, layer):
            calls.append(b.by_rows(forward.add_biases, row[UNITS], count, layer, count))
        if b.plan.layout.normalizations[layer] == "layer":
            calls.append(measure(b, layer))
        if layer < b.last:
            calls.append(b.by_rows(forward.settle, row[UNITS], count, layer, count))
    judge = b.sums(outputs.judge_at_rest, count, losses, outs, b.last, count)
    return [*calls, judge]

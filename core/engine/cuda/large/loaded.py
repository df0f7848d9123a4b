"""A large network in the GPU's memory, and the launching of its mini-batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine import memory
from core.engine.cuda import devices
from core.engine.cuda.kernels import shuffle
from core.engine.cuda.large import arrays
from core.engine.cuda.large.arrays import Arrays
from core.engine.cuda.large.calls import Asked, Batch, Repeated
from core.engine.cuda.large.judging import Judge
from core.engine.cuda.large.machine import GPU, Machine, Simulated
from core.engine.cuda.large.plan import LargePlan
from core.engine.cuda.large.steps import step
from core.engine.memory import Floats, Rows, Settings

MOST_STEPS_KEPT = 8
SHUFFLE_THREADS = 64


class Loaded:
    """Its arrays there, and where it will stand when all that was launched has run.

    X: all samples, whole rows or sparse; Y: float32, flat. A Refusal if they need more memory than
    there is.
    """

    def __init__(self, plan: LargePlan, X: Rows, Y: Floats, *, tf32: bool) -> None:
        devices.check_memory(plan.device_bytes)  # before cuBLAS's workspace, which is part of it
        self.machine: Machine = Simulated() if devices.is_simulated() else GPU(tf32=tf32)
        try:
            self._allocate(plan, X, Y)
        except BaseException as error:
            devices.give_back(self, error)
            raise

    def _allocate(self, plan: LargePlan, X: Rows, Y: Floats) -> None:
        self._plan, machine = plan, self.machine
        empty = {name: machine.empty(*room) for name, room in plan.shapes.items()}
        self.m = m = Arrays(**empty, across=plan.across)
        self._begun = {name: machine.empty(*plan.shapes[name]) for name in plan.learnt}
        known: dict[str, NDArray] = {
            "table": plan.layout.table,
            "pieces": plan.pieces,
            "segments": plan.segments,
            **arrays.samples_of(X),
            "targets": Y,
            "drawn": np.full(plan.ahead, -1),
        }
        for name, values in known.items():
            machine.send(getattr(m, name), values)
        self._drawn, self._stride = np.full(plan.ahead, -1), 0
        self._shuffle = machine.call(
            shuffle, 1, SHUFFLE_THREADS, m.orders.reshape(1, plan.ahead, -1),
            m.drawn.reshape(1, -1), m.codes.reshape(1, -1), m.state.reshape(1, -1), plan.ahead,
        )  # fmt: skip
        self._copy: Floats | None = None
        self._is_copied = False  # whether it holds the parameters of now
        self._steps: dict[tuple[int, bool], Repeated] = {}
        self._judge, self._asked = Judge(machine, m, plan), None  # type: Judge, Asked | None
        self.count = 0
        """Samples of the last mini-batch."""

    def free(self) -> None:
        """Give the GPU's memory back; nothing may be asked of this any more."""
        devices.enter()
        self.__dict__.pop("m", None)
        self._begun, self._copy = {}, None
        self.__dict__.pop("_judge", None)
        self.__dict__.pop("_shuffle", None)
        self._steps = {}
        self.machine.free()

    # -- there and back ----------------------------------------------------------------------

    def configure(self, s: Settings) -> None:
        """Send the settings; what was captured stays as long as it is what they ask for."""
        weights = s.weights if s.weights.size else np.ones(self.m.weights.shape)
        background = np.zeros(self._plan.layout.n_inputs)
        background[: len(s.background)] = s.background
        for array, values in (
            (self.m.codes, s.codes),
            (self.m.numbers, np.concatenate([s.numbers, s.options, s.schedule])),
            (self.m.dropout, s.dropout),
            (self.m.weights, weights),
            (self.m.background, background),
        ):
            self.machine.send(array, values)
        self._settings = s
        self._batch_size, asked = int(s.codes[memory.BATCH_SIZE]), Asked.by(s)
        if asked != self._asked:
            self._forget_steps()
            self._asked = asked

    def send(self, name: str, values: Floats) -> None:
        """ "params" (n_numbers,) or "slots" (n_slots, n_parameters)."""
        self._is_copied = False
        for array, part in zip(self._parts(name), np.atleast_2d(values), strict=True):
            self.machine.send(array, part)

    def fetch(self, name: str, to: Floats) -> None:
        """Write "params" or "slots", as they are now, to an array of the host."""
        if name == "params" and self._is_copied:
            to[:] = self._copy
            return
        for array, part in zip(self._parts(name), np.atleast_2d(to), strict=True):
            self.machine.fetch_to(part, array)

    def copy_ahead(self) -> None:
        """Have the parameters copied as soon as all that was launched has run.

        They are there when anything else that is asked for afterwards is: nobody waits for them.
        """
        if self._copy is None:
            self._copy = self.machine.room_on_host(self.m.P.shape)
        self.machine.begin_fetch(self._copy, self.m.P)
        self._is_copied = True

    def _parts(self, name: str) -> list[Any]:
        wanted = self._plan.learnt[:1] if name == "params" else self._plan.learnt[1:]
        return [getattr(self.m, part) for part in wanted]

    def begin(self, state: NDArray[np.int64], stride: int) -> None:
        """A run from this step on, which can be done again. stride: see `CPUEngine.run`."""
        for name, kept in self._begun.items():
            self.machine.copy(kept, getattr(self.m, name))
        self._is_copied = False
        self._stand(state, stride)

    def begin_again(self, state: NDArray[np.int64]) -> None:
        """The same once more, without rows."""
        for name, kept in self._begun.items():
            self.machine.copy(getattr(self.m, name), kept)
        self._stand(state, np.iinfo(np.int64).max)

    def _stand(self, state: NDArray[np.int64], stride: int) -> None:
        m, send = self.m, self.machine.send
        send(m.state, state)
        send(m.now, np.zeros(arrays.N_NOW))
        send(m.broken, np.zeros(1))
        if stride != self._stride:
            send(m.stride, np.array([stride]))
            self._stride = stride
        self.step, self._epoch, self._position = (int(number) for number in state)

    @property
    def state(self) -> NDArray[np.int64]:
        """Steps done, epochs done, samples of the current epoch done."""
        return self.machine.fetch(self.m.state)

    def broken_at(self) -> int:
        """The first step that yielded something not finite, 0 if none did."""
        m, fetch = self.m, self.machine.fetch
        at = int(fetch(m.now)[arrays.BROKEN_AT])
        return at or self.step * bool(fetch(m.broken)[0])

    def rows(self, first: int, last: int) -> list[NDArray[np.float64]]:
        """Rows first to last, both counted in strides; at most as many as there is room for."""
        capacity, found = self._plan.row_capacity, []
        while first < last:
            place = first % capacity
            count = min(last - first, capacity - place)
            found.append(self.machine.fetch(self.m.rows, place, place + count))
            first += count
        return found

    def left(self) -> dict[str, Any]:
        """Z, A, D (n_units, samples) and G (n_parameters,) of the step just done."""
        n, fetch = self._plan.layout.n_units * self.count, self.machine.fetch
        found: dict[str, Any] = {
            name: fetch(getattr(self.m, name), 0, n).reshape(-1, self.count) for name in "ZAD"
        }
        return {**found, "G": fetch(self.m.G)}

    # -- launches ----------------------------------------------------------------------------

    def launch(self, most: int, room: int) -> int:
        """Launch up to `most` mini-batches, with no more rows than there is room for; how many."""
        n_samples = self._plan.n_samples
        for taken in range(most):
            recorded = (self.step + 1) % self._stride == 0
            if recorded and room == 0:
                return taken
            room -= recorded
            self._draw_order()
            self.count = min(self._batch_size, n_samples - self._position)
            self._step_of(self.count, recorded).run()
            self.step, self._position = self.step + 1, self._position + self.count
            if self._position == n_samples:
                self._epoch, self._position = self._epoch + 1, 0
        return most

    def _draw_order(self) -> None:
        """That of the epoch of now and as many more as there is room for, if it is not there."""
        kept = self._plan.ahead
        if self._drawn[self._epoch % kept] != self._epoch:
            self._shuffle()
            drawn = np.arange(self._epoch, self._epoch + kept)
            self._drawn[drawn % kept] = drawn

    def _step_of(self, count: int, recorded: bool) -> Repeated:
        wanted = count, recorded
        if wanted not in self._steps:
            if len(self._steps) == MOST_STEPS_KEPT:
                self._forget_steps()
            assert self._asked is not None
            batch = Batch(self.machine, self.m, self._plan, self._asked, count, recorded)
            self._steps[wanted] = step(batch)
        return self._steps[wanted]

    def _forget_steps(self) -> None:
        self._steps.clear()
        self._judge.forget_captured()
        self.machine.forget()

    # -- evaluations -------------------------------------------------------------------------

    def sums(self, X: Rows, Y: Floats) -> tuple[float, Floats] | None:
        """See `cpu.loss_sums`. None if there is no room for so many samples, see `RestPlan`.

        They are kept for the next time: the very same arrays are known again.
        """
        if not self._plan.rest.takes(X):
            return None
        if self._judge.is_full_for(X):
            self._judge.forget_samples()
            self._forget_steps()  # all that was captured is given back together
        return self._judge.sums(X, Y)

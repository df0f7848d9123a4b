"""A large network's run: its arrays there and here, and which mini-batches are launched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine import memory
from core.engine.cuda import devices
from core.engine.cuda.kernels import shuffle
from core.engine.cuda.large import arrays
from core.engine.cuda.large.arrays import Arrays, Plan
from core.engine.cuda.large.machine import GPU, Machine, Simulated
from core.engine.cuda.large.steps import Asked, Step
from core.engine.cuda.population import Host
from core.engine.layout import Layout
from core.engine.memory import Floats, Settings
from core.refusals import Refusal

AT_A_TIME = 4096  # mini-batches that are launched before the host asks whether one broke
MOST_STEPS_KEPT = 8
SHUFFLE_THREADS = 64


class LargeNetwork:
    """One network, with all of the GPU for it; see `Population`, which it stands beside.

    host: params, slots and state, here, up to date whenever nothing runs; what is written to them
    is sent along with the next run.
    X: float32 (n_samples, n_inputs), Y: float32 (n_samples, n_outputs); copied to the GPU.
    tf32: whether products may be in TF32.
    Raises a Refusal where what is asked for does not fit, before anything is allocated, or when
    the GPU fails; its memory is free then. Not safe for two threads at once.
    """

    def __init__(
        self, layout: Layout, X: Floats, Y: Floats, host: Host, *, tf32: bool = False
    ) -> None:
        self.layout, self._tf32 = layout, tf32
        self.params, self.slots, self.state = host
        self._X, self._Y = memory.flat(X), memory.flat(Y)
        self._n_samples, self._plan = len(X), None  # type: tuple[int, Plan | None]
        self._machine: Machine | None = None
        self._steps: dict[tuple[int, bool], Step] = {}
        self._count = 0  # samples of the last mini-batch

    @property
    def plan(self) -> Plan:
        """Sizes of its arrays; there is one once the network was configured."""
        assert self._plan is not None
        return self._plan

    # -- settings ----------------------------------------------------------------------------

    def configure(self, settings: Settings) -> None:
        """Set what may change between two calls of `run`."""
        batch = min(int(settings.codes[memory.BATCH_SIZE]), self._n_samples)
        planned = Plan(self.layout, self._n_samples, batch, len(self.slots))
        if planned != self._plan:
            self.free()
        elif Asked.by(settings) != Asked.by(self._settings):
            self._forget_steps()
        self._plan, self._settings = planned, settings
        if self._machine is not None:
            with devices.one_sentence(self):
                self._send_settings()

    # -- memory of the GPU -------------------------------------------------------------------

    def _allocate(self) -> None:
        machine = Simulated() if devices.is_simulated() else GPU(tf32=self._tf32)
        self._machine = machine
        needed, free = self.plan.device_bytes, machine.free_bytes()
        if needed > free:
            raise Refusal(
                "The networks and their data need {needed} bytes of the GPU's memory, but {free} "
                "are free.",
                needed=needed,
                free=int(free),
            )
        self._m = Arrays(
            **{name: machine.empty(*shaped) for name, shaped in self.plan.shapes.items()}
        )
        m, kept = self._m, self.plan.ahead
        for array, values in (
            (m.table, self.layout.table),
            (m.pieces, self.plan.pieces),
            (m.segments, self.plan.segments),
            (m.samples, self._X),
            (m.targets, self._Y),
            (m.drawn, np.full(kept, -1)),
            (m.now, np.zeros(arrays.N_NOW)),
            (m.broken, np.zeros(1)),
        ):
            machine.send(array, values)
        self._drawn, self._stride = np.full(kept, -1), 0
        self._shuffle = machine.call(
            shuffle, 1, SHUFFLE_THREADS, m.orders.reshape(1, kept, -1), m.drawn.reshape(1, kept),
            m.codes.reshape(1, -1), m.state.reshape(1, -1), kept,
        )  # fmt: skip
        self._send_settings()

    def _send_settings(self) -> None:
        machine, m, s = self._there, self._m, self._settings
        weights = s.weights if s.weights.size else np.ones(self._n_samples)
        machine.send(m.codes, s.codes)
        machine.send(m.numbers, np.concatenate([s.numbers, s.options, s.schedule]))
        machine.send(m.dropout, s.dropout)
        machine.send(m.weights, weights)

    @property
    def _there(self) -> Machine:
        assert self._machine is not None
        return self._machine

    def _forget_steps(self) -> None:
        self._steps.clear()
        if self._machine is not None:
            self._machine.forget()

    def free(self) -> None:
        """Give the GPU's memory back; it is taken again when the network runs."""
        machine, self._machine = self._machine, None
        self._steps, self._shuffle = {}, None
        self.__dict__.pop("_m", None)
        if machine is not None:
            machine.free()

    # -- running -----------------------------------------------------------------------------

    def run(
        self, n_steps: int, rows: NDArray[np.float64], stride: int, n_rows: int
    ) -> tuple[int, int, bool]:
        """Run up to n_steps mini-batches: see `CPUEngine.run`."""
        with devices.one_sentence(self):
            self._send_state(stride)
            at, done, broke = self._there_to_be(), 0, 0
            while done < n_steps and not broke:
                room = min(len(rows) - n_rows, self.plan.row_capacity)
                first = at[memory.STEP] + 1
                taken = self._launch(at, min(n_steps - done, AT_A_TIME), room, stride)
                if taken == 0:
                    break
                broke = self._broken_at()
                last = broke - 1 if broke else at[memory.STEP]
                n_rows = self._fetch_rows(rows, n_rows, first, last, stride)
                done += taken
            if broke:
                done = self._stop_at(broke)
            self._fetch_state()
        return done, n_rows, not broke

    def _there_to_be(self) -> list[int]:
        """Steps, epochs and position as they will be when all that was launched has run."""
        return [int(number) for number in self.state]

    def _send_state(self, stride: int) -> None:
        if self._machine is None:
            self._allocate()
        machine, m = self._there, self._m
        machine.send(m.P, self.params)
        for array, values in zip((m.S0, m.S1, m.S2), self.slots, strict=False):
            machine.send(array, values)
        machine.send(m.state, self.state)
        if stride != self._stride:
            machine.send(m.stride, np.array([stride]))
            self._stride = stride

    def _fetch_state(self) -> None:
        machine, m = self._there, self._m
        self.params[:] = machine.fetch(m.P)
        for array, values in zip((m.S0, m.S1, m.S2), self.slots, strict=False):
            values[:] = machine.fetch(array)
        self.state[:] = machine.fetch(m.state)

    def _launch(self, at: list[int], most: int, room: int, stride: int) -> int:
        """Launch up to `most` mini-batches, and no more rows than there is room for.

        at: moved on by them; returns how many they were.
        """
        batch_size = int(self._settings.codes[memory.BATCH_SIZE])
        for taken in range(most):
            step, epoch, position = at
            recorded = (step + 1) % stride == 0
            if recorded and room == 0:
                return taken
            room -= recorded
            self._draw_order(epoch)
            self._count = min(batch_size, self._n_samples - position)
            self._step(self._count, recorded).run()
            position += self._count
            if position == self._n_samples:
                epoch, position = epoch + 1, 0
            at[:] = step + 1, epoch, position
        return most

    def _draw_order(self, epoch: int) -> None:
        kept = len(self._drawn)
        if self._drawn[epoch % kept] != epoch:
            self._shuffle()
            drawn = np.arange(epoch, epoch + kept)
            self._drawn[drawn % kept] = drawn

    def _step(self, count: int, recorded: bool) -> Step:
        wanted = count, recorded
        if wanted not in self._steps:
            if len(self._steps) == MOST_STEPS_KEPT:
                self._forget_steps()
            asked = Asked.by(self._settings)
            self._steps[wanted] = Step(self._there, self._m, self.plan, asked, count, recorded)
        return self._steps[wanted]

    # -- what it found -----------------------------------------------------------------------

    def _fetch_rows(
        self, rows: NDArray[np.float64], n_rows: int, first: int, last: int, stride: int
    ) -> int:
        """Rows of steps first to last, behind those that are there; returns how many there are."""
        capacity = self.plan.row_capacity
        wanted, end = -(-first // stride), last // stride + 1  # in units of the stride
        while wanted < end:
            place = wanted % capacity
            count = min(end - wanted, capacity - place)
            rows[n_rows : n_rows + count] = self._there.fetch(self._m.rows, place, place + count)
            wanted, n_rows = wanted + count, n_rows + count
        return n_rows

    def _broken_at(self) -> int:
        """The first step that yielded something not finite, 0 if none did."""
        broken = self._there.fetch(self._m.broken)[0]
        at = int(self._there.fetch(self._m.now)[arrays.BROKEN_AT])
        return at or int(broken and self._there.fetch(self._m.state)[memory.STEP])

    def _stop_at(self, step: int) -> int:
        """Run again, from where the call began to this step; returns how many steps those are.

        What came after it has written over what it left.
        """
        n_steps, machine, m = step - int(self.state[memory.STEP]), self._there, self._m
        machine.send(m.now, np.zeros(arrays.N_NOW))
        self._send_state(self._stride)
        self._launch(self._there_to_be(), n_steps, 0, step + 1)
        machine.send(m.broken, np.zeros(1))
        return n_steps

    def left(self) -> dict[str, Any]:
        """Z, A, D (n_units, samples) and G (n_parameters,) of the step just done."""
        with devices.one_sentence(self):
            n = self.layout.n_units * self._count
            found: dict[str, Any] = {
                name: self._there.fetch(getattr(self._m, name))[:n].reshape(-1, self._count)
                for name in ("Z", "A", "D")
            }
            return {**found, "G": self._there.fetch(self._m.G)}

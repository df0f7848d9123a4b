"""A large network's run, as it stands on the host."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine import memory
from core.engine.cuda import devices
from core.engine.cuda.large.arrays import Plan
from core.engine.cuda.large.loaded import Loaded
from core.engine.cuda.population import Host
from core.engine.layout import Layout
from core.engine.memory import Floats, Settings

AT_A_TIME = 4096  # mini-batches that are launched before the host asks whether one broke


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
        self._layout, self._host, self._tf32 = layout, host, tf32
        self._X, self._Y, self._n_samples = memory.flat(X), memory.flat(Y), len(X)
        self._plan: Plan | None = None
        self._settings: Settings | None = None
        self._loaded: Loaded | None = None

    def configure(self, settings: Settings) -> None:
        """Set what may change between two calls of `run`."""
        batch = min(int(settings.codes[memory.BATCH_SIZE]), self._n_samples)
        matrices, n_slots = bool(settings.codes[memory.MATRICES]), len(self._host.slots)
        planned = Plan(self._layout, self._n_samples, batch, n_slots, matrices)
        if planned != self._plan:
            self.free()
        self._plan, self._settings, self._sent = planned, settings, False

    @property
    def held_bytes(self) -> int:
        """Memory of the GPU that the network has now."""
        return 0 if self._loaded is None or self._plan is None else self._plan.device_bytes

    def free(self) -> None:
        """Give the GPU's memory back; it is taken again when the network runs."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            devices.give_back(loaded)

    def run(
        self, n_steps: int, rows: NDArray[np.float64], stride: int, n_rows: int
    ) -> tuple[int, int, bool]:
        """Run up to n_steps mini-batches: see `CPUEngine.run`."""
        with devices.one_sentence(self):
            there = self._ready()
            there.send(self._host, stride)
            start, done, broke = there.step, 0, 0
            while done < n_steps and not broke:
                first, room = there.step // stride + 1, min(len(rows) - n_rows, self._most_rows)
                taken = there.launch(min(n_steps - done, AT_A_TIME), room)
                if taken == 0:
                    break
                broke = there.broken_at()
                last = (broke - 1 if broke else there.step) // stride + 1
                for part in there.rows(first, last):
                    rows[n_rows : n_rows + len(part)] = part
                    n_rows += len(part)
                done += taken
            if broke:
                done = broke - start
                self._run_again(there, done)
            self._take(there)
        return done, n_rows, not broke

    def left(self) -> dict[str, Any]:
        """Z, A, D (n_units, samples) and G (n_parameters,) of the step just done."""
        with devices.one_sentence(self):
            assert self._loaded is not None
            return self._loaded.left()

    @property
    def _most_rows(self) -> int:
        assert self._plan is not None
        return self._plan.row_capacity

    def _ready(self) -> Loaded:
        """The network in the GPU's memory, with the settings of now."""
        assert self._plan is not None
        assert self._settings is not None
        if self._loaded is None:
            self._loaded, self._sent = Loaded(self._plan, self._X, self._Y, tf32=self._tf32), False
        if not self._sent:
            self._loaded.configure(self._settings)
            self._sent = True
        return self._loaded

    def _run_again(self, there: Loaded, n_steps: int) -> None:
        """From where the call began to the step that broke: later ones wrote over what it left."""
        there.send(self._host, stride=np.iinfo(np.int64).max)
        there.launch(n_steps, 0)

    def _take(self, there: Loaded) -> None:
        """Params, slots and state, all of them or none."""
        params, slots, state = there.fetch(len(self._host.slots))
        self._host.params[:], self._host.state[:] = params, state
        for row, values in zip(self._host.slots, slots, strict=True):
            row[:] = values

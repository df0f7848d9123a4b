"""The GPU engine that a trainer drives, with a CPU engine's members: a population of one, or a
large network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.engine import memory
from core.engine.cuda import devices
from core.engine.cuda.large.arrays import Extent
from core.engine.cuda.large.network import LargeNetwork
from core.engine.cuda.population import Population
from core.engine.diagnosis import LastStep, first_nonfinite
from core.engine.layout import Layout
from core.engine.memory import Floats, Rows
from core.engine.settings import at_rest, check_sparse, configured, starting_slot
from core.engine.turns import Turns
from core.maths.optimizers import OPTIMIZERS
from core.maths.options import Value
from core.maths.registry import get


class CUDAEngine:
    """One training run on the GPU: see `CPUEngine`, whose members it has.

    params, slots and state are arrays of the host, up to date whenever they are asked for between
    two calls of `run`; what is written to them before the next one is sent along with it. Whoever
    only reads asks for a `view`.
    What fits a block runs in one, anything else as a `LargeNetwork`, sparse samples too: a function
    of the settings, so that a run that is replayed takes the same way.
    threads: of a block, for tests. large: whether even what fits a block is to run as if not.
    tf32: whether products of large networks may be in TF32; None for what the environment says.
    judged: samples that `sums` is asked about, part by part; if left out, as many as X are.
    Raises a Refusal for what is not built, for what does not fit, or if there is no GPU.
    """

    turns = Turns(1)

    def __init__(
        self,
        layout: Layout,
        X: Rows,
        Y: Floats,
        *,
        loss: str,
        optimizer: str,
        seed: int,
        options: Mapping[str, Value] | None = None,
        threads: int | None = None,
        large: bool = False,
        tf32: bool | None = None,
        judged: tuple[Extent, ...] = (),
    ) -> None:
        devices.check_available()
        self.layout, self.optimizer = layout, get(OPTIMIZERS, optimizer, "optimizer").under(options)
        n_slots = len(self.optimizer.slots)
        self._is_sparse = not isinstance(X, np.ndarray)
        inputs = X if isinstance(X, np.ndarray) else np.zeros((len(X), 0), np.float32)
        self._population = Population([layout], inputs, Y, n_slots=n_slots, threads=threads)
        self._large = LargeNetwork(
            layout, X, Y, self._population.host(0),
            tf32=devices.is_tf32_allowed() if tf32 is None else tf32, judged=judged,
        )  # fmt: skip
        self._loss, self._n_samples, self._only_large = loss, len(X), large or self._is_sparse
        self._settings = at_rest(layout, loss, 1, seed)
        # A batch of one until another is asked for: whether the usual one fits does not matter.
        values = self.optimizer.values(options)
        self.configure(learning_rate=self.optimizer.learning_rate, options=values, batch_size=1)

    @property
    def params(self) -> Floats:
        """float32 (n_numbers,)."""
        return self._lent("params")

    @property
    def slots(self) -> Floats:
        """float32 (n_slots, n_parameters)."""
        return self._lent("slots")

    def _lent(self, name: str) -> Floats:
        self._large.lend(name)
        return self.writable(name)

    @property
    def state(self) -> NDArray[np.int64]:
        """int64 (3,): steps done, epochs done, samples of the current epoch done."""
        return self._population.state[0]

    @property
    def is_lost(self) -> bool:
        """Whether the GPU failed with what it had learnt: `stand_at` an earlier moment then."""
        return self._large.is_lost

    def view(self, name: str) -> Floats:
        """ "params" or "slots" as they are now, to be read: nothing of it is sent back."""
        if self.is_large:
            return self._large.view(name)
        found: Floats = getattr(self._population.host(0), name)
        return memory.frozen(found)

    def writable(self, name: str) -> Floats:
        """ "params" or "slots" as they are now, to be written to at once: before anything else is
        asked for. It is sent once then, and not each time until the next run.
        """
        if self.is_large:
            return self._large.bring(name)
        found: Floats = getattr(self._population, name)[0]
        return found

    def stand_at(self, params: Floats, slots: Floats, state: NDArray[np.int64]) -> None:
        """Go on from another moment."""
        host = self._population.host(0)
        host.params[:], host.slots[:], host.state[:] = params, slots, state
        self._large.written()

    def configure(self, **arguments: Any) -> None:
        """Set what may change between two calls of `run`: see `settings.configured`.

        Before step 1 the slots start afresh. All or nothing.
        """
        if self._is_sparse:
            check_sparse(arguments)
        settings = configured(
            self._settings, self.layout, self._loss, self.optimizer, self._n_samples, **arguments
        )
        self.is_large = self._prepare(settings)
        self._settings = settings
        if self.state[memory.STEP] == 0:
            self.writable("slots")[:] = starting_slot(self.optimizer, self._settings)

    def _prepare(self, settings: memory.Settings) -> bool:
        """Have these settings run in a block, or as a large network; returns whether as that."""
        planned = self._population.planned([settings])
        if self._only_large or not planned.fits(devices.shared_bytes()):
            self._large.configure(settings)
            self._population.free()
            return True
        self._large.leave()
        self._population.configure([settings])
        return False

    def run(
        self, n_steps: int, rows: NDArray[np.float64], stride: int, n_rows: int
    ) -> tuple[int, int, bool]:
        """Run up to n_steps mini-batches: see `CPUEngine.run`."""
        if self.is_large:
            return self._large.run(n_steps, rows, stride, n_rows)
        filled = np.array([n_rows], np.int64)
        done, sound = self._population.run(n_steps, rows[np.newaxis], stride, filled)
        return int(done[0]), int(filled[0]), bool(sound[0])

    def sums(self, X: Rows, Y: Floats) -> tuple[float, Floats] | None:
        """See `cpu.loss_sums`; None if the CPU is to do it, as for all that fits a block.

        X, Y: the same arrays again and again, which are kept on the GPU.
        """
        if not self.is_large:
            return None
        return self._large.sums(X, Y)

    def first_nonfinite(self) -> tuple[int, str]:
        """Name the layer and what was first not finite in the step just done."""
        left = self._large.left() if self.is_large else self._population.left_by(0)
        params, slots = self.view("params"), self.view("slots")
        return first_nonfinite(self.layout, LastStep(**left, params=params, slots=slots))

    def drawn_order(self, epoch: int) -> NDArray[np.int64] | None:
        """The order of an epoch's samples is on the GPU: None."""
        return None

    @property
    def held_bytes(self) -> int:
        """Memory of the GPU that the run has now."""
        return self._population.held_bytes + self._large.held_bytes

    def free(self) -> None:
        """Give the GPU's memory back; it is taken again when the engine runs."""
        self._population.free()
        self._large.free()

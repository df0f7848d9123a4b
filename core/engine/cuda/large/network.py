"""A large network's run, as it stands on the host."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine import memory
from core.engine.cuda import devices
from core.engine.cuda.large.arrays import Extent, n_entries
from core.engine.cuda.large.loaded import Loaded
from core.engine.cuda.large.plan import LargePlan
from core.engine.cuda.population import Host
from core.engine.layout import Layout
from core.engine.memory import Floats, Rows, Settings
from core.refusals import Refusal

AT_A_TIME = 4096  # mini-batches that are launched before the host asks whether one broke
LEARNT = ("params", "slots")


class Dropped(NamedTuple):
    """What `devices.one_sentence` frees."""

    free: Callable[[], None]


class LargeNetwork:
    """One network, with all of the GPU for it; see `Population`, which it stands beside.

    host: params, slots and state. State is up to date whenever nothing runs; params and slots are
    brought here when they are asked for. What was asked for to be written to at once is sent with
    whatever runs next; what was lent may be written to until the next run, so that it is sent each
    time. Nothing else is copied, as long as the network learns; and the params of a network
    that is watched come by themselves, behind the last step of each run.
    is_lost: whether the GPU failed with what it had not given; until `written` says that an
    earlier moment took its place, params and slots are of no use.
    X: (n_samples, n_inputs), whole rows or sparse, Y: float32 (n_samples, n_outputs); copied to the
    GPU.
    tf32: whether products may be in TF32. judged: see `CUDAEngine`.
    Raises a Refusal where what is asked for does not fit, before anything is allocated, or when
    the GPU fails; its memory is free then. Not safe for two threads at once.
    """

    def __init__(
        self,
        layout: Layout,
        X: Rows,
        Y: Floats,
        host: Host,
        *,
        tf32: bool = False,
        judged: tuple[Extent, ...] = (),
    ) -> None:
        self._layout, self._host, self._tf32 = layout, host, tf32
        self._judged = judged
        self._X, self._Y, self._n_samples = X, memory.flat(Y), len(X)
        self._plan: LargePlan | None = None
        self._settings: Settings | None = None
        self._loaded: Loaded | None = None
        self._ahead: set[str] = set()  # what is newer on the GPU
        self._given: set[str] = set(LEARNT)  # what is newer here, or was not sent yet
        self._lent: set[str] = set()  # what somebody may write to at any time before the next run
        self._is_watched = False  # whether somebody read params since the last run
        self.is_lost = False

    def configure(self, settings: Settings) -> None:
        """Set what may change between two calls of `run`. All or nothing."""
        batch = min(int(settings.codes[memory.BATCH_SIZE]), self._n_samples)
        matrices, n_slots = bool(settings.codes[memory.MATRICES]), len(self._host.slots)
        planned = LargePlan(
            self._layout, self._n_samples, batch, n_slots, matrices, n_entries(self._X),
            self._judged,
        )  # fmt: skip
        if planned != self._plan:
            self.leave()
        self._plan, self._settings, self._sent = planned, settings, False

    # -- there and back ----------------------------------------------------------------------

    def view(self, name: str) -> Floats:
        """ "params" or "slots", as they are now, to be read."""
        self._is_watched = self._is_watched or name == "params"
        return memory.frozen(self._brought(name))

    def bring(self, name: str) -> Floats:
        """ "params" or "slots", as they are now, to be written to at once."""
        self._given.add(name)
        return self._brought(name)

    def lend(self, name: str) -> None:
        """Somebody has "params" or "slots", and may write to them until the next run."""
        self._lent.add(name)

    def _brought(self, name: str) -> Floats:
        self._check()
        found: Floats = getattr(self._host, name)
        if name in self._ahead:
            with self._freed_if_it_fails():
                assert self._loaded is not None
                self._loaded.fetch(name, found)
            self._ahead.discard(name)
        return found

    def written(self) -> None:
        """Params, slots and state were, all of them: what the GPU has does not matter any more."""
        self._ahead, self._given, self.is_lost = set(), set(LEARNT), False

    def free(self) -> None:
        """Give the GPU's memory back; it is taken again when the network runs."""
        with contextlib.suppress(Refusal):  # then it is lost
            self.leave()

    def leave(self) -> None:
        """`free`, or a Refusal if that loses what it has learnt."""
        self._check()
        for name in sorted(self._ahead):
            self._brought(name)
        self._drop()

    def _check(self) -> None:
        if self.is_lost:
            raise devices.failed(RuntimeError("what it had learnt is lost"))

    def _drop(self) -> None:
        """Free, of a GPU that may have failed."""
        loaded, self._loaded = self._loaded, None
        self.is_lost = self.is_lost or bool(self._ahead)
        self._ahead, self._given = set(), set(LEARNT)
        if loaded is not None:
            devices.give_back(loaded)

    def _freed_if_it_fails(self) -> contextlib.AbstractContextManager[None]:
        return devices.one_sentence(Dropped(self._drop))

    @property
    def held_bytes(self) -> int:
        """Memory of the GPU that the network has now."""
        return 0 if self._loaded is None or self._plan is None else self._plan.device_bytes

    # -- running -----------------------------------------------------------------------------

    def run(
        self, n_steps: int, rows: NDArray[np.float64], stride: int, n_rows: int
    ) -> tuple[int, int, bool]:
        """Run up to n_steps mini-batches: see `CPUEngine.run`."""
        with self._freed_if_it_fails():
            there = self._ready()
            for name in sorted(self._given | self._lent):
                there.send(name, getattr(self._host, name))
            there.begin(self._host.state, stride)
            try:
                done, n_rows, broke = self._launch(there, n_steps, rows, stride, n_rows)
                if self._is_watched:
                    there.copy_ahead()
                state = there.state
            except KeyboardInterrupt:  # in mid-run: as if it had not begun
                there.begin_again(self._host.state)
                raise
            self._host.state[:] = state
            self._given, self._lent = set(), set()
            self._ahead, self._is_watched = set(LEARNT), False
        return done, n_rows, not broke

    def _launch(
        self, there: Loaded, n_steps: int, rows: NDArray[np.float64], stride: int, n_rows: int
    ) -> tuple[int, int, int]:
        """Returns steps done, rows in use, and the step that broke, 0 for none."""
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
        if broke:  # later mini-batches wrote over what that one left
            done = broke - start
            there.begin_again(self._host.state)
            there.launch(done, 0)
        return done, n_rows, broke

    def sums(self, X: Rows, Y: Floats) -> tuple[float, Floats] | None:
        """See `cpu.loss_sums`; None if there is no room for the samples."""
        with self._freed_if_it_fails():
            there = self._ready()
            if "params" in self._given | self._lent:
                there.send("params", self._host.params)
                self._given.discard("params")
            return there.sums(X, Y)

    def left(self) -> dict[str, Any]:
        """Z, A, D (n_units, samples) and G (n_parameters,) of the step just done."""
        with self._freed_if_it_fails():
            assert self._loaded is not None
            return self._loaded.left()

    @property
    def _most_rows(self) -> int:
        assert self._plan is not None
        return self._plan.row_capacity

    def _ready(self) -> Loaded:
        """The network in the GPU's memory, with the settings of now."""
        self._check()
        assert self._plan is not None
        assert self._settings is not None
        if self._loaded is None:
            self._loaded, self._sent = Loaded(self._plan, self._X, self._Y, tf32=self._tf32), False
        if not self._sent:
            self._loaded.configure(self._settings)
            self._sent = True
        return self._loaded

"""A run that the shared pool drives in slices, and whom it shows itself to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.data import Dataset
from core.edits import changed_all
from core.engine.scheduler import LONGEST_SLICE, Scheduler, shared
from core.experiment import Experiment
from core.refusals import BackendRefusal
from core.run import with_settings
from core.trainer import Trainer
from playground.live import warming
from playground.live.held import HeldRun
from playground.live.pace import Pace
from playground.live.presenter import Numbers, Presenter, ShowOptions

if TYPE_CHECKING:
    from core.network import Network

PAUSE_AFTER, FREE_AFTER = 6.0, 140.0
"""Seconds without a viewer until a run pauses, and until its buffers are freed."""


class DrivenRun(HeldRun):
    """A trainer in the pool's hands; see `Player`, which tells it what to do."""

    def __init__(
        self,
        experiment: Experiment,
        *,
        speed: float | None = None,
        dataset: Dataset | None = None,
        network: Network | None = None,
        pool: Scheduler | None = None,
    ) -> None:
        super().__init__(pool or shared())
        self.show = ShowOptions(self._new_scene)
        self._wishes: dict[str, Callable[[], None]] = {}
        """What a page asked of its pictures; like orders, they must not hold the player."""
        self._failure = ""
        self._pace = Pace(speed)
        self._has_kernels = False
        self._has_gpu = True
        """Whether the GPU's kernels were there, too, when it was last looked; see `Backend`."""
        trainer = self._take(experiment, dataset, network)
        self._presenter = Presenter(trainer, self.show)
        self._pool.add(self.token, self)
        warming.warm_up()

    def _take(
        self, experiment: Experiment, dataset: Dataset | None, network: Network | None
    ) -> Trainer:
        """Make a trainer and take it as this page's."""
        trainer = self._backend.trainer(experiment, dataset, network)
        self._own_dataset, self._own_network = dataset, network
        self._drive(trainer)
        self._left = None
        return trainer

    def _drive(self, trainer: Trainer) -> None:
        """Have the pool drive this trainer from now on."""
        if hasattr(self, "_trainer"):
            self._trainer.free()
        self.dataset = trainer.dataset
        self._trainer = trainer
        self._orders.drop()
        self._pace.restart()
        self._failure = ""

    def _start_again(self) -> None:
        again = self._take(self.experiment, self._own_dataset, self._own_network)
        self._presenter.install(again)

    # -- how it stands ------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """failed, diverged, stopped (early), compiling (waiting for kernels to play), playing or
        paused."""
        if self._failure:
            return "failed"
        if self._trainer.diverged is not None:
            return "diverged"
        if self._trainer.stopped is not None:
            return "stopped"
        if not self._playing:
            return "paused"
        return "playing" if warming.ready() and self._backend.is_ready else "compiling"

    @property
    def waiting(self) -> bool:
        """Whether kernels are still being compiled."""
        return not warming.ready()

    @property
    def can_evaluate(self) -> bool:
        """Whether losses of this step can be had at once: kernels are there where it is computed.

        Nowhere else, or it would depend on the moment what they are. A run that has not begun is
        evaluated on the CPU.
        """
        has_begun = self._trainer.history.evaluation_table.count > 0
        return warming.ready() and (self._backend.is_ready or not has_begun)

    @property
    def experiment(self) -> Experiment:
        """The experiment with the settings that the run has; never waits for training.

        On a journey these are the settings of where it leads, with the changes that are made
        then: after one past an edit they are what they were before it.
        """
        if (left := self._left) is not None:
            return left
        trainer = self._trainer
        settings = trainer.settings_at(self.goal)
        for fields in self._orders.changes:
            settings, _ = changed_all(settings, fields)
        return with_settings(trainer.experiment, settings)

    @property
    def goal(self) -> int:
        """The step at which the run stands, or to which it is on its way."""
        goal = self._orders.goal
        return self._trainer.destination if goal is None else goal

    @property
    def moment(self) -> tuple[int, int]:
        """Where the run stands: its step, and how many edits led there."""
        return self._trainer.step_count, len(self._trainer.edits)

    def numbers(self) -> Numbers:
        """The numbers of the last picture; never waits for training."""
        pace = self._pace.per_second if self._playing else 0.0
        batch = self._trainer.training.batch_size
        return replace(
            self._presenter.latest,
            step=self._trainer.step_count,
            epoch=self._trainer.epoch_count,
            status=self.status,
            steps_per_second=pace,
            samples_per_second=pace * batch,
        )

    def exact_numbers(self) -> Numbers:
        """The numbers of this very step; may wait for a slice and an evaluation. Until they can
        be computed, those of the last picture."""
        if self.can_evaluate:
            self.read(lambda _: self._presenter.note_numbers(exact=True))
        return self.numbers()

    # -- what the pool asks for ---------------------------------------------------------------

    def _free_if_left(self) -> None:
        """Nobody has looked for long: give the memory back, keep the experiment."""
        with self._door:  # against `revive`: whoever comes is seen before this, or waits for it
            if self._left is not None or self.viewers.alone_seconds <= FREE_AFTER:
                return
            self._left = self.experiment
        self._playing = False
        trainer = Trainer(Experiment())
        self._drive(trainer)
        self._presenter.install(trainer)

    def work(self, seconds: float) -> float | None:
        """One slice: orders, training, a frame. See core.engine.scheduler.Run."""
        if self._visitors:
            return 0.001
        with self._lock:
            self._free_if_left()
            if self._left is not None:
                return None
            self._notice_kernels()
            self._grant_wishes()
            delay = self._train_and_present(seconds)
            return self._soonest(delay)

    def _train_and_present(self, seconds: float) -> float | None:
        """Take the run on, and show it; if the GPU cannot, it stops, and stands on the CPU.

        Of a large network what it learnt is on the GPU until a picture asks for it.
        """
        can_train = self._has_kernels and self._backend.is_ready
        try:
            self._backend.check()
            delay = self._train(seconds) if can_train else None
            self._present()
        except BackendRefusal as refusal:
            if not self._give_up(refusal):
                raise
            delay = None
            self._present()
        return delay

    def _present(self) -> None:
        self._presenter.present(
            self._header(),
            exact=not self._playing,
            ready=warming.ready(),
            can_evaluate=self.can_evaluate,
        )

    def _notice_kernels(self) -> None:
        """Draw anew once kernels are there: until then, pictures lack all that is computed."""
        if not self._has_kernels and warming.ready():
            self._has_kernels = self._presenter.is_dirty = True
        had, self._has_gpu = self._has_gpu, self._backend.is_ready
        if had != self._has_gpu:
            self._presenter.is_dirty = True

    def failed(self, error: Exception) -> None:
        """A slice raised: stop here, keep the page."""
        self._playing = False
        self._failure = f"{type(error).__name__}: {error}"
        self._presenter.present_words(self._header())

    def _train(self, seconds: float) -> float | None:
        """Take the run on. A GPU's slices are longer, but shorter where there are many runs, as
        the CPU's are.
        """
        turn = self._trainer.turn_seconds * seconds / LONGEST_SLICE
        return self._go_on(max(seconds, turn))

    def _go_on(self, seconds: float) -> float | None:
        """Carry out orders, then run what the speed allows; returns when to go on."""
        if not self._carry_out_orders(seconds):
            return 0.0
        if not self._playing:
            return None
        if self.viewers.alone_seconds > PAUSE_AFTER:
            self._playing = False
            return None
        if self._trainer.is_returning:  # from a failure: seen before, so not at a chosen speed
            self._trainer.run_for(seconds)
            self._pace.restart()
            self._presenter.is_dirty = True
        elif (allowed := self._pace.allowed(self._trainer.step_count)) != 0:
            ran = self._trainer.run_for(seconds, max_steps=allowed)
            self._pace.note(ran, self._trainer.step_count)
            self._presenter.is_dirty = True
        if self._trainer.is_over:
            self._playing = False
        return self._pace.delay(self._trainer.turn_seconds)

    def _carry_out_orders(self, seconds: float) -> bool:
        """Do what was asked for, for about one slice; whether nothing is left to do."""
        end = time.perf_counter() + seconds
        while self._orders and time.perf_counter() < end:
            self._presenter.is_dirty = True
            self._orders.carry_out_first(self, self._trainer)
        return not self._orders

    def _grant_wishes(self) -> None:
        while self._wishes:
            _, change = self._wishes.popitem()
            change()

    def _soonest(self, delay: float | None) -> float | None:
        """When to be called again: to train, to draw, or to notice that nobody looks."""
        wishes = [w for w in (delay, self._presenter.seconds_to_frame()) if w is not None]
        if not self.viewers:
            limit = PAUSE_AFTER if self._playing else FREE_AFTER
            wishes.append(max(limit - self.viewers.alone_seconds, 0.0) + 0.1)
        return min(wishes, default=None)

    # -- pictures -----------------------------------------------------------------------------

    def _new_scene(self) -> None:
        self._presenter.renew()
        self.wake()

    def _refresh(self) -> None:
        self._presenter.is_dirty = True
        self.wake()

    def _header(self) -> dict[str, Any]:
        pace = self._pace.per_second if self._playing else 0.0
        waiting = None if self._backend.is_ready else "live.gpu_prepared"
        return {
            "status": self.status,
            "waiting": "live.compiling" if self.waiting else waiting,
            "steps_per_second": pace,
            "samples_per_second": pace * self._trainer.training.batch_size,
        }

"""Trainer: one run, from its experiment to its weights.

A run is its experiment plus its edits. Everything else (weights, history, divergence) follows
from these two and the step count, so a trainer can be taken to any step, back or forth, and
arrives at the same bits however it was sliced, watched or threaded.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.data import Dataset
from core.edits import whole
from core.monitor import Measured, is_watching
from core.refusals import Refusal
from core.run import Divergence, Run
from core.trainer import backends
from core.trainer.state import CHECKED_AGAINST_DATA
from core.trainer.travel import TravellingRun

if TYPE_CHECKING:
    from core.network import Network

SICK = 10.0
"""A batch loss this many times the loss at step 0 belongs to a run that is on its way to inf."""


class Trainer(TravellingRun):
    """Trains one network on one dataset, a mini-batch a step.

    experiment: what to train, and how; the page's default if left out.
    backend: "cpu"; "cuda" for a GPU, see `core.engine.cuda`; "auto" for the one that suits, the CPU
    so far: whether a GPU pays for a network that fits a block has not been measured. `use_backend`
    takes the run elsewhere, wherever it stands.
    dataset: own arrays instead of experiment.data.
    network: own initial weights; it is copied, and its config replaces experiment.network.

    Memory, beside the data: parameters and optimizer slots once, scratch for a batch, and for
    journeys back at most 32 MiB of checkpoints, or one where a single one takes more.

    Raises ValueError, in a person's words, if loss, sizes and data do not fit together.
    Not safe for use by several threads at once; kernels release the GIL.
    """

    @classmethod
    def replay(
        cls,
        run: Run,
        *,
        backend: str = "auto",
        dataset: Dataset | None = None,
        network: Network | None = None,
    ) -> Trainer:
        """A trainer taken to where a run stood, such as `network.run` of a file: the same bits.

        backend: as of a Trainer; the bits are the same on the one that made them.
        dataset, network: the arrays and the initial weights, where it had its own.
        Raises ValueError if one of them is missing, or the run's edits are not known.
        """
        if run.edits is None:
            raise Refusal("This run cannot be replayed: the edits that were made are not known.")
        if run.own_data and dataset is None:
            raise Refusal("This run learnt from a person's own arrays: give them as dataset.")
        if run.own_weights and network is None:
            raise Refusal("This run began with weights of its own: give them as network.")
        trainer = cls(run.experiment, backend=backend, dataset=dataset, network=network)
        begun = trainer.backend, trainer.layout, trainer.dataset, trainer._settings
        backends.check_edits(*begun, run.edits)
        for edit in run.edits:  # before the first step, not in mid-run
            if edit.what in CHECKED_AGAINST_DATA:
                trainer._check(replace(run.experiment.training, **{edit.what: edit.value}))
        trainer.edits = list(run.edits)
        trainer._apply_edits()
        trainer.step(run.step_count)
        return trainer

    # -- running -----------------------------------------------------------------------------

    def step(self, n: int = 1) -> int:
        """Run n mini-batches; returns how many ran: fewer if the run diverged or stopped early."""
        n, done = whole("n", n), 0
        while done < n and not self.is_over:
            done += self._advance(n - done)
        return done

    def epoch(self, n: int = 1) -> int:
        """Run to the end of the n-th epoch from here; the one under way counts. Returns steps."""
        n, done = whole("n", n), 0
        while n > 0 and not self.is_over:
            # Edits that lie ahead may change the batch size, and with it the steps of an epoch.
            at_once = n if self._applied == len(self.edits) else 1
            more = (at_once - 1) * self.steps_an_epoch
            done += self.step(self.steps_to_epoch_end + more)
            n -= at_once
        return done

    def run_for(self, seconds: float, max_steps: int | None = None) -> int:
        """Run as many steps as fit into `seconds` of wall time, at least one; returns how many.

        Many threads at once take turns; the time in between counts.
        A negative number if the run failed and is on its way back to the last finite step: then
        call it again, until `diverged` is set.
        """
        limit = math.inf if max_steps is None else max_steps
        now, done, turn = time.perf_counter(), 0, self.turn_seconds
        end, least = now + seconds, backends.NOT_WORTH_ASKING[self.backend]
        while not self.is_over and done < limit and (done == 0 or now + least < end):
            with self.engine.turns as waited:
                # Who had to wait for its turn has the whole of it: short ones are mostly changes.
                left = seconds if waited else end - time.perf_counter()
                ran, now = self._run_turn(limit - done, min(left, turn))
            done += ran
        return done

    @property
    def turn_seconds(self) -> float:
        """About how long `run_for` is at it, at least, before it asks the clock."""
        usual = backends.TURN_SECONDS[self.backend]
        if self.backend == "cpu":
            return usual
        return max(usual, backends.COPYING * self._initial.nbytes * (1 + self._n_slots))

    def _run_turn(self, limit: float, seconds: float) -> tuple[int, float]:
        """What `run_for` does in one turn; returns the steps, and the time now."""
        now, done = time.perf_counter(), 0
        end, least = now + seconds, backends.NOT_WORTH_ASKING[self.backend]
        while not self.is_over and done < limit and (done == 0 or now + least < end):
            fitting = int(max(end - now, 0.0) / self._seconds_a_step)
            ran = self._advance(int(min(max(fitting, 1), limit - done)))
            before, now = now, time.perf_counter()
            done += ran
            if ran > 0:
                # The smaller of this chunk's pace and twice the last: one slow chunk (a page
                # fault, a busy core) must not make the next ones tiny.
                self._seconds_a_step = min((now - before) / ran, 2 * self._seconds_a_step)
        return done, now

    def _advance(self, n: int) -> int:
        """Run up to n steps, to the next moment that needs Python; returns how many ran.

        Whatever ends it half-way, Ctrl-C too, leaves a whole run: as it was, or at a checkpoint.
        """
        before = self.step_count
        try:
            return self._advance_there(n)
        except BaseException:
            if self.step_count != before:  # without what belongs into its history
                self._restore(self.step_count)
            self._back_from_a_loss()
            raise

    def _advance_there(self, n: int) -> int:
        engine, steps = self.engine, self.history.steps
        self._apply_edits()
        step = self.step_count
        if steps.count == len(steps.rows):
            steps.thin()
        if self._failure is not None and step == self._failure.step - 1:
            self.diverged, self.is_returning = self._failure, False
            return 0
        n = min(n, self._checkpoints.steps_until_due(step))
        n = min(n, max(self.history.evaluation_table.next_step - step, 1))
        if is_watching(self.training):
            n = min(n, self.steps_to_epoch_end)
        n = min(n, (len(steps.rows) - steps.count) * steps.stride)
        if self._applied < len(self.edits):
            n = min(n, self.edits[self._applied].step - step)
        if self._failure is not None:
            n = min(n, self._failure.step - 1 - step)
        done, steps.count, finite = engine.run(n, steps.rows, steps.stride, steps.count)
        if not finite:
            return self._turn_back(step)
        self._after_steps()
        return done

    # -- what is looked at between steps -----------------------------------------------------

    def _after_steps(self) -> None:
        """Look at the step just done as it is, before any edit that follows it."""
        self._watch_if_due(self._evaluate_if_due())
        if self._applied < len(self.edits) and self.edits[self._applied].step == self.step_count:
            self._apply_edits()
        if self._checkpoints.due(self.step_count):
            self._save_checkpoint()

    def _watch_if_due(self, row: tuple[float, ...] | None) -> None:
        """At the end of an epoch: stop early, or lower the learning rate, if it is time to.

        row: the evaluation of this very step, if there was one.
        """
        assert self._engine is not None
        if self._engine.state[2] or not is_watching(self.training):
            return
        part = self._watched_part
        place = self.history.evaluations.columns.index(f"{part}_loss")
        loss = self._look(part)[0]["loss"] if row is None else row[place]
        now = Measured(self.step_count, self.epoch_count, loss, part, self.params)
        before, self._monitor = self._monitor, self._monitor.after(self.training, now)
        if self._monitor.plateau.reached != before.plateau.reached:
            self._configure()
        if self.stopped is not None and self.stopped.restored:
            assert self._monitor.best.params is not None
            self._engine.writable("params")[:] = self._monitor.best.params

    @property
    def _watched_part(self) -> str:
        """The part that says when to stop, and which weights are the best."""
        if "validation" in self._samples:
            return "validation"
        return "test" if len(self._samples["test"]) else "train"

    def _turn_back(self, started: int) -> int:
        """Find out where it broke and go back to a checkpoint: from there the run goes on to the
        last finite step, in the slices of whoever drives it. Returns how far it came (below 0)."""
        failed = self.step_count
        layer, what = self.engine.first_nonfinite()
        self._failure = Divergence(failed, layer, what, self._last_sound_step())
        self.is_returning = True
        self._restore(failed - 1)
        return self.step_count - started

    def _last_sound_step(self) -> int:
        """The newest step whose weights gave a loss that had not begun to run away.

        The weights of the last finite step are often beyond help: already so large that any next
        step overflows, however small.
        """
        steps, losses = self.history["step"], self.history["batch_loss"]
        start = self.history.evaluations["train_loss"][0]
        weights = self.sample_weights
        heaviest = 1.0 if weights is None else float(weights.max())
        sound = np.flatnonzero(losses <= SICK * max(start, 1e-3) * heaviest)
        # A row's loss is that of the weights before its step.
        return max(int(steps[sound[-1]]) - 1, 0) if len(sound) else 0

    # -- time travel -------------------------------------------------------------------------

    def goto(self, step: int) -> None:
        """Take the run to a step, back or forth: the same bits as when it was there first.

        Edits made later stay in `edits` and are replayed when the run goes on; a new change
        drops them. Raises ValueError for a negative step.
        """
        self.rewind(step)
        self.step(step - self.step_count)

    def branch(self) -> Trainer:
        """A second run that starts from this one as it stands; edits ahead stay with this one."""
        standing = self._standing()
        other = object.__new__(Trainer)
        other.__dict__.update(self.__dict__)
        other._engine = None
        other._scratch, other._few = {}, {}
        other.history = self.history.copy()
        other._checkpoints = self._checkpoints.copy()
        other._checkpoints.drop_after(self.step_count, self._applied)
        other.edits = self.edits[: self._applied]
        other._failure, other.is_returning = None, False
        if standing is not None:
            other._adopt(standing)
        return other

"""One page's run, and what the page's buttons and fields ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data import Dataset
from core.edits import changed_all
from core.experiment import Experiment
from core.monitor import Stop
from core.refusals import Sentence
from core.trainer import Divergence, Trainer
from playground.live.orders import Change, Journey, ahead, back
from playground.live.watched import WatchedRun

if TYPE_CHECKING:
    from core.network import Network

RECOVERY = 0.1
"""What the learning rate is multiplied by after a divergence."""

STEP_PATIENCE = 0.4
"""Seconds that a pressed Step waits for its result; a longer one goes on behind the page."""


class Player(WatchedRun):
    """A run that plays, pauses, steps and travels, and is watched while it does.

    speed: steps a second, None for as many as the machine can.
    Raises ValueError, as Trainer does, if experiment, dataset and network do not fit.
    """

    # -- playing ------------------------------------------------------------------------------

    @property
    def speed(self) -> float | None:
        """Steps a second while playing; None is flat out."""
        return self._pace.speed

    @speed.setter
    def speed(self, value: float | None) -> None:
        self._pace.speed = value
        self._pace.restart()
        self.wake()

    @property
    def problem(self) -> Divergence | None:
        """Where the run stopped being finite, if it did."""
        return self._trainer.diverged

    @property
    def stopped(self) -> Stop | None:
        """Where early stopping stopped the run, if it did."""
        return self._trainer.stopped

    def play(self) -> None:
        """Run until paused, diverged, stopped early, or left alone."""
        self.revive()
        if not self._trainer.is_over:
            self._run()

    def _run(self) -> None:
        self._pace.restart()
        self._playing = True
        self._refresh()

    def pause(self) -> None:
        """Stop at the end of the slice that is under way."""
        self._playing = False
        self._refresh()

    def step(self, unit: str = "epoch") -> None:
        """Pause, then run one "epoch" or one "batch"; waits a moment for the result."""
        self._travel(ahead(unit))

    def step_back(self, unit: str = "epoch") -> None:
        """Pause, then go back by one step, or to the beginning of the epoch before."""
        self._travel(back(unit))

    def _travel(self, goal_of: Callable[[Trainer], int]) -> None:
        self.pause()
        self.revive()
        done = self._orders.give(Journey(goal_of))
        self._refresh()
        done.wait(STEP_PATIENCE)

    # -- where it is computed -----------------------------------------------------------------

    @property
    def backend(self) -> str:
        """Where the page's runs are computed, "cpu" or "cuda"."""
        return self._backend.name

    def use_backend(self, name: str) -> None:
        """Go on there from where the run stands; it plays on if it played.

        Raises ValueError, in a person's words, if it cannot; then nothing has changed.
        """
        self.revive()
        with self.trainer() as trainer:
            self._backend.use(name, trainer)
            self._pace.restart()
        self._refresh()

    def why_left(self) -> Sentence | None:
        """Why the runs are no longer on the GPU, told once."""
        why, self._backend.left = self._backend.left, None
        return why

    # -- other settings, another run ----------------------------------------------------------

    def reset(self) -> None:
        """Begin again: the same initial weights, the settings as they are now."""
        self._playing = False
        with self._alone():
            self._start_again()
        self._refresh()

    def replace(
        self,
        experiment: Experiment,
        *,
        dataset: Dataset | None = None,
        network: Network | None = None,
    ) -> None:
        """Another network or other data, paused at step 0; viewers stay.

        Raises ValueError if they do not fit together; then nothing has changed.
        """
        playing, self._playing = self._playing, False
        try:
            with self._alone():
                self._presenter.install(self._take(experiment, dataset, network))
        except ValueError:
            self._playing = playing
            raise
        self._refresh()

    def learn_on(self, experiment: Experiment) -> bool:
        """Other data while it learns: a new run from the weights as they are, if they are sound and
        fit, else from new ones; it plays on if it played. Reset still gives the weights that it
        gave before. Returns whether the weights were kept.

        Raises ValueError if experiment and data do not fit together; then nothing has changed.
        """
        self.revive()
        with self._alone():
            network, begun_with = self.read(lambda trainer: trainer.network), self._own_network
            is_sound = bool(np.isfinite(network.params).all())
            fits = is_sound and network.config == experiment.network
            try:
                trainer = self._take(experiment, None, network if fits else None)
            except ValueError:  # more classes than it has outputs
                trainer, fits = self._take(experiment, None, None), False
            else:
                self._own_network = begun_with if fits else None
            self._presenter.install(trainer)
        self._refresh()
        return fits

    def change(self, **changes: Any) -> None:
        """Change settings from the next step on, as Trainer.change; reset keeps them.

        While the run is on its way somewhere, the change is made when it has arrived: halfway it
        would cut off the edits that are still to be replayed. While the GPU is prepared, it is made
        then. Raises ValueError naming the field; then nothing has changed.
        """
        self.revive()
        with self.trainer() as trainer:
            if self._orders or trainer.is_returning or not self._backend.is_ready:
                changed_all(trainer.settings_at(self.goal), changes)
                self._orders.give(Change(changes))
            else:
                self.change_now(trainer, changes)
        self._refresh()

    def recovered_rate(self, factor: float = RECOVERY) -> float:
        """The learning rate that `recover` goes on with."""
        return float(f"{self.experiment.training.learning_rate * factor:.6g}")

    def recover(self, factor: float = RECOVERY) -> float:
        """After a divergence: go on from the last sound step, the learning rate times `factor`.

        Does not wait until the run has come back to that step. Returns the new learning rate.
        """
        self.revive()
        with self.trainer() as trainer:
            rate = self.recovered_rate(factor)
            if (problem := trainer.diverged) is not None:
                journey = Journey(lambda _: problem.resume)
                journey.start(trainer)
                self._orders.give(journey)
            self.change(learning_rate=rate)
        self.play()
        return rate

    def scheduled_rate(self) -> float:
        """The learning rate of the next step, as the schedule makes it; never waits."""
        return self._trainer.learning_rate

    def train_on(self) -> None:
        """After an early stop: go on without early stopping."""
        self.change(early_stopping=None)
        self._run()  # also where the change waits behind other orders

"""What watches a run at the end of every epoch: early stopping, and the rate that plateaus lower.

Both look at the same loss: the validation loss, else the test loss (the training loss, where there
are no test samples), over the rows that `Trainer.estimate` takes. Rules are Keras 3's EarlyStopping
and ReduceLROnPlateau with monitor="val_loss". A Monitor is never changed but followed by another,
so a checkpoint holds one as it is, and the run that comes back to it goes on as it did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.experiment import TrainingConfig
from core.maths.options import values
from core.maths.schedules import SCHEDULES

REDUCE_ON_PLATEAU = "reduce_on_plateau"


@dataclass(frozen=True)
class Stop:
    """Why and where a run stopped early.

    step, epoch: done when it stopped. best_step, best_epoch: done when the loss was smallest, and
    best_loss that loss, of `part` ("validation", "test" or "train"). restored: whether the run has
    the weights of that moment now; else it has those that it stopped with.
    """

    step: int
    epoch: int
    best_step: int
    best_epoch: int
    best_loss: float
    part: str
    restored: bool


@dataclass(frozen=True)
class Measured:
    """The end of an epoch: where the run stands, its parameters, and the loss that was found."""

    step: int
    epoch: int
    loss: float
    part: str
    params: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Best:
    """What early stopping remembers: the smallest loss, where it was, and the weights it had.

    step: -1 before the first look. wait: epochs since then without a smaller loss.
    """

    loss: float = math.inf
    step: int = -1
    epoch: int = 0
    wait: int = 0
    params: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Plateau:
    """What the schedule remembers: the smallest loss, epochs since without a smaller one, epochs
    to rest, and what the learning rate has been multiplied by so far.
    """

    loss: float = math.inf
    wait: int = 0
    resting: int = 0
    reached: float = 1.0


NO_BEST, NO_PLATEAU = Best(), Plateau()


@dataclass(frozen=True, eq=False)
class Monitor:
    """What is remembered at one moment of a run, and whether it has stopped."""

    best: Best = NO_BEST
    plateau: Plateau = NO_PLATEAU
    stopped: Stop | None = None

    def after(self, training: TrainingConfig, now: Measured) -> Monitor:
        """What follows at the end of an epoch."""
        best, plateau, stopped = self.best, self.plateau, None
        if training.early_stopping is not None and now.epoch > training.start_from_epoch:
            best = _best_after(best, training, now)
            if best.wait >= training.early_stopping and now.epoch > 1:
                stopped = _stop(best, now, training.restore_best_weights)
        if training.schedule == REDUCE_ON_PLATEAU:
            plateau = _plateau_after(plateau, training, now)
        return Monitor(best, plateau, stopped)

    def edited(self, before: TrainingConfig, training: TrainingConfig) -> Monitor:
        """What is left after an edit, which lets a stopped run go on with all its patience.

        before, training: until the edit, and as it is now. What is switched off is forgotten; the
        best so far stays the best. A learning rate that is set counts as it stands, as in Keras:
        what plateaus had brought the old one to is forgotten.
        """
        best = self.best if self.stopped is None else replace(self.best, wait=0)
        plateau = self.plateau
        if training.learning_rate != before.learning_rate:
            plateau = replace(plateau, reached=1.0)
        return Monitor(
            NO_BEST if training.early_stopping is None else best,
            plateau if training.schedule == REDUCE_ON_PLATEAU else NO_PLATEAU,
        )


UNWATCHED = Monitor()
"""What a run begins with."""


def is_watching(training: TrainingConfig) -> bool:
    """Whether the end of an epoch has to be looked at."""
    return training.early_stopping is not None or training.schedule == REDUCE_ON_PLATEAU


def _is_smaller(loss: float, best: float, min_delta: float) -> bool:
    """Whether a loss is an improvement; nan never is."""
    return loss + min_delta < best


def _best_after(best: Best, training: TrainingConfig, now: Measured) -> Best:
    """Keras's EarlyStopping.on_epoch_end; the first weights are the best, whatever their loss.

    The weights are kept whether they are to be restored or not: that may change before the end.
    """
    improved = _is_smaller(now.loss, best.loss, training.early_stopping_min_delta)
    if not improved and best.step >= 0:
        return replace(best, wait=best.wait + 1)
    loss, wait = (now.loss, 0) if improved else (best.loss, 1)
    return Best(loss, now.step, now.epoch, wait, now.params.copy())


def _stop(best: Best, now: Measured, restored: bool) -> Stop:
    return Stop(now.step, now.epoch, best.step, best.epoch, best.loss, now.part, restored)


def _plateau_after(plateau: Plateau, training: TrainingConfig, now: Measured) -> Plateau:
    """Keras's ReduceLROnPlateau.on_epoch_end; epochs that end in the warm-up are passed over."""
    options = SCHEDULES[REDUCE_ON_PLATEAU].options
    h = values(options, training.schedule_options)
    warmup_steps, factor, patience, min_delta, cooldown, min_lr = h
    if now.step <= warmup_steps:
        return plateau
    was_resting = plateau.resting > 0
    resting = max(plateau.resting - 1, 0)
    wait = 0 if was_resting else plateau.wait
    if _is_smaller(now.loss, plateau.loss, min_delta):
        return Plateau(now.loss, 0, resting, plateau.reached)
    if resting:
        return replace(plateau, wait=wait, resting=resting)
    wait += 1
    if wait < patience or training.learning_rate * plateau.reached <= min_lr:
        return replace(plateau, wait=wait, resting=resting)
    return Plateau(plateau.loss, 0, int(cooldown), plateau.reached * factor)

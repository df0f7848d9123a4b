"""k-fold evaluation: an experiment trained k times, each time tested on other rows.

A test part drawn by lot may be an easy or a hard one; k of them show how much that matters.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.data import Dataset, load_dataset
from core.data.folds import Folds
from core.data.making import Making
from core.experiment import Experiment
from core.inspect.report import Report, report
from core.inspect.residuals import value_scores
from core.maths.limits import Limits
from core.monitor import Stop, is_watching
from core.refusals import Refusal, sentence_of
from core.run import Divergence
from core.trainer import Trainer

EPOCHS = Limits(1, 1_000_000, whole=True)
PREPARED = 0.1  # share of a fold's work, roughly, that is done when its data are


@dataclass(frozen=True)
class FoldResult:
    """One fold's network at its end.

    n_train, n_test: rows. train, test: loss, and accuracy or r2 and mean_absolute_error; of a
    single value also rmse, errors then in the data's own units. epochs: passes done.
    stopped, diverged: where it stopped early, or stopped being finite.
    """

    n_train: int
    n_test: int
    train: dict[str, float]
    test: dict[str, float]
    epochs: int
    stopped: Stop | None = None
    diverged: Divergence | None = None


@dataclass(frozen=True)
class Spread:
    """What a number is over the folds: its mean and its standard deviation (divided by n - 1)."""

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of so many numbers; nan where there are too few."""
        n = len(values)
        mean = float(np.mean(values)) if n else math.nan
        return cls(mean, float(np.std(values, ddof=1)) if n > 1 else math.nan, n)


class CrossValidation:
    """An experiment in k folds, one network after the other, in slices of whoever drives it.

    experiment: what to train, and how; every fold begins with the weights that its seed draws.
    dataset: own arrays, or a table's, instead of experiment.data. epochs: that each fold trains.

    Rows are divided as the data are split: see `core.data.folds.Folds`. Same experiment, same bits,
    however it was sliced. One fold's data and network are held at a time.

    What watches a run chooses by what it watches: early stopping, best weights, and a learning rate
    that plateaus lower. Where no rows are held back for validation, that is the fold's test part,
    and the numbers are a little too good: see `is_watched_by_test`.
    Raises ValueError if k or epochs are no such numbers, or there are too few rows or groups.
    """

    def __init__(
        self,
        experiment: Experiment,
        k: int = 5,
        dataset: Dataset | None = None,
        *,
        epochs: int = 10,
    ) -> None:
        if dataset is None:
            dataset = load_dataset(experiment.data)
        elif dataset.source is not None:
            experiment = replace(experiment, data=dataset.source)
        EPOCHS.check("epochs", epochs)
        self.experiment, self.epochs = experiment, epochs
        self.folds = Folds.of(dataset, k, _seed(experiment, dataset))
        self.has_validation = dataset.n_validation > 0
        """Whether what watches a fold looks at rows that are kept for it."""
        self.results: tuple[FoldResult, ...] = ()
        self.share = 0.0
        """How much is done, 0 to 1."""
        self._making: Making[Dataset] | None = None
        self._trainer: Trainer | None = None

    @property
    def is_watched_by_test(self) -> bool:
        """Whether the rows that test a fold also say when to stop, or how fast to learn."""
        return is_watching(self.experiment.training) and not self.has_validation

    @property
    def is_preparing(self) -> bool:
        """Whether the data of a fold are what is worked on next."""
        return not self.is_done and self._trainer is None

    @property
    def is_done(self) -> bool:
        """Whether every fold has its result."""
        return len(self.results) == len(self.folds)

    @property
    def summary(self) -> dict[str, Spread]:
        """Test numbers over the folds that are done and did not diverge, by name."""
        tests = [result.test for result in self.results if result.diverged is None]
        names = tests[0] if tests else ()
        return {name: Spread.of([test[name] for test in tests]) for name in names}

    def run_for(self, seconds: float) -> float:
        """Work for about `seconds`, and at least a little; returns the share that is done.

        A column of numbers of a fold's data is prepared, and a fold's network is evaluated, in one
        piece; see `Folds.making`.
        Raises ValueError that names the fold, if its network cannot be trained.
        """
        end = time.perf_counter() + seconds
        while not self.is_done:
            self._work(end - time.perf_counter())
            if time.perf_counter() >= end:
                break
        return self.share

    def give_up_fold(self) -> None:
        """Give back the memory of the fold under way; who goes on begins it anew."""
        self._making = self._trainer = None

    def release(self) -> None:
        """Give back the data as well, for good: what there are of results can still be read."""
        self.give_up_fold()
        self.folds = replace(self.folds, dataset=None)

    def _work(self, seconds: float) -> None:
        """Prepare the next fold, or train the one under way, or look at what it has come to."""
        if self._trainer is None:
            self._prepare(len(self.results))
            return
        trainer = self._trainer
        steps = trainer.start_of_epoch(self.epochs)
        if trainer.is_over or trainer.step_count >= steps:
            self.results = (*self.results, _result(trainer))
            self._trainer = None
            self._note_share(0.0)
            return
        trainer.run_for(max(seconds, 0.0), max_steps=steps - trainer.step_count)
        self._note_share(PREPARED + (1.0 - PREPARED) * trainer.step_count / steps)

    def _prepare(self, fold: int) -> None:
        """Do a piece of what its data need; after the last one it can be trained."""
        self._making = self._making or self.folds.making(fold)
        try:
            self._trainer = self._begun(self._making)
        except ValueError as error:
            self.give_up_fold()
            problem = sentence_of(error)
            raise Refusal("Fold {number}: {problem}", number=fold + 1, problem=problem) from None

    def _begun(self, making: Making[Dataset]) -> Trainer | None:
        try:
            self._note_share(PREPARED * next(making))
        except StopIteration as end:
            self._making = None
            return Trainer(self.experiment, dataset=end.value)
        return None

    def _note_share(self, of_fold: float) -> None:
        """Folds count by their training rows; a run on its way back is not told."""
        rows = [len(train) for train, _ in self.folds.rows]
        done = len(self.results)
        fraction = sum(rows[:done]) + of_fold * sum(rows[done : done + 1])
        self.share = max(self.share, fraction / sum(rows))


def cross_validate(
    experiment: Experiment, k: int = 5, dataset: Dataset | None = None, *, epochs: int = 10
) -> CrossValidation:
    """Train and test in k folds; `.results` holds each, `.summary` means and deviations.

    See `CrossValidation`, which does the same in slices. Raises ValueError as it does.
    """
    made = CrossValidation(experiment, k, dataset, epochs=epochs)
    made.run_for(math.inf)
    return made


def _seed(experiment: Experiment, dataset: Dataset) -> int:
    """Of the folds: that of the data's split, where it has one."""
    if dataset.table is not None:
        return dataset.table.choices.seed
    if dataset.pictures is not None:
        return dataset.pictures.choices.seed
    return experiment.seed if dataset.source is None else dataset.source.seed


def _result(trainer: Trainer) -> FoldResult:
    data, loss = trainer.dataset, trainer.experiment.training.loss
    network = trainer.network
    parts = [report(network, data, part, loss) for part in ("train", "test")]
    train, test = (_numbers(data, part) for part in parts)
    return FoldResult(
        len(data.y_train),
        len(data.y_test),
        train,
        test,
        trainer.epoch_count,
        trainer.stopped,
        trainer.diverged,
    )


def _numbers(data: Dataset, found: Report) -> dict[str, float]:
    """Loss and metrics; of a single value in the units of the data."""
    if data.task == "classification" or data.n_values > 1:
        return {"loss": found.loss, **found.metrics}
    true, told = (data.preprocessing.values(values) for values in (found.true, found.outputs))
    (score,) = value_scores(true, told)
    errors = {"rmse": score.rmse, "mean_absolute_error": score.mae}
    return {"loss": found.loss, "r2": score.r2, **errors}

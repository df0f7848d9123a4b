"""What the parts of the evaluation panel share: a network's answers on both parts of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.data import Dataset
from core.evaluation import parts_of
from core.inspect.report import Report, report
from core.inspect.residuals import value_scores
from core.network import Network
from playground.session import Session
from playground.tables import in_units
from playground.views.panel import is_moving
from playground.views.record import remembered

WORK = 4e9  # multiplications that an evaluation may take while the run plays: about 0.1 s


@dataclass(frozen=True)
class Result:
    """Both parts at one step, and what belongs to the network rather than to a part."""

    step: int
    epochs: int
    train: Report
    test: Report
    penalty: float
    dataset: Dataset
    loss: str
    network: Network
    validation: Report | None = None

    @property
    def is_finite(self) -> bool:
        """Whether every output is a finite number."""
        parts = (self.train, self.test)
        return all(np.isfinite(found.outputs).all() for found in parts)

    def values(self, found: Report) -> tuple[np.ndarray, np.ndarray]:
        """A part's true and predicted values, (n, n_values), in the units of their table."""
        how = self.dataset.preprocessing
        return in_units(how, found.true), in_units(how, found.outputs)

    def scores(self, found: Report) -> dict[str, float]:
        """A part's metrics; of a single value also the root mean squared error."""
        if self.dataset.task == "classification" or self.dataset.n_values > 1:
            return found.metrics
        (score,) = value_scores(*self.values(found))
        return {"r2": score.r2, "rmse": score.rmse, "mean_absolute_error": score.mae}

    def parts(self, session: Session) -> Iterator[tuple[str, str, Report]]:
        """The parts that have samples: "train" or "test", its name in words, and its report."""
        for role, word, found in (("train", "training", self.train), ("test", "test", self.test)):
            if found.n:
                yield role, session.t(f"views.{word}"), found


def evaluate(session: Session) -> Result:
    """Evaluate; at rest on every sample and only once, while playing on as many as are quick."""
    player = session.player
    (network, penalty), (dataset, loss), (step, epochs), key = player.read(
        lambda trainer: (
            (trainer.network, trainer.penalty()),
            (trainer.dataset, trainer.experiment.training.loss),
            (trainer.step_count, trainer.epoch_count),
            (player.version, id(trainer), trainer.step_count, repr(trainer.edits)),
        )
    )
    moving = is_moving(session)
    most = None
    if moving:
        size = sum(w.size for w in network.weights)
        most = int(np.clip(WORK / (2 * size), 200, 5000))

    def compute() -> Result:
        train, test, *held = (
            report(network, dataset, part, loss, most=most) for part in parts_of(dataset)
        )
        return Result(step, epochs, train, test, penalty, dataset, loss, network, *held)

    return remembered(player, "evaluation", (*key, moving), compute)


def choose_part(session: Session, result: Result) -> str:
    """Let the person choose "train" or "test"; without test samples there is nothing to choose."""
    if not result.test.of:
        return "train"
    chosen = st.segmented_control(
        session.t("views.part"),
        ["test", "train"],
        default="test",
        required=True,
        format_func=lambda name: session.t("views.training" if name == "train" else "views.test"),
        key="evaluation_part",
    )
    return chosen or "test"

"""Reports on a network: against scikit-learn's counting and the trainer's own evaluation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.data import Dataset
from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.inspect.report import class_scores, confidence, confusion, mistakes, report
from core.inspect.spread import spread
from core.trainer import Trainer


def test_a_confusion_matrix_and_its_scores_are_those_of_scikit_learn() -> None:
    from sklearn import metrics

    rng = np.random.default_rng(2)
    true, predicted = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    counts = confusion(true, predicted, 4)
    assert counts.tolist() == metrics.confusion_matrix(true, predicted).tolist()
    scores = class_scores(counts, "abcd")
    expected = metrics.precision_recall_fscore_support(true, predicted)
    assert [s.precision for s in scores] == pytest.approx(expected[0])
    assert [s.recall for s in scores] == pytest.approx(expected[1])
    assert [s.f1 for s in scores] == pytest.approx(expected[2])
    assert [s.support for s in scores] == expected[3].tolist()


def test_a_class_that_is_never_said_has_no_precision() -> None:
    said, unsaid = class_scores(np.array([[3, 0], [2, 0]]), ["said", "unsaid"])
    assert said.precision == 0.6
    assert math.isnan(unsaid.precision)
    assert unsaid.recall == unsaid.f1 == 0.0


def test_the_surest_mistake_comes_first() -> None:
    outputs = np.array([[0.9], [0.6], [0.1], [np.nan], [0.8]])
    found = mistakes(outputs, np.array([0, 0, 1, 1, 1]), "binary_crossentropy")
    assert [(m.sample, m.predicted) for m in found] == [(0, 1), (2, 0), (1, 1)]
    assert found[0].confidence == pytest.approx(0.9)


def test_a_margin_is_half_sure_at_the_boundary() -> None:
    outputs = np.array([[0.0], [0.5], [-3.0]])
    assert confidence(outputs, "hinge").tolist() == [0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("data", "loss"),
    [
        ("circle", "binary_crossentropy"),
        ("rings", "categorical_crossentropy"),
        ("blobs", "squared_hinge"),
        ("plane", "huber"),
    ],
)
def test_a_report_agrees_with_the_trainer(data: str, loss: str) -> None:
    experiment = Experiment(
        DataConfig(data, n_samples=100), NetworkConfig((Dense(5),)), TrainingConfig(loss)
    )
    trainer = Trainer(experiment)
    trainer.step(20)
    for part in ("train", "test"):
        found = report(trainer.network, trainer.dataset, part, loss)
        expected = trainer.evaluate(part)
        assert found.loss == pytest.approx(expected["loss"], rel=1e-5)
        for name, value in found.metrics.items():
            assert value == pytest.approx(expected[name], rel=1e-5)


def test_a_report_of_no_samples_is_empty() -> None:
    dataset = Dataset.from_arrays(np.eye(4), np.arange(4) % 2)
    trainer = Trainer(Experiment(), dataset=dataset)
    found = report(trainer.network, dataset, "test", "binary_crossentropy")
    assert (found.n, found.of) == (0, 0)
    assert math.isnan(found.loss)
    assert report(trainer.network, dataset, "train", "binary_crossentropy", most=3).n == 3


def test_a_spread_describes_what_is_finite_and_counts_the_rest() -> None:
    found = spread(np.array([[1.0, 2.0], [np.nan, 3.0], [np.inf, 2.0]]))
    assert (found.count, found.not_finite) == (6, 2)
    assert (found.mean, found.largest) == (2.0, 3.0)
    assert found.shares.sum() == pytest.approx(1.0)
    assert sorted(found.few) == [1.0, 2.0, 2.0, 3.0]


@pytest.mark.parametrize("value", [0.0, 0.5, np.nan])
def test_equal_values_have_a_spread_too(value: float) -> None:
    found = spread(np.full(1000, value))
    assert (np.diff(found.edges) > 0.0).all()
    assert not len(found.few)


def test_a_spread_of_millions_reads_some() -> None:
    rng = np.random.default_rng(1)
    found = spread(rng.normal(size=1_000_000).astype(np.float32))
    assert found.quartiles == pytest.approx([-0.6745, 0.0, 0.6745], abs=0.03)
    assert found.deviation == pytest.approx(1.0, abs=0.01)

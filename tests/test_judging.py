"""Thresholds, calibration, residuals and components: against scikit-learn, and at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.decomposition import PCA

from core.data.targets import decide
from core.experiment import DataConfig, Experiment
from core.inspect.calibration import calibration, told_probabilities
from core.inspect.components import components_of, spaced
from core.inspect.report import mistakes
from core.inspect.residuals import residual_shares, value_scores
from core.inspect.slices import slice_through
from core.inspect.thresholds import decisions_at, positive_scores, threshold_curves
from core.trainer import Trainer


def scored(n: int = 200, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and classes that follow them loosely."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 21, n) / 20.0
    return scores, rng.random(n) < 0.2 + 0.6 * scores


def test_the_curves_are_those_of_scikit_learn() -> None:
    scores, positive = scored()
    found = threshold_curves(scores, positive)
    false, true, thresholds = metrics.roc_curve(positive, scores, drop_intermediate=False)
    assert found.false_positive_rate == pytest.approx(false)
    assert found.recall == pytest.approx(true)
    assert found.thresholds == pytest.approx(thresholds)
    precision, recall, _ = metrics.precision_recall_curve(positive, scores)
    assert found.precision == pytest.approx(precision[::-1])
    assert found.recall == pytest.approx(recall[::-1])
    assert found.roc_area == pytest.approx(metrics.roc_auc_score(positive, scores))
    expected = metrics.average_precision_score(positive, scores)
    assert found.average_precision == pytest.approx(expected)
    assert found.positive_share == positive.mean()


@pytest.mark.parametrize("threshold", [-1.0, 0.0, 0.35, 0.5, 2.0])
def test_decisions_at_a_threshold_are_those_of_scikit_learn(threshold: float) -> None:
    scores, positive = scored()
    found, called = decisions_at(scores, positive, threshold), scores > threshold
    counts = metrics.confusion_matrix(positive, called, labels=[False, True])
    assert counts.tolist() == [
        [found.true_negatives, found.false_positives],
        [found.false_negatives, found.true_positives],
    ]
    assert found.accuracy == metrics.accuracy_score(positive, called)
    assert found.recall == pytest.approx(metrics.recall_score(positive, called))
    assert found.f1 == pytest.approx(metrics.f1_score(positive, called))
    if called.any():
        assert found.precision == pytest.approx(metrics.precision_score(positive, called))
    else:
        assert math.isnan(found.precision)
    # The point lies on both curves.
    curves = threshold_curves(scores, positive)
    place = int((curves.thresholds > threshold).sum()) - 1
    assert found.false_positive_rate == curves.false_positive_rate[place]
    assert found.recall == curves.recall[place]


def test_one_class_or_no_sample_has_no_area() -> None:
    for positive in ([True, True], [False, False], []):
        scores = np.arange(len(positive), dtype=np.float64)
        found = threshold_curves(scores, np.array(positive, dtype=bool))
        assert math.isnan(found.roc_area)
        decisions_at(scores, np.array(positive, dtype=bool), 0.5)


def test_two_outputs_make_a_score_that_decides_alike() -> None:
    outputs = np.random.default_rng(1).random((50, 2)).astype(np.float32)
    called = positive_scores(outputs) > 0.5
    assert called.tolist() == (decide(outputs, "categorical_crossentropy") == 1).tolist()
    assert positive_scores(np.array([[0.3, 0.7]])) == pytest.approx([0.7])
    assert positive_scores(np.array([[-2.0]])).tolist() == [-2.0]


def test_a_reliability_diagram_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    told = rng.random(300) * 0.85  # the last bin stays empty
    came = rng.random(300) < told**2
    found = calibration(told, came)
    full = found.counts > 0
    observed, predicted = calibration_curve(came, told, n_bins=10)
    assert found.observed[full] == pytest.approx(observed)
    assert found.predicted[full] == pytest.approx(predicted)
    assert math.isnan(found.observed[9])
    assert found.counts.sum() == 300
    expected = (np.abs(observed - predicted) * found.counts[full]).sum() / 300
    assert found.error == pytest.approx(expected)
    assert math.isnan(calibration(np.zeros(0), np.zeros(0, bool)).error)
    assert calibration(np.array([0.0, 0.1, 1.0]), np.ones(3, bool)).counts.tolist()[:2] == [1, 1]


def test_only_probabilities_are_calibrated() -> None:
    true = np.array([1, 0])
    margins, above = np.array([[0.5], [0.2]]), np.array([[1.5], [0.2]])
    assert told_probabilities(margins, np.zeros(2), true, "hinge", 2) is None
    assert told_probabilities(above, np.zeros(2), true, "mean_squared_error", 2) is None
    told = told_probabilities(margins, np.zeros(2), true, "binary_crossentropy", 2)
    assert told is not None
    assert (told[0].tolist(), told[1].tolist()) == ([0.5, 0.2], [True, False])
    three = np.array([[0.1, 0.7, 0.2], [0.2, 0.5, 0.3]])
    told = told_probabilities(three, np.ones(2, int), true, "categorical_crossentropy", 3)
    assert told is not None
    assert (told[0].tolist(), told[1].tolist()) == ([0.7, 0.5], [True, False])


def test_the_samples_behind_a_cell() -> None:
    outputs = np.array([[0.9], [0.6], [0.1], [0.4], [0.8], [0.7]])
    true = np.array([0, 0, 1, 0, 1, 1])
    loss = "binary_crossentropy"
    assert [m.sample for m in mistakes(outputs, true, loss, of=0, taken_for=1)] == [0, 1]
    assert [m.sample for m in mistakes(outputs, true, loss, of=1)] == [2]
    assert [m.sample for m in mistakes(outputs, true, loss, taken_for=1)] == [0, 1]
    right = mistakes(outputs, true, loss, of=1, taken_for=1)
    assert [m.sample for m in right] == [5, 4]  # the least sure first
    assert [m.sample for m in mistakes(outputs, true, loss, of=1, taken_for=1, most=1)] == [5]


def test_scores_of_values_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    true = rng.normal(size=(40, 2)) * [1.0, 10.0]
    predicted = true + rng.normal(size=(40, 2))
    found = value_scores(true, predicted)
    r2 = metrics.r2_score(true, predicted, multioutput="raw_values")
    rmse = metrics.root_mean_squared_error(true, predicted, multioutput="raw_values")
    mae = metrics.mean_absolute_error(true, predicted, multioutput="raw_values")
    assert [score.r2 for score in found] == pytest.approx(r2)
    assert [score.rmse for score in found] == pytest.approx(rmse)
    assert [score.mae for score in found] == pytest.approx(mae)
    (constant,) = value_scores(np.ones((3, 1)), np.zeros((3, 1)))
    assert math.isnan(constant.r2)
    assert constant.rmse == 1.0
    assert math.isnan(value_scores(np.zeros((0, 1)), np.zeros((0, 1)))[0].rmse)


def test_residuals_share_bins_about_zero() -> None:
    edges, (one, none) = residual_shares([np.array([-1.0, 3.0, 0.0, 0.0]), np.zeros(0)])
    assert edges == pytest.approx(-edges[::-1])
    assert (edges[0], edges[-1]) == (-3.0, 3.0)
    assert one.sum() == 1.0
    assert one[len(one) // 2] == 0.5
    assert none.sum() == 0.0
    assert np.isfinite(residual_shares([np.zeros(5)])[0]).all()


@pytest.mark.parametrize("columns", [2, 7, 300])
def test_components_are_those_of_scikit_learn(columns: int) -> None:
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(400, columns)) * np.linspace(3.0, 0.1, columns) + 5.0
    found, expected = components_of(rows), PCA(2, svd_solver="full").fit(rows)
    assert found.shares == pytest.approx(expected.explained_variance_ratio_)
    turned = found.project(rows) / expected.transform(rows)
    assert np.abs(turned) == pytest.approx(np.ones((400, 2)), rel=1e-4)
    assert (np.abs(found.directions).max(axis=1) == found.directions.max(axis=1)).all()


def test_rows_that_do_not_vary_or_have_one_column_have_components_too() -> None:
    assert components_of(np.ones((5, 3))).shares.tolist() == [0.0, 0.0]
    line = components_of(np.arange(4.0)[:, None])
    assert line.shares == pytest.approx([1.0, 0.0])
    assert line.project(np.array([[3.0]])) == pytest.approx(np.array([[1.5, 0.0]]))


def test_spaced_rows_keep_both_ends() -> None:
    assert spaced(5, 10).tolist() == [0, 1, 2, 3, 4]
    assert spaced(100, 3).tolist() == [0, 49, 99]
    assert spaced(0, 3).tolist() == []


def test_a_slice_is_the_network_over_two_inputs() -> None:
    trainer = Trainer(Experiment(data=DataConfig("iris")))
    network, rows = trainer.network, trainer.dataset.X_train
    point = np.median(rows, axis=0)
    found = slice_through(network, rows, (2, 0), point, resolution=5)
    assert found.outputs.shape == (5, 5, network.n_outputs)
    inputs = np.array([[found.y[4], point[1], found.x[1], point[3]]])
    assert found.outputs[4, 1] == pytest.approx(network.predict(inputs)[0], abs=1e-6)
    assert found.x[0] < rows[:, 2].min() < rows[:, 2].max() < found.x[-1]
    for wrong in ((1, 1), (0, 4)):
        with pytest.raises(ValueError, match="two different inputs"):
            slice_through(network, rows, wrong, point)

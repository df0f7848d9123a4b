"""Class weights and weights of samples: what each sample's loss is multiplied by, in training."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from core import DataConfig, Dataset, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.data.weights import balanced, sample_weights
from core.edits import Edit
from core.run import Run
from tests import naive

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 2)).astype(np.float32)
Y3 = np.digitize(X[:, 0] + X[:, 1], [0.5, 1.5])
"""Three classes, the last ones rare."""
OWN = RNG.uniform(0, 3, 60).astype(np.float32)


def experiment(**training) -> Experiment:
    fields = {"loss": "categorical_crossentropy", "optimizer": "sgd", "learning_rate": 0.1}
    return Experiment(
        DataConfig("xor"),
        NetworkConfig((Dense(5, "tanh"),)),
        TrainingConfig(**{**fields, "batch_size": 7, **training}),
        seed=4,
    )


def data(own=None) -> Dataset:
    return Dataset.from_arrays(X, Y3, X[:10], Y3[:10], sample_weight=own)


def test_balanced_is_scikit_learns() -> None:
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=Y3)
    np.testing.assert_allclose(balanced(Y3, 3), theirs)
    assert balanced(np.array([0, 0, 2]), 3).tolist() == [0.75, 1.0, 1.5]  # class 1 is not there
    weights = sample_weights(data(), "balanced")
    totals = [weights[k == Y3].sum() for k in range(3)]
    np.testing.assert_allclose(totals, 20, rtol=1e-6)


def test_weights_of_classes_and_of_samples_multiply() -> None:
    assert sample_weights(data(), "none") is None
    assert sample_weights(data(OWN), "none").tolist() == OWN.tolist()
    both = sample_weights(data(OWN), (1.0, 2.0, 0.5))
    np.testing.assert_allclose(both, OWN * np.array([1.0, 2.0, 0.5])[Y3], rtol=1e-6)


@pytest.mark.parametrize("own", [None, OWN], ids=["classes", "both"])
@pytest.mark.parametrize("choice", ["balanced", (0.5, 2.0, 4.0)], ids=str)
def test_a_run_is_the_plain_references(own, choice) -> None:
    trainer = Trainer(experiment(class_weight=choice), dataset=data(own))
    weights, biases = trainer.layout.views(trainer.params.astype(np.float64))
    net = naive.Net(list(weights), list(biases), ("tanh", "softmax"))
    by_class = balanced(Y3, 3) if choice == "balanced" else np.array(choice)
    counts = by_class[Y3] * (1 if own is None else own)
    t = naive.Training(
        "categorical_crossentropy", options=(0.0, 0.0), batch_size=7, seed=4, weights=counts
    )
    losses = naive.train(net, X.astype(np.float64), np.eye(3)[Y3], t, 40)
    trainer.step(40)
    np.testing.assert_allclose(trainer.params, net.flat, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(trainer.history["batch_loss"], losses, rtol=1e-5)


def test_a_sample_that_weighs_nothing_is_not_learnt_from() -> None:
    """Its rows may hold anything; the mean is still over all samples."""
    kept = (np.arange(60) % 3 > 0).astype(np.float32)
    other = X.copy()
    other[kept == 0] = 7.0
    one, two = (
        Trainer(experiment(), dataset=Dataset.from_arrays(inputs, Y3, sample_weight=kept))
        for inputs in (X, other)
    )
    for trainer in (one, two):
        trainer.step(50)
    assert np.array_equal(one.params, two.params)


def test_whole_numbers_count_a_sample_so_often() -> None:
    """Weights 1, 2 and 3 are the samples once, twice and thrice, but for what the mean is over."""
    counts = np.arange(60) % 3 + 1
    many = np.repeat(np.arange(60), counts)
    weighted = Trainer(
        experiment(batch_size=60, learning_rate=0.1 * 60 / 60),
        dataset=Dataset.from_arrays(X, Y3, sample_weight=counts),
    )
    repeated = Trainer(
        experiment(batch_size=120, learning_rate=0.1 * 120 / 60),
        dataset=Dataset.from_arrays(X[many], Y3[many]),
    )
    for trainer in (weighted, repeated):
        trainer.step(30)
    np.testing.assert_allclose(weighted.params, repeated.params, rtol=1e-4, atol=1e-5)


def test_evaluations_are_not_weighted() -> None:
    plain, weighted = (
        Trainer(experiment(class_weight=choice), dataset=data()) for choice in ("none", "balanced")
    )
    assert plain.evaluate("train") == weighted.evaluate("train")
    gradients = zip(plain.gradients()[0], weighted.gradients()[0], strict=True)
    assert all(np.array_equal(*pair) for pair in gradients)
    for trainer in (plain, weighted):
        trainer.step()
    first = [trainer.history["batch_loss"][0] for trainer in (plain, weighted)]
    assert first[0] != first[1]


def test_rare_classes_are_found_sooner() -> None:
    """What class weights are for: the recall of the rarest class."""
    rare = np.flatnonzero(Y3 == 2)
    found = []
    for choice in ("none", "balanced"):
        trainer = Trainer(experiment(class_weight=choice), dataset=data())
        trainer.epoch(3)
        found.append((trainer.predict(X[rare]).argmax(axis=1) == 2).mean())
    assert found[1] > found[0]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 100))
def test_slices_journeys_and_a_change_on_the_way_do_not_matter(slices, back) -> None:
    end = sum(slices) + 30

    def run(steps) -> Trainer:
        trainer = Trainer(experiment(optimizer="adam"), dataset=data(OWN))
        trainer.step(15)
        trainer.change(class_weight="balanced")
        trainer.step(15)
        trainer.change(class_weight=[1, 2, 3])
        for n in steps:
            trainer.step(n)
        return trainer

    whole, sliced = run([sum(slices)]), run(slices)
    assert np.array_equal(whole.params, sliced.params)
    sliced.goto(min(back, end))
    assert sliced.training.class_weight == (
        "none" if back < 15 else "balanced" if back < 30 else (1.0, 2.0, 3.0)
    )
    sliced.goto(end)
    assert np.array_equal(whole.params, sliced.params)
    again = Trainer.replay(whole.run, dataset=data(OWN))
    assert np.array_equal(again.params, whole.params)


# ---- what does not fit -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("balanced", "Class weights are for classes"),
        ((1.0, 2.0), "Class weights are for classes"),
    ],
)
def test_values_have_no_classes_to_weigh(choice, sentence) -> None:
    plane = Experiment(
        DataConfig("plane"), training=TrainingConfig("mean_squared_error", class_weight=choice)
    )
    with pytest.raises(ValueError, match=sentence):
        Trainer(plane)


def test_there_must_be_a_weight_for_each_class() -> None:
    sentence = "class_weight has 2 numbers, but the data set has 3 classes."
    with pytest.raises(ValueError, match=sentence):
        Trainer(experiment(class_weight=(1.0, 2.0)), dataset=data())
    trainer = Trainer(experiment(), dataset=data())
    trainer.step(3)
    with pytest.raises(ValueError, match=sentence):
        trainer.change(learning_rate=0.5, class_weight=(1.0, 2.0))
    assert trainer.edits == []
    assert trainer.training.class_weight == "none"


@pytest.mark.parametrize("wrong", [(1.0,), (1.0, -1.0), (1.0, float("inf")), "even", 3, None])
def test_class_weights_that_are_none_are_named(wrong) -> None:
    with pytest.raises(ValueError, match=r"class_weight|class weight"):
        TrainingConfig(class_weight=wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (np.ones(59), r"sample_weight must be 60 numbers, .* got shape \(59,\)"),
        (np.ones((60, 2)), "sample_weight must be 60 numbers"),
        ([], "sample_weight must be 60 numbers"),
        ([1.0] * 59 + [-0.5], "sample_weight holds -0.5"),
        ([1.0] * 59 + [np.nan], "sample_weight holds a value that is not a finite float32"),
        (["heavy"] * 60, "sample_weight must be"),
    ],
)
def test_weights_of_samples_that_are_none_are_named(wrong, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        data(wrong)


def test_weights_of_samples_are_copied_and_read_only() -> None:
    own = OWN.copy()
    dataset = data(own)
    own[:] = 0
    assert dataset.sample_weight.tolist() == OWN.tolist()
    with pytest.raises(ValueError, match="read-only"):
        dataset.sample_weight[0] = 1


def test_edits_of_a_file_that_do_not_fit_the_data_are_refused_at_once() -> None:
    edit = Edit(5, "class_weight", (1.0, 2.0, 3.0))
    with pytest.raises(ValueError, match="classes"):
        Trainer.replay(Run(Experiment(), (edit,), 10))


def test_a_product_of_weights_beyond_float32() -> None:
    X, y = np.zeros((4, 2)), [0, 1, 0, 1]
    dataset = Dataset.from_arrays(X, y, sample_weight=[3e38, 1, 1, 1])
    with pytest.raises(ValueError, match="too large"):
        sample_weights(dataset, (1e6, 1.0))

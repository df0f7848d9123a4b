"""Augmentation: against the reference, the same however it is run, refused where it cannot be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from core import (
    DataConfig,
    Dataset,
    Dense,
    Experiment,
    NetworkConfig,
    Trainer,
    TrainingConfig,
    load_dataset,
)
from core.data.sparse import SparseRows
from core.edits import Edit
from core.inspect.moment import moment_of
from core.maths.augmentation import placing, share
from tests.backends import on_every_backend
from tests.test_engine import CCE, compare

ALL = {"translation": 1.5, "rotation": 40.0, "zoom": 0.3, "cutout": 2, "mixup": 0.4}


@on_every_backend
@pytest.mark.parametrize("units", [6, 20], ids=["a row a unit", "a row a sample"])
@pytest.mark.parametrize(
    "changes",
    [
        {"translation": 2.0},
        {"rotation": 180.0},
        {"zoom": 0.9},
        {"cutout": 3},
        {"mixup": 1.0},
        {"mixup": 0.2, "label_smoothing": 0.1},
    ],
    ids=str,
)
def test_the_engine_learns_from_what_the_reference_does(changes, units):
    """Images of 5 x 4 pixels of two channels; a wide first layer has its samples as they lie."""
    compare_on_images(units, **changes)


@on_every_backend
@pytest.mark.parametrize("units", [6, 20])
def test_all_of_it_together(units):
    more = {"input_noise": 0.1, "batch_size": 17, "seed": 2**53 - 1, "weights": tuple(range(50))}
    compare_on_images(units, **ALL, **more)


def compare_on_images(units, **changes):
    t = replace(CCE, learning_rate=0.01, shape=(5, 4, 2), background=(0.7, -0.2), **changes)
    compare(t, (40, units, 3), n_steps=4)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 1.0, 4.0])
def test_shares_are_of_the_beta_distribution(alpha):
    uniform = np.random.default_rng(3).uniform(size=(3, 4000))
    shares = np.array([share(alpha, *three) for three in uniform.T])
    assert ((shares >= 0.0) & (shares <= 1.0)).all()
    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.01


def test_a_turn_worked_by_hand():
    """A quarter turn moves the corner pixel of 3 x 3 one corner on, clockwise; nothing blurs."""
    image = np.arange(9.0).reshape(3, 3, 1)
    a, b, c, d = placing(np.pi / 2, 1.0, 0.0, 0.0, 3.0, 3.0)
    turned = [
        [image[round(a * i - b * j + c), round(b * i + a * j + d), 0] for j in range(3)]
        for i in range(3)
    ]
    assert np.array_equal(turned, np.rot90(image[..., 0], -1))


DIGITS = Experiment(
    DataConfig("digits", n_samples=120),
    NetworkConfig((Dense(20, "relu"),)),
    TrainingConfig("categorical_crossentropy", "adam", batch_size=32, **ALL),
)


def bits(trainer: Trainer) -> bytes:
    return trainer.params.tobytes()


def test_a_run_is_the_same_however_it_is_sliced_and_travelled():
    whole = Trainer(DIGITS)
    whole.step(11)
    sliced = Trainer(DIGITS)
    for n in (1, 2, 5, 3):
        sliced.step(n)
    travelled = Trainer(DIGITS)
    travelled.step(14)
    travelled.goto(4)
    travelled.goto(11)
    assert bits(whole) == bits(sliced) == bits(travelled)
    plain = replace(DIGITS, training=TrainingConfig("categorical_crossentropy", batch_size=32))
    assert Trainer(plain).step(11) == 11
    assert bits(whole) != bits(Trainer(plain))


def test_changes_on_the_way_are_replayed():
    trainer = Trainer(replace(DIGITS, training=replace(DIGITS.training, mixup=0.0, rotation=0.0)))
    trainer.step(3)
    trainer.change(rotation=15.0, mixup=0.3, cutout=0)
    trainer.step(4)
    assert trainer.training.rotation == 15.0
    assert bits(Trainer.replay(trainer.run)) == bits(trainer)
    trainer.goto(2)
    trainer.goto(7)
    assert bits(Trainer.replay(trainer.run)) == bits(trainer)


def test_evaluation_and_prediction_are_not_augmented():
    trainer, plain = (
        Trainer(DIGITS),
        Trainer(replace(DIGITS, training=TrainingConfig(loss=CCE.loss))),
    )
    trainer.step(2)
    plain.engine.params[:] = trainer.params
    assert trainer.evaluate("train") == plain.evaluate("train")
    X = trainer.dataset.X_train
    assert np.array_equal(trainer.predict(X), plain.predict(X))


@pytest.mark.parametrize("scale", [1.0, -1.0])
@pytest.mark.parametrize("black", [0.0, 1.0])
def test_what_comes_in_from_outside_is_the_background(scale, black):
    """Ink on paper or paper on ink: a moved image goes on as it was, and so does a cut-out."""
    rng = np.random.default_rng(0)
    images = np.full((20, 6, 6), black)
    images[:, 1:-1, 1:-1] += scale * rng.uniform(size=(20, 4, 4))
    data = Dataset.from_arrays(images.reshape(20, 36), np.arange(20) % 2, image_shape=(6, 6))
    assert data.background.tolist() == [black]
    training = TrainingConfig(batch_size=20, translation=9.0, cutout=4)
    trainer = Trainer(Experiment(training=training), dataset=data)
    changed = moment_of(trainer).augmentation.changed(data.X_train)
    low, high = data.X_train.min(), data.X_train.max()
    assert (changed >= low - 1e-9).all()
    assert (changed <= high + 1e-9).all()
    assert np.isclose(changed, black).sum() > np.isclose(data.X_train, black).sum()


@pytest.mark.parametrize(
    ("data", "training", "sentence"),
    [
        (None, {"rotation": 5.0}, "rotation is for images, which these data are not."),
        (None, {"cutout": 2}, "cutout is for images"),
        (None, {"mixup": 0.2, "loss": "hinge"}, "which the loss hinge cannot take"),
        ("sparse", {"mixup": 0.2}, "Augmentation is not possible where the data are sparse."),
    ],
)
def test_what_cannot_be_augmented_is_refused(data, training, sentence):
    """At the start, by a change, and in a run that is replayed; what was running keeps running."""
    dataset = load_dataset(DataConfig())
    if data == "sparse":
        starts, columns = np.arange(21), np.zeros(20, np.int32)
        X = SparseRows(starts, columns, np.ones(20, np.float32), 3)
        dataset = Dataset.from_arrays(X, np.arange(20) % 2)
    loss = training.get("loss", "binary_crossentropy")
    with pytest.raises(ValueError, match=sentence):
        Trainer(Experiment(training=TrainingConfig(**training)), dataset=dataset)
    trainer = Trainer(Experiment(training=TrainingConfig(loss=loss)), dataset=dataset)
    changes = {name: value for name, value in training.items() if name != "loss"}
    with pytest.raises(ValueError, match=sentence):
        trainer.change(**changes)
    assert trainer.step(2) == 2
    (edit,) = changes.items()
    run = replace(trainer.run, edits=(Edit(1, *edit),))
    with pytest.raises(ValueError, match=sentence):
        Trainer.replay(run, dataset=dataset)

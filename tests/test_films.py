"""A network of people and films, looked at: its plane, its picture, its numbers, its gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.data.films import FilmPairs
from core.data.folds import Folds
from core.data.tables import write_tables
from core.inspect.check import gradient_check
from core.inspect.components import components_of
from core.inspect.film_plane import PLACES
from core.inspect.moment import moment_of
from core.inspect.plane import plane_of
from playground.live.camera import Camera
from playground.live.scene import Shown
from tests.live_tap import unpack
from tests.test_views import draw

EXPERIMENT = Experiment(
    DataConfig("movielens", 20_000, train_fraction=0.8),
    NetworkConfig((Dense(6, "tanh"), Dense(3, "tanh"))),
    TrainingConfig("mean_squared_error", "adam", 0.01, 64),
)


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    trainer = Trainer(EXPERIMENT)
    trainer.step(60)
    return trainer


@pytest.fixture(scope="module")
def how(trainer) -> FilmPairs:
    return trainer.dataset.preprocessing


def test_people_are_drawn_across_and_films_upwards(trainer, how) -> None:
    data, plane = trainer.dataset, plane_of(trainer.dataset, (0, 1))  # which has no other plane
    films = plane.films
    assert len({*films.people}) == len({*films.films}) == PLACES
    pairs = how.pairs(data.X_train)
    for side, shown in enumerate((films.people, films.films)):
        means = [data.y_train[pairs[:, side] == number].mean() for number in shown]
        assert (np.diff(means) >= 0).all()
    for rows, points, X in (
        (plane.train_rows, plane.train, data.X_train),
        (plane.test_rows, plane.test, data.X_test),
    ):
        assert len(rows) > 20
        np.testing.assert_array_equal(films.pairs_at(points), how.pairs(X)[rows])
    grid = plane.grid(plane.resolution(100))
    corners = how.pairs(grid)[[0, PLACES - 1, -1]].tolist()
    left, right = films.people[[0, -1]]
    bottom, top = films.films[[0, -1]]
    assert corners == [[left, top], [right, top], [right, bottom]]


def test_the_live_view_is_sent_a_picture_of_both(trainer, how) -> None:
    camera = Camera(trainer, Shown(), hover=(-1, how.people + how.films), probe=(0.2, 38.9))
    scene, (header, data) = camera.scene(), unpack(camera.data())
    assert (scene["view"], scene["columns"][0]["names"][:2]) == ("ratings", ["year", "Action"])
    assert data["input_maps"].shape == (10, PLACES, PLACES)
    assert len(header["pairs"]) == len(data["sample_y"]) == 40
    assert set(np.unique(data["sample_y"])) <= set(np.arange(1, 11) / 2)  # stars, not deviations
    assert "cells" not in header  # ten thousand columns of each

    header, arrays = unpack(camera.frame({}, exact=True, ready=True))
    assert arrays["output"].shape == arrays["big"].shape == (PLACES, PLACES)
    assert np.abs(arrays["probabilities"] - 3.5).max() < 2
    person, film = camera.plane.films.people[0], camera.plane.films.films[-1]
    stars = how.values(trainer.network.predict(how.transform([[person, film]])))[0, 0]
    name = trainer.dataset.feature_names[how.people + film]
    assert header["probe"]["pair"] == [person + 1, name]
    assert header["probe"]["stars"] == pytest.approx(stars, abs=1e-5)


def test_gradients_of_sparse_samples_are_right(trainer) -> None:
    data = trainer.dataset
    errors = gradient_check(trainer.network, data.X_train, data.y_train, "mean_squared_error")
    assert max(errors) < 1e-3


def test_a_step_of_sparse_samples_is_traced(trainer) -> None:
    moment = moment_of(trainer, 0)
    assert moment.largest_batch >= 64
    traced = moment.trace(moment.batch, as_step=True)
    person = int(trainer.dataset.X_train[moment.batch[:1]].columns[0])
    update = moment.update(traced, person, 2)
    after = trainer.branch()
    after.step(1)
    assert update.after == pytest.approx(after.network.weights[0][person, 2], abs=1e-6)


def test_components_of_sparse_rows_are_those_of_dense_ones(trainer) -> None:
    rows = trainer.dataset.X_train[:80]
    found = components_of(rows)
    np.testing.assert_allclose(found.mean, rows.dense().mean(axis=0), atol=1e-6)
    assert np.abs(found.directions[:, 9737:]).max() > 0.9  # the year
    whole = rows.dense().astype(np.float64) - found.mean
    np.testing.assert_allclose(found.project(rows), whole @ found.directions.T, atol=1e-6)
    values = np.linalg.svd(whole, compute_uv=False) ** 2
    np.testing.assert_allclose(found.shares, values[:2] / values.sum(), rtol=1e-6)
    assert not components_of(rows[np.zeros(1, int)]).shares.any()


def test_what_a_run_is_followed_by_is_all_of_it(trainer) -> None:
    wide = Trainer(replace(EXPERIMENT, network=NetworkConfig((Dense(32),))))
    for part, count in (("train", 16_000), ("test", 4_000)):
        values, _, rows = wide.estimate(part)
        assert len(rows) == count  # however many parameters the inputs have that are 0
        assert values["loss"] == pytest.approx(wide.evaluate(part)["loss"])


def test_inside_one_step_names_what_a_rating_is_of(trainer) -> None:
    (sentence,) = [m.value for m in draw("one_step", trainer).markdown if "Step" in m.value]
    row = int(moment_of(trainer).batch[0])
    names = [trainer.dataset.feature_names[k] for k in trainer.dataset.X_train[[row]].columns]
    assert all(name.replace(":", "\\:") in sentence for name in names)
    assert "more" not in sentence or len(names) > 8


def test_ratings_are_divided_into_folds(trainer) -> None:
    folds = Folds.of(trainer.dataset, 4)
    first = folds.dataset_of(0)
    assert (len(first.X_train), len(first.X_test), folds.how) == (15_000, 5_000, "share")
    assert first.preprocessing.mean == pytest.approx(3.54, abs=0.05)


def test_they_are_not_written_out_as_a_table(trainer) -> None:
    with pytest.raises(ValueError, match="20,000 rows of 9,757 columns, mostly 0"):
        write_tables(trainer.dataset)

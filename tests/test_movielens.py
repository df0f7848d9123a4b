"""Ratings of films: read, split, encoded without ever being made dense; trivial baselines."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from core.data import Preprocessing, movielens
from core.data.baselines import biases, mean_value
from core.data.movielens import film_pairs, read_ratings, split
from core.data.sparse import SparseRows, starts_of


@pytest.fixture(scope="module")
def ratings():
    return read_ratings()


def test_the_files_are_read(ratings) -> None:
    assert (len(ratings), ratings.n_people, ratings.n_films) == (100_004, 671, 9_066)
    assert set(np.unique(ratings.stars)) == set(np.arange(1, 11) / 2)
    assert len(ratings.genre_names) == 19
    first = ratings.film[0]  # 1,31,2.5: Dangerous Minds
    assert (ratings.titles[first], ratings.years[first]) == ("Dangerous Minds", 1995)
    assert (ratings.person[0], ratings.stars[0]) == (0, 2.5)
    toys = ratings.genres[0].nonzero()[0]
    names = {"Adventure", "Animation", "Children", "Comedy", "Fantasy"}
    assert {ratings.genre_names[k] for k in toys} == names
    assert np.isnan(ratings.years).sum() == 5
    assert all(ratings.titles)
    assert read_ratings() is ratings
    with pytest.raises(ValueError, match="read-only"):
        ratings.stars[0] = 5


def test_a_split_is_decided_by_its_seed() -> None:
    train, test = split(0.8, seed=4)
    assert (len(train), len(test)) == (80_003, 20_001)
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(100_004))
    np.testing.assert_array_equal(train[:800], split(0.8, seed=4, most=1000)[0])
    assert not np.array_equal(train, split(0.8, seed=5)[0])


def test_rows_are_what_they_would_be_if_dense(ratings) -> None:
    train, test = split()
    encoder = film_pairs(ratings, train)
    rows = test[:50]
    inputs = encoder.encode(ratings.person[rows], ratings.film[rows])
    dense = inputs.to_scipy().toarray()
    assert dense.shape == (50, 671 + 9066 + 1 + 19)
    years = ratings.years[ratings.film[train]].astype(float)
    for row, values in zip(rows, dense, strict=True):
        person, film = ratings.person[row], ratings.film[row]
        expected = np.zeros(encoder.n_inputs)
        expected[person] = expected[671 + film] = 1
        expected[-19:] = ratings.genres[film]
        expected[-20] = np.nan_to_num((ratings.years[film] - np.nanmean(years)) / np.nanstd(years))
        np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)


def test_a_film_of_unknown_year_and_no_genre_is_told_by_its_number_alone(ratings) -> None:
    bare = np.flatnonzero(np.isnan(ratings.years) & ~ratings.genres.any(axis=1))[:1]
    encoder = film_pairs(ratings, split()[0])
    inputs = encoder.encode(np.zeros(1, int), bare)
    assert inputs.columns.tolist() == [0, 671 + bare[0], 671 + 9066]
    assert inputs.values.tolist() == [1, 1, 0]


def test_a_million_ratings_stay_small(ratings) -> None:
    train, _ = split()
    encoder = film_pairs(ratings, train)
    many = np.tile(np.arange(len(ratings)), 10)
    person, film = ratings.person[many], ratings.film[many]
    tracemalloc.start()
    inputs = encoder.encode(person, film)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(inputs) == 1_000_040
    assert inputs.nbytes < 60e6
    assert peak < 300e6


def test_biases_by_hand(ratings) -> None:
    data = movielens.ratings_part(*split(most=100))
    how = data.preprocessing
    pairs = [[0, 0], [0, 1], [1, 1]]
    X = how.transform(pairs)
    few = replace(
        Dataset.from_arrays(X[:2], [4.0, 2.0], X[2:], [5.0], task="regression"),
        preprocessing=how,
    )
    # mean 3; film 1: (2 - 3) / (5 + 1) = -1/6; person 1 is unknown: 5 - (3 - 1/6)
    assert biases(few) == pytest.approx(2 + 1 / 6)
    assert mean_value(few) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="Only ratings"):
        biases(load_dataset(DataConfig("diabetes", 100)))


def test_what_the_rows_tell_is_enough_to_beat_the_mean(ratings) -> None:
    from sklearn.linear_model import Ridge

    train, test = split()
    encoder = film_pairs(ratings, train)
    X, Z = (encoder.encode(ratings.person[r], ratings.film[r]).to_scipy() for r in (train, test))
    model = Ridge(5.0, solver="sparse_cg", max_iter=50).fit(X, ratings.stars[train])
    error = np.sqrt(np.mean((model.predict(Z) - ratings.stars[test]) ** 2))
    assert error < 0.89


@given(st.lists(st.lists(st.floats(-9, 9, width=32), min_size=4, max_size=4), min_size=1))
def test_any_rows_may_be_taken(table: list) -> None:
    dense = np.array(table, np.float32)
    row, column = np.nonzero(dense)
    starts = starts_of(np.bincount(row, minlength=len(dense)))
    rows = SparseRows(starts, column.astype(np.int32), dense[row, column], 4)
    np.testing.assert_array_equal(rows.to_scipy().toarray(), dense)
    wanted = np.array([len(dense) - 1, 0, 0])
    taken = rows.take(wanted)
    np.testing.assert_array_equal(taken.to_scipy().toarray(), dense[wanted])
    assert len(taken) == 3


def test_it_is_a_data_set_by_name(ratings) -> None:
    data = load_dataset(DataConfig("movielens", 1000, train_fraction=0.9, seed=3))
    train, test = split(0.9, 3, 1000)
    assert (data.kind, data.task, data.is_sparse) == ("ratings", "regression", True)
    assert (len(data.X_train), len(data.X_test)) == (900, 100)
    how = data.preprocessing
    pairs = how.pairs(data.X_test)
    np.testing.assert_array_equal(pairs, np.stack([ratings.person[test], ratings.film[test]], 1))
    np.testing.assert_allclose(how.values(data.y_test)[:, 0], ratings.stars[test], atol=1e-6)
    assert how.mean == pytest.approx(ratings.stars[train].mean())
    assert data.feature_names[670:672] == ("person 671", "Toy Story (1995)")
    assert len(data.feature_names) == how.n_inputs


def test_pairs_are_made_inputs_and_back() -> None:
    how = load_dataset(DataConfig("movielens", 1000)).preprocessing
    assert Preprocessing.from_dict(json.loads(json.dumps(how.to_dict()))) == how
    raw = np.array([[670, 9065], [0, 3]])
    np.testing.assert_array_equal(how.pairs(how.transform(raw)), raw)
    for wrong, why in (
        ([[671, 0]], "no pair of person 671"),
        ([[0, -1]], "films 0 to 9065"),
        ([[0.5, 1]], "person 0.5"),
        ([[1, 2, 3]], "must be pairs"),
        ([["Ann", "Alien"]], "must be pairs"),
    ):
        with pytest.raises(ValueError, match=why):
            how.transform(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"people": 0},
        {"people": "many"},
        {"years": [1999.5]},
        {"years": []},
        {"genres": [[0]]},
        {"genres": [[1, 0]] * 9066},
        {"genres": [[99]] * 9066},
        {"genres": 7},
        {"n_genres": 10**9},
        {"year_scale": 0},
        {"year_mean": "old"},
        {"targets": []},
        {"targets": [{"mean": 3.5, "scale": 2.0}]},
        {"targets": [{"mean": None, "scale": 1.0}]},
    ],
    ids=str,
)
def test_what_a_file_says_of_pairs_is_looked_at(change) -> None:
    record = load_dataset(DataConfig("movielens", 1000)).preprocessing.to_dict()
    with pytest.raises(ValueError, match="preprocessing"):
        Preprocessing.from_dict(record | change)


def test_a_million_ratings_take_little_memory() -> None:
    data = movielens.ratings_part(*split())
    rows = np.arange(1_000_000) % len(data.X_train)
    layers = NetworkConfig((Dense(32, "relu"),))
    training = TrainingConfig("mean_squared_error", batch_size=256)
    tracemalloc.start()
    many = Dataset.from_arrays(data.X_train[rows], data.y_train[rows], task="regression")
    trainer = Trainer(Experiment(network=layers, training=training), dataset=many)
    trainer.step(300)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(many.X_train) == 1_000_000
    assert peak < 600e6

"""k folds: who tests whom, that nothing leaks, and the same bits however they are sliced."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from core import (
    CrossValidation,
    DataConfig,
    Dataset,
    Dense,
    Experiment,
    NetworkConfig,
    Trainer,
    TrainingConfig,
    cross_validate,
    load_dataset,
)
from core.crossvalidation import Spread
from core.data import bundled, splits
from core.data.folds import Folds
from core.data.making import finished
from core.data.pictures import PictureChoices, picture_dataset
from core.data.sparse import SparseRows
from core.data.tables import Feature, SplitChoices, Table, TableChoices, table_dataset
from core.refusals import Refusal
from tests.test_pictures import folders, pictures_of

FEW = settings(max_examples=25)
SMALL = Experiment(
    DataConfig("circle", n_samples=60, noise=0.2), NetworkConfig((Dense(3, "tanh"),))
)


def table(n: int = 40, *, task: str = "binary", **split: object) -> Dataset:
    """Rows of a number, a word, a group and a time; every fifth is marked for the test."""
    number = np.arange(n)
    frame = pl.DataFrame(
        {
            "number": number**1.5,
            "word": [f"w{n % 7}" for n in number],
            "group": [f"g{n % 6}" for n in number],
            "when": number[::-1] * 10,
            "part": ["test" if n % 5 == 0 else "train" for n in number],
            "class": ["yes" if n % 3 else "no" for n in number],
            "value": number * 100.0 + 5000.0,
        }
    )
    target = "class" if task == "binary" else "value"
    choices = TableChoices(
        (target,), (Feature("number"), Feature("word")), task, SplitChoices(**split), seed=3
    )
    return table_dataset(Table(frame, "rows.csv"), choices)


# -- which rows -----------------------------------------------------------------------------------


@FEW
@given(st.lists(st.integers(0, 3), min_size=10, max_size=60), st.integers(2, 10), st.integers(0, 9))
def test_every_row_is_in_one_fold_and_classes_are_shared_out(
    classes: list[int], k: int, seed: int
) -> None:
    of = np.array(classes)
    folds = splits.folds(of, k, seed)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(of)))
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1
    for each in range(4):
        counts = [int((of[fold] == each).sum()) for fold in folds]
        assert max(counts) - min(counts) <= 1


@FEW
@given(st.lists(st.integers(0, 9), min_size=20, max_size=60), st.integers(0, 9))
def test_groups_are_in_one_fold_each_and_no_fold_is_empty(groups: list[int], seed: int) -> None:
    of = np.unique(groups, return_inverse=True)[1]
    k = min(int(of.max()) + 1, 4)
    folds = splits.folds_by_group(of, k, seed)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(of)))
    assert all(len(fold) for fold in folds)
    homes = [set(of[fold].tolist()) for fold in folds]
    assert sum(map(len, homes)) == len(set().union(*homes))


FEW = folders(4).items()


def rows_tested(folds: Folds) -> list[int]:
    return sorted(np.concatenate([test for _, test in folds.rows]).tolist())


def test_rows_divided_by_lot_are_pooled_and_tested_once() -> None:
    folds = Folds.of(load_dataset(SMALL.data), 4)
    assert (folds.how, folds.untouched, rows_tested(folds)) == ("stratified", 0, list(range(60)))
    assert Folds.of(load_dataset(DataConfig("sine", 50)), 3).how == "share"
    for how in ("share", "stratified"):
        folds = Folds.of(table(how=how), 4)
        assert (folds.how, rows_tested(folds)) == ("stratified", list(range(40)))
    for train, test in folds.rows:
        assert not set(train.tolist()) & set(test.tolist())
        assert len(train) + len(test) == 40


def test_test_rows_that_somebody_chose_are_in_no_fold() -> None:
    arrays = Dataset.from_arrays(np.eye(9), np.arange(9) % 2, np.ones((4, 9)), [0, 1, 0, 1])
    marked, reviews = table(how="column", column="part"), load_dataset(DataConfig("food_reviews"))
    for dataset in (arrays, marked, reviews):
        folds = Folds.of(dataset, 3)
        assert folds.untouched == len(dataset.y_test)
        assert rows_tested(folds) == list(range(len(dataset.y_train)))
    assert marked.table is not None
    made = Folds.of(marked, 3).dataset_of(0).table
    assert made is not None
    assert set(made.train["part"]) | set(made.test["part"]) == {"train"}


def test_pictures_are_pooled_unless_their_folders_say_which_are_the_test() -> None:
    pictures = pictures_of(folders())
    dataset = picture_dataset(pictures, PictureChoices(8, True, seed=3))
    found = Folds.of(dataset, 2)
    assert (found.how, found.untouched) == ("stratified", 0)
    assert rows_tested(found) == list(range(len(dataset.y_train) + len(dataset.y_test)))
    assert found.dataset_of(0).image_shape == (8, 8, 3)
    marked = replace(dataset.pictures, choices=PictureChoices(8, True, split="folders"))
    assert Folds.of(replace(dataset, pictures=marked), 2).untouched == len(dataset.y_test)


def test_each_fold_of_pictures_holds_back_its_own() -> None:
    files = {f"{part}/{name}": data for part in ("train", "val", "test") for name, data in FEW}
    pictures = pictures_of(files)
    choices = PictureChoices(8, True, validation_fraction=0.25)
    whole = picture_dataset(pictures, choices)
    folds = Folds.of(whole, 3)
    assert rows_tested(folds) == list(range(24))
    for fold in range(3):
        made = folds.dataset_of(fold)
        assert [len(y) for y in (made.y_train, made.y_validation, made.y_test)] == [12, 4, 8]
        assert np.bincount(made.y_validation.astype(int)).tolist() == [2, 2]
        for part in ("train", "validation", "test"):  # red is the first of three colours
            X, y = getattr(made, f"X_{part}"), getattr(made, f"y_{part}")
            assert (y == 1).tolist() == (X[:, 0] > X[:, 2]).tolist()
    marked = picture_dataset(pictures, replace(choices, split="three_folders"))
    folds = Folds.of(marked, 2)
    assert (folds.untouched, rows_tested(folds)) == (8, list(range(8)))
    assert np.array_equal(folds.dataset_of(1).X_validation, marked.X_validation)
    folds = Folds.of(picture_dataset(pictures, replace(choices, split="folders")), 2)
    assert (folds.untouched, rows_tested(folds)) == (16, list(range(8)))
    assert folds.dataset_of(0).n_validation == 1


def test_groups_stay_together() -> None:
    folds = Folds.of(table(how="group", column="group"), 3)
    assert folds.how == "group"
    for fold in range(3):
        made = folds.dataset_of(fold).table
        assert made is not None
        assert not set(made.train["group"]) & set(made.test["group"])
    vowels = load_dataset(DataConfig("vowel", 990))
    folds = Folds.of(vowels, 4)
    assert (folds.how, folds.untouched) == ("group", 990 - 528)
    speakers = bundled.read("vowel").groups
    assert speakers is not None
    own = np.flatnonzero(speakers < bundled.TRAINING_SPEAKERS)
    assert sorted(len(test) for _, test in folds.rows) == [len(own) // 4] * 4, "two speakers each"


def test_folds_by_time_learn_from_what_was_before_as_scikit_learn_has_it() -> None:
    dataset = table(how="time", column="when")
    folds = Folds.of(dataset, 4)
    assert folds.how == "time"
    times = np.arange(40)
    expected = list(TimeSeriesSplit(4).split(times))
    for fold, (train, test) in enumerate(expected):
        made = folds.dataset_of(fold).table
        assert made is not None
        assert made.train["when"].to_list() == (times[train] * 10).tolist()
        assert made.test["when"].to_list() == (times[test] * 10).tolist()


@pytest.mark.parametrize(
    ("dataset", "k", "sentence"),
    [
        (table(), 1, "k is 1; it must be a whole number"),
        (table(), 41, "There are too few rows for 41 folds."),
        (table(how="time", column="when"), 40, "There are too few rows for 40 folds."),
        (table(how="group", column="group"), 7, "There are 6 groups .* too few for 7 folds."),
    ],
)
def test_folds_that_cannot_be_are_refused(dataset: Dataset, k: int, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        Folds.of(dataset, k)


# -- what is learnt from them ---------------------------------------------------------------------


def test_a_fold_is_prepared_by_its_own_training_rows() -> None:
    for name in ("iris", "diabetes"):
        made = Folds.of(load_dataset(DataConfig(name, 150, train_fraction=0.6)), 5).dataset_of(1)
        assert np.allclose(made.X_train.mean(axis=0), 0.0, atol=1e-5)
        assert np.allclose(made.X_train.std(axis=0), 1.0, atol=1e-5)
        assert np.abs(made.X_test.mean(axis=0)).max() > 1e-3
    made = Folds.of(table(task="regression"), 5).dataset_of(1)
    assert made.table is not None
    assert np.allclose(made.X_train[:, 0].mean(), 0.0, atol=1e-5)
    own = made.table.train["value"].to_numpy()
    assert np.allclose(made.y_train[:, 0], (own - own.mean()) / own.std(), atol=1e-5)
    reviews = Folds.of(load_dataset(DataConfig("food_reviews", 200)), 2)
    words = [set(reviews.dataset_of(fold).feature_names) for fold in (0, 1)]
    assert words[0] != words[1], "each from its own texts"


def test_a_fold_of_arrays_is_those_rows() -> None:
    whole = load_dataset(SMALL.data)
    train, test = Folds.of(whole, 4).rows[2]
    made = Folds.of(whole, 4).dataset_of(2)
    X = np.concatenate([whole.X_train, whole.X_test])
    assert np.array_equal(made.X_train, X[train])
    assert np.array_equal(made.X_test, X[test])
    weights = np.arange(12.0)
    dense = np.eye(12, dtype=np.float32)
    starts, columns = np.arange(13), np.arange(12, dtype=np.int32)
    sparse = SparseRows(starts, columns, np.ones(12, np.float32), 12)
    own = [
        Dataset.from_arrays(X, np.arange(12) % 2, sample_weight=weights) for X in (dense, sparse)
    ]
    folds = [Folds.of(dataset, 3) for dataset in own]
    first, second = (each.dataset_of(0) for each in folds)
    assert second.is_sparse
    assert np.array_equal(first.X_train, second.X_train.dense())
    assert np.array_equal(first.sample_weight, folds[0].rows[0][0].astype(np.float32))


def test_a_fold_of_a_table_is_prepared_in_pieces_with_the_same_bits() -> None:
    dataset = table()
    found = CrossValidation(SMALL, 4, dataset, epochs=1)
    pieces = 0
    while found.is_preparing:
        found.run_for(0.0)
        pieces += 1
    assert pieces >= 3 * 2, "of two columns: measured, made of training rows and of test rows"
    whole = Folds.of(dataset, 4, 3).dataset_of(0)
    assert found._trainer is not None
    assert np.array_equal(found._trainer.dataset.X_train, whole.X_train)
    assert np.array_equal(found._trainer.dataset.X_test, whole.X_test)
    found.give_up_fold()
    found.run_for(0.0)
    found.give_up_fold()
    found.run_for(math.inf)
    assert found.results == cross_validate(SMALL, 4, dataset, epochs=1).results


def test_a_fold_of_bundled_data_is_prepared_in_pieces_with_the_same_bits() -> None:
    folds = Folds.of(load_dataset(DataConfig("food_reviews", n_samples=200)), 3)
    shares: list[float] = []
    made = finished(folds.making(0), shares.append)
    assert shares == sorted(set(shares))
    assert len(shares) == 2
    assert np.array_equal(made.X_train, folds.dataset_of(0).X_train)


def test_classes_keep_their_numbers_where_a_fold_lacks_one() -> None:
    made = Folds.of(table(how="time", column="when"), 10).dataset_of(0)
    assert made.class_names == ("no", "yes")
    assert len(made.y_train) == 10 - 40 % 10 or len(made.y_train) < 10


# -- training them --------------------------------------------------------------------------------


def test_a_fold_is_a_run_like_any_other() -> None:
    found = cross_validate(SMALL, 3, epochs=4)
    folds = Folds.of(load_dataset(SMALL.data), 3, SMALL.data.seed)
    assert [(r.n_train, r.n_test, r.epochs) for r in found.results] == [(40, 20, 4)] * 3
    for fold, result in enumerate(found.results):
        trainer = Trainer(SMALL, dataset=folds.dataset_of(fold))
        trainer.epoch(4)
        for part, numbers in (("train", result.train), ("test", result.test)):
            expected = trainer.evaluate(part)
            assert numbers == {name: expected[name] for name in ("loss", "accuracy")}
    accuracies = [result.test["accuracy"] for result in found.results]
    spread = found.summary["accuracy"]
    assert spread == Spread(np.mean(accuracies), np.std(accuracies, ddof=1), 3)
    assert (found.is_done, found.share) == (True, 1.0)


def test_slices_make_no_difference_and_the_share_grows() -> None:
    whole, sliced = cross_validate(SMALL, 3, epochs=2), CrossValidation(SMALL, 3, epochs=2)
    shares = [sliced.share]
    while not sliced.is_done:
        shares.append(sliced.run_for(0.0))
    assert sliced.results == whole.results
    assert len(shares) > 2 * 3
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert sliced.run_for(1.0) == 1.0, "nothing is left to do"


def test_the_share_grows_while_a_fold_is_prepared() -> None:
    found = CrossValidation(SMALL, 3, table(), epochs=2)
    shares = [found.share]
    while found.is_preparing:
        shares.append(found.run_for(0.0))
    assert len(shares) > 3
    assert shares[1:-1] == sorted(set(shares[1:-1]))
    assert 0.0 < shares[1] < shares[-1] < 1 / 3


def test_a_single_value_is_judged_in_the_units_of_the_table() -> None:
    training = TrainingConfig("mean_squared_error")
    dataset = table(task="regression")
    found = cross_validate(replace(SMALL, training=training), 2, dataset, epochs=1)
    test, made = found.results[0].test, found.folds.dataset_of(0)
    scale = made.preprocessing.targets[0].scale
    assert set(test) == {"loss", "r2", "rmse", "mean_absolute_error"}
    assert math.isclose(test["rmse"], math.sqrt(test["loss"]) * scale, rel_tol=1e-4)


def test_folds_stop_early_and_those_that_diverge_are_not_averaged() -> None:
    training = TrainingConfig(early_stopping=1, learning_rate=0.1)
    found = cross_validate(replace(SMALL, training=training), 2, epochs=200)
    assert all(result.stopped and result.epochs < 200 for result in found.results)
    wild = TrainingConfig("mean_squared_error", "sgd", 1000.0)
    data = DataConfig("plane", 60)
    found = cross_validate(Experiment(data, SMALL.network, wild), 2, epochs=3)
    diverged = [result for result in found.results if result.diverged]
    assert diverged
    assert found.is_done
    assert all(spread.count == 2 - len(diverged) for spread in found.summary.values())


def test_what_cannot_be_trained_is_refused_with_the_number_of_its_fold() -> None:
    with pytest.raises(Refusal, match="epochs is 0"):
        CrossValidation(SMALL, 3, epochs=0)
    frame = pl.DataFrame({"x": [None] * 6 + [1.0] * 4, "class": list("ab" * 5), "t": range(10)})
    split = SplitChoices("time", column="t")
    choices = TableChoices(("class",), (Feature("x"),), split=split)
    dataset = table_dataset(Table(frame), choices)
    found = CrossValidation(SMALL, 5, dataset)
    for _ in range(2):
        with pytest.raises(Refusal, match="Fold 1: 'x' is empty in every training row"):
            found.run_for(math.inf)

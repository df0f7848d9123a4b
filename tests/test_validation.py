"""The validation part: rows held back from training, by which a run is judged while it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

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
    exchange,
    load_dataset,
)
from core.data import bundled, splits
from core.data.folds import Folds
from core.data.tables import (
    Feature,
    SplitChoices,
    Table,
    TableChoices,
    read_tables,
    suggest_choices,
    table_dataset,
    write_tables,
)
from core.evaluation import samples_of
from core.exchange import links
from core.history import EVALUATION_COLUMNS
from core.refusals import Refusal
from playground.drafts import Draft
from tests.test_folds import table
from tests.test_views import charts_of, draw

HELD = DataConfig("circle", n_samples=100, noise=0.2, validation_fraction=0.2)
SMALL = Experiment(HELD, NetworkConfig((Dense(4, "tanh"),)), TrainingConfig(learning_rate=0.05))


def rows(dataset: Dataset) -> list[bytes]:
    """Every row that is learnt from or held back, in order of its numbers."""
    held = dataset.X_validation if dataset.X_validation is not None else dataset.X_train[:0]
    return sorted(row.tobytes() for row in np.concatenate([dataset.X_train, held]))


# -- which rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["circle", "sine", "digits"])
def test_training_rows_are_held_back_and_the_test_is_as_it_was(name: str) -> None:
    config = DataConfig(name, n_samples=200, noise=0.1)
    before, after = load_dataset(config), load_dataset(replace(config, validation_fraction=0.25))
    assert before.X_validation is None
    assert before.y_validation is None
    assert np.array_equal(before.X_test, after.X_test)
    assert np.array_equal(before.y_test, after.y_test)
    assert after.X_validation is not None
    assert after.y_validation is not None
    assert len(after.y_validation) == len(after.X_validation) == 25
    assert rows(after) == rows(before)
    assert after.points_train is None or len(after.points_train) == len(after.y_train)


def test_held_back_rows_follow_the_rule_of_the_split() -> None:
    digits = load_dataset(DataConfig("digits", 1000, validation_fraction=0.2))
    assert digits.y_validation is not None
    counts = [np.bincount(y.astype(int)) for y in (digits.y_train, digits.y_validation)]
    assert np.abs(counts[0] / 4 - counts[1]).max() <= 1.0
    vowels = load_dataset(DataConfig("vowel", 990, validation_fraction=0.25))
    speakers = bundled.read("vowel").groups
    assert speakers is not None
    assert vowels.y_validation is not None
    assert len(vowels.y_validation) == 2 * 66, "two speakers of eight"
    iris = load_dataset(DataConfig("iris", 150, validation_fraction=0.3))
    assert np.allclose(iris.X_train.mean(axis=0), 0.0, atol=1e-5), "measured on what is left"


def test_a_table_holds_back_by_its_own_rule() -> None:
    held = table(how="stratified", validation_fraction=0.25).table
    assert held is not None
    assert (held.validation["class"] == "no").sum() == 3, "a third of eight"
    held = table(how="group", column="group", validation_fraction=0.3).table
    assert held is not None
    groups = [set(part["group"]) for part in (held.train, held.validation, held.test)]
    assert sum(map(len, groups)) == len(set().union(*groups)) == 6
    held = table(how="time", column="when", validation_fraction=0.25).table
    assert held is not None
    assert held.train["when"].max() < held.validation["when"].min()
    assert held.validation["when"].max() < held.test["when"].min()
    for how in ("share", "column"):
        column = "part" if how == "column" else ""
        made = table(how=how, column=column, validation_fraction=0.25)
        before = table(how=how, column=column)
        assert made.table is not None
        assert before.table is not None
        assert made.table.rows_test.tolist() == before.table.rows_test.tolist()
        assert sorted([*made.table.rows_train, *made.table.rows_validation]) == sorted(
            before.table.rows_train
        )


def marked() -> Table:
    number = np.arange(30)
    parts = ["train", "test", "Val"]
    return Table(
        pl.DataFrame(
            {
                "x": number * 1.0,
                "split": [parts[n % 5] if n % 5 < 3 else "train" for n in number],
                "class": ["yes" if n % 2 else "no" for n in number],
            }
        ),
        "marked.csv",
    )


def test_a_column_may_say_validation_too() -> None:
    choices = suggest_choices(marked(), ("class",))
    assert choices.split == SplitChoices(
        "column", column="split", test_values=("test",), validation_values=("Val",)
    )
    made = table_dataset(marked(), choices).table
    assert made is not None
    assert set(made.validation["split"]) == {"Val"}
    assert set(made.train["split"]) == {"train"}
    all_held = replace(choices, split=replace(choices.split, validation_values=("Val", "train")))
    with pytest.raises(Refusal, match="leaves no row for training"):
        table_dataset(marked(), all_held)


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("kind", ["table", "inputs"])
def test_what_is_taken_away_says_which_rows_were_held_back(kind: str, format: str) -> None:
    if kind == "table":
        dataset = table_dataset(marked(), suggest_choices(marked(), ("class",)))
    else:
        dataset = load_dataset(DataConfig("iris", 60, validation_fraction=0.2))
    files = write_tables(dataset, format)
    assert f"validation.{format}" in files
    again = read_tables(files)
    for name in ("X_train", "X_validation", "y_validation", "X_test"):
        assert np.array_equal(getattr(again, name), getattr(dataset, name)), name
    assert set(write_tables(load_dataset(DataConfig("iris")), "csv")) == {
        *("train.csv", "test.csv", "table.json")
    }


def test_own_arrays_may_bring_a_validation_part() -> None:
    X, y = np.eye(8), ["a", "b"] * 4
    made = Dataset.from_arrays(X, y, X[:2], y[:2], X_validation=X[:3], y_validation=["b", "a", "b"])
    assert made.y_validation is not None
    assert made.y_validation.tolist() == [1.0, 0.0, 1.0]
    for X_wrong, y_wrong, task, said in (
        (X[:3, :4], y[:3], "classification", "X_train has 8 columns, but X_validation has 4"),
        (X[:3], y[:2], "classification", "X_validation has 3 rows, but y_validation has 2"),
        (X[:2], ["a", "c"], "classification", "y_validation holds the label 'c'"),
        (X[:2], X[:2], "regression", "1 values per sample, but y_validation has 8"),
    ):
        given = range(8) if task == "regression" else y
        with pytest.raises(Refusal, match=said):
            Dataset.from_arrays(X, given, (), (), task, X_validation=X_wrong, y_validation=y_wrong)
    with pytest.raises(Refusal, match=r"Unknown part 'all'\. Choose one of: train, test, valid"):
        samples_of(made, "all", "cross_entropy")
    with pytest.raises(Refusal, match="go together"):
        Dataset.from_arrays(X, y, X_validation=X)
    with pytest.raises(Refusal, match="too few training rows"):
        load_dataset(DataConfig("circle", 10, train_fraction=0.1, validation_fraction=0.5))
    with pytest.raises(Refusal, match="too few training rows"):
        splits.held_back(np.arange(9), 0.3, 0, groups=np.zeros(9, np.int64))


# -- what watches a run ---------------------------------------------------------------------------


def test_a_run_is_evaluated_on_it_and_history_has_it_only_then() -> None:
    trainer = Trainer(SMALL)
    trainer.epoch(3)
    found, evaluations = trainer.evaluate("validation"), trainer.history.evaluations
    assert evaluations.columns == (*EVALUATION_COLUMNS, "validation_loss", "validation_metric")
    assert evaluations["validation_loss"][-1] == trainer.evaluation_now()[6] == found["loss"]
    assert evaluations["validation_metric"][-1] == found["accuracy"]
    assert trainer.history["validation_loss"].tolist() == evaluations["validation_loss"].tolist()
    assert trainer.branch().history.evaluations.columns == evaluations.columns
    without = Trainer(replace(SMALL, data=replace(HELD, validation_fraction=0.0)))
    assert without.history.evaluations.columns == EVALUATION_COLUMNS
    with pytest.raises(Refusal, match="Unknown part 'validation'"):
        without.evaluate("validation")


def test_early_stopping_and_the_best_weights_watch_validation() -> None:
    training = replace(SMALL.training, early_stopping=2)
    trainer = Trainer(replace(SMALL, training=training))
    trainer.epoch(500)
    stop = trainer.stopped
    assert stop is not None
    assert stop.part == "validation"
    assert trainer.evaluate("validation")["loss"] == pytest.approx(stop.best_loss, abs=1e-7)
    other = Trainer(replace(SMALL, training=training, data=replace(HELD, validation_fraction=0.0)))
    other.epoch(500)
    assert other.stopped is not None
    assert other.stopped.part == "test"


def test_it_travels_with_the_experiment_and_a_replay_has_the_same_bits() -> None:
    trainer = Trainer(SMALL)
    trainer.step(30)
    loaded = exchange.from_bytes(exchange.to_bytes(trainer, ".npz"), ".npz")
    assert loaded.run.experiment.data == HELD
    assert np.array_equal(Trainer.replay(loaded.run).params, trainer.params)
    assert links.from_query(links.to_query(SMALL))[0] == SMALL


# -- on the page ----------------------------------------------------------------------------------


def test_curves_and_evaluation_show_it() -> None:
    training = replace(SMALL.training, early_stopping=2)
    trainer = Trainer(replace(SMALL, training=training))
    trainer.epoch(200)
    app = draw("curves", trainer)
    for chart in charts_of(app)[:2]:
        assert {"Test", "Validation", "Training"} <= {line.get("name") for line in chart["data"]}
    said = "".join(str(caption.value) for caption in app.caption)
    assert "The lowest validation loss on record" in said
    assert "for the best, with a validation loss of" in said
    parts = draw("evaluation", trainer).dataframe[0].value
    assert list(parts.iloc[:, 0]) == ["Training", "Validation", "Test"]
    assert list(parts.iloc[:, 1]) == [40, 10, 50]


def test_a_draft_holds_back_as_it_is_told_and_forgets_values_of_another_column() -> None:
    draft = Draft("marked.csv", b"")
    draft.table, draft.choices = marked(), suggest_choices(marked(), ("class",))
    assert draft.both[1].split.validation_values == ("Val",)
    draft.split(validation_values=())
    draft.split(validation_fraction=0.2)
    assert draft.both[1].split.validation_fraction == 0.2
    draft.split(validation_values=("Val",))
    draft.split(column="x")
    assert draft.both[1].split.validation_values == ()


# -- in folds -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["circle", "digits", "vowel", "drawn", "boundary", "movielens"])
def test_each_fold_holds_back_its_own(name: str) -> None:
    data = DataConfig(name, 120, validation_fraction=0.25)
    whole = load_dataset(data)
    folds = Folds.of(whole, 3)
    made = [folds.dataset_of(fold) for fold in range(3)]
    every = len(whole.y_train) + whole.n_validation + len(whole.y_test)
    assert sum(len(each.y_test) for each in made) + folds.untouched == every
    for each, (train, _) in zip(made, folds.rows, strict=True):
        assert each.y_validation is not None
        assert len(each.y_train) + len(each.y_validation) == len(train)
        if not each.is_sparse:
            learnt, held = ({row.tobytes() for row in X} for X in (each.X_train, each.X_validation))
            assert not learnt & held


def test_folds_of_a_table_and_of_arrays_hold_back_too() -> None:
    made = Folds.of(table(validation_fraction=0.25), 4).dataset_of(0)
    assert made.y_validation is not None
    assert (len(made.y_train), len(made.y_validation), len(made.y_test)) == (22, 8, 10)
    X, y = np.eye(9), np.arange(9) % 2
    own = Dataset.from_arrays(X, y, X_validation=X[:4], y_validation=y[:4])
    fold = Folds.of(own, 3).dataset_of(0)
    assert np.array_equal(fold.X_validation, own.X_validation)
    assert len(fold.y_train) == 6


def test_rows_that_a_column_marks_for_validation_are_that_in_every_fold() -> None:
    dataset = table_dataset(marked(), suggest_choices(marked(), ("class",)))
    folds = Folds.of(dataset, 3)
    assert (folds.held, folds.untouched) == (6, 6)
    for fold in range(3):
        made = folds.dataset_of(fold).table
        assert made is not None
        assert dataset.table is not None
        assert made.rows_validation.tolist() == dataset.table.rows_validation.tolist()
        assert set(made.train["split"]) == set(made.test["split"]) == {"train"}
        assert (len(made.train), len(made.test)) == (12, 6)
    assert Folds.of(table(validation_fraction=0.25), 4).held == 0, "drawn by lot: rows like others"


@pytest.mark.parametrize("share", [0.0, 0.25])
@pytest.mark.parametrize("watching", [{}, {"early_stopping": 1}, {"schedule": "reduce_on_plateau"}])
def test_a_test_that_also_watches_is_told(watching: dict[str, Any], share: float) -> None:
    data = replace(SMALL.data, validation_fraction=share)
    training = replace(SMALL.training, **watching)
    folds = CrossValidation(replace(SMALL, data=data, training=training), 2)
    assert folds.is_watched_by_test == (bool(watching) and not share)


def test_folds_stop_by_validation_and_are_tested_on_what_stopped_nobody() -> None:
    training = replace(SMALL.training, early_stopping=1, learning_rate=0.3)
    found = cross_validate(replace(SMALL, training=training), 2, epochs=100)
    assert [result.stopped.part for result in found.results if result.stopped] == ["validation"] * 2


def test_features_of_a_table_are_measured_without_what_is_held_back() -> None:
    split = SplitChoices(validation_fraction=0.5)
    held = table_dataset(marked(), TableChoices(("class",), (Feature("x"),), split=split))
    assert np.allclose(held.X_train.mean(), 0.0, atol=1e-5)
    assert abs(held.X_validation.mean()) > 1e-3

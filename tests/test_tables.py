"""Data sets of tables: the same bits, nothing leaks, splits, and what is refused."""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data import Preprocessing, splits
from core.data.tables import (
    Cancelled,
    Feature,
    PreparationChoices,
    ReadOptions,
    SplitChoices,
    Table,
    TableChoices,
    TablePreparation,
    read_table,
    suggest_choices,
    table_dataset,
)
from core.data.tables.fitting import fit_preparation
from core.refusals import Refusal
from tests.people import FEATURES, FEW, ROWS, choices, people, same_data

# -- data sets ------------------------------------------------------------------------------------


def test_the_same_choices_give_the_same_bits() -> None:
    table = Table.from_frame(people())
    data = table_dataset(table, choices())
    same_data(data, table_dataset(table, choices()))
    other = table_dataset(table, choices(seed=1))
    assert not np.array_equal(other.table.rows_train, data.table.rows_train)
    assert data.class_names == ("no", "yes")
    assert (len(data.X_train), len(data.X_test)) == (96, 24)
    assert data.kind == "table"
    assert data.feature_names == data.preprocessing.names


@FEW
@given(st.integers(0, 23), st.sampled_from([f.column for f in FEATURES]), st.data())
def test_no_test_row_changes_what_is_measured(
    number: int, column: str, data: st.DataObject
) -> None:
    frame = people()
    before = table_dataset(Table.from_frame(frame), choices())
    row = int(before.table.rows_test[number])
    values = {
        "age": st.integers(-(10**9), 10**9) | st.none(),
        "income": st.floats() | st.none(),
        "city": st.text(max_size=5) | st.none(),
        "member": st.booleans() | st.none(),
        "since": st.datetimes(datetime.datetime(1000, 1, 1)) | st.none(),
        "note": st.text(max_size=20) | st.none(),
    }
    changed = frame[column].to_list()
    changed[row] = data.draw(values[column])
    new = pl.Series(column, changed, dtype=frame[column].dtype)
    after = table_dataset(Table.from_frame(frame.with_columns(new)), choices())
    assert after.preprocessing == before.preprocessing
    np.testing.assert_array_equal(after.X_train, before.X_train)


def test_a_training_row_does_change_what_is_measured() -> None:
    frame = people()
    before = table_dataset(Table.from_frame(frame), choices())
    ages = frame["age"].to_list()
    ages[int(before.table.rows_train[0])] = 10**6
    changed = frame.with_columns(age=pl.Series(ages))
    assert table_dataset(Table.from_frame(changed), choices()).preprocessing != before.preprocessing


def test_regression_targets_are_measured_on_training_rows_and_come_back() -> None:
    made = choices(targets=("income", "age"), features=FEATURES[2:], task="multi_output_regression")
    frame = people()
    data = table_dataset(Table.from_frame(frame), made)
    known = frame.filter(
        pl.col("age").is_not_null() & (pl.col("income").fill_nan(None)).is_not_null()
    )
    assert len(data.X_train) + len(data.X_test) == known.height
    np.testing.assert_allclose(data.y_train.mean(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(data.y_train.std(axis=0), 1.0, atol=1e-6)
    values = data.table.test.select("income", "age").to_numpy()
    np.testing.assert_allclose(data.preprocessing.values(data.y_test), values, rtol=1e-5)
    plain = replace(made, preparation=PreparationChoices(standardize_target=False))
    unscaled = table_dataset(Table.from_frame(frame), plain)
    np.testing.assert_allclose(unscaled.y_test, values, rtol=1e-6)
    assert unscaled.preprocessing.targets == ()


def test_rows_without_a_target_are_left_out_and_counted() -> None:
    frame = people().with_columns(
        pl.when(pl.int_range(pl.len()) < 7).then(None).otherwise("class").alias("class")
    )
    data = table_dataset(Table.from_frame(frame), choices())
    assert len(data.X_train) + len(data.X_test) == ROWS - 7
    (remark,) = data.table.remarks
    assert remark.sentence == "7 rows have no 'class' and are left out."


def test_classes_without_a_training_row_are_told() -> None:
    names = ["old"] * 30 + [f"new {n}" for n in range(7)] * 2
    frame = pl.DataFrame({"when": range(44), "x": [1.0, 2.0] * 22, "y": names})
    split = SplitChoices("time", column="when", train_fraction=0.6)
    made = TableChoices(("y",), (Feature("x"),), "multiclass", split)
    (remark,) = table_dataset(Table.from_frame(frame), made).table.remarks
    assert remark.sentence == (
        "In no training row 'y' is 'new 0', 'new 1', 'new 2', 'new 3', 'new 4', …: what no row "
        "shows cannot be learnt."
    )
    shares = replace(made, split=SplitChoices("stratified"))
    assert not table_dataset(Table.from_frame(frame), shares).table.remarks


def test_each_target_that_is_missing_is_named() -> None:
    numbers = [float(n) for n in range(40)]
    frame = pl.DataFrame({"x": numbers, "a": numbers, "b": [None] * 3 + numbers[3:]})
    made = TableChoices(("a", "b"), (Feature("x"),), "multi_output_regression")
    (remark,) = table_dataset(Table.from_frame(frame), made).table.remarks
    assert remark.sentence == "3 rows have no 'b' and are left out."


def test_numbers_as_classes_keep_their_order() -> None:
    frame = pl.DataFrame({"x": [float(n) for n in range(40)], "y": [10, 9, 2, 100] * 10})
    made = TableChoices(("y",), (Feature("x"),), "multiclass")
    data = table_dataset(Table.from_frame(frame), made)
    assert data.class_names == ("2", "9", "10", "100")
    np.testing.assert_array_equal(
        data.y_train, [[2, 1, 0, 3][r % 4] for r in data.table.rows_train]
    )


def test_progress_is_told_and_may_cancel() -> None:
    told: list[float] = []
    table = Table.from_frame(people())
    table_dataset(table, choices(), lambda done, total: told.append(done / total))
    assert told == sorted(told)
    assert len(told) == 1 + 3 * len(FEATURES), "split; measured, made of training and of test"
    assert told[-1] == 1.0

    def cancel(done: float, total: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        table_dataset(table, choices(), cancel)


# -- splits ---------------------------------------------------------------------------------------


def split_rows(**how: object) -> tuple[np.ndarray, np.ndarray]:
    data = table_dataset(Table.from_frame(people()), choices(split=SplitChoices(**how)))
    train, test = data.table.rows_train, data.table.rows_test
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(ROWS))
    return train, test


def test_share_and_stratified() -> None:
    train, _ = split_rows(how="share", train_fraction=0.6)
    assert len(train) == 72
    assert (np.diff(train) < 0).any(), "in random order"
    train, test = split_rows(how="stratified", train_fraction=0.75)
    classes = (people()["class"] == "yes").to_numpy()
    assert abs(classes[train].sum() - 0.75 * classes.sum()) < 1.0
    assert abs(classes[test].sum() - 0.25 * classes.sum()) < 1.0


def test_rows_of_one_group_stay_together() -> None:
    train, test = split_rows(how="group", column="city", train_fraction=0.5)
    cities = np.array([str(city) for city in people()["city"]])
    assert not set(cities[train]) & set(cities[test])
    assert len(test)
    assert len(train)


def test_the_last_rows_by_time_are_the_test() -> None:
    train, test = split_rows(how="time", column="since", train_fraction=0.8)
    np.testing.assert_array_equal(np.concatenate([train, test]), np.arange(ROWS))
    train, test = split_rows(how="time", column="age", train_fraction=0.8)
    ages = people()["age"].fill_null(-1).to_numpy()
    assert ages[train].max() <= ages[test].min()


def test_a_column_says_which_rows_are_the_test() -> None:
    train, test = split_rows(how="column", column="city", test_values=("Rome", "Tuvalu"))
    assert set(people()["city"][test]) == {"Rome", "Tuvalu"}
    assert len(train) > len(test)


@FEW
@given(st.lists(st.integers(0, 5), min_size=2, max_size=40), st.integers(0, 9), st.data())
def test_groups_are_whole_whatever_they_are(
    sizes: list[int], seed: int, data: st.DataObject
) -> None:
    groups = np.unique(sizes, return_inverse=True)[1]
    n_train = data.draw(st.integers(1, len(groups) - 1))
    train, test = splits.by_group(groups, n_train, seed)
    assert sorted([*train, *test]) == list(range(len(groups)))
    assert not set(groups[train]) & set(groups[test])
    assert len(train)
    assert len(test) or len(set(sizes)) == 1


# -- bad input ------------------------------------------------------------------------------------


NUMBERS = {"x": [1.0, 2.0, 3.0, 4.0] * 10, "y": ["a", "b"] * 20}


@pytest.mark.parametrize(
    ("columns", "changes", "sentence"),
    [
        ({}, {"targets": ("z",)}, "Unknown column 'z'. Choose one of: x, y."),
        ({}, {"features": (Feature("y"),)}, "'y' is both a target and a feature."),
        ({}, {"features": (Feature("x"), Feature("x"))}, "features lists 'x' twice"),
        ({}, {"targets": ("y", "x"), "features": (Feature("w"),)}, "Unknown column 'w'."),
        ({}, {"split": SplitChoices("group", column="q")}, "Unknown column 'q'."),
        ({}, {"split": SplitChoices("column", column="y")}, "leaves no row for training or none"),
        ({}, {"split": SplitChoices("time", column="y")}, "Row 1 of 'y' is 'a', which is no date."),
        ({}, {"task": "regression"}, "Row 1 of 'y' is 'a', which is no number."),
        ({"y": ["a"] * 40}, {}, "'y' is always 'a'; there must be two classes at least."),
        ({"y": ["a"] + [None] * 39}, {}, "1 rows have a value of 'y'; a data set needs 2"),
        ({"y": pl.Series([None] * 40, dtype=pl.String)}, {}, "0 rows have a value of 'y'"),
        ({"y": ["a", "b", "c", "d"] * 10}, {}, "'y' has 4 classes, and the task binary has two."),
        ({"y": [1.0, math.inf] * 20}, {"task": "regression"}, "Row 2 of 'y' is inf, which is no"),
        ({"y": [1e300, -1e300] * 20}, {"task": "regression"}, "'y' holds numbers too large to be"),
        ({"x": [1e300, -1e300] * 20}, {}, "'x' holds numbers too large to be scaled."),
        (
            {"x": pl.Series([None] * 40, dtype=pl.Float64)},
            {},
            "'x' is empty in every training row.",
        ),
        ({"x": [math.nan] * 40}, {}, "'x' is empty in every training row."),
        (
            {"x": ["1", "2", "x", "4"] * 10},
            {"features": (Feature("x", "number"),)},
            "of 'x' is 'x', which",
        ),
        (
            {"x": ["!"] * 40},
            {"features": (Feature("x", "text"),), "preparation": PreparationChoices(text="tf_idf")},
            "There are no words in 'x'.",
        ),
    ],
)
def test_choices_that_a_table_does_not_bear_are_refused(
    columns: dict[str, object], changes: dict[str, object], sentence: str
) -> None:
    table = Table.from_frame(pl.DataFrame(NUMBERS | columns))
    made = replace(TableChoices(("y",), (Feature("x"),), "binary"), **changes)
    with pytest.raises(Refusal, match=re.escape(sentence)):
        table_dataset(table, made)


@pytest.mark.parametrize("seed", range(4))  # the row is among the training rows, and the others
@pytest.mark.parametrize("treatment", ["number", "date"])
def test_a_cell_that_cannot_be_read_is_named_by_its_row_in_the_table(
    treatment: str, seed: int
) -> None:
    cells = ["1" if treatment == "number" else "2024-02-01"] * 100
    cells[70] = "abc"
    frame = pl.DataFrame({"x": cells, "y": ["a", "b"] * 50})
    half = SplitChoices(train_fraction=0.5)
    made = TableChoices(("y",), (Feature("x", treatment),), "binary", half, seed=seed)
    with pytest.raises(Refusal, match=r"Row 71 of 'x' is 'abc'"):
        table_dataset(Table.from_frame(frame), made)


def test_rows_without_a_target_are_counted_where_a_target_is_no_number() -> None:
    frame = pl.DataFrame({"x": [1.0] * 40, "y": [None] * 20 + ["1"] * 9 + ["abc"] + ["2"] * 10})
    made = TableChoices(("y",), (Feature("x", "number"),), "regression", SplitChoices())
    with pytest.raises(Refusal, match=r"Row 30 of 'y' is 'abc'"):
        table_dataset(Table.from_frame(frame), made)


def test_one_column_and_one_row_are_refused() -> None:
    with pytest.raises(Refusal, match="The table has one column, 'x'; it needs two"):
        suggest_choices(Table.from_frame(pl.DataFrame({"x": [1, 2]})))
    row = Table.from_frame(pl.DataFrame({"x": [1.0], "y": [2.0]}))
    with pytest.raises(Refusal, match="No column of the table can be a target"):
        suggest_choices(row)
    with pytest.raises(Refusal, match="1 rows have a value of 'y'; a data set needs 2"):
        table_dataset(row, TableChoices(("y",), (Feature("x"),), "regression"))


def test_a_million_categories_are_one_other() -> None:
    n = 20_000
    frame = pl.DataFrame({"k": [f"k{i}" for i in range(n)], "y": ["a", "b"] * (n // 2)})
    table = Table.from_frame(frame)
    made = TableChoices(("y",), (Feature("k", "category"),), "binary")
    data = table_dataset(table, made)
    assert data.feature_names == ("k = (other)",)
    with pytest.raises(Refusal, match=r"'k' has 20000 different values, too many for classes"):
        table_dataset(table, TableChoices(("k",), (Feature("y"),), "multiclass"))


def test_inputs_beyond_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.tables.preparation.MAX_INPUT_BYTES", 1 << 20)
    frame = pl.DataFrame({"t": ["some words"] * 3000, "y": ["a", "b"] * 1500})
    made = TableChoices(("y",), (Feature("t", "text"),), "binary")
    with pytest.raises(Refusal, match=r"2400 rows of 256 inputs are more than the 1 MB .* of 't'"):
        table_dataset(Table.from_frame(frame), made)


def test_options_of_a_table_are_those_that_it_was_read_with() -> None:
    table = read_table(b"a;b\n1,5;x\n2,5;y\n")
    assert read_table(b"a;b\n1,5;x\n", options=table.options).frame["a"].to_list() == [1.5]
    assert isinstance(table.options, ReadOptions)
    made = TablePreparation(
        fit_preparation(table.frame, (Feature("a"),), PreparationChoices()).steps
    )
    assert made.columns == ("a",)


def test_dates_that_stay_texts_are_meant_as_the_table_was_read() -> None:
    written = [f"{day}/{month}/2024" for month in (1, 2, 3) for day in (1, 5, 9)]
    frame = pl.DataFrame({"when": written, "y": [0.0, 1.0, 2.0] * 3})
    options = ReadOptions(day_first=True, kinds={"when": "text"})
    wanted = TableChoices(
        ("y",), (Feature("when", "date"),), "regression", SplitChoices("time", 0.7, "when")
    )
    made = table_dataset(Table(frame, "t.csv", options), wanted)
    assert made.table is not None
    assert made.table.test["when"].to_list() == ["1/3/2024", "5/3/2024", "9/3/2024"]
    again = Preprocessing.from_dict(made.preprocessing.to_dict())
    assert np.array_equal(again.transform(made.table.train), made.X_train)
    first, second = (again.transform([{"when": day}]) for day in ("1/2/2024", "2024-02-01"))
    assert np.array_equal(first, second)
    old = made.preprocessing.to_dict()
    del old["steps"][0]["day_first"]
    assert not Preprocessing.from_dict(old).steps[0].day_first

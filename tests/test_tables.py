"""A table from its columns to a data set: reports, choices, preparation, splits, files."""

from __future__ import annotations

import datetime
import json
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.utils import murmurhash3_32

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig, exchange
from core.data import Dataset, Preprocessing, load_dataset, splits
from core.data.tables import (
    Cancelled,
    Feature,
    PreparationChoices,
    ReadOptions,
    SplitChoices,
    Table,
    TableChoices,
    TablePreparation,
    describe,
    read_table,
    read_tables,
    suggest_choices,
    suggest_features,
    suggest_target,
    suggest_task,
    table_dataset,
    write_tables,
)
from core.data.tables.fitting import fit_preparation
from core.exchange import readme, table_inputs
from core.refusals import Refusal, Sentence

FEW = settings(max_examples=25)
ROWS = 120
ARRAYS = ("X_train", "y_train", "X_test", "y_test")


def people(rows: int = ROWS) -> pl.DataFrame:
    """Rows of every kind of column, with some missing everywhere but in the target."""
    number = np.arange(rows)
    ages = [None if n % 11 == 3 else 20 + (n * 7) % 50 for n in number.tolist()]
    cities = [None if n % 13 == 5 else ("Bonn", "Rome", "Oslo")[n % 3] for n in number.tolist()]
    rare = ["Tuvalu" if n == 8 else city for n, city in enumerate(cities)]
    notes = [
        ("good soup", "bad soup today", None, "no soup at all")[n % 4] for n in number.tolist()
    ]
    first = datetime.datetime(2023, 11, 3, 7)
    return pl.DataFrame(
        {
            "id": number + 1000,
            "age": pl.Series(ages, dtype=pl.Int64),
            "income": [float(n) ** 1.5 if n % 7 else math.nan for n in number.tolist()],
            "city": rare,
            "member": [bool(n % 2) if n % 17 else None for n in number.tolist()],
            "since": [first + datetime.timedelta(hours=37 * n) for n in number.tolist()],
            "note": notes,
            "same": ["x"] * rows,
            "class": ["yes" if (n * n) % 7 < 3 else "no" for n in number.tolist()],
        }
    )


FEATURES = (
    Feature("age", "number"),
    Feature("income", "number"),
    Feature("city", "category"),
    Feature("member", "number"),
    Feature("since", "date"),
    Feature("note", "text"),
)


def choices(**changes: object) -> TableChoices:
    return replace(TableChoices(("class",), FEATURES, "binary"), **changes)


def same_data(one: Dataset, other: Dataset) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    assert (one.task, one.class_names) == (other.task, other.class_names)
    assert (one.feature_names, one.preprocessing) == (other.feature_names, other.preprocessing)


# -- columns --------------------------------------------------------------------------------------


def test_every_column_is_described() -> None:
    reports = {report.name: report for report in describe(Table.from_frame(people()))}
    assert {name: report.kind for name, report in reports.items()} == {
        "id": "identifier",
        "age": "number",
        "income": "number",
        "city": "category",
        "member": "boolean",
        "since": "date",
        "note": "category",
        "same": "constant",
        "class": "category",
    }
    age, city = reports["age"], reports["city"]
    assert (age.missing, age.distinct, age.low, age.high) == (11, 50, 20, 69)
    assert city.examples == ("Bonn", "Rome", "Oslo", "Tuvalu")
    assert reports["since"].low == datetime.datetime(2023, 11, 3, 7)


def found(frame: pl.DataFrame, *targets: str) -> dict[str, list[str]]:
    reports = describe(Table.from_frame(frame), targets)
    return {r.name: [f.code for f in r.findings] for r in reports if r.findings}


def test_what_a_person_should_know_is_pointed_out() -> None:
    n = np.arange(200)
    frame = pl.DataFrame(
        {
            "a": n % 17 * 1.5,
            "b": n % 17 * 1.5,
            "fixed": ["x"] * 200,
            "empty": pl.Series([None] * 200, dtype=pl.String),
            "few": pl.Series([None] * 150 + [1.0, 2.0] * 25),
            "key": [f"K{k}" for k in n],
            "told": ["b" if k % 20 else "a" for k in n],
            "y": ["no" if k % 20 else "yes" for k in n],
            "odd": [math.inf if k == 7 else float(k % 9) for k in n],
            "many": [f"v{k % 150}" for k in n],
        }
    )
    assert found(frame, "y") == {
        "b": ["duplicate"],
        "fixed": ["constant"],
        "empty": ["all_missing"],
        "few": ["mostly_missing"],
        "key": ["identifier"],
        "told": ["leak"],
        "y": ["imbalance"],
        "odd": ["not_finite"],
        "many": ["many_categories"],
    }
    said = {
        r.name: r.findings[0].sentence
        for r in describe(Table.from_frame(frame), ("y",))
        if r.findings
    }
    assert all(isinstance(sentence, Sentence) for sentence in said.values())
    assert said["b"] == "'b' is the same as 'a' in every row."
    assert said["y"] == "The classes of 'y' are unequal: 190 rows are 'no', only 10 are 'yes'."
    assert "such as inf in row 8" in said["odd"]
    assert said["told"].startswith("'told' alone tells 'y'.")


def test_another_unit_of_a_number_gives_it_away() -> None:
    x = np.arange(50) ** 1.1
    frame = pl.DataFrame({"f": x * 1.8 + 32.0, "noise": np.sin(x), "c": x})
    assert found(frame, "c") == {"f": ["leak"]}
    assert found(frame) == {}


def test_a_few_rows_that_agree_by_accident_give_nothing_away() -> None:
    pairs = {"pair": [n // 2 for n in range(16)], "y": ["a"] * 14 + ["b"] * 2}
    assert "pair" not in found(pl.DataFrame(pairs), "y")
    many = {"pair": [n // 2 for n in range(160)], "y": ["a", "a", "b", "b"] * 40}
    assert found(pl.DataFrame(many), "y") == {"pair": ["leak"]}


def test_columns_may_have_any_names() -> None:
    names = ["count", "rows", "targets", "value", "target", "literal", "len", "index", "class"]
    columns = {name: [n % (k + 2) for n in range(60)] for k, name in enumerate(names)}
    table = Table.from_frame(pl.DataFrame(columns))
    for name in names:
        made = suggest_choices(table, [name])
        data = table_dataset(table, made)
        same_data(read_tables(write_tables(data)), data)


def test_running_text_is_told_from_categories_and_names() -> None:
    n = range(60)
    frame = pl.DataFrame(
        {
            "text": [f"the {k} quick brown foxes jump" for k in n],
            "中文": [
                "这家餐厅的味道非常好而且服务员十分热情下次我还会再来并且推荐给所有朋友们"
                + "好" * k
                for k in n
            ],
            "code": [f"AB-{k}" for k in n],
            "place": [f"New York {k % 3}" for k in n],
            "down": [60 - k for k in n],
        }
    )
    kinds = {report.name: report.kind for report in describe(Table.from_frame(frame))}
    assert kinds == {
        "text": "text",
        "中文": "text",
        "code": "identifier",
        "place": "category",
        "down": "identifier",
    }


def test_long_codes_and_random_numbers_name_rows() -> None:
    random = np.random.default_rng(0)
    numbers = random.permutation(10_000)[:60]
    names = ["customer_id", "ID", "orderId", "Kunden-Nr", "student no", "编号", "订单号"]
    frame = pl.DataFrame(
        {
            "uuid": [str(uuid.UUID(int=int(k) << 90)) for k in numbers],
            **dict.fromkeys(names, numbers),
            **dict.fromkeys(("income", "bid", "volcano"), numbers),
            "seen_id": numbers // 500,
            "weight_id": numbers + 0.5,
        }
    )
    reports = describe(Table.from_frame(frame))
    kinds = {report.name: report.kind for report in reports}
    assert [name for name, kind in kinds.items() if kind == "identifier"] == ["uuid", *names]
    assert {kind for name, kind in kinds.items() if name not in ("uuid", *names)} == {"number"}
    assert "identifier" in [finding.code for finding in reports[1].findings]


# -- suggestions ----------------------------------------------------------------------------------


def test_target_task_features_and_split_are_suggested() -> None:
    table = Table.from_frame(people())
    assert suggest_target(table) == "class"
    assert suggest_task(table, ["class"]) == "binary"
    assert suggest_task(table, ["city"]) == "multiclass"
    assert suggest_task(table, ["income"]) == "regression"
    assert suggest_task(table, ["income", "age"]) == "multi_output_regression"
    assert suggest_task(table, ["member"]) == "binary"
    made = suggest_choices(table)
    assert made.features == (
        Feature("age", "number"),
        Feature("income", "number"),
        Feature("city", "category"),
        Feature("member", "number"),
        Feature("since", "date"),
        Feature("note", "category"),
    )
    assert (made.targets, made.task, made.split.how) == (("class",), "binary", "stratified")
    assert suggest_choices(table, ["income"]).split.how == "share"


def test_a_column_that_says_so_splits_and_is_no_feature() -> None:
    frame = people().with_columns(set=pl.Series(["train"] * 100 + ["Test"] * 20))
    made = suggest_choices(Table.from_frame(frame))
    assert made.split == SplitChoices("column", column="set", test_values=("Test",))
    assert "set" not in [feature.column for feature in made.features]
    data = table_dataset(Table.from_frame(frame), made)
    assert (len(data.X_train), len(data.X_test)) == (100, 20)


@pytest.mark.parametrize(
    ("columns", "target", "task"),
    [
        ({"Species": list("aabb") * 9, "y": range(36)}, "Species", "binary"),
        (
            {"letter": list("abcd") * 9, "x": range(0, 72, 2), "z": [1.5, 2.5] * 18},
            "letter",
            "multiclass",
        ),
        ({"x": [1.5, 2.0] * 18, "rooms": [1, 2, 3] * 12}, "rooms", "multiclass"),
        (
            {"sex": list("fm") * 9, "smoker": list("yn") * 9, "charges": np.linspace(0, 1, 18)},
            "charges",
            "regression",
        ),
        ({"x": [1, 2, 3], "y": [1.0, 2.0, 3.0]}, "y", "regression"),
    ],
)
def test_targets_of_all_sorts(columns: dict[str, list[object]], target: str, task: str) -> None:
    table = Table.from_frame(pl.DataFrame(columns))
    assert suggest_target(table) == target
    assert suggest_task(table, [target]) == task


def test_what_gives_the_target_away_is_no_feature_unless_nothing_else_is_left() -> None:
    frame = people().with_columns(hint=pl.col("class").replace({"yes": "j", "no": "n"}))
    features = suggest_features(Table.from_frame(frame), ["class"])
    assert "hint" not in [feature.column for feature in features]
    only = suggest_features(Table.from_frame(frame.select("hint", "class")), ["class"])
    assert only == (Feature("hint", "category"),)


def test_choices_survive_json_and_refuse_what_is_not_among_them() -> None:
    made = choices(split=SplitChoices("time", 0.7, "since"), seed=5)
    made = replace(made, preparation=PreparationChoices(text="tf_idf", max_categories=7))
    assert TableChoices.from_json(made.to_json()) == made
    assert TableChoices.from_json("{}") == TableChoices()
    for text, sentence in (
        ("[]", "TableChoices must be a JSON object."),
        ("{", "The description of the table is not readable JSON."),
        ('{"tasks": 1}', "Unknown field 'tasks' of TableChoices. Did you mean 'task'"),
        ('{"task": "rank"}', "Unknown task 'rank'."),
        ('{"features": {}}', "features is {}; it must be a list."),
        ('{"features": ["a"]}', "Feature must be a JSON object."),
        ('{"split": {"how": "by"}}', "Unknown split 'by'."),
        ('{"split": {"train_fraction": 1}}', "train_fraction is 1; it must be a number between"),
        ('{"preparation": {"max_categories": 1}}', "max_categories is 1; it must be a whole"),
        ('{"targets": ["a", "a"]}', "targets lists 'a' twice"),
        ('{"targets": [""], "seed": -1}', "seed is -1; it must be a whole number"),
    ):
        with pytest.raises(Refusal, match=re.escape(sentence)):
            TableChoices.from_json(text)


# -- preparation against scikit-learn -------------------------------------------------------------


def parts(column: np.ndarray) -> np.ndarray:
    """days, month, day, weekday and hour of Python's datetimes, as `steps.part_of` has them."""
    dates = [row[0] for row in column]
    epoch = datetime.datetime(1970, 1, 1)
    return np.array(
        [
            [(d - epoch) / datetime.timedelta(days=1), d.year, d.month, d.day, d.weekday(), d.hour]
            for d in dates
        ],
        dtype=float,
    )


def texts(column: np.ndarray) -> list[str]:
    return ["" if row[0] is None else row[0] for row in column]


def reference(how: PreparationChoices) -> ColumnTransformer:
    """The same preparation as a pipeline that a person would write with scikit-learn."""
    scaler = {"standardize": StandardScaler, "min_max": MinMaxScaler, "none": FunctionTransformer}
    number = make_pipeline(
        SimpleImputer(strategy=how.impute_number, fill_value=how.number_fill),
        scaler[how.scaling](),
    )
    if how.indicator:
        number = make_union(number, MissingIndicator(features="all"))
    strategy = "constant" if how.impute_category == "own" else "most_frequent"
    category = make_pipeline(
        SimpleImputer(missing_values=None, strategy=strategy, fill_value="(missing)"),
        OneHotEncoder(
            max_categories=how.max_categories,
            min_frequency=how.min_frequency or None,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        ),
    )
    date = make_pipeline(FunctionTransformer(parts), scaler[how.scaling]())
    if how.indicator:
        date = make_union(date, FunctionTransformer(lambda column: np.zeros((len(column), 1))))
    words = {"analyzer": "char", "ngram_range": (1, 2)} if how.tokens == "characters" else {}
    bag = (
        HashingVectorizer(n_features=how.text_size, **words)
        if how.text == "hashed"
        else TfidfVectorizer(max_features=how.text_size, **words)
    )
    note = make_pipeline(FunctionTransformer(texts), bag)
    ways = [number, number, category, number, date, note]
    named = [(f"{i}", way, [i]) for i, way in enumerate(ways)]
    return ColumnTransformer(named, sparse_threshold=0.0)


def as_objects(frame: pl.DataFrame) -> np.ndarray:
    """Rows for scikit-learn: None for missing categories and texts, nan for missing numbers."""
    wanted = frame.select(feature.column for feature in FEATURES)
    table = np.empty((wanted.height, wanted.width), dtype=object)
    for number, column in enumerate(wanted.get_columns()):
        cells = column.to_list()
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            cells = [math.nan if cell is None else float(cell) for cell in cells]
        table[:, number] = cells
    return table


PREPARATIONS = [
    PreparationChoices(),
    PreparationChoices(impute_number="mean", scaling="min_max", text="tf_idf"),
    PreparationChoices(impute_number="constant", number_fill=-1.0, scaling="none", indicator=True),
    PreparationChoices(impute_category="own", min_frequency=0.0, max_categories=3),
    PreparationChoices(min_frequency=0.02, tokens="characters", text_size=16),
    PreparationChoices(min_frequency=0.0, text="tf_idf", tokens="characters", text_size=9),
]


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_preparation_is_scikit_learns(how: PreparationChoices) -> None:
    frame = people()
    train, test = frame[:80], frame[80:]
    unknown = test.with_columns(
        city=pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("Lima")).otherwise("city")
    )
    made = fit_preparation(train, FEATURES, how)
    pipeline = reference(how).fit(as_objects(train))
    for rows in (train, test, unknown):
        expected = pipeline.transform(as_objects(rows)).astype(np.float64)
        np.testing.assert_allclose(made.transform(rows), expected, rtol=2e-6, atol=1e-6)
    assert len(made.names) == made.n_inputs == expected.shape[1]
    assert len(set(made.names)) == made.n_inputs


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_preparation_travels_as_json(how: PreparationChoices) -> None:
    made = fit_preparation(people(), FEATURES, how)
    again = Preprocessing.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False)))
    assert again == made
    np.testing.assert_array_equal(again.transform(people()), made.transform(people()))


def test_raw_rows_may_come_in_every_form() -> None:
    frame = people()
    made = fit_preparation(frame, FEATURES, PreparationChoices())
    X = made.transform(frame)
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    wanted = frame.select(made.columns)
    without = [{k: v for k, v in row.items() if v is not None} for row in frame.to_dicts()]
    written = [{k: v if v is None else str(v) for k, v in row.items()} for row in frame.to_dicts()]
    for raw in (frame.to_dicts(), without, written, wanted.rows(), np.array(wanted.rows(), object)):
        np.testing.assert_array_equal(made.transform(raw), X)
    numbers = fit_preparation(frame, FEATURES[:2], PreparationChoices())
    array = frame.select("age", "income").cast(pl.Float64).fill_null(math.nan).to_numpy()
    np.testing.assert_array_equal(numbers.transform(array), numbers.transform(frame))


def test_numbers_may_be_categories_and_categories_numbers() -> None:
    frame = pl.DataFrame(
        {"n": [1, 2, 3, 1], "x": [1.0, 2.5, 2.5, 1.0], "d": ["1", "2", " 3", None]}
    )
    features = (Feature("n", "category"), Feature("x", "category"), Feature("d", "number"))
    made = fit_preparation(frame, features, PreparationChoices(min_frequency=0.0))
    assert made.names == ("n = 1", "n = 2", "n = 3", "x = 1", "x = 2.5", "d")
    np.testing.assert_array_equal(
        made.transform([{"n": 1.0, "x": 1, "d": 2}])[0, :5], [1, 0, 0, 1, 0]
    )


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ([{"age": "x"}], "Row 1 of 'age' is 'x', which is no number."),
        ([{"age": 1}, {"since": "soon"}], "Row 2 of 'since' is 'soon', which is no date."),
        ([{"since": 5}], "'since' holds no dates."),
        (pl.DataFrame({"age": [1]}), "The raw data have no column 'income'."),
        (np.zeros((2, 3)), "Raw data has 3 columns, but this network was trained on 6."),
        (7, "Raw data must be a frame, a list of dicts, or"),
        ([], "Raw data must be a frame, a list of dicts, or"),
        ([[1, 2], [3]], "Raw data must be a frame, a list of dicts, or"),
    ],
)
def test_raw_rows_that_do_not_fit_are_refused(raw: object, sentence: str) -> None:
    made = fit_preparation(people(), FEATURES, PreparationChoices())
    with pytest.raises(Refusal, match=re.escape(sentence)):
        made.transform(raw)


def test_values_that_training_never_saw_stay_finite() -> None:
    made = fit_preparation(people(), FEATURES, PreparationChoices())
    extreme = [{"age": 1e300, "income": math.inf, "city": "?", "since": datetime.date(9999, 1, 1)}]
    assert np.isfinite(made.transform(extreme)).all()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
SCALING = {"fill": 0.0, "shift": 0.0, "scale": 1.0}
STEPS = [
    {"kind": "number", "column": "a", "scaling": SCALING, "indicator": False},
    {"kind": "category", "column": "a", "categories": ["x"], "other": False, "fill": "x"},
    {
        "kind": "date",
        "column": "a",
        "parts": [{"part": "day", "scaling": SCALING}],
        "indicator": True,
    },
    {"kind": "text", "column": "a", "size": 1, "tokens": "words", "words": ["x"], "idf": [1.0]},
]


@FEW
@given(st.sampled_from(STEPS), st.data())
def test_a_preparation_of_anybodys_file_is_read_or_refused(
    step: dict[str, object], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(step)))
    record = {"kind": "table", "steps": [step | {name: data.draw(JSON)}], "targets": []}
    try:
        made = Preprocessing.from_dict(record)
    except Refusal:
        return
    assert Preprocessing.from_dict(made.to_dict()) == made
    assert made.transform([{}]).shape == (1, made.n_inputs)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": []}, "The preparation has no columns."),
        ({"steps": [STEPS[0], STEPS[1]]}, "The preparation has two columns of one name."),
        ({"steps": [STEPS[0] | {"kind": "code"}]}, "Unknown kind of step 'code'."),
        ({"steps": [STEPS[0] | {"scaling": SCALING | {"scale": 0}}]}, "scale is 0; it must be"),
        ({"steps": [STEPS[1] | {"categories": ["x", "x"]}]}, "categories of 'a' must be different"),
        ({"steps": [STEPS[3] | {"idf": []}]}, "The words of 'a' must be different, each with one"),
        ({"steps": [STEPS[3] | {"size": 10**9}]}, "size is 1000000000; it must be a whole"),
        ({"steps": STEPS[0]}, "steps is {...}; it must be a list."),
        ({"steps": [1]}, "step must be a JSON object."),
        ({"targets": [{"column": "y", "mean": math.nan}]}, "mean is nan; it must be"),
    ],
)
def test_a_preparation_that_cannot_be_is_refused(changes: dict[str, object], sentence: str) -> None:
    record = {"kind": "table", "steps": STEPS[:1], "targets": []} | changes
    with pytest.raises(Refusal, match=re.escape(sentence)):
        Preprocessing.from_dict(record)


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


# -- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("how", ["share", "group", "time"])
def test_what_is_taken_away_makes_the_same_data_set(format: str, how: str) -> None:
    column = {"group": "city", "time": "since"}.get(how, "")
    made = choices(split=SplitChoices(how, column=column))
    data = table_dataset(Table.from_frame(people(), "people"), made)
    files = write_tables(data, format)
    assert set(files) == {f"train.{format}", f"test.{format}", "table.json"}
    again = read_tables(files)
    same_data(again, data)
    assert again.table.choices == made
    assert again.table.train.equals(data.table.train, null_equal=True)
    assert write_tables(again, format) == files


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["circle", "sine", "iris", "digits"])
def test_other_data_are_taken_away_as_inputs_and_targets(name: str, format: str) -> None:
    data = load_dataset(DataConfig(name, n_samples=60, noise=0.1))
    again = read_tables(write_tables(data, format))
    same_data(again, data)
    assert again.image_shape == data.image_shape


def test_no_spreadsheet_takes_a_text_of_ours_for_a_formula() -> None:
    risky = ["=1+1", "+1", "-x", "@SUM(A1)", "\tx", "'quoted'", "", "a=b", None, "x"] * 4
    frame = pl.DataFrame({"=name": risky, "x": np.linspace(-1, 1, 40), "y": ["a", "b"] * 20})
    made = TableChoices(("y",), (Feature("=name"), Feature("x")), "binary")
    data = table_dataset(Table.from_frame(frame), made)
    files = write_tables(data)
    header, *lines = files["train.csv"].decode().split("\n")
    assert header == '"\'=name","x","y"'
    cells = [line.split(",")[0] for line in lines if line]
    assert not [cell for cell in cells if re.match(r'"[=+\-@\t]', cell)]
    same_data(read_tables(files), data)
    plain = read_table(files["train.csv"], "train.csv")
    assert "'=1+1" in plain.frame.to_series(0).to_list(), "who reads it otherwise sees the mark"


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)


@FEW
@given(
    st.lists(st.tuples(WORDS | st.none(), st.floats() | st.none()), min_size=4, max_size=9), WORDS
)
def test_any_table_comes_back_from_its_files(rows: list[tuple[object, object]], name: str) -> None:
    frame = pl.DataFrame(rows, schema={"t": pl.String, "x": pl.Float64}, orient="row")
    frame = frame.with_columns(pl.Series("y", [n % 2 for n in range(len(rows))]))
    table = Table.from_frame(frame.rename({"t": name or "t"}) if name not in ("x", "y") else frame)
    made = TableChoices(("y",), tuple(Feature(c) for c in table.columns[:2]), "binary")
    try:
        data = table_dataset(table, made)
    except Refusal:
        return
    for format in ("csv", "parquet"):
        again = read_tables(write_tables(data, format))
        same_data(again, data)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda files: files.pop("table.json"), "There is no file table.json."),
        (lambda files: files.pop("test.csv"), "There is no file test.csv."),
        (lambda files: files.update({"table.json": b"[]"}), "table.json was not written by this"),
        (lambda files: files.update({"test.csv": b"a,b\n1,2\n"}), "have different columns."),
        (
            lambda files: files.update(
                {"train.csv": re.sub(rb'"(yes|no)"', b"", files["train.csv"])}
            ),
            "A row of the training or test table has no target.",
        ),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    change: Callable[[dict[str, bytes]], object], sentence: str
) -> None:
    files = write_tables(table_dataset(Table.from_frame(people()), choices()))
    change(files)
    with pytest.raises(Refusal, match=re.escape(sentence)):
        read_tables(files)


def test_a_network_of_a_table_is_trained_saved_and_used_on_raw_rows(tmp_path: Path) -> None:
    data = table_dataset(Table.from_frame(people()), choices())
    training = TrainingConfig(loss="binary_crossentropy", optimizer="adam", learning_rate=0.02)
    trainer = Trainer(
        Experiment(network=NetworkConfig((Dense(8),)), training=training), dataset=data
    )
    trainer.epoch(40)
    assert trainer.evaluate("train")["accuracy"] > 0.9
    exchange.save(trainer, tmp_path / "people.safetensors")
    network = exchange.load(tmp_path / "people.safetensors")
    assert network.preprocessing == data.preprocessing
    raw = data.table.test.to_dicts()
    np.testing.assert_array_equal(
        network.predict(network.preprocessing.transform(raw)), trainer.network.predict(data.X_test)
    )


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_code_in_a_file_makes_the_inputs_with_numpy_alone(how: PreparationChoices) -> None:
    frame = people().with_columns(
        note=pl.Series(["naïve Ünïcode  words", "好吃 very 好吃", "a", None] * 30),
        since=pl.col("since").cast(pl.String),
    )
    made = fit_preparation(frame, FEATURES[:4] + FEATURES[5:], how)
    dates = fit_preparation(people(), FEATURES[4:5], how)
    for preparation, rows in ((made, frame.to_dicts()), (dates, people().to_dicts())):
        record = json.loads(json.dumps(preparation.to_dict()))
        expected = preparation.transform(rows)
        np.testing.assert_allclose(
            table_inputs.table_inputs(record["steps"], rows), expected, rtol=2e-6, atol=1e-6
        )
    strange = [{"age": " 7 ", "city": 5.0, "member": "TRUE"}, {"income": math.inf, "city": "?"}]
    np.testing.assert_allclose(
        table_inputs.table_inputs(made.to_dict()["steps"], strange),
        made.transform(strange),
        rtol=2e-6,
        atol=1e-6,
    )


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_the_hash_in_a_file_is_scikit_learns(text: str) -> None:
    assert table_inputs.murmur3(text.encode()) == murmurhash3_32(text, 0)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_file_explains_itself_from_raw_rows_to_predictions(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = choices(targets=("income",), features=FEATURES[2:], task="regression")
    data = table_dataset(Table.from_frame(people()), made)
    training = TrainingConfig(loss="mean_squared_error")
    trainer = Trainer(
        Experiment(network=NetworkConfig((Dense(3),)), training=training), dataset=data
    )
    trainer.epoch(2)
    exchange.save(trainer, tmp_path / f"network{suffix}")
    text = readme.describe(trainer.network, suffix)
    assert "outputs * scale + mean" in text
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(text[text.index("import json") :], names)
    raw = data.table.test.to_dicts()
    outputs = names["predict"](names["file"], names["metadata"], raw)  # type: ignore[operator]
    np.testing.assert_allclose(outputs, trainer.network.predict(data.X_test), rtol=1e-4, atol=1e-5)


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

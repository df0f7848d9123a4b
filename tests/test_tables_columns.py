"""What is noticed about a table's columns, and what is suggested for learning from it."""

from __future__ import annotations

import datetime
import math
import re
import uuid
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from core import (
    DataConfig,
    Dense,
    Experiment,
    NetworkConfig,
    Trainer,
    TrainingConfig,
)
from core.data.tables import (
    Feature,
    PreparationChoices,
    SplitChoices,
    Table,
    TableChoices,
    describe,
    read_tables,
    suggest_choices,
    suggest_features,
    suggest_target,
    suggest_task,
    table_dataset,
    write_tables,
)
from core.experiment import OWN_TABLE
from core.refusals import Refusal, Sentence
from tests.people import choices, people, same_data

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


def test_a_number_that_counts_up_is_learnt_from_as_a_number() -> None:
    x = np.arange(1, 101)
    noise = np.random.default_rng(0).normal(size=100)
    table = Table.from_frame(pl.DataFrame({"day": x, "temperature": 3 * x + noise}))
    assert found(table.frame) == {"day": ["counts_up"]}
    choices = suggest_choices(table)
    assert choices.features == (Feature("day", "number"),)
    data = table_dataset(table, choices)
    network = NetworkConfig((Dense(8, "tanh"),))
    training = TrainingConfig(loss="mean_squared_error", batch_size=10, learning_rate=0.03)
    trainer = Trainer(Experiment(DataConfig(OWN_TABLE), network, training), dataset=data)
    trainer.epoch(100)
    errors = trainer.network.predict(data.X_test)[:, 0] - data.y_test.ravel()
    assert 1.0 - errors.var() / data.y_test.var() > 0.95


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

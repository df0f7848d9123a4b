"""Choices to begin with: which column is the target, what kind of task it makes, which features."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from core.data.tables.choices import (
    Feature,
    PreparationChoices,
    SplitChoices,
    TableChoices,
)
from core.data.tables.columns import ColumnReport, describe, has_words_unspaced
from core.data.tables.table import KIND_OF, Table
from core.maths.registry import check_name, shown
from core.refusals import Refusal

# What people call the column that is to be told, most telling first.
TARGET_NAMES = (
    *("target", "label", "labels", "class", "y", "outcome", "output", "response"),
    *("目标", "标签", "类别", "结果", "species", "diagnosis", "survived", "churn", "price"),
    *("quality", "category", "type", "sentiment", "default", "saleprice", "价格"),
)
SPLIT_NAMES = ("split", "set", "subset", "fold", "partition")
TEST_WORDS = ("test", "testing", "测试")
YES_WORDS = ("true", "yes", "y", "1", "是")  # in a column that a person says tells the test rows
VALIDATION_WORDS = ("validation", "valid", "val", "dev", "development", "验证")
FEW_CLASSES = 10  # different whole numbers that are taken for classes ...
ROWS_OF_A_CLASS = 5.0  # ... if each has that many rows on average
UNFIT = ("constant", "identifier", "text", "date")


def suggest_target(table: Table, reports: Sequence[ColumnReport] | None = None) -> str:
    """The column that is most likely to be told.

    By its name; else the only one with categories, if it is first or last; else the last that could
    be. Raises ValueError if there is none, or nothing else to tell it by.
    """
    if len(table.columns) < 2:
        raise Refusal(
            "The table has one column, {column}; it needs two: a target, and what tells it.",
            column=shown(table.columns[0]),
        )
    reports = reports or describe(table)
    fit = [r.name for r in reports if r.kind not in UNFIT]
    if not fit:
        raise Refusal(
            "No column of the table can be a target: each is constant, a date or text, or its "
            "values number or name the rows."
        )
    by_name = {name.lower(): name for name in reversed(fit)}
    named = [by_name[name] for name in TARGET_NAMES if name in by_name]
    if named:
        return named[0]
    classes = [r.name for r in reports if r.kind in ("category", "boolean")]
    alone = len(classes) == 1 and classes[0] in (table.columns[0], table.columns[-1])
    return classes[0] if alone else fit[-1]


def suggest_task(table: Table, targets: Sequence[str]) -> str:
    """The task that targets make: one of `choices.TASKS`.

    Several are values; a number is a value unless few whole numbers recur; all else are classes.
    """
    for name in targets:
        check_name(table.columns, name, "column")
    if len(targets) > 1:
        return "multi_output_regression"
    target = table.frame[targets[0]].drop_nulls()
    distinct = target.n_unique()
    if KIND_OF[type(target.dtype)] == "number" and not _few_classes(target, distinct):
        return "regression"
    return "binary" if distinct == 2 else "multiclass"


def _few_classes(target: pl.Series, distinct: int) -> bool:
    if distinct > FEW_CLASSES or len(target) < ROWS_OF_A_CLASS * distinct:
        return False
    return bool((target == target.round()).all()) if target.dtype == pl.Float64 else True


def suggest_features(
    table: Table, targets: Sequence[str], reports: Sequence[ColumnReport] | None = None
) -> tuple[Feature, ...]:
    """All other columns that can tell something: no constants, no names of rows, no duplicates."""
    reports = reports or describe(table, targets)
    unfit = {"duplicate", "leak", "all_missing"}
    kept = [
        report
        for report in reports
        if report.name not in targets
        and report.kind not in ("constant", "identifier")
        and not unfit & {finding.code for finding in report.findings}
    ]
    if not kept:  # better a leak than nothing: the findings say what is wrong with it
        kept = [r for r in reports if r.name not in targets and r.kind != "constant"]
    if not kept:
        raise Refusal("No column is left to tell {target} by.", target=shown(targets[0]))
    return tuple(Feature(r.name, r.treatment) for r in kept)


def suggest_choices(table: Table, targets: Sequence[str] = ()) -> TableChoices:
    """All choices, each to be changed with `dataclasses.replace`. targets: suggested if left out.

    Raises ValueError as `suggest_target` does, or for a column that is not there.
    """
    wanted = tuple(targets) or (suggest_target(table),)
    task = suggest_task(table, wanted)
    reports = describe(table, wanted)
    features = suggest_features(table, wanted, reports)
    split = _suggest_split(table, task)
    features = tuple(f for f in features if f.column != split.column) or features
    chinese = any(
        has_words_unspaced(table.frame[f.column]) for f in features if f.treatment == "text"
    )
    preparation = PreparationChoices(tokens="characters" if chinese else "words")
    return TableChoices(wanted, features, task, split, preparation)


def _suggest_split(table: Table, task: str) -> SplitChoices:
    """By a column that says so, if there is one; else at random, classes in proportion."""
    for name in table.columns:
        if name.lower() in SPLIT_NAMES and table.frame[name].dtype == pl.String:
            values = table.frame[name].drop_nulls().unique(maintain_order=True).to_list()
            test, held = marks_of(values, TEST_WORDS)
            if test and len(values) > 1 + (len(held) > 0):
                return SplitChoices("column", column=name, test_values=test, validation_values=held)
    return SplitChoices("stratified" if task in ("binary", "multiclass") else "share")


def marks_of(
    values: Sequence[str], tests: Sequence[str] = (*TEST_WORDS, *YES_WORDS)
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those of a column's values that say that a row is for the test, and for validation."""
    test = tuple(value for value in values if value.lower() in tests)
    return test, tuple(value for value in values if value.lower() in VALIDATION_WORDS)

"""Fields for a sample of a table, which begin with the values of a sample of the data."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import streamlit as st

from core.data import Dataset
from core.refusals import Refusal
from playground.fields import four_digits, plain
from playground.session import Session
from playground.tables import in_units

if TYPE_CHECKING:
    from core.data.tables import TablePreparation, TableSplit

SHOWN, MOST = 16, 48  # fields at once, and with those behind a click; more stay as they are
LOOKED_AT = 200  # rows that say whether a column holds whole numbers
WIDTH = 140  # of a field, in pixels


@dataclass(frozen=True)
class Start:
    """The sample that the fields begin with. part: "test" or "training"; row: from 0.

    key: of the fields; another sample has others, so that they begin anew.
    """

    part: str
    row: int
    key: str


def ask(session: Session, dataset: Dataset) -> np.ndarray:
    """Ask for a sample's raw columns; returns what the network is fed of them, (n_inputs,).

    float32; inf where a number is too large. Raises ValueError that names a column of a person's
    own table in which something cannot be read.
    """
    start = _start(session, dataset)
    if dataset.table is not None:
        return _of_table(session, dataset, dataset.table, start)
    return _of_numbers(session, dataset, start)


def _start(session: Session, dataset: Dataset) -> Start:
    """Ask which sample to begin with, and say what is true of it."""
    t, part = session.t, "test" if len(dataset.X_test) else "training"
    X, y = (
        (dataset.X_test, dataset.y_test) if part == "test" else (dataset.X_train, dataset.y_train)
    )
    of = zlib.crc32(repr((dataset.source, dataset.feature_names[:MOST], len(X))).encode())
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        number = st.number_input(
            t(f"views.try_{part}_sample"),
            1,
            len(X),
            1,
            width=210,
            help=t("views.try_sample_help"),
            key=f"try_sample_{of}",
        )
        row = int(number) - 1
        st.caption(t("views.try_true", true=_true(dataset, y[row])))
    return Start(part, row, f"try_{zlib.crc32(X[row].tobytes(), of)}")


def _true(dataset: Dataset, y: np.ndarray) -> str:
    if dataset.class_names:
        return plain(dataset.class_names[int(y)])
    return ", ".join(
        four_digits(value) for value in in_units(dataset.preprocessing, np.atleast_2d(y))[0]
    )


def _grid(session: Session, count: int, field: Callable[[int], None]) -> None:
    """Draw a field for each column, as many in a row as fit; of many some behind a click."""
    with st.container(horizontal=True, gap="small"):
        for column in range(min(count, SHOWN)):
            field(column)
    if count > SHOWN:
        more = range(SHOWN, min(count, MOST))
        label = session.t("views.try_more_columns", count=len(more))
        with st.expander(label), st.container(horizontal=True, gap="small"):
            for column in more:
                field(column)
    if count > MOST:
        st.caption(session.t("views.try_other_columns", count=f"{count - MOST:,}"))


def _of_numbers(session: Session, dataset: Dataset, start: Start) -> np.ndarray:
    """A number field for each column."""
    points, X = (
        (dataset.points_test, dataset.X_test)
        if start.part == "test"
        else (dataset.points_train, dataset.X_train)
    )
    rows = X[[start.row]]
    found = dataset.preprocessing.raw(rows)[0] if points is None else points[start.row]
    names, steps = _names(session, dataset), _steps(dataset)
    found = np.where(np.abs(found) < 1e-4 * steps, 0.0, found)  # scaled and back, 0 is not quite 0
    raw = np.array([float(f"{value:.5g}") for value in found])

    def field(column: int) -> None:
        raw[column] = st.number_input(
            plain(names[column]),
            value=float(raw[column]),
            step=float(steps[column]),
            format="%.5g",
            width=WIDTH,
            key=f"{start.key}_{column}",
        )

    _grid(session, len(raw), field)
    return dataset.preprocessing.transform(raw[None])[0]


def _of_table(session: Session, dataset: Dataset, table: TableSplit, start: Start) -> np.ndarray:
    """A text field for each column of a person's own table, read as the table was."""
    rows = table.rows_test if start.part == "test" else table.rows_train
    values = table.table.frame.row(int(rows[start.row]), named=True)
    preparation = cast("TablePreparation", dataset.preprocessing)
    columns = preparation.columns
    raw: dict[str, Any] = {name: values[name] for name in columns}

    def field(column: int) -> None:
        name, key = columns[column], f"{start.key}_{column}"
        shown = _as_text(raw[name], table.table.options.decimal)
        text = st.text_input(plain(name), shown, width=WIDTH, key=key)
        raw[name] = table.table.cell(name, text) if text else None  # empty: a missing value

    _grid(session, len(columns), field)
    _new_categories(session, preparation, raw)
    return _transformed(dataset, raw)


def _new_categories(session: Session, preparation: TablePreparation, raw: dict[str, Any]) -> None:
    """Say of which categories the network knows nothing, and what it takes them for."""
    from core.data.tables.steps import CategoryStep

    for step in preparation.steps:
        if isinstance(step, CategoryStep) and not step.knows(raw[step.column]):
            as_what = "other" if step.other else "none"
            words = {"value": plain(str(raw[step.column])), "column": plain(step.column)}
            st.caption(session.t(f"views.try_new_category_{as_what}", **words))


def _transformed(dataset: Dataset, raw: dict[str, Any]) -> np.ndarray:
    """The inputs of a row; a refusal does not say that it is the first, of which there is one."""
    try:
        return dataset.preprocessing.transform([raw])[0]
    except Refusal as error:
        values = error.sentence.values
        if "row" not in values:
            raise
        told = {name: values[name] for name in ("column", "value", "kind")}
        raise Refusal("{column} is {value}, which is no {kind}.", **told) from None


def _as_text(value: Any, decimal: str) -> str:
    if isinstance(value, float):
        return f"{value:.10g}".replace(".", decimal)
    return "" if value is None else str(value)


def _names(session: Session, dataset: Dataset) -> tuple[str, ...]:
    """Names of the raw columns: of points their coordinates, else those of the inputs."""
    if dataset.points_train is None:
        return session.column_labels(dataset)
    return tuple(session.t(f"feature.x{axis + 1}") for axis in range(dataset.points_train.shape[1]))


def _steps(dataset: Dataset) -> np.ndarray:
    """What a click on + adds to each raw column: 1 to whole numbers, else some hundredth."""
    points = dataset.points_train
    X = dataset.X_train if points is None else points
    looked_at = np.concatenate(
        [X.min(axis=0, keepdims=True), X.max(axis=0, keepdims=True), X[:LOOKED_AT]]
    )
    if points is None:
        looked_at = dataset.preprocessing.raw(looked_at)
    ends, rows = looked_at[:2], looked_at[2:]
    width = np.maximum(np.abs(ends[1] - ends[0]), 1e-12)
    steps = np.array([10.0 ** math.floor(math.log10(w / 20.0)) for w in width.tolist()])
    whole = (np.abs(rows - np.round(rows)) < 1e-4).all(axis=0)
    return np.where(whole, np.maximum(np.round(steps), 1.0), steps)

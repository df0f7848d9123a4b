"""Raw rows, in the forms that people have them, as columns of numbers, texts or dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data.tables import cells
from core.data.tables.options import ReadOptions
from core.maths.registry import shown
from core.refusals import Refusal

WHOLE = 1e15  # below it, whole numbers are written without a point
AS_READ, DAY_FIRST = ReadOptions(), ReadOptions(day_first=True)


def columns_of(raw: object, names: Sequence[str]) -> list[pl.Series]:
    """The named columns of raw rows.

    raw: a polars frame; a list of dicts, in which a value may be left out; or a two-dimensional
    array or list of lists in the order of the names. Raises ValueError that says what is missing.
    """
    if isinstance(raw, pl.DataFrame):
        absent = [name for name in names if name not in raw.columns]
        if absent:
            raise Refusal("The raw data have no column {column}.", column=shown(absent[0]))
        return [raw[name] for name in names]
    if isinstance(raw, Sequence) and raw and all(isinstance(row, Mapping) for row in raw):
        return [_series(name, [row.get(name) for row in raw]) for name in names]
    try:
        table = np.asarray(raw if isinstance(raw, np.ndarray) else np.asarray(raw, dtype=object))
    except ValueError:
        table = np.empty(0)
    if table.ndim != 2:
        raise Refusal(
            "Raw data must be a frame, a list of dicts, or (n_samples, n_columns), a row for each."
        )
    if table.shape[1] != len(names):
        raise Refusal(
            "Raw data has {count} columns, but this network was trained on {wanted}.",
            count=table.shape[1],
            wanted=len(names),
        )
    return [_series(name, table[:, number]) for number, name in enumerate(names)]


def _series(name: str, values: Any) -> pl.Series:
    """One column of Python's values; where they are of several types, as text."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "OUS":
        values = values.tolist()
    try:
        return pl.Series(name, values)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, values, dtype=pl.String, strict=False)


def as_numbers(column: pl.Series) -> NDArray[np.float64]:
    """A column's numbers, nan where one is missing or not finite; true is 1 and false is 0.

    Raises ValueError that names the row of a text that is no number.
    """
    numbers = column
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        text = text.set((text == "").fill_null(False), None)
        numbers = text.cast(pl.Float64, strict=False)
        if numbers.null_count() > text.null_count():
            words = text.str.to_lowercase().replace_strict(
                cells.BOOLEANS, default=None, return_dtype=pl.Float64
            )
            numbers = numbers.fill_null(words)
            _check(column, text, numbers, "number")
    try:
        made = numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    except pl.exceptions.PolarsError:
        raise Refusal("{column} holds no numbers.", column=shown(column.name)) from None
    return np.where(np.isfinite(made), made, np.nan)


def as_texts(column: pl.Series) -> pl.Series:
    """A column's values in words, null where one is missing; 3.0 is "3"."""
    if column.dtype == pl.String:
        return column
    if column.dtype.is_float():
        numbers = column.cast(pl.Float64).fill_nan(None)
        whole = (numbers == numbers.floor()) & (numbers.abs() < WHOLE)
        written = numbers.cast(pl.String)
        return numbers.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole, written)
    return column.cast(pl.String)


def as_dates(column: pl.Series, *, day_first: bool = False) -> pl.Series:
    """A column's dates as Datetimes, null where one is missing.

    day_first: whether 1/2/2024 is in February.

    Raises ValueError that names the row of a text that is no date.
    """
    if column.dtype == pl.Null or column.null_count() == len(column):
        return pl.Series(column.name, [None] * len(column), dtype=pl.Datetime("us"))
    if column.dtype == pl.String:
        dates = cells.dates(column.str.strip_chars(), DAY_FIRST if day_first else AS_READ)
        _check(column, column, dates, "date")
        return dates.cast(pl.Datetime("us"))
    if not isinstance(column.dtype, pl.Date | pl.Datetime):
        raise Refusal("{column} holds no dates.", column=shown(column.name))
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))


def _check(column: pl.Series, before: pl.Series, after: pl.Series, kind: str) -> None:
    """Raise ValueError for the first cell that was there before and is not any more."""
    lost = (before.is_not_null() & after.is_null()).arg_true()
    if len(lost):
        row = int(lost[0])
        raise Refusal(
            "Row {row} of {column} is {value}, which is no {kind}.",
            row=row + 1,
            column=shown(column.name),
            value=shown(column[row]),
            kind=kind,
        )

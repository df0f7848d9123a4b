"""A table: named columns of numbers, dates, booleans and text, and how it was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data.tables.archives import check_size
from core.data.tables.cells import typed
from core.data.tables.findings import Finding
from core.data.tables.limits import LONGEST_NAME
from core.data.tables.options import ReadOptions
from core.refusals import Refusal

KIND_OF = {
    pl.Int64: "number",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "date",
    pl.String: "text",
}  # every type that a column may have, and the kind of ReadOptions.kinds that it is


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of named columns.

    frame: columns are Int64, Float64, Boolean, Date, Datetime or String; missing cells, nan among
    them, are null.
    options: how it was read, with every recognized choice. remarks: what was noticed in reading.
    """

    frame: pl.DataFrame
    name: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)
    remarks: tuple[Finding, ...] = ()

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, name: str = "") -> Table:
        """A table of a polars frame; columns of other types are brought to those above.

        Columns that hold lists, records or bytes are left out, with a remark.
        Raises ValueError if there are no rows or columns, or too many.
        """
        return tabled(frame, name, ReadOptions(format="parquet"))

    @property
    def n_rows(self) -> int:
        return self.frame.height

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(self.frame.columns)

    @property
    def kinds(self) -> dict[str, str]:
        """What each column holds: "number", "boolean", "date" or "text"."""
        return {name: KIND_OF[type(kind)] for name, kind in self.frame.schema.items()}

    def rows(self, count: int = 10, start: int = 0) -> list[dict[str, Any]]:
        """Some rows as dicts of plain values, for a preview."""
        return self.frame.slice(start, count).to_dicts()

    def cell(self, column: str, text: str) -> Any:
        """What somebody types as a value of a column, read as the file was; None: it is missing.

        Text that is no such value stays as it is.
        """
        kinds = {column: self.kinds[column]}
        options = replace(self.options, kinds=kinds, escaped=False)
        made, unreadable = typed(pl.Series(column, [text], pl.String), options)
        return text if unreadable else made[0]


def tabled(
    frame: pl.DataFrame, name: str, options: ReadOptions, remarks: Iterable[Finding] = ()
) -> Table:
    """A table of a frame of any types, without empty rows at its end. Raises as `from_frame`."""
    check_size(frame.height, frame.width)
    kept, found = [], list(remarks)
    for column, named in zip(frame.get_columns(), clean_names(frame.columns), strict=True):
        made = brought(column.alias(named))
        if made is None:
            found.append(Finding("left_out", named, {"kind": str(column.dtype)[:40]}))
        else:
            kept.append(made)
    if not kept:
        raise Refusal("There are no columns in the table.")
    whole = without_empty_end(pl.DataFrame(kept))
    if not whole.height:
        raise Refusal("There are no rows in the table.")
    return Table(whole, name, options, tuple(found))


def brought(column: pl.Series) -> pl.Series | None:
    """A column as one of the types that tables have, None if it cannot be."""
    kind = column.dtype
    if kind in (pl.Int64, pl.Boolean, pl.Date, pl.String):
        return column
    if kind.is_integer() and kind not in (pl.UInt64, pl.Int128, pl.UInt128):
        return column.cast(pl.Int64)
    if kind.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if isinstance(kind, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC") if kind.time_zone else column
        return utc.dt.replace_time_zone(None).dt.cast_time_unit("us")
    if isinstance(kind, pl.Categorical | pl.Enum | pl.Time):
        return column.cast(pl.String)
    return pl.Series(column.name, [None] * len(column), pl.String) if kind == pl.Null else None


def without_empty_end(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame up to the last row that holds anything."""
    height = frame.height
    if not height or any(column[-1] is not None for column in frame.get_columns()):
        return frame
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    held = (~empty).arg_true()
    return frame.head(int(held[-1]) + 1 if len(held) else 0)


def clean_names(names: Iterable[str]) -> list[str]:
    """Column names without spaces around them, none empty, none too long, no two alike."""
    taken: set[str] = set()
    cleaned = []
    for number, raw in enumerate(names, start=1):
        name = " ".join(raw.split())[:LONGEST_NAME] or f"column_{number}"
        unique, again = name, 2
        while unique in taken:
            unique, again = f"{name[: LONGEST_NAME - 8]}_{again}", again + 1
        taken.add(unique)
        cleaned.append(unique)
    return cleaned


@contextmanager
def rows_of_table(rows: NDArray[np.int64]) -> Iterator[None]:
    """Refusals of a part's rows name the rows of the table, where a person finds them."""
    try:
        yield
    except Refusal as error:
        said = error.sentence
        if "row" not in said.values:
            raise
        row = int(rows[said.values["row"] - 1]) + 1
        raise Refusal(said.template, **said.values | {"row": row}) from None

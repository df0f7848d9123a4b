"""Files to tables: CSV and its kin, Excel, Parquet, JSON lines and arrays.

    options = recognize(data, "people.csv")            # every choice, from the first megabyte
    preview = preview_table(data, "people.csv", options, rows=20)
    options = replace(options, decimal=",")            # dataclasses.replace: choose otherwise
    table = read_table(data, "people.csv", options, progress=bar)

All cells are read as text and then, column by column, made into what all of a column's cells are.
polars and calamine work outside of the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from core.data.tables import recognition
from core.data.tables.archives import checked_workbook
from core.data.tables.arrays import is_array, read_json_array
from core.data.tables.cells import typed
from core.data.tables.decoding import recognized_encoding
from core.data.tables.delimited import as_utf8, read_delimited, read_json_lines
from core.data.tables.findings import Finding
from core.data.tables.limits import MAX_ROWS
from core.data.tables.options import ReadOptions
from core.data.tables.parquet import read_parquet
from core.data.tables.source import Source
from core.data.tables.table import Table, tabled
from core.data.tables.workbook import open_workbook, read_sheet, with_header
from core.refusals import Refusal

Given = bytes | Path
Progress = Callable[[float, float], None]
FEWEST_RECORDS, MOST_CELLS = 20, 100_000  # that recognition looks at
OPENED, PARSED = 0.2, 0.5  # shares of the work, roughly, when the file is decoded and cut in cells


class Cancelled(Exception):  # noqa: N818 - no error: a person's wish
    """For `progress` to raise: nothing of the table is kept."""


def recognize(source: Given, name: str = "", **chosen: Any) -> ReadOptions:
    """How a file should be read, judged by its first megabyte (a workbook: by its first rows).

    chosen: fields of ReadOptions that are settled, from which the others follow:
    `recognize(data, encoding="gb18030")`. Raises ValueError if it is no table at all.
    """
    file = Source(source, name)
    ReadOptions(**chosen)  # refuses what cannot be chosen
    form = chosen.pop("format", None) or file.format()
    if form == "xlsx":
        return _recognize_sheet(file, chosen)
    if form == "parquet":
        return ReadOptions(format="parquet", **chosen)
    head = file.head()
    whole = len(head) == file.size
    encoding = chosen.pop("encoding", None) or recognized_encoding(head, whole)
    if form == "json_lines":
        return ReadOptions(format=form, encoding=encoding, **chosen)
    text = as_utf8(head, encoding, _nothing, whole=whole).decode()
    if not whole and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    return _recognize_text(text, {"encoding": encoding, **chosen})


def _recognize_text(text: str, chosen: dict[str, Any]) -> ReadOptions:
    quote = chosen.setdefault("quote", recognition.recognized_quote(text))
    if "delimiter" not in chosen:
        chosen["delimiter"] = recognition.recognized_delimiter(text, quote)
    records = recognition.split_records(text, chosen["delimiter"], quote)
    return _recognize_records(records, chosen)


def _recognize_sheet(file: Source, chosen: dict[str, Any]) -> ReadOptions:
    book = open_workbook(checked_workbook(file.read(), _nothing))
    cells = read_sheet(book, chosen.get("sheet", ""), recognition.MOST_RECORDS)
    chosen.setdefault("sheet", book.sheet_names[0])
    records = [[cell or "" for cell in row] for row in cells.rows()]
    return _recognize_records([_without_end(row) for row in records], chosen | {"format": "xlsx"})


def _without_end(row: list[str]) -> list[str]:
    """A sheet's row up to its last cell, but for one at least: all are as wide as the widest."""
    while row and not row[-1]:
        row = row[:-1]
    return row


def _recognize_records(records: recognition.Records, chosen: dict[str, Any]) -> ReadOptions:
    skip = chosen.setdefault("skip_rows", recognition.lines_above(records))
    table = [row for row in records[skip:] if row]
    if not table:
        raise Refusal("There are no rows in the file.")
    table = table[: max(FEWEST_RECORDS, MOST_CELLS // len(table[0]))]
    body = table[1:] or table
    width = max(map(len, table))
    columns = [[row[i].strip() for row in body if i < len(row)] for i in range(width)]
    cells = [cell for column in columns for cell in column]
    decimal, thousands = recognition.recognized_marks(cells, chosen.get("delimiter", ""))
    found: dict[str, Any] = {
        "decimal": decimal,
        "thousands": thousands if chosen.get("decimal", decimal) == decimal else "",
        "header": recognition.recognized_header(table),
        "missing": recognition.recognized_missing(columns),
        "day_first": recognition.recognized_day_first(cells),
    }
    return ReadOptions(**(found | chosen))


def sheet_names(source: Given) -> list[str]:
    """Names of a workbook's sheets. Raises ValueError if it is none."""
    data = Source(source, "").read()
    return list(open_workbook(checked_workbook(data, _nothing)).sheet_names)


def preview_table(
    source: Given, name: str = "", options: ReadOptions | None = None, rows: int = 50
) -> Table:
    """The first rows as `read_table` would read them, quickly however large the file is.

    What a column holds is judged by these rows only. options: recognized if left out.
    """
    file = Source(source, name)
    chosen = options or recognize(source, name)
    if chosen.format in ("csv", "json_lines"):
        head = file.head()
        whole = len(head) == file.size
        text = as_utf8(head, chosen.encoding, _nothing, whole=whole)
        if not whole and b"\n" in text:
            text = text[: text.rindex(b"\n") + 1]
        cells = _cut(text, chosen, _nothing, rows, whole=whole)
        return _table_of(cells, name, chosen, _nothing)
    return _packed(file, chosen, _nothing, rows)


def read_table(
    source: Given,
    name: str = "",
    options: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Table:
    """Read a whole file, its bytes or its path.

    name: what it is called; its suffix is a hint. options: recognized if left out.
    progress: is called often with what is done and the total, both numbers; what it raises, such as
    `Cancelled`, ends the reading. The longest stretch between two calls, polars' parsing, takes
    about a second for 200 MB. Raises ValueError that names the line, or row and column, that cannot
    be read, and says what may help.
    """
    file = Source(source, name)

    def tick(share: float) -> None:
        if progress is not None:
            progress(share, 1.0)

    tick(0.0)
    chosen = options or recognize(source, name)
    if chosen.format not in ("csv", "json_lines"):
        return _packed(file, chosen, tick)
    text = as_utf8(file.read(), chosen.encoding, lambda share: tick(OPENED * share))
    cells = _cut(text, chosen, lambda share: tick(OPENED + (PARSED - OPENED) * share))
    del text
    tick(PARSED)
    return _table_of(cells, name, chosen, tick)


def _cut(
    text: bytes,
    options: ReadOptions,
    tick: Callable[[float], None],
    most_rows: int = MAX_ROWS + 1,
    *,
    whole: bool = True,
) -> pl.DataFrame:
    """The cells of a text."""
    if options.format == "json_lines" and is_array(text):
        return read_json_array(text, tick, most_rows, whole=whole)
    if options.format == "json_lines":
        return read_json_lines(text, most_rows)
    return read_delimited(text, options, most_rows)


def _packed(
    file: Source, options: ReadOptions, tick: Callable[[float], None], rows: int | None = None
) -> Table:
    """A table of a workbook or a Parquet file, or its first rows."""
    data = file.read()
    if options.format == "parquet":
        frame, left_out = read_parquet(data, rows, tick)
        return _of_parquet(frame, left_out, file.name, options)
    book = open_workbook(checked_workbook(data, lambda share: tick(OPENED * share)))
    most = None if rows is None else rows + options.skip_rows + 1
    cells = with_header(read_sheet(book, options.sheet, most), options)
    tick(PARSED)
    return _table_of(cells, file.name, options, tick)


def _of_parquet(
    frame: pl.DataFrame, left_out: list[Finding], name: str, options: ReadOptions
) -> Table:
    table = tabled(frame, name, options, left_out)
    chosen = [column for column in options.kinds if column in table.columns]
    made = [typed(table.frame[column].cast(pl.String), options) for column in chosen]
    remarks = [finding for _, finding in made if finding]
    return replace(
        table,
        frame=table.frame.with_columns(column for column, _ in made),
        remarks=(*table.remarks, *remarks),
    )


def _table_of(
    cells: pl.DataFrame, name: str, options: ReadOptions, tick: Callable[[float], None]
) -> Table:
    """A table of text cells, column by column; each gives its text back when it is done."""
    waiting = cells.get_columns()[::-1]
    total, made, remarks = len(waiting), [], []
    del cells
    while waiting:
        column, finding = typed(waiting.pop(), options)
        made.append(column)
        remarks += [finding] if finding else []
        tick(PARSED + (1.0 - PARSED) * len(made) / total)
    return tabled(pl.DataFrame(made), name, options, remarks)


def _nothing(share: float) -> None:
    """Nobody asks how far it is."""

"""Sheets of an Excel workbook to columns of text cells, by calamine."""

from __future__ import annotations

from typing import Any

import polars as pl

from core.data.tables.archives import check_size
from core.data.tables.options import ReadOptions
from core.data.tables.table import clean_names, without_empty_end
from core.maths.registry import check_name
from core.refusals import Refusal


def open_workbook(data: bytes) -> Any:
    """A workbook as `checked_workbook` returned it. Raises ValueError if it cannot be read."""
    import fastexcel

    try:
        return fastexcel.read_excel(data)
    except fastexcel.FastExcelError:
        raise Refusal(
            "The file is not a whole {kind} file: cut or damaged.", kind="Excel"
        ) from None


def read_sheet(book: Any, sheet: str, most_rows: int | None = None) -> pl.DataFrame:
    """All cells of a sheet as text, the header among them; values of formulas, errors missing.

    sheet: its name; "" is the first. most_rows: None for all of them.
    """
    import fastexcel

    if not book.sheet_names:
        raise Refusal("There are no sheets in the workbook.")
    if sheet:
        check_name(book.sheet_names, sheet, "sheet")
    chosen = sheet or book.sheet_names[0]
    try:
        loaded = book.load_sheet(chosen, header_row=None, dtypes="string", n_rows=most_rows)
    except fastexcel.FastExcelError:
        raise Refusal("The sheet {sheet} cannot be read.", sheet=repr(chosen[:40])) from None
    frame = loaded.to_polars()
    check_size(frame.height, frame.width)
    return without_empty_end(frame)


def with_header(cells: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Rows below the header, named by it."""
    body = cells.slice(options.skip_rows)
    names = [""] * body.width
    if options.header and body.height:
        names = [name or "" for name in body.row(0)]
        body = body.slice(1)
    if not body.height:
        raise Refusal("There are no rows in the table.")
    return body.rename(dict(zip(body.columns, clean_names(names), strict=True)))

"""Columns of text cells made into numbers, dates and booleans where all of their cells are."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from core.data.tables.findings import Finding
from core.data.tables.options import ReadOptions
from core.maths.registry import shown

SAMPLE = 512  # cells, evenly spaced, that are tried before all are
MOSTLY = 0.8  # of them are numbers or dates: then those that are not are worth a remark
LEADING_ZERO = r"^[+-]?0\d"  # 007 is a name: as a number it would lose its zeros
EARLIEST = 1000  # a year; 24 is read as the year 24 where four digits are asked for
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%Y年%m月%d日")
NAMED = ("%d %B %Y", "%d-%B-%Y", "%B %d, %Y", "%B %d %Y")  # %B is read as Jan and as January
EITHER = (("%d/%m/%Y", "%m/%d/%Y"), ("%d-%m-%Y", "%m-%d-%Y"), ("%d/%m/%y", "%m/%d/%y"))
TIMES = (
    "",
    " %H:%M:%S%.f",
    " %H:%M",
    " %I:%M %p",
    " %I:%M:%S%.f %p",
    "T%H:%M:%S%.f",
    "T%H:%M",
    "T%H:%M:%S%.f%#z",
    " %H:%M:%S%.f%#z",
)
SHORT_YEAR = r"^\d{1,2}[./-]\d{1,2}[./-]\d{2}(\D|$)"  # 1.2.3 is a version, no day in 2003
DATE_LIKE = (
    r"^(\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}"
    r"|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{4}|[A-Za-z]{3,9} \d{1,2},? \d{4})"
)
BOOLEANS = {"true": True, "false": False}
EMPTY = {"number": pl.Float64, "date": pl.Date, "boolean": pl.Boolean, "text": pl.String}
NAMES = {"number": "numbers", "date": "dates", "boolean": "true and false"}


def kind_named(words: str) -> str:
    """The kind that a finding speaks of, such as "number" for "numbers"."""
    return next(kind for kind, name in NAMES.items() if name == words)


def typed(cells: pl.Series, options: ReadOptions) -> tuple[pl.Series, Finding | None]:
    """A column of text as what it holds: Int64, Float64, Boolean, Date, Datetime or String.

    Where a kind was chosen, cells that are not of it become missing, and the finding says so; else
    the kind is the one that all cells are of. One bad cell makes a column text, with a finding.
    """
    text = _cleaned(cells, options)
    chosen = options.kinds.get(cells.name)
    if text.null_count() == len(text):
        return text.cast(EMPTY[chosen]) if chosen else text, None
    if chosen == "text":
        return text, None
    if chosen is not None:
        made = _made(text, chosen, options)
        return made, _finding("unreadable", text, made, chosen)
    sample = _sample(text)
    for kind in ("boolean", "number", "date"):
        tried = _made(sample, kind, options)
        share = 1.0 - tried.null_count() / len(sample)
        if share < MOSTLY or (kind == "number" and sample.str.contains(LEADING_ZERO).any()):
            continue
        made = _made(text, kind, options)
        if made.null_count() > text.null_count():
            return text, _finding("mixed", text, made, kind)
        if kind != "number" or not text.str.contains(LEADING_ZERO).any():
            return made, None
    return text, None


def _cleaned(cells: pl.Series, options: ReadOptions) -> pl.Series:
    """Cells without the spaces around them, missing where a mark says so, quotes taken away."""
    text = cells.str.strip_chars() if options.strip else cells
    if options.missing:
        marked = text.is_in(list(options.missing))
        if marked.any():
            text = text.set(marked.fill_null(False), None)
    return text.str.replace("^'", "") if options.escaped else text


def _sample(text: pl.Series) -> pl.Series:
    present = text.drop_nulls()
    return present.gather_every(max(1, len(present) // SAMPLE))


def _made(text: pl.Series, kind: str, options: ReadOptions) -> pl.Series:
    """Cells as one kind, missing where they are not of it."""
    if kind == "boolean":
        return text.str.to_lowercase().replace_strict(
            BOOLEANS, default=None, return_dtype=pl.Boolean
        )
    return numbers(text, options) if kind == "number" else dates(text, options)


def numbers(text: pl.Series, options: ReadOptions) -> pl.Series:
    """Cells as Int64 if all of them are whole and written so, else as Float64."""
    plain = text
    if options.thousands:
        grouped = (
            rf"^[+-]?\d{{1,3}}({re.escape(options.thousands)}\d{{3}})+([{options.decimal}]\d+)?$"
        )
        without = text.str.replace_all(options.thousands, "", literal=True)
        plain = without.zip_with(text.str.contains(grouped).fill_null(False), text)
    if options.decimal == ",":
        plain = plain.str.replace(",", ".", literal=True)
    floats = plain.cast(pl.Float64, strict=False)
    whole = plain.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == floats.null_count() else floats


def dates(text: pl.Series, options: ReadOptions) -> pl.Series:
    """Cells as Date, or as Datetime if any has a time of day; nothing where no format suits."""
    best: pl.Series | None = None
    sample = _sample(text)
    if sample.str.contains(DATE_LIKE).sum() >= (1.0 - MOSTLY) * len(sample):
        for form in _forms(options.day_first):
            if _read_dates(sample, form).null_count() <= MOSTLY * len(sample):
                made = _read_dates(text, form)
                if best is None or made.null_count() < best.null_count():
                    best = made
                if best.null_count() == text.null_count():
                    break
    if best is None:
        return pl.Series(text.name, [None] * len(text), dtype=pl.Date)
    days = best.cast(pl.Date)
    return days if (days.cast(best.dtype) == best).all() else best


def _forms(day_first: bool) -> Iterator[str]:
    """Formats of dates, the day first or the month first where both can be meant."""
    either = [form for pair in EITHER for form in (pair if day_first else pair[::-1])]
    for time in TIMES:
        for date in (*DATES, *either, *NAMED):
            yield date + time


def _read_dates(text: pl.Series, form: str) -> pl.Series:
    """Cells of one format as naive Datetimes, those with a time zone in UTC."""
    made = text.str.to_datetime(form, time_unit="us", strict=False)
    if "%y" in form:
        made = made.set(~text.str.contains(SHORT_YEAR).fill_null(False), None)
    if form.endswith("z"):
        made = made.dt.replace_time_zone(None)
    return made.set((made.dt.year() < EARLIEST).fill_null(False), None)


def _finding(code: str, text: pl.Series, made: pl.Series, kind: str) -> Finding | None:
    """What is said of cells that are there and are not of the kind; None if there are none."""
    bad = (made.is_null() & text.is_not_null()).arg_true()
    if not len(bad):
        return None
    row = int(bad[0])
    values = {"kind": NAMES[kind], "count": len(bad), "row": row + 1, "value": shown(text[row])}
    return Finding(code, text.name, values)

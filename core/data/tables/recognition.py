"""How a delimited text is written: delimiter, quotes, header, marks of numbers and missing values.

All of it is judged by the first rows, at most `MOST_RECORDS` of them.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from core.data.tables.options import MISSING, PERHAPS_MISSING
from core.refusals import Refusal

MOST_RECORDS = 1000
MOST_SKIPPED = 100  # lines above the header
Records = list[list[str]]

# Delimiters in the order in which they are believed when all fit as well: a comma is also a
# decimal mark and a comma.
BELIEVED = ("\t", ";", "|", ",")
NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
WITH_POINT = re.compile(r"[+-]?\d+\.\d+")
GROUPED = {  # never after a zero: 0,125 has a decimal comma
    mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}({re.escape(mark)}\d{{3}})+([{others}]\d+)?")
    for mark, others in ((",", "."), (".", ","), (" ", ".,"), ("'", ".,"))
}
OPENED = re.compile(r"(?:^|[,;\t|])'", re.MULTILINE)
IN_APOSTROPHES = re.compile(r"(?:^|[,;\t|])'(?:[^'\n]|'')*'(?=\r?$|[,;\t|])", re.MULTILINE)
MOSTLY_QUOTED = 0.95  # of cells that begin with ' also end with it if it is a quote, unlike 'Til
YEAR = re.compile(r"19\d\d|20\d\d|2100")
DAY_AND_MONTH = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-]\d{4}\b")


def split_records(text: str, delimiter: str, quote: str, most: int = MOST_RECORDS) -> Records:
    """The first records of a text, cells as they are written; [] for a blank line."""
    try:
        return list(islice(cells_of(_lines(text), delimiter, quote), most))
    except csv.Error:  # a cell of more than 131,072 characters, say: as if there were no quotes
        return [line.rstrip("\r").split(delimiter) for line in text.split("\n")[:most]]


def _lines(text: str) -> Iterable[str]:
    return io.StringIO(text, newline="\n")


def cells_of(stream: Iterable[str], delimiter: str, quote: str, *, strict: bool = False) -> Any:
    """The standard library's reader: liberal about quotes inside of cells unless `strict`."""
    if not quote:
        return csv.reader(stream, delimiter=delimiter, quotechar=None, quoting=csv.QUOTE_NONE)
    return csv.reader(stream, delimiter=delimiter, quotechar=quote, strict=strict)


def lines_of_header(text: str, delimiter: str, quote: str) -> int:
    """How many lines the first record takes: more than one if a name is broken over lines."""
    reader = cells_of(_lines(text), delimiter, quote)
    try:
        next(reader, None)
    except csv.Error:
        return 1
    return max(reader.line_num, 1)


def recognized_quote(text: str) -> str:
    """The character that whole cells stand in; "" if it only stands inside of cells."""
    if re.search(r'(^|[,;\t|])"[^"]*"(\r?$|[,;\t|])', text, re.MULTILINE):
        return '"'
    opened, whole = (len(how.findall(text)) for how in (OPENED, IN_APOSTROPHES))
    if whole and whole >= MOSTLY_QUOTED * opened:
        return "'"
    return "" if '"' in text else '"'


def recognized_delimiter(text: str, quote: str) -> str:
    """The delimiter by which most rows have the same number of cells, more than one."""

    def fits(delimiter: str) -> float:
        widths = Counter(len(row) for row in split_records(text, delimiter, quote) if row)
        width, rows = widths.most_common(1)[0] if widths else (1, 0)
        return rows / widths.total() if width > 1 else 0.0

    best = max(BELIEVED, key=fits)
    return best if fits(best) > 0.0 else ","


def lines_above(records: Sequence[Sequence[str]]) -> int:
    """How many records stand above the table: they have half the cells of most others, or fewer.

    A comment, from # on, does as well unless it has just as many: then it names the columns.
    """
    widths = Counter(len(row) for row in records if row)
    if not widths:
        raise Refusal("There are no rows in the file.")
    usual = widths.most_common(1)[0][0]
    table = (
        number
        for number, row in enumerate(records)
        if 2 * len(row) > usual and not (row[0].startswith("#") and len(row) != usual)
    )
    first = next(table)
    return first if first <= MOST_SKIPPED else 0


def is_number(cell: str) -> bool:
    """Whether a cell may be a number, whatever the marks in it."""
    return bool(NUMBER.fullmatch(cell)) or any(how.fullmatch(cell) for how in GROUPED.values())


def recognized_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first row holds names.

    It does if a word stands over numbers. If there is a number in it, it does else only if its
    numbers are years beside a name; if there is none, unless a name is there twice, or again in its
    own column.
    """
    first, *rest = ([cell.strip() for cell in row] for row in records if row)
    names = [cell for cell in first if cell]
    if not names:
        return False
    body = [row for row in rest if len(row) == len(first)]
    columns = [[row[number] for row in body if row[number]] for number in range(len(first))]
    over = list(zip(first, columns, strict=True))
    if any(_is_word(name) and cells and all(map(is_number, cells)) for name, cells in over):
        return True
    if any(map(is_number, names)):
        return _names_years([(name, cells) for name, cells in over if name])
    repeated = any(name in cells for name, cells in over if name)
    return len(set(names)) == len(names) and not repeated


def _is_word(cell: str) -> bool:
    return not (is_number(cell) or cell in MISSING or cell in PERHAPS_MISSING)


def _names_years(over: Sequence[tuple[str, Sequence[str]]]) -> bool:
    """Whether the numbers among names are years, several and all different, over other things.

    Under years of birth, say, there are more years: then the first row is a row as all others.
    """
    numbers = [(name, cells) for name, cells in over if is_number(name)]
    years = {name for name, _ in numbers if YEAR.fullmatch(name)}
    below = [cell for _, cells in numbers for cell in cells]
    named = any(_is_word(name) for name, _ in over)
    others = not below or not all(map(YEAR.fullmatch, below))
    return named and len(years) == len(numbers) > 1 and others


def recognized_marks(cells: Sequence[str], delimiter: str = "") -> tuple[str, str]:
    """The decimal mark and the thousands mark of numbers among these cells.

    Where 1,250 could be both, it has a decimal comma if cells are told apart by semicolons: that is
    how spreadsheets write where the comma is the decimal mark.
    """
    grouped = {mark: {c for c in cells if how.fullmatch(c)} for mark, how in GROUPED.items()}
    commas = [c for c in cells if WITH_COMMA.fullmatch(c) and c not in grouped[","]]
    points = [c for c in cells if WITH_POINT.fullmatch(c) and c not in grouped["."]]
    commas += [c for c in grouped["."] if "," in c]
    points += [c for c in grouped[","] if "." in c or c.count(",") > 1]
    open_to_both = not commas and not points and grouped[","] and not grouped["."]
    decimal = "," if len(commas) > len(points) or (open_to_both and delimiter == ";") else "."
    for mark in (".", " ", "'") if decimal == "," else (",", " ", "'"):
        if grouped[mark]:
            return decimal, mark
    return decimal, ""


def recognized_missing(columns: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The usual marks of missing values, and others that stand among numbers here."""
    found = {
        mark
        for cells in columns
        for mark in PERHAPS_MISSING
        if mark in cells and (mark == "?" or _mostly_numbers(cells, mark))
    }
    return (*MISSING, *(mark for mark in PERHAPS_MISSING if mark in found))


def _mostly_numbers(cells: Sequence[str], mark: str) -> bool:
    """Whether most of the others are numbers; for -999 and the like, that all are from 0 up."""
    others = [cell for cell in cells if cell != mark and cell not in MISSING]
    if mark[1:].isdigit() and any(cell.startswith("-") for cell in others):
        return False
    return bool(others) and sum(map(is_number, others)) > len(others) / 2


def recognized_day_first(cells: Sequence[str]) -> bool:
    """Whether dates such as 13/2/2024 begin with the day; where all could be both: no."""
    dates = [found for found in map(DAY_AND_MONTH.match, cells) if found]
    return any(int(date[1]) > 12 for date in dates)

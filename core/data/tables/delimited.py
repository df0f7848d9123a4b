"""Delimited text and JSON lines to columns of text cells, by polars."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import polars as pl

from core.data.tables.archives import check_size
from core.data.tables.decoding import CHUNK, decoded
from core.data.tables.limits import HEAD, MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from core.data.tables.options import ReadOptions
from core.data.tables.recognition import MOST_RECORDS, cells_of, lines_of_header, split_records
from core.maths.registry import shown
from core.refusals import Refusal

Ticker = Callable[[float], None]

STRETCHES, STRETCH = 64, 2**16  # bytes, looked at for names that come late in a file


def as_utf8(data: bytes, encoding: str, tick: Ticker, *, whole: bool = True) -> bytes:
    """A text as UTF-8 with \\n at the ends of lines. Raises ValueError at the line that is not."""
    pieces = []
    for number, text in enumerate(decoded(data, encoding, whole=whole), start=1):
        pieces.append(text.encode("utf-8", "replace") if encoding != "utf-8" else b"")
        tick(min(1.0, number * CHUNK / len(data)))
    made = b"".join(pieces) if encoding != "utf-8" else data
    if b"\n" not in made[:HEAD] and b"\r" in made[:HEAD]:  # as old Macs did
        return made.replace(b"\r", b"\n")
    return made


def read_delimited(text: bytes, options: ReadOptions, most_rows: int = MAX_ROWS) -> pl.DataFrame:
    """Cells of a delimited text, UTF-8: a frame of String columns.

    A row with fewer cells than the first has missing ones at its end. Raises ValueError that names
    the line of a row with more, or of a quote that is not closed.
    """
    start = _after_lines(text, options.skip_rows)
    head = text[start : start + HEAD].decode("utf-8", "ignore")
    records = split_records(head, options.delimiter, options.quote, 1)
    if not records:
        raise Refusal("There are no rows in the file.")
    first = records[0] or [""]  # a blank line is one cell
    width = len(first)
    check_size(0, width)
    if "\n" not in head and start + HEAD < len(text):
        raise Refusal("The first line is longer than {most} bytes.", most=HEAD)
    header = lines_of_header(head, options.delimiter, options.quote) if options.header else 0
    names = first if options.header else [""] * width
    limit = min(MAX_ROWS, MAX_CELLS // width)
    frame = _parsed(text, options, options.skip_rows + header, width, min(most_rows, limit + 1))
    if frame.height > limit:
        check_size(frame.height + 1, width)
    if options.escaped:
        names = [name.removeprefix("'") for name in names]
    return _named(frame, names)


def _named(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    from core.data.tables.table import clean_names

    return frame.rename(dict(zip(frame.columns, clean_names(names), strict=True)))


def _after_lines(text: bytes, count: int) -> int:
    """Where the line after so many begins."""
    start = 0
    for _ in range(count):
        end = text.find(b"\n", start)
        if end < 0:
            raise Refusal("The file has fewer lines than are skipped: {count}.", count=count)
        start = end + 1
    return start


def _parsed(
    text: bytes, options: ReadOptions, skip: int, width: int, most_rows: int
) -> pl.DataFrame:
    schema = {f"{number}": pl.String for number in range(width)}
    try:
        return pl.read_csv(
            text,
            has_header=False,
            skip_lines=skip,
            schema=schema,
            separator=options.delimiter,
            quote_char=options.quote or None,
            n_rows=most_rows,
            missing_columns="insert",  # where the first row below the header is short
        )
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema=schema)
    except pl.exceptions.PolarsError:
        _say_what_is_wrong(text, options, skip, width)


def _say_what_is_wrong(text: bytes, options: ReadOptions, skip: int, width: int) -> NoReturn:
    """Raise ValueError that names the first line that cannot be read."""
    stream = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8", newline="\n")
    for _ in range(skip):
        stream.readline()
    reader = cells_of(stream, options.delimiter, options.quote, strict=True)
    line = skip + 1
    try:
        for row in reader:
            if len(row) > width:
                raise Refusal(
                    "Line {line} has {count} cells, but the first row has {width}.",
                    line=line,
                    count=len(row),
                    width=width,
                )
            line = skip + reader.line_num + 1
    except csv.Error:
        raise Refusal(
            "The cells of line {line} cannot be told apart: a quote stands inside of a cell, or is "
            "not closed. Another choice for quotes or the delimiter may help.",
            line=line,
        ) from None
    raise Refusal(
        "The file cannot be read as it is chosen. Another choice for quotes or the delimiter may "
        "help."
    )


def read_json_lines(text: bytes, most_rows: int = MAX_ROWS) -> pl.DataFrame:
    """Cells of JSON lines, UTF-8: a frame of String columns, lists and records as they are written.

    The columns are the names that occur in the first megabyte, and in stretches spread evenly over
    the rest. Raises ValueError that names the line that is no JSON object.
    """
    names = _keys(text[:HEAD].decode("utf-8", "ignore").removeprefix("\ufeff"))
    names = list(dict.fromkeys([*names, *_later_keys(text)]))
    if not names:
        raise Refusal("There are no columns in the table.")
    check_size(0, len(names))
    limit = min(MAX_ROWS, MAX_CELLS // len(names))
    schema = dict.fromkeys(names, pl.String)
    rows = min(most_rows, limit + 1)
    try:
        frame = pl.read_ndjson(text.removeprefix(b"\xef\xbb\xbf"), schema=schema, n_rows=rows)
    except pl.exceptions.PolarsError:
        _say_which_line(text)
    if frame.height > limit:
        check_size(frame.height + 1, len(names))
    return _named(frame, frame.columns)


def _keys(head: str) -> list[str]:
    """Names in the first lines, in order; the last line may be cut."""
    names: dict[str, None] = {}
    lines = head.split("\n")
    for number, line in enumerate(lines[: MOST_RECORDS * 10], start=1):
        if not line.strip():
            continue
        record = _json(line)
        if isinstance(record, dict):
            names |= dict.fromkeys(map(str, record))
        elif number < len(lines) or number == 1:
            raise _no_object(number, line)
        if len(names) > MAX_COLUMNS:
            break
    return list(filter(_is_sayable, names))


def _later_keys(text: bytes) -> Iterator[str]:
    """Names in whole lines of stretches of what follows the first megabyte."""
    step = max((len(text) - HEAD) // STRETCHES, STRETCH)
    for start in range(HEAD, len(text), step):
        lines = text[start : start + STRETCH].decode("utf-8", "ignore").split("\n")
        end = None if start + STRETCH >= len(text) else -1
        for record in map(_json, lines[1:end]):  # the first is cut, and the last may be
            if isinstance(record, dict):
                yield from filter(_is_sayable, map(str, record))


def _is_sayable(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _json(line: str) -> Any:
    """The value of a line, None if it is no JSON."""
    try:
        return json.loads(line, parse_constant=lambda name: float("x"))
    except (ValueError, RecursionError):
        return None


def _say_which_line(text: bytes) -> NoReturn:
    for number, line in enumerate(text.split(b"\n"), start=1):
        readable = line.decode("utf-8", "replace").strip()
        if readable and not isinstance(_json(readable), dict):
            raise _no_object(number, readable)
    raise Refusal("The file cannot be read as JSON lines.")


def _no_object(number: int, line: str) -> Refusal:
    return Refusal(
        'Line {line} is {value}; it must be a JSON object such as {{"age": 7}}.',
        line=number,
        value=shown(line),
    )

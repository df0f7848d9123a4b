"""A JSON array of objects, as programs and services write it, read like JSON lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from core.data.tables.delimited import Ticker, read_json_lines
from core.data.tables.limits import MAX_ROWS
from core.refusals import Refusal

BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*(?=\{\s*[\"}])")
# Strings, in which brackets say nothing (one that is not closed goes on to the end), and brackets.
# No search looks at a byte twice, so that the time is linear whatever the bytes.
MARK = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
SEPARATOR, END = re.compile(rb"\s*,?\s*"), re.compile(rb"\s*\]\s*\Z")
OFTEN = 4096  # records between two ticks


def is_array(text: bytes) -> bool:
    """Whether a text begins as an array of objects does."""
    return BEGINS.match(text) is not None


def read_json_array(
    text: bytes, tick: Ticker, most_rows: int = MAX_ROWS, *, whole: bool = True
) -> pl.DataFrame:
    """Cells of an array of objects, UTF-8; see `read_json_lines`.

    whole: whether the text is all of the file; else what is cut off at its end is left out.
    Raises ValueError that names the record that is no JSON object.
    """
    lines = []
    for line in _records(text, whole=whole):
        lines.append(line)
        if len(lines) % OFTEN == 0:
            tick(len(lines) / MAX_ROWS)
        if len(lines) > most_rows:
            break
    try:
        return read_json_lines(b"\n".join(lines), most_rows)
    except Refusal as error:
        told = error.sentence.values
        if "line" not in told:
            raise
        raise Refusal(
            'Record {row} of the JSON array is {value}; it must be a JSON object such as {{"age": '
            "7}}.",
            row=told["line"],
            value=told["value"],
        ) from None


def _records(text: bytes, *, whole: bool) -> Iterator[bytes]:
    """What stands between the commas, a line each; of a whole text also an end that is none."""
    begin = BEGINS.match(text)
    place = begin.end() if begin else 0
    depth = 0
    for mark in MARK.finditer(text, place):
        if mark[0] in (b"{", b"["):
            depth += 1
        elif mark[0] in (b"}", b"]"):
            depth -= 1
        if depth < 0:
            break
        if depth == 0 and mark[0] in (b"}", b"]"):
            yield text[place : mark.end()].replace(b"\n", b" ").replace(b"\r", b" ")
            separator = SEPARATOR.match(text, mark.end())
            place = separator.end() if separator else mark.end()
    if whole and place == len(text):
        raise Refusal("The JSON array does not end: the file is cut.")
    if whole and not END.match(text, place):
        yield text[place:].replace(b"\n", b" ")

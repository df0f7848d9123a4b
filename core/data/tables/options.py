"""How a file is read as a table: every choice that is recognized, and can be made otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from core.data.tables.configs import Text, WordsByColumn, from_plain, read_json, to_plain
from core.data.tables.limits import MAX_COLUMNS
from core.experiment.fields import Flag, OneOf, Options, TupleOf, Within, config
from core.maths.limits import Limits

FORMATS = ("csv", "xlsx", "parquet", "json_lines")
ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"),
    *("cp1252", "latin-1", "gb18030"),
)
DELIMITERS = (",", "\t", ";", "|")
QUOTES = ('"', "'", "")
DECIMALS = (".", ",")
THOUSANDS = ("", ",", ".", " ", "'")
KINDS = ("number", "text", "date", "boolean")

# Whole cells that stand for a value that is not there. The second list only where it is recognized:
# a dash may be a dash.
MISSING = (
    "",
    "NA",
    "N/A",
    "n/a",
    "NaN",
    "nan",
    "NULL",
    "null",
    "#N/A",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
)
PERHAPS_MISSING = ("?", "-", "--", ".", "..", "None", "none", "nil", "missing", "-999", "-9999")


@config
class ReadOptions:
    """How a file is read; fields that a format has no use for are ignored.

    format: delimited text of any kind is "csv". quote: "" where quotes are ordinary characters.
    decimal, thousands: of numbers written as text. header: whether the first row holds names.
    skip_rows: lines above the header, or above the first row. missing: whole cells that stand for
    a missing value. strip: whether spaces around cells are dropped. escaped: whether a leading '
    was put before texts that a spreadsheet would take for a formula, as `write_tables` does.
    day_first: whether 1/2/2024 is in February. sheet: of a workbook; "" is the first.
    kinds: by column, what it holds, where that is not left to be recognized: "number" makes cells
    that are no number missing, "text" keeps them all.
    """

    format: Annotated[str, OneOf("table format", FORMATS)] = "csv"
    encoding: Annotated[str, OneOf("encoding", ENCODINGS)] = "utf-8"
    delimiter: Annotated[str, OneOf("delimiter", DELIMITERS)] = ","
    quote: Annotated[str, OneOf("quote", QUOTES)] = '"'
    decimal: Annotated[str, OneOf("decimal mark", DECIMALS)] = "."
    thousands: Annotated[str, OneOf("thousands mark", THOUSANDS)] = ""
    header: Annotated[bool, Flag()] = True
    skip_rows: Annotated[int, Within(Limits(0, 10_000, whole=True))] = 0
    missing: Annotated[tuple[str, ...], TupleOf(Text(100), 0, 100, distinct=True)] = MISSING
    strip: Annotated[bool, Flag()] = True
    escaped: Annotated[bool, Flag()] = False
    day_first: Annotated[bool, Flag()] = False
    sheet: Annotated[str, Text(100)] = ""
    kinds: Annotated[Mapping[str, str], WordsByColumn("kind of column", KINDS, MAX_COLUMNS)] = (
        Options()  # type: ignore[assignment]
    )

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values; `from_mapping` reads them back."""
        return to_plain(self)

    def to_json(self) -> str:
        """The options as JSON."""
        return json.dumps(self.to_mapping(), separators=(",", ":"))

    @classmethod
    def from_mapping(cls, record: object) -> ReadOptions:
        """Read what `to_mapping` made. Raises ValueError that names what does not fit."""
        return from_plain(cls, record)

    @classmethod
    def from_json(cls, text: str | bytes) -> ReadOptions:
        """Read what `to_json` wrote. Raises ValueError that names what does not fit."""
        return cls.from_mapping(read_json(text))

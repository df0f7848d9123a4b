"""Excel workbooks judged by their outsides, before their reader unpacks anything in them.

It allocates whatever a file declares: a sheet with one cell in its last corner is 17 billion cells.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from core import archives
from core.data.tables.limits import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_UNPACKED
from core.refusals import Refusal

MAX_ENTRIES = 4096  # files in an Excel workbook
CHUNK = 4 << 20  # bytes unpacked at once
LONGEST_TEXT = 64 << 20  # bytes between two marks
# The place that a row or a cell names: <row r="7">, <c s="1" r='B7'>. Any other `r` is believed as
# well, should one be hidden; the tag, where it is seen, says that a mark is not without a place.
# No search passes the next <, so that the time is linear whatever the bytes.
PLACE = re.compile(rb"""(?:<(row|c)\s[^<>]{0,400}?)?\br\s*=\s*["']([A-Za-z]{0,3})(\d{1,10})["']""")
PREFIXED = re.compile(rb"<\w+:(?=(?:c|row|v)\b)|</\w+:(?=si>)")  # <x:row> is <row> as well
VALUE = re.compile(rb">\s*(\d{1,9})\s*<")  # of <v>, or of any other mark
Ticker = Callable[[float], None]


def checked_workbook(data: bytes, tick: Ticker) -> bytes:
    """Judge an Excel file: sizes as declared, then as they are, and the corner of each sheet.

    tick: is called now and then with the share that is done, 0 to 1.
    Returns the workbook packed anew from the very bytes that were judged: another reader of the
    given archive may find other entries in it, or more in an entry than its directory declares.
    Raises ValueError if it is damaged, or would be more than the limits.
    """
    if archives.count_entries(data) > MAX_ENTRIES:
        raise damaged("Excel")
    judged = io.BytesIO()
    try:
        with (
            archives.opened(data) as archive,
            # The fastest packing: stored, a workbook would take up to MAX_UNPACKED of memory.
            zipfile.ZipFile(judged, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy,
        ):
            entries = archive.infolist()
            _check_sizes(entries)
            total, done = sum(entry.file_size for entry in entries) or 1, 0
            extents = []
            for entry in entries:
                extents.append(_measured(archive, entry, copy))
                done += entry.file_size
                tick(done / total)
            _check_strings(archive, extents)
    except Refusal:
        raise
    except (archives.DamagedError, *archives.DAMAGED):
        raise damaged("Excel") from None
    return judged.getvalue()


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    unpacked = archives.unpacked_size(entries)
    if unpacked > MAX_UNPACKED:
        raise too_large(unpacked)
    if archives.has_twins(entries) or not all(map(archives.is_plain, entries)):
        raise damaged("Excel")
    if "_rels/.rels" not in {entry.filename for entry in entries}:
        raise Refusal("The file is an archive, but no Excel workbook.")


def _measured(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, copy: zipfile.ZipFile) -> _Extent:
    """Unpack an entry piece by piece to see that it is what it says, and how far it reaches.

    What comes out goes into the copy as well.

    Any entry may be a sheet. Raises ValueError if it spans too many cells.
    """
    extent = _Extent()
    with copy.open(entry.filename, "w") as kept:  # by its name alone: packed as the copy says
        for piece in _pieces(archive, entry, kept.write):
            extent.add(piece)
    check_size(extent.rows, extent.columns)
    return extent


def _pieces(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    keep: Callable[[bytes], object] = len,
) -> Iterator[bytes]:
    """An entry's bytes, cut between marks. keep: is given all of them, as they are."""
    rest = b""
    with archive.open(entry) as stream:  # no more than the declared size comes out of it
        while block := stream.read(CHUNK):
            keep(block)
            rest += block
            end = rest.rfind(b">") + 1
            if end:
                yield PREFIXED.sub(_plain, rest[:end])
            rest = rest[end:]
            if len(rest) > LONGEST_TEXT:
                raise damaged("Excel")


def _plain(mark: re.Match[bytes]) -> bytes:
    return b"</" if mark[0].startswith(b"</") else b"<"


@dataclass
class _Extent:
    """How far a sheet reaches, piece by piece.

    last_row, last_column: named by any mark. rows_seen, widest: rows, and the most cells in one,
    for those that do not say where they are and follow the one before; placed: how many say it.
    strings: bytes of each shared string.
    """

    last_row: int = 0
    last_column: int = 0
    rows_seen: int = 0
    cells_seen: int = 0
    widest: int = 0
    placed_rows: int = 0
    placed_cells: int = 0
    strings: list[int] = field(default_factory=list)
    _in_row: int = 0
    _in_string: int = 0

    @property
    def rows(self) -> int:
        return self.last_row + (self.rows_seen if self.placed_rows != self.rows_seen else 0)

    @property
    def columns(self) -> int:
        return self.last_column + (self.widest if self.placed_cells != self.cells_seen else 0)

    def add(self, piece: bytes) -> None:
        """Look at the next piece."""
        places = PLACE.findall(piece)
        tags = [tag for tag, _, _ in places]
        self.placed_rows += tags.count(b"row")
        self.placed_cells += tags.count(b"c")
        numbers, letters = ({place[part] for place in places} for part in (2, 1))
        self.last_row = max([self.last_row, *map(int, numbers)])
        self.last_column = max([self.last_column, *map(_column_number, letters)])
        counts = [_count_cells(row) for row in piece.split(b"<row")]
        self.rows_seen += len(counts) - 1
        self.cells_seen += sum(counts)
        counts[0] += self._in_row
        self.widest = max(self.widest, *counts)
        self._in_row = counts[-1]
        lengths = [len(string) for string in piece.split(b"</si>")]
        lengths[0] += self._in_string
        self._in_string = lengths.pop()
        self.strings += lengths


def _count_cells(row: bytes) -> int:
    return sum(map(row.count, (b"<c ", b"<c>", b"<c/", b"<c\n", b"<c\t", b"<c\r")))


def _check_strings(archive: zipfile.ZipFile, extents: list[_Extent]) -> None:
    """Raise ValueError if shared strings, each repeated wherever it is used, would be too much.

    Uses are counted only where they could be too many; then every whole number counts as one.
    """
    cells = max((extent.rows * extent.columns for extent in extents), default=0)
    lengths = [max(each) for each in zip_longest(*(e.strings for e in extents), fillvalue=0)]
    if cells * max(lengths, default=0) <= MAX_UNPACKED:
        return
    size = 0
    for entry in archive.infolist():
        for piece in _pieces(archive, entry):
            used = (int(number) for number in VALUE.findall(piece))
            size += sum(lengths[number] for number in used if number < len(lengths))
    if size > MAX_UNPACKED:
        raise too_large(size)


def _column_number(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def check_size(rows: int, columns: int) -> None:
    """Raise ValueError if a table of this size is too large."""
    if columns > MAX_COLUMNS:
        raise Refusal(
            "The table has {count} columns; at most {most} are possible.",
            count=columns,
            most=MAX_COLUMNS,
        )
    if rows > MAX_ROWS + 1:  # a header may be among them
        raise Refusal("The table has more than {most} rows.", most=MAX_ROWS)
    if rows * columns > MAX_CELLS:
        raise Refusal(
            "The table has {rows} rows of {columns} columns or more; at most {most} cells are "
            "possible.",
            rows=rows,
            columns=columns,
            most=MAX_CELLS,
        )


def damaged(kind: str) -> Refusal:
    """The refusal of a file that is not what its name says."""
    return Refusal("The file is not a whole {kind} file: cut or damaged.", kind=kind)


def too_large(size: int) -> Refusal:
    """The refusal of a file that would unpack to so many bytes."""
    return Refusal(
        "The file would unpack to {size} MB; at most {most} MB are possible.",
        size=size >> 20,
        most=MAX_UNPACKED >> 20,
    )

"""Excel and Parquet files judged by their outsides, before anything in them is unpacked.

Their readers allocate whatever a file declares: an Excel sheet with one cell in its last corner is
17 billion cells, a Parquet file of some kilobytes a billion rows.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise

from core.data.tables.limits import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_UNPACKED
from core.refusals import Refusal

MAX_ENTRIES = 4096  # files in an Excel workbook
CHUNK = 4 << 20  # bytes unpacked at once
OVERLAP = 512  # bytes of a piece looked at again with the next: a cell's reference may be cut
ROW = re.compile(rb'<(?:\w+:)?row\b[^>]{0,400}?\br="(\d{1,9})"')
SHARED_STRING = re.compile(rb"</(?:\w+:)?si>")
SHARED = re.compile(rb'\bt="s"[^>]{0,100}>\s*<(?:\w+:)?v>(\d{1,9})<')
CELL = re.compile(rb'<(?:\w+:)?c\b[^>]{0,100}?\br="([A-Z]{1,3})(\d{1,9})"')
# What zipfile and its decompressors raise at bytes that are no archive.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    IndexError,
)
Ticker = Callable[[float], None]


def check_workbook(data: bytes, tick: Ticker) -> None:
    """Judge an Excel file: sizes as declared, then as they are, and the corner of each sheet.

    tick: is called now and then with the share that is done, 0 to 1.
    Raises ValueError if it is damaged, or would be more than the limits.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_sizes(entries)
            total, done = sum(entry.file_size for entry in entries) or 1, 0
            cells = 0
            for entry in entries:
                cells = max(cells, _unpack(archive, entry))
                done += entry.file_size
                tick(done / total)
            _check_strings(archive, cells)
    except Refusal:
        raise
    except DAMAGED:
        raise _damaged("Excel") from None


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED or len(entries) > MAX_ENTRIES:
        raise _too_large(unpacked)
    if not any(entry.filename.startswith("xl/") for entry in entries):
        raise Refusal("The file is an archive, but no Excel workbook.")


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Unpack an entry piece by piece to see that it is what it says.

    Returns how many cells it spans if it is a sheet, else 0. Raises ValueError if those are too
    many.
    """
    is_sheet = entry.filename.startswith("xl/worksheets/")
    rows, columns = 0, 0
    for piece in _pieces(archive, entry):
        if is_sheet:
            rows, columns = _corner(piece, rows, columns)
    check_size(rows, columns)
    return rows * columns


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """An entry's bytes, a little of the piece before in front of each."""
    rest = b""
    with archive.open(entry) as stream:  # no more than the declared size comes out of it
        while piece := stream.read(CHUNK):
            yield rest + piece
            rest = piece[-OVERLAP:]


def _corner(xml: bytes, rows: int, columns: int) -> tuple[int, int]:
    """The last row and column that a piece of a sheet names, or those of the pieces before it."""
    cells = CELL.findall(xml)
    numbers = {number for _, number in cells} | set(ROW.findall(xml))
    letters = {letters for letters, _ in cells}
    return max([rows, *map(int, numbers)]), max([columns, *map(_column_number, letters)])


def _check_strings(archive: zipfile.ZipFile, cells: int) -> None:
    """Raise ValueError if shared strings, each repeated wherever it is used, would be too much.

    cells: how many there are at most. Uses are counted only where they could be too many.
    """
    lengths: list[int] = []
    for entry in archive.infolist():
        if entry.filename.lower() == "xl/sharedstrings.xml":
            lengths += _lengths(archive.read(entry))
    if cells * max(lengths, default=0) <= MAX_UNPACKED:
        return
    size = 0
    for entry in archive.infolist():
        if entry.filename.startswith("xl/worksheets/"):
            for piece in _pieces(archive, entry):
                used = (int(number) for number in SHARED.findall(piece))
                size += sum(lengths[number] for number in used if number < len(lengths))
    if size > MAX_UNPACKED:
        raise _too_large(size)


def _lengths(xml: bytes) -> list[int]:
    """Bytes that each shared string takes, its marks included."""
    ends = [found.end() for found in SHARED_STRING.finditer(xml)]
    return [end - start for start, end in pairwise([0, *ends])]


def _column_number(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
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


def check_parquet(data: bytes) -> None:
    """Judge a Parquet file by its footer. Raises ValueError if it is damaged or too large."""
    import pyarrow
    from pyarrow import parquet

    try:
        footer = parquet.read_metadata(io.BytesIO(data))
        groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        rows = max(footer.num_rows, sum(group.num_rows for group in groups))
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError):
        raise _damaged("Parquet") from None
    check_size(rows, footer.num_columns)
    if unpacked > MAX_UNPACKED:
        raise _too_large(unpacked)


def _damaged(kind: str) -> Refusal:
    return Refusal("The file is not a whole {kind} file: cut or damaged.", kind=kind)


def _too_large(size: int) -> Refusal:
    return Refusal(
        "The file would unpack to {size} MB; at most {most} MB are possible.",
        size=size >> 20,
        most=MAX_UNPACKED >> 20,
    )

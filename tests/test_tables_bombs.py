"""Files that are small until they are read: refused before they take memory or time."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import polars as pl
import pyarrow
import pytest
from pyarrow import parquet as pyarrow_parquet

from core.data.tables import archives, pages, preview_table, read_table
from core.data.tables import parquet as parquet_files
from core.data.tables.workbook import open_workbook
from core.refusals import Refusal
from tests.test_tables_reading import archive, columns, workbook

SHEET = "xl/worksheets/sheet1.xml"


def with_more_than_declared(more: int) -> bytes:
    """A workbook whose directory gives the size and sum of the sheet's beginning only."""
    head = b"<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></c></row>"
    head += b"<row r='2'><c r='A2'><v>2</v></c></row>"
    rows = "".join(f"<row r='{r}'><c r='A{r}'><v>7</v></c></row>" for r in range(3, more + 3))
    whole = head + rows.encode() + b"</sheetData></worksheet>"
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([[1]]))) as plain,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in plain.namelist():
            made.writestr(name, whole if name == SHEET else plain.read(name))
    true = struct.pack("<I", zlib.crc32(whole)), struct.pack("<I", len(whole))
    told = struct.pack("<I", zlib.crc32(head)), struct.pack("<I", len(head))
    data = stream.getvalue()
    for was, now in zip(true, told, strict=True):
        data = data.replace(was, now)
    return data


def test_a_sheet_ends_where_it_was_judged_to_end() -> None:
    lying = with_more_than_declared(500)
    assert len(open_workbook(lying).load_sheet(0, header_row=None).to_polars()) == 502
    with pytest.raises(Refusal):
        read_table(lying, "t.xlsx")


def test_two_entries_of_one_name_are_refused() -> None:
    stream = io.BytesIO(workbook([["a"], [1]]))
    with zipfile.ZipFile(stream, "a") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr(SHEET, "<worksheet/>")
    with pytest.raises(Refusal, match="not a whole Excel file"):
        read_table(stream.getvalue(), "t.xlsx")


def test_a_sheet_of_open_marks_takes_no_long_search() -> None:
    """Each <c was once a search through the 400 bytes after it."""
    table = read_table(archive(b"<sheetData>%s</sheetData>" % TWO_ROWS), "t.xlsx")
    assert columns(table) == {"a": [1]}
    marks = b"<c " * 1_000_000
    assert archives.PLACE.findall(marks + b"r='B7'") == [(b"c", b"B", b"7")]
    assert archives.PLACE.findall(b"<c <c r='B7'>") == [(b"c", b"B", b"7")]
    assert archives.PLACE.search(b"<c <c r='B7'>").start() == 3  # type: ignore[union-attr]
    assert archives.VALUE.findall(b"<v " * 1_000_000 + b">5</v>") == [b"5"]


TWO_ROWS = (
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    b'<row r="2"><c r="A2"><v>1</v></c></row>'
)


def shared_text(length: int, rows: int) -> bytes:
    """One text that all rows share."""
    indices = pyarrow.array([0] * rows, pyarrow.int32())
    column = pyarrow.DictionaryArray.from_arrays(indices, ["x" * length])
    stream = io.BytesIO()
    pyarrow_parquet.write_table(pyarrow.table({"a": column.cast(pyarrow.string())}), stream)
    return stream.getvalue()


def test_a_text_that_all_rows_share_counts_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (archives, parquet_files):  # the same, sooner
        monkeypatch.setattr(module, "MAX_UNPACKED", 8 << 20)
    assert read_table(shared_text(100, 20_000), "t.parquet").n_rows == 20_000
    with pytest.raises(Refusal, match="would unpack to 15 MB; at most 8 MB"):
        read_table(shared_text(2000, 20_000), "t.parquet")
    assert preview_table(shared_text(2000, 20_000), "t.parquet", rows=3).n_rows == 3
    assert preview_table(shared_text(9, 20_000), "t.parquet", rows=9000).n_rows == 9000


TEXTS = ["", "中", None, "z" * 300] * 250


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd"])
def test_pages_are_walked_over_as_they_were_written(
    version: str, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.BytesIO()
    pyarrow_parquet.write_table(
        pyarrow.table({"a": TEXTS, "b": range(1000), "c": [0.5, None] * 500}),
        stream,
        compression=codec,
        data_page_version=version,
        data_page_size=500,
        write_batch_size=50,
        row_group_size=600,
        use_dictionary=["a"],
        write_page_checksum=True,
    )
    walked, header = [], pages._header

    def watched(data: bytes, place: int, end: int) -> tuple[pages.Fields, int]:
        found, after = header(data, place, end)
        walked.append((found[pages.UNPACKED, pages.I32] + after - place, found, after))
        return found, after

    monkeypatch.setattr(pages, "_header", watched)
    assert columns(read_table(stream.getvalue(), "t.parquet"))["a"] == TEXTS
    assert len(walked) > 12
    footer = pyarrow_parquet.read_metadata(stream)
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(3)]
    ends = {pages._start(chunk) + chunk.total_compressed_size for chunk in chunks}
    assert ends <= {after + pages._length(found) for _, found, after in walked}
    unpacked = sum(chunk.total_uncompressed_size for chunk in chunks)
    assert sum(size for size, _, _ in walked) == unpacked


def told(unpacked: bytes) -> bytes:
    """A file of one page whose header says by itself what it unpacks to."""
    stream = io.BytesIO()
    pyarrow_parquet.write_table(pyarrow.table({"a": [1, 2, 3]}), stream, use_dictionary=False)
    data = stream.getvalue()
    assert data[4:7] == b"\x15\x00\x15"  # the fields type and uncompressed_page_size
    return data[:6] + unpacked + data[8:]


def test_a_page_that_would_unpack_to_too_much_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = told(b"\x15\x3c")
    assert columns(read_table(whole, "t.parquet")) == {"a": [1, 2, 3]}
    monkeypatch.setattr(parquet_files, "_batches", None)
    most = b"\xfe\xff\xff\xff"
    for lie in (
        b"\x15" + most + b"\x0f",
        b"\x15" + most + b"\xff\xff\xff\xff\xff\x01",  # a number of 64 bits, cut to 32
        b"\x05\x04" + most + b"\x0f",  # the field by its number
        b"\x05\x84\x80\x08" + most + b"\x0f",  # by a number that 16 bits make it
    ):
        with pytest.raises(Refusal, match="would unpack to 2047 MB; at most 1024 MB"):
            read_table(told(lie), "t.parquet")
    for odd in (b"\x19\xf5" + most, b"\x1b" + most, b"\x1c" * 9, b"\x11" * 99, b"\x18" + most):
        with pytest.raises(Refusal, match="not a whole Parquet file"):
            read_table(told(odd), "t.parquet")
    monkeypatch.setattr(pages, "MAX_PAGES", 0)
    with pytest.raises(Refusal, match="more than 0 pages"):
        read_table(whole, "t.parquet")


def test_parquet_is_read_batch_by_batch_as_it_was_written() -> None:
    texts = ["x", "y", None, "中"] * 5000
    frame = pl.DataFrame(
        {"a": texts, "a.b": range(20_000), "c": pl.Series(texts).cast(pl.Enum(["x", "y", "中"]))}
    )
    frame = frame.with_columns(pl.struct(pl.lit("z").alias("t")).alias("s"))
    stream = io.BytesIO()
    frame.write_parquet(stream)
    told: list[float] = []
    table = read_table(stream.getvalue(), "t.parquet", progress=lambda done, _: told.append(done))
    expected = frame.drop("s").with_columns(pl.col("c").cast(pl.String))
    assert table.frame.to_dict(as_series=False) == expected.to_dict(as_series=False)
    assert [finding.column for finding in table.remarks] == ["s"]
    assert told == sorted(told)
    assert len(told) >= 4


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
def test_texts_of_every_encoding_are_read(encoding: str) -> None:
    texts = [f"beginning {n}" for n in range(1000)]
    stream = io.BytesIO()
    pyarrow_parquet.write_table(
        pyarrow.table({"a": texts}), stream, use_dictionary=False, column_encoding={"a": encoding}
    )
    assert columns(read_table(stream.getvalue(), "t.parquet")) == {"a": texts}

"""Reading tables: what is recognized, what can be chosen, and what is refused in words."""

from __future__ import annotations

import datetime
import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.data.tables import (
    Cancelled,
    ReadOptions,
    Table,
    archives,
    delimited,
    preview_table,
    read_table,
    recognition,
    recognize,
    source,
)
from core.data.tables import limits as table_limits
from core.data.tables import parquet as parquet_files
from core.refusals import Refusal

FEW = settings(max_examples=40)


def workbook(rows: Sequence[Sequence[object]], sheet: str = "Sheet1", **more: bytes) -> bytes:
    """A small Excel workbook, made by hand: texts inline, numbers and booleans as they are."""
    body = "".join(
        f'<row r="{r}">{"".join(cell(r, c, value) for c, value in enumerate(row))}</row>'
        for r, row in enumerate(rows, start=1)
    )
    return archive(f"<sheetData>{body}</sheetData>".encode(), sheet, **more)


def cell(row: int, column: int, value: object) -> str:
    at = f"{chr(ord('A') + column)}{row}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{at}"><v>{value}</v></c>'


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def archive(
    sheet_data: bytes, sheet: str = "Sheet1", path: str = "worksheets/sheet1.xml", **more: bytes
) -> bytes:
    shared = f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{OFFICE}/worksheet" Target="{path}"/>'
        f"{shared if more else ''}</Relationships>",
        f"xl/{path}": f'<worksheet xmlns="{MAIN}">{sheet_data.decode()}</worksheet>',
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
        for name, data in more.items():
            made.writestr(f"xl/{name}.xml", data)
    return stream.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


def columns(table: Table) -> dict[str, list[object]]:
    return table.frame.to_dict(as_series=False)


# -- what is recognized ---------------------------------------------------------------------------

CHINESE = "名字,年龄,城市\n张三,12,北京\n李四,13,上海\n"
FRENCH = "nom;prix\nété;1,5\nNoël;2,25\n"


@pytest.mark.parametrize(
    ("data", "options", "first"),
    [
        (b"a,b\n1,x\n2,y\n", {"delimiter": ","}, {"a": 1, "b": "x"}),
        (b"a;b\n1;x\n2;y\n", {"delimiter": ";"}, {"a": 1, "b": "x"}),
        (b"a\tb\n1\tx, y\n2\tz\n", {"delimiter": "\t"}, {"a": 1, "b": "x, y"}),
        (b"a|b\r\n1|x\r\n2|y\r\n", {"delimiter": "|"}, {"a": 1, "b": "x"}),
        (b"a,b\r1,x\r", {"delimiter": ","}, {"a": 1, "b": "x"}),
        (
            FRENCH.encode("cp1252"),
            {"encoding": "cp1252", "decimal": ","},
            {"nom": "été", "prix": 1.5},
        ),
        (FRENCH.encode("utf-8-sig"), {"encoding": "utf-8-sig"}, {"nom": "été", "prix": 1.5}),
        (FRENCH.encode("utf-16"), {"encoding": "utf-16"}, {"nom": "été", "prix": 1.5}),
        (FRENCH.encode("utf-16-be"), {"encoding": "utf-16-be"}, {"nom": "été", "prix": 1.5}),
        (
            CHINESE.encode("gb18030"),
            {"encoding": "gb18030"},
            {"名字": "张三", "年龄": 12, "城市": "北京"},
        ),
        (CHINESE.encode(), {"encoding": "utf-8"}, {"名字": "张三", "年龄": 12, "城市": "北京"}),
        (b"1,2\n3,4\n", {"header": False}, {"column_1": 1, "column_2": 2}),
        (b"x,y\ny,x\nx,x\n", {"header": False}, {"column_1": "x", "column_2": "y"}),
        (b"a,a,\n1,x,3\n2,y,4\n", {"header": True}, {"a": 1, "a_2": "x", "column_3": 3}),
        (b"sales 2024\n\na,b,c\n1,2,3\n", {"skip_rows": 2}, {"a": 1, "b": 2, "c": 3}),
        (b"a;b\n1.234,5;x\n2;y\n", {"decimal": ",", "thousands": "."}, {"a": 1234.5, "b": "x"}),
        (b'a,b\n"1,234",x\n"2,500.5",y\n', {"thousands": ","}, {"a": 1234.0, "b": "x"}),
        (b"a,b\n'1, 2',x\n'3',y\n", {"quote": "'"}, {"a": "1, 2", "b": "x"}),
        (b'a,b\n5" disk,x\n3" disk,y\n', {"quote": ""}, {"a": '5" disk', "b": "x"}),
        (b'a,b\n"x\ny","say ""hi"""\n', {"quote": '"'}, {"a": "x\ny", "b": 'say "hi"'}),
        (b"a,b\n1,?\n2,3\n", {}, {"a": 1, "b": None}),
        (b"a,b\n1,-\n2,3\n3,4\n", {}, {"a": 1, "b": None}),
        (b"a,b\n1,-\n2,x\n3,y\n", {}, {"a": 1, "b": "-"}),
        (b"a,b\n NA ,  x\n2,y\n", {}, {"a": None, "b": "x"}),
        (
            b"a,b\n13/2/2024,1\n1/3/2024,1\n",
            {"day_first": True},
            {"a": datetime.date(2024, 2, 13), "b": 1},
        ),
        (
            b"a,b\n1/2/2024,1\n1/3/2024,1\n",
            {"day_first": False},
            {"a": datetime.date(2024, 1, 2), "b": 1},
        ),
        (
            b'{"a": 1, "b": "x"}\n{"b": "y", "c": [1, 2]}\n',
            {"format": "json_lines"},
            {"a": 1, "b": "x", "c": None},
        ),
    ],
)
def test_the_form_of_a_text_is_recognized(
    data: bytes, options: dict[str, object], first: dict[str, object]
) -> None:
    table = read_table(data)
    found = {name: getattr(table.options, name) for name in options}
    assert found == options
    assert table.rows(1) == [first]
    assert preview_table(data).rows(1) == [first]


def test_a_zero_before_three_digits_proves_a_decimal_comma() -> None:
    table = read_table(b"gewicht;menge\n0,125;1,250\n0,333;2,500\n")
    assert columns(table) == {"gewicht": [0.125, 0.333], "menge": [1.25, 2.5]}
    grouped = read_table(b"a;b\n0.125;1,250\n0.333;12,500\n")
    assert columns(grouped) == {"a": [0.125, 0.333], "b": [1250, 12500]}


def test_semicolons_decide_where_a_comma_could_be_both_marks() -> None:
    assert recognition.recognized_marks(["1,250", "2,500"], ";") == (",", "")
    assert recognition.recognized_marks(["1,250", "2,500"], ",") == (".", ",")
    assert recognition.recognized_marks(["1,250", "1,250,000"], ";") == (".", ",")
    assert recognition.recognized_marks(["1,250", "0.5"], ";") == (".", ",")


def test_apostrophes_before_and_after_words_are_no_quotes() -> None:
    table = read_table(b"1,'Til There Was You,5\n2,Heat,4\n3,Dancin',4\n")
    assert table.options.quote == '"'
    assert table.frame["column_2"].to_list() == ["'Til There Was You", "Heat", "Dancin'"]
    quoted = read_table(b"a,b\n'it''s, so',''\n'x','y'\n")
    assert columns(quoted) == {"a": ["it's, so", "x"], "b": [None, "y"]}


@pytest.mark.parametrize(
    "text",
    [
        "Name;Größe\nAda;3\nBo;4\n",
        "créée,n\noui,1\ncréée,2\nagréée,3\n",
        "STATUT,n\nCRÉÉE,1\nCRÉÉE,2\nCRÉÉE,3\n",
    ],
)
def test_two_accents_in_a_row_are_not_chinese(text: str) -> None:
    data = text.encode("cp1252")
    assert recognize(data).encoding == "cp1252"
    assert read_table(data).columns[0] == re.split("[,;]", text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "name,sex\nTom,男\nAnn,女\nBo,男\n",
        "id,评价\n1,味道很好，下次再来！\n2,“服务”不错。\n",
        "姓名,学校\n镕基,清华大学\n鑫淼,喆𠮷小学\n",
        "a,b\n" + "1,x\n" * 500 + "2,价格\n",
    ],
)
def test_chinese_of_mainland_files_is_still_recognized(text: str) -> None:
    assert recognize(text.encode("gb18030")).encoding == "gb18030"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("country,2019,2020,2021\nPeru,1.5,2,3\nMali,4,5,6\n", True),
        ("id,2019,2020\n1,10,11\n2,12,13\n", True),
        ("depth,0.5,1.5\n1,10,11\n2,12,13\n", True),
        ("Heat,1995,7\nToy Story,1996,8\nJaws,1975,8\n", False),
        ("Bach,1985,1999\nHill,1985,1991\n", False),
        ("NA,2,3\n4,5,6\n7,8,9\n", False),
        ("Peru,2019,2019\nMali,4,5\n", False),
        ("1,2\n3,4\n", False),
    ],
)
def test_numbers_may_be_names_of_columns(text: str, header: bool) -> None:
    assert recognize(text.encode()).header is header


def test_columns_get_the_type_that_all_their_cells_are_of() -> None:
    text = (
        "whole,real,zip,flag,day,time,word,big\n"
        "1,1.5,00123,TRUE,2024-02-01,2024-02-01 10:30,a,12345678901234567890123\n"
        "-2,2e3,04109,false,2024-12-31,2024-02-02 00:00,b,1\n"
    )
    table = read_table(text.encode())
    assert table.kinds == {
        "whole": "number",
        "real": "number",
        "zip": "text",
        "flag": "boolean",
        "day": "date",
        "time": "date",
        "word": "text",
        "big": "number",
    }
    assert table.frame.schema["whole"] == pl.Int64
    assert table.frame.schema["real"] == pl.Float64
    assert columns(table)["zip"] == ["00123", "04109"]
    assert columns(table)["time"][0] == datetime.datetime(2024, 2, 1, 10, 30)


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (("2024-02-01T10:00:00Z", "2024-02-01T12:00:00+02:00"), datetime.datetime(2024, 2, 1, 10)),
        (("2024/02/01", "2024/2/3"), datetime.date(2024, 2, 1)),
        (("1.2.2024", "03.12.2024"), datetime.date(2024, 2, 1)),
        (("01.02.24", "03.12.24"), datetime.date(2024, 2, 1)),
        (("2024年2月1日", "2024年12月3日"), datetime.date(2024, 2, 1)),
        (("2024-02-01 00:00:00", "2024-02-03 00:00:00"), datetime.date(2024, 2, 1)),
        (("1/15/2024 10:00 AM", "1/5/2024 1:30 PM"), datetime.datetime(2024, 1, 15, 10)),
        (("15/1/2024 12:00:05 AM", "5/1/2024 1:30:00 PM"), datetime.datetime(2024, 1, 15, 0, 0, 5)),
        (("1 Jan 2024", "15 February 2024"), datetime.date(2024, 1, 1)),
        (("1-Jan-2024", "15-Feb-2024"), datetime.date(2024, 1, 1)),
        (("Jan 1, 2024 10:00", "February 15, 2024 9:30"), datetime.datetime(2024, 1, 1, 10)),
        (("1 Jan too many", "15 Feb none"), "1 Jan too many"),
        (("1.2.3", "4.5.6"), "1.2.3"),
        (("2024-13-45", "2024-14-45"), "2024-13-45"),
    ],
)
def test_dates_in_the_forms_that_people_write(cells: tuple[str, str], first: object) -> None:
    table = read_table(("a;b\n" + "".join(f"{c};1\n" for c in cells)).encode())
    assert columns(table)["a"][0] == first


def test_a_workbook_with_formulas_errors_dates_and_several_types() -> None:
    formula = b'<c r="C2"><f>SUM(A2:A3)</f><v>7</v></c>'
    error = b'<c r="C3" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    rows = b"".join(
        (
            b'<row r="1">%s</row>' % b"".join(cell(1, i, n).encode() for i, n in enumerate("abc")),
            b'<row r="2"><c r="A2"><v>1.5</v></c><c r="B2" t="b"><v>1</v></c>%s</row>' % formula,
            b'<row r="3"><c r="A3"><v>2</v></c><c r="B3" t="b"><v>0</v></c>%s</row>' % error,
        )
    )
    table = read_table(archive(b"<sheetData>%s</sheetData>" % rows, "Tab"), "t.xlsx")
    assert columns(table) == {"a": [1.5, 2.0], "b": [True, False], "c": [7, None]}
    assert (table.options.format, table.options.sheet) == ("xlsx", "Tab")
    with pytest.raises(Refusal, match=r"Unknown sheet 'Tub'\. Did you mean 'Tab'"):
        read_table(archive(b"<sheetData/>", "Tab"), "t.xlsx", replace(table.options, sheet="Tub"))


def test_a_workbook_with_a_title_above_the_table() -> None:
    data = workbook([["My table"], [None], ["x", "y", "z"], [1, "a", 2], [2, "b", 3], [3, "c", 4]])
    table = read_table(data, "t.xlsx")
    assert table.options.skip_rows == 2
    assert columns(table) == {"x": [1, 2, 3], "y": ["a", "b", "c"], "z": [2, 3, 4]}
    assert preview_table(data, "t.xlsx", rows=1).rows() == [{"x": 1, "y": "a", "z": 2}]


def test_parquet_keeps_its_types_and_leaves_out_what_is_no_cell() -> None:
    frame = pl.DataFrame(
        {
            "a": pl.Series([1, 2], dtype=pl.UInt8),
            "b": pl.Series(["x", None], dtype=pl.Categorical),
            "c": [[1], [2]],
            "d": pl.Series([1.5, None], dtype=pl.Float32),
            "e": [datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)] * 2,
            "f": ["NA", ""],
        }
    )
    table = read_table(parquet(frame), "t.parquet")
    assert table.kinds == {"a": "number", "b": "text", "d": "number", "e": "date", "f": "text"}
    assert columns(table)["f"] == ["NA", ""], (
        "nothing is marked in a file that knows what is missing"
    )
    (remark,) = table.remarks
    assert (
        remark.sentence
        == "'c' is left out: it holds large_list<element: int64>, which is no cell of a table."
    )


def test_rows_shorter_than_the_header_miss_their_end() -> None:
    table = read_table(b"x,y,z\n1,2\n3,4\n5,6,7\n")
    assert table.frame.rows() == [(1, 2, None), (3, 4, None), (5, 6, 7)]


@pytest.mark.parametrize("above", ["# one, of, it", "# note\n# more, of, it", "# note"])
def test_comments_stand_above_a_table(above: str) -> None:
    table = read_table(f"{above}\nx,y\n1,2\n3,4\n".encode())
    assert table.frame.to_dict(as_series=False) == {"x": [1, 3], "y": [2, 4]}


def test_a_json_array_is_read_like_json_lines() -> None:
    records = [{"x": n, "s": '}],"\\', "d": [{"a": n}], "y": "ab"[n % 2]} for n in range(60)]
    lines = read_table("\n".join(map(json.dumps, records)).encode())
    for indent in (None, 1):
        text = json.dumps(records, indent=indent).encode()
        assert recognize(text).format == "json_lines"
        assert read_table(text).frame.equals(lines.frame)
        assert preview_table(text, rows=5).frame.height == 5


def test_the_head_of_a_json_array_is_previewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "HEAD", 300)
    text = json.dumps([{"x": n} for n in range(60)]).encode()
    assert 5 < preview_table(text, rows=50).frame.height < 50
    assert read_table(text).frame.height == 60


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('[{"x": 1}, 5]', 2),
        ('[{"x": 1}, {"x": ', 2),
        ('[{"x": 1}, {"x: 2}]', 2),
        ('[{"x": 1}, {x: 2}]', 2),
        ('[{"x": 1}] [1]', 2),
    ],
)
def test_a_record_of_a_json_array_that_is_no_object_is_named(text: str, row: int) -> None:
    with pytest.raises(Refusal, match=f"^Record {row} of the JSON array is "):
        read_table(text.encode())


def test_a_json_array_that_is_cut_is_refused() -> None:
    with pytest.raises(Refusal, match="does not end"):
        read_table(b'[{"x": 1}, {"x": 2}')


def test_an_empty_end_is_no_row() -> None:
    assert read_table(b"a,b\n1,2\n,\n3,4\n,\n\n").n_rows == 3


def test_a_column_that_is_not_all_numbers_is_text_and_the_odd_cell_is_named() -> None:
    lines = [f"{n},{n / 2}" for n in range(100)]
    lines[41] = "41,about 7"
    data = ("n,x\n" + "\n".join(lines)).encode()
    table = read_table(data)
    assert table.kinds["x"] == "text"
    (remark,) = table.remarks
    assert (remark.code, remark.column) == ("mixed", "x")
    assert remark.sentence == (
        "'x' holds numbers but for 1, such as 'about 7' in row 42; it is taken as text."
    )
    chosen = replace(table.options, kinds={"x": "number"})
    again = read_table(data, options=chosen)
    assert again.frame["x"].dtype == pl.Float64
    assert again.frame["x"][41] is None
    assert again.remarks[0].sentence.startswith("'x' is read as numbers; what is none counts as")


def test_a_first_cell_that_is_no_date_hides_no_dates() -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    data = ("when,y\n" + "\n".join(f"{cell},1" for cell in ("pending", *days))).encode()
    table = read_table(data)
    (remark,) = table.remarks
    assert remark.sentence == (
        "'when' holds dates but for 1, such as 'pending' in row 1; it is taken as text."
    )
    again = read_table(data, options=replace(table.options, kinds={"when": "date"}))
    assert columns(again)["when"][:2] == [None, datetime.date(2024, 1, 1)]


def test_every_choice_can_be_made_otherwise() -> None:
    data = "été;1,5;01\nici;2,5;02\n".encode("cp1252")
    assert recognize(data, header=True).header
    options = replace(
        recognize(data), encoding="latin-1", decimal=".", header=True, kinds={"01": "number"}
    )
    assert columns(read_table(data, options=options)) == {
        "été": ["ici"],
        "1,5": ["2,5"],
        "01": [2],
    }
    as_text = replace(recognize(data), delimiter=",", missing=("ici;2",))
    assert columns(read_table(data, options=as_text))["column_1"] == ["été;1", None]
    assert recognize(data, encoding="latin-1").encoding == "latin-1"
    with pytest.raises(Refusal, match=r"Line 1 of the file is not utf-8 text\. Choose another enc"):
        recognize(data, encoding="utf-8")


def test_options_survive_json_and_refuse_what_is_not_among_them() -> None:
    options = ReadOptions("xlsx", missing=("", "?"), kinds={"a": "date"}, sheet="数据")
    assert ReadOptions.from_json(options.to_json()) == options
    assert hash(options) == hash(ReadOptions.from_json(options.to_json()))
    for record, sentence in (
        ({"delimitre": ";"}, "Unknown field 'delimitre' of ReadOptions. Did you mean 'delimiter'"),
        ({"delimiter": "::"}, "Unknown delimiter '::'"),
        ({"skip_rows": -1}, "skip_rows is -1; it must be a whole number between 0 and 10000"),
        ({"kinds": {"a": "lists"}}, "Unknown kind of column 'lists'"),
        ({"missing": [1]}, "missing[0] is 1; it must be a text"),
        ([], "ReadOptions must be a JSON object"),
    ):
        with pytest.raises(Refusal, match=re.escape(sentence)):
            ReadOptions.from_mapping(record)


def test_progress_is_told_and_may_cancel(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n" + "1,2,x\n" * 1000)
    told: list[float] = []
    table = read_table(path, progress=lambda done, total: told.append(done / total))
    assert table.n_rows == 1000
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) >= 5

    def cancel(done: float, total: float) -> None:
        if done >= total / 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_table(path, progress=cancel)


def test_a_preview_reads_the_head_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 400_000 + b"\xff,3\n")
    assert preview_table(path, rows=7).rows(99) == [{"a": 1, "b": 2}] * 7
    with pytest.raises(Refusal, match="Line 400002 of the file is not utf-8 text"):
        read_table(path)


# -- what is refused ------------------------------------------------------------------------------

LYING = archive(b"<sheetData/>").replace(b"xl/workbook.xml", b"xl/workbook.xmI")
FAR = (
    b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    b'<row r="%d"><c r="%s%d"><v>1</v></c></row></sheetData>'
)


UNPACKED = 8 << 20  # bytes, in place of the limit of 1 GB


def bomb() -> bytes:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made,
        made.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as entry,
    ):
        for _ in range(9):
            entry.write(bytes(1 << 20))
    return stream.getvalue()


def repeated_string() -> bytes:
    """A long text that every cell shares: small in the file, large for who copies it."""
    strings = b'<sst xmlns="%s"><si><t>%s</t></si></sst>' % (MAIN.encode(), b"x" * 2_000)
    row = '<row r="{0}"><c r="A{0}" t="s"><v>0</v></c></row>'
    rows = "".join(row.format(number) for number in range(1, 6001))
    return archive(f"<sheetData>{rows}</sheetData>".encode(), sharedStrings=strings)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "t.csv": (lambda: b"", "The file is empty."),
    "blank.csv": (lambda: b"\n\n \n"[:2], "There are no rows in the file."),
    "header.csv": (lambda: b"a,b\n", "There are no rows in the table."),
    "missing.csv": (lambda: b"a,b\n,\n,\n", "There are no rows in the table."),
    "ragged.csv": (lambda: b"a,b\n1,2\n3,4,5\n", "Line 3 has 3 cells, but the first row has 2."),
    "quote.csv": (
        lambda: b'a,b\n"1",2\n3,"4\n5,6\n',
        "The cells of line 3 cannot be told apart: a quote stands inside of a cell, or is not",
    ),
    "wide.csv": (lambda: b"x," * 5000 + b"\n1\n", "columns; at most 4096 are possible."),
    "long.csv": (lambda: b"x" * (1 << 20) + b"y,1\n", "The first line is longer than"),
    "many.csv": (
        lambda: b"a\n" + b"1\n" * (table_limits.MAX_ROWS + 1),
        "The table has more than 1000000 rows.",
    ),
    "cells.csv": (
        lambda: (b"," * 4000 + b"\n") * 260,
        "rows of 4001 columns or more; at most 1000000 cells are possible.",
    ),
    "binary.csv": (lambda: bytes(range(256)) * 20, "it is no text, and no Excel or Parquet file"),
    "old.xls": (lambda: b"\xd0\xcf\x11\xe0" + bytes(99), "an old Excel workbook (.xls)"),
    "photo.png": (lambda: b"\x89PNG\r\n" + bytes(99), "it is a picture."),
    "t.csv.gz": (lambda: b"\x1f\x8b" + bytes(99), "it is packed by gzip; unpack it first."),
    "no.xlsx": (lambda: b"a,b\n1,2\n", "The file is not a whole .xlsx file."),
    "cut.xlsx": (lambda: workbook([[1, 2]] * 50)[:700], "not a whole Excel file: cut or damaged"),
    "other.xlsx": (lambda: zipped("readme.txt"), "The file is an archive, but no Excel workbook."),
    "odd.xlsx": (lambda: zipped("_rels/.rels"), "not a whole Excel file: cut or damaged."),
    "lying.xlsx": (lambda: LYING, "There are no sheets in the workbook."),
    "nothing.xlsx": (lambda: workbook([]), "There are no rows in the file."),
    "bomb.xlsx": (bomb, "The file would unpack to 9 MB; at most 8 MB are possible."),
    "far.xlsx": (
        lambda: archive(FAR % (1_048_576, b"XFD", 1_048_576)),
        "The table has 16384 columns; at most 4096 are possible.",
    ),
    "deep.xlsx": (
        lambda: archive(FAR % (1_048_576, b"B", 1_048_576)),
        "The table has more than 1000000 rows.",
    ),
    "sparse.xlsx": (
        lambda: archive(FAR % (900_000, b"CZ", 900_000)),
        "The table has 900000 rows of 104 columns or more; at most 1000000 cells are possible.",
    ),
    "rows.xlsx": (
        lambda: archive(b"<sheetData>" + b"<row/>" * 1_000_002 + b"</sheetData>"),
        "The table has more than 1000000 rows.",
    ),
    "row.xlsx": (
        lambda: archive(b"<sheetData><row>" + b"<c/>" * 5000 + b"</row></sheetData>"),
        "The table has 5000 columns; at most 4096 are possible.",
    ),
    "hidden.xlsx": (
        lambda: archive(
            b"<sheetData><x:row r='1'><x:c y='>' r='XFD1'><x:v>1</x:v></x:c></x:row></sheetData>"
        ),
        "The table has 16385 columns; at most 4096 are possible.",
    ),
    "elsewhere.xlsx": (
        lambda: archive(FAR % (9, b"ZZZ", 9), path="elsewhere/sheet.txt"),
        "The table has 18278 columns; at most 4096 are possible.",
    ),
    "shared.xlsx": (repeated_string, "The file would unpack to 11 MB; at most 8 MB"),
    "cut.parquet": (lambda: parquet(pl.DataFrame({"a": [1]}))[:-9], "not a whole Parquet file"),
    "body.parquet": (
        lambda: damaged(parquet(pl.DataFrame({"a": list(range(1000))}))),
        "not a whole Parquet file: cut or damaged.",
    ),
    "rows.parquet": (
        lambda: parquet(pl.DataFrame({"a": pl.Series([1]).new_from_index(0, 2_000_000)})),
        "The table has more than 1000000 rows.",
    ),
    "lists.parquet": (lambda: parquet(pl.DataFrame({"a": [[1]]})), "no columns in the table"),
    "empty.parquet": (lambda: parquet(pl.DataFrame({"a": []})), "There are no rows in the table."),
    "list.jsonl": (
        lambda: b'{"a": 1}\n[1]\n{"a": 2}\n',
        "Line 2 is '[1]'; it must be a JSON object",
    ),
    "cut.jsonl": (lambda: b'{"a": 1}\n{"a"', "Line 2 is '{\"a\"'; it must be a JSON object"),
    "deep.jsonl": (lambda: b'{"a":' + b"[" * 100_000, "Line 1 is"),
    "none.jsonl": (lambda: b"{}\n{}\n", "There are no columns in the table."),
    "keys.jsonl": (
        lambda: "\n".join(json.dumps({f"k{n}": 1}) for n in range(5000)).encode(),
        "columns; at most 4096 are possible.",
    ),
}


def zipped(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr(name, "<x/>")
    return stream.getvalue()


def damaged(data: bytes) -> bytes:
    return data[:20] + bytes(200) + data[220:]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_words(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (archives, delimited, parquet_files):  # the same, sooner
        for limit in ("MAX_UNPACKED", "MAX_CELLS"):
            if hasattr(module, limit):
                monkeypatch.setattr(module, limit, UNPACKED if limit == "MAX_UNPACKED" else 10**6)
    make, sentence = REFUSED[name]
    with pytest.raises(Refusal, match=re.escape(sentence)):
        read_table(make(), name)


def test_a_file_beyond_the_limit_is_not_even_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as stream:
        stream.truncate(table_limits.MAX_BYTES + 1)
    with pytest.raises(Refusal, match=r"The table is larger than 200 MB\."):
        preview_table(path)


def test_an_archive_that_lies_about_its_sizes_is_refused() -> None:
    honest = workbook([["a", "b"], [1, 2]])
    stream = io.BytesIO(honest)
    with zipfile.ZipFile(stream) as opened:
        entry = opened.getinfo("xl/worksheets/sheet1.xml")
        size = entry.file_size.to_bytes(4, "little")
    assert honest.count(size) >= 2
    lying = honest.replace(size, (50).to_bytes(4, "little"))
    with pytest.raises(Refusal, match="not a whole Excel file"):
        read_table(lying, "t.xlsx")


@pytest.mark.parametrize("formula", ["=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "+1+cmd"])
def test_a_formula_in_a_cell_is_a_text(formula: str) -> None:
    data = f'a,b\n"{formula}",1\nx,2\n'.encode()
    assert columns(read_table(data))["a"] == [formula, "x"]


# -- any file at all ------------------------------------------------------------------------------


def read_or_sentence(data: bytes, name: str, options: ReadOptions | None = None) -> None:
    """Whatever the bytes, there is a table within the limits, or a Refusal."""
    try:
        table = read_table(data, name, options)
    except Refusal:
        return
    assert table.n_rows > 0
    assert len(set(table.columns)) == len(table.columns)
    assert ReadOptions.from_json(table.options.to_json()) == table.options
    preview_table(data, name, table.options, rows=3)


PIECES = [
    *("a", "1", "-2,5", "3.5", "NA", "é", "中", "\ufeff", "\0", "'", '"', '""', "=1", "inf", "nan"),
    *(",", ";", "\t", "|", "\n", "\r\n", "\r", " ", "2024-01-02", "true", "{", "}", "[", ":"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
NAMES = st.sampled_from(["", "t.csv", "t.jsonl", "t.xlsx", "t.parquet"])


@FEW
@given(
    st.binary(max_size=200) | TEXTS.map(str.encode) | TEXTS.map(lambda t: t.encode("utf-16")), NAMES
)
@example(b'"', "t.csv")
@example(b"PK\x03\x04", "")
@example(b"PAR1PAR1", "")
@example(b'{"\\ud800": 1}', "t.jsonl")
def test_any_bytes_are_a_table_or_refused(data: bytes, name: str) -> None:
    read_or_sentence(data, name)


@FEW
@given(
    TEXTS,
    st.builds(
        ReadOptions,
        format=st.sampled_from(["csv", "json_lines", "xlsx", "parquet"]),
        encoding=st.sampled_from(["utf-8", "utf-16", "gb18030", "latin-1"]),
        delimiter=st.sampled_from([",", "\t", ";", "|"]),
        quote=st.sampled_from(['"', "'", ""]),
        decimal=st.sampled_from([".", ","]),
        thousands=st.sampled_from(["", ".", "'"]),
        header=st.booleans(),
        skip_rows=st.integers(0, 3),
        strip=st.booleans(),
        escaped=st.booleans(),
        kinds=st.dictionaries(
            st.sampled_from(["a", "column_1"]),
            st.sampled_from(["number", "date", "boolean", "text"]),
        ),
    ),
)
@example("-2,5", ReadOptions(encoding="utf-16"))
@example("\n", ReadOptions())
@example("\n1,2\n", ReadOptions())
def test_any_text_under_any_options_is_a_table_or_refused(text: str, options: ReadOptions) -> None:
    read_or_sentence(text.encode(), "t", options)


@FEW
@given(st.data())
def test_damaged_workbooks_and_parquet_files_are_refused(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([PARQUET, WORKBOOK]))
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = data.draw(st.binary(min_size=1, max_size=8))
    read_or_sentence(whole[:at] + changed + whole[at + len(changed) :], "t")
    read_or_sentence(whole[:at], "t")


PARQUET = parquet(pl.DataFrame({"a": [1, 2, None], "b": ["x", "y", "z"]}))
WORKBOOK = workbook([["a", "b"], [1, "x"], [2, "y"]])

CELLS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)


@FEW
@given(
    st.lists(
        st.tuples(CELLS, st.floats(allow_nan=False), st.integers(-(2**63), 2**63 - 1)),
        min_size=1,
        max_size=6,
    )
)
@example([("", 0.0, 1), ("NA", -0.0, 2)])
def test_what_polars_writes_is_read_again(rows: list[tuple[str, float, int]]) -> None:
    frame = pl.DataFrame(rows, schema=["t", "x", "n"], orient="row")
    written = frame.write_csv(quote_style="non_numeric").encode()
    kinds = {"t": "text", "x": "number", "n": "number"}
    options = ReadOptions(missing=(), strip=False, kinds=kinds)
    again = read_table(written, "t.csv", options).frame
    assert again["t"].to_list() == frame["t"].to_list()
    assert again["x"].to_list() == frame["x"].to_list()
    assert again["n"].to_list() == frame["n"].to_list()


def test_names_that_come_late_in_json_lines_are_columns_too() -> None:
    early = b'{"a": 1, "b": "x"}\n' * 120_000  # two megabytes
    late = b'{"a": 2, "late": 3, "\\ud800": 4}\n' * 4000
    table = read_table(early + late + early, "rows.jsonl")
    assert table.columns == ("a", "b", "late")
    assert table.n_rows == 244_000
    assert table.frame["late"].drop_nulls().to_list() == [3] * 4000

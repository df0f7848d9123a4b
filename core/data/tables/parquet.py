"""Parquet files to columns, by pyarrow, whose reader is the one most tried against damaged files.

A file of some kilobytes may declare a billion rows, so its footer and the headers of its pages
are judged first.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import polars as pl

from core.data.tables.archives import check_size, damaged, too_large
from core.data.tables.findings import Finding
from core.data.tables.limits import MAX_UNPACKED
from core.data.tables.pages import check_pages

BATCH, DELTA_BATCH = 8192, 128  # rows read at once; of texts that share their beginnings


def read_parquet(
    data: bytes, rows: int | None = None, tick: Callable[[float], None] = lambda share: None
) -> tuple[pl.DataFrame, list[Finding]]:
    """Columns of a file, or their first rows, and remarks on those that are no cells.

    tick: is called batch by batch with the share that is done, 0 to 1.
    Raises ValueError if the file is damaged, or larger unpacked than the limits.
    """
    import pyarrow

    broken = (pyarrow.ArrowException, OSError, OverflowError, UnicodeError)
    try:
        return _read(data, rows, tick)
    except (*broken, pl.exceptions.PolarsError):
        raise damaged("Parquet") from None


def _read(
    data: bytes, rows: int | None, tick: Callable[[float], None]
) -> tuple[pl.DataFrame, list[Finding]]:
    import pyarrow
    from pyarrow import parquet

    with parquet.ParquetFile(io.BytesIO(data)) as file:
        _check(file.metadata)
        check_pages(data, file.metadata)
        fields, left_out = _chosen(file)
        delta = _delta_coded(file.metadata)
    texts = [field.name for field in fields if _is_text(field.type)]
    most = DELTA_BATCH if delta.intersection(texts) else BATCH
    # A text that thousands of rows share comes once, and is measured before it is repeated.
    with parquet.ParquetFile(io.BytesIO(data), read_dictionary=set(texts) - delta) as file:
        batches = list(_batches(file, [field.name for field in fields], most, rows, tick))
    plain = [(field.name, _plain(field.type)) for field in fields]
    table = pyarrow.Table.from_batches(batches, None if batches else pyarrow.schema(plain))
    columns = zip(table.column_names, table.columns, strict=True)
    made = {name: pl.Series(name, pl.from_arrow(column)) for name, column in columns}
    return pl.DataFrame(made), left_out


def _batches(
    file: Any, names: list[str], most: int, rows: int | None, tick: Callable[[float], None]
) -> Iterator[Any]:
    """Record batches of a file, or one of its first rows, without dictionaries.

    Raises ValueError as soon as they are too much together.
    """
    import pyarrow

    size, done = 0, 0
    most = most if rows is None else min(max(rows, 1), most)
    for batch in file.iter_batches(batch_size=most, columns=names) if names else ():
        batch.validate(full=True)
        chosen = [batch.column(batch.schema.names.index(name)) for name in names]
        size += sum(map(_size, chosen))
        if size > MAX_UNPACKED:
            raise too_large(size)
        plain = pyarrow.RecordBatch.from_arrays([_decoded(column) for column in chosen], names)
        yield plain if rows is None else plain.slice(0, max(rows, 1) - done)
        done += batch.num_rows
        if rows is not None and done >= rows:
            return
        tick(min(done / max(file.metadata.num_rows, 1), 1.0))


def _delta_coded(footer: Any) -> set[str]:
    """Columns that pyarrow cannot read as dictionaries."""
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    chunks = (group.column(number) for group in groups for number in range(group.num_columns))
    return {c.path_in_schema for c in chunks if any("DELTA" in name for name in c.encodings)}


def _size(column: Any) -> int:
    """Bytes of a column when every row has its own text."""
    from pyarrow import compute, types

    if not types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return int(column.nbytes)
    lengths = compute.binary_length(column.dictionary).take(column.indices)
    return int(column.indices.nbytes) + (compute.sum(lengths).as_py() or 0)


def _decoded(column: Any) -> Any:
    from pyarrow import types

    return column.dictionary_decode() if types.is_dictionary(column.type) else column


def _plain(kind: Any) -> Any:
    from pyarrow import types

    return kind.value_type if types.is_dictionary(kind) else kind


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _check(footer: Any) -> None:
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    check_size(max(footer.num_rows, sum(group.num_rows for group in groups)), footer.num_columns)
    unpacked = sum(group.total_byte_size for group in groups)
    if unpacked > MAX_UNPACKED:
        raise too_large(unpacked)


def _chosen(file: Any) -> tuple[list[Any], list[Finding]]:
    """The fields that are cells, and remarks on the others, which are not even read.

    pyarrow chooses columns by name: one that is also another's, or a part's of it, is left out.
    """
    fields = list(file.schema_arrow)
    cells = {field.name for field in fields if _is_cell(field.type)}
    paths = Counter(file.schema.column(number).path for number in range(len(file.schema)))
    others = [path for path, count in paths.items() if path not in cells or count > 1]
    unclear = {
        start for path in others for start in accumulate(path.split("."), lambda a, b: f"{a}.{b}")
    }
    chosen, left_out = [], []
    for field in fields:
        if _is_cell(field.type) and field.name not in unclear:
            chosen.append(field)
        else:
            left_out.append(Finding("left_out", field.name, {"kind": str(field.type)[:40]}))
    return chosen, left_out


def _is_cell(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_cell(kind.value_type)
    known = (
        *(types.is_integer, types.is_floating, types.is_boolean, types.is_string, types.is_null),
        *(types.is_large_string, types.is_date, types.is_timestamp, types.is_decimal128),
    )
    return any(is_kind(kind) for is_kind in known)

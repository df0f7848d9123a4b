"""Parquet files to columns, by pyarrow, whose reader is the one most tried against damaged files.

A file of some kilobytes may declare a billion rows, so its footer is judged first.
"""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from core.data.tables.archives import check_size, damaged, too_large
from core.data.tables.findings import Finding
from core.data.tables.limits import MAX_UNPACKED


def read_parquet(data: bytes, rows: int | None = None) -> tuple[pl.DataFrame, list[Finding]]:
    """Columns of a file, or their first rows, and remarks on those that are no cells.

    Raises ValueError if the file is damaged, or larger unpacked than the limits.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(io.BytesIO(data)) as file:
            _check(file.metadata)
            if rows is None:
                table = file.read()
            else:
                batches = file.iter_batches(batch_size=max(rows, 1))
                table = pyarrow.Table.from_batches([next(batches)][: rows or 1], file.schema_arrow)
            table.validate(full=True)
            return _columns(table)
    except StopIteration:
        return pl.DataFrame(), []
    except (pyarrow.ArrowException, OSError, OverflowError, pl.exceptions.PolarsError):
        raise damaged("Parquet") from None


def _check(footer: Any) -> None:
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    check_size(max(footer.num_rows, sum(group.num_rows for group in groups)), footer.num_columns)
    unpacked = sum(group.total_byte_size for group in groups)
    if unpacked > MAX_UNPACKED:
        raise too_large(unpacked)


def _columns(table: Any) -> tuple[pl.DataFrame, list[Finding]]:
    made, left_out = {}, []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if _is_cell(column.type) and name not in made:
            made[name] = pl.Series(name, pl.from_arrow(column))
        else:
            left_out.append(Finding("left_out", name, {"kind": str(column.type)[:40]}))
    return pl.DataFrame(made), left_out


def _is_cell(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_cell(kind.value_type)
    known = (
        *(types.is_integer, types.is_floating, types.is_boolean, types.is_string, types.is_null),
        *(types.is_large_string, types.is_date, types.is_timestamp, types.is_decimal128),
    )
    return any(is_kind(kind) for is_kind in known)

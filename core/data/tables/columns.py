"""What each column of a table holds, and what a person should know before using it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from core.data.tables.findings import Finding
from core.data.tables.raw import as_texts
from core.data.tables.table import KIND_OF, Table
from core.maths.registry import shown

KINDS = ("number", "category", "boolean", "date", "text", "identifier", "constant")
EXAMPLES = 5  # values shown of a column
MOSTLY_MISSING = 0.5
NAMES_ROWS = 0.95  # share of differing values above which a column names rows ...
ENOUGH_ROWS = 20  # ... if there are that many
WORDS_OF_TEXT = 3.0  # words in a cell, on average, from which it is running text
LETTERS_OF_TEXT = 30.0
NUMBERING = re.compile(  # at the end of a name, as a word of its own: a bid is a number
    r"(?:^|[\W\d_])(?i:id|nr|no|number|nummer)\W*$|[a-z](?:I[dD]|N[ro]|Number)$"
    r"|(?i:customer|user|order|product|item|account|client|patient|employee|passenger)id$|号码?$"
)
MANY_CATEGORIES = 100
REPEATS = 2.0  # rows for each value, on average, from which telling the target is no accident
ACCIDENT = 1e-3  # ... and the chance that it is one all the same, were rows drawn at random
SAME_LINE = 1.0 - 1e-9  # correlation of two columns that are one, in other units
UNEQUAL = 10.0  # times as many rows in the largest class as in the smallest
SAMPLE = 1000  # texts whose words are counted


@dataclass(frozen=True)
class ColumnReport:
    """A column in short.

    kind: one of KINDS. missing: cells without a value. distinct: different values among the others.
    examples: some of them, as they first occur. low, high: of numbers and dates, else None.
    mean: of numbers. findings: see `findings.SAID`.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    examples: tuple[Any, ...]
    low: Any = None
    high: Any = None
    mean: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def treatment(self) -> str:
        """What the column is taken for as a feature; a number that names rows stays a number.

        As categories, numbers that never recur are all rare; as numbers they may tell the time.
        """
        if self.kind == "identifier":
            return "category" if self.mean is None else "number"
        return {"boolean": "number", "constant": "auto"}.get(self.kind, self.kind)


def describe(table: Table, targets: Sequence[str] = ()) -> tuple[ColumnReport, ...]:
    """Report on every column, in order. targets: what is to be told, to find what gives it away."""
    reports = [_report(table.frame[name]) for name in table.columns]
    duplicates = dict(_duplicates(table.frame, reports))
    leaks = {name: target for target in targets for name in _leaks(table.frame, reports, target)}
    return tuple(
        replace(
            report,
            findings=(
                *(found for found in table.remarks if found.column == report.name),
                *report.findings,
                *duplicates.get(report.name, ()),
                *_leak(report, targets, leaks),
                *(imbalance(table.frame[report.name]) if report.name in targets else ()),
            ),
        )
        for report in reports
    )


def texts_of(table: Table, column: str, most: int) -> list[str]:
    """The first different values of a column as texts, at most so many."""
    present = table.frame[column].drop_nulls()
    return as_texts(present.unique(maintain_order=True).head(most)).to_list()


def has_values(table: Table, column: str, values: Sequence[str]) -> bool:
    """Whether any cell of a column is one of these texts."""
    return bool(as_texts(table.frame[column]).is_in(list(values)).any())


def _leak(report: ColumnReport, targets: Sequence[str], leaks: dict[str, str]) -> Iterator[Finding]:
    if report.name in leaks and report.name not in targets:
        yield Finding("leak", report.name, {"target": shown(leaks[report.name])})


def _report(column: pl.Series) -> ColumnReport:
    present = column.drop_nulls()
    distinct = present.n_unique()
    kind = _kind(present, distinct)
    numeric = KIND_OF[type(column.dtype)] == "number"
    low = high = mean = None
    if len(present) and (numeric or KIND_OF[type(column.dtype)] == "date"):
        finite = present.filter(present.is_finite()) if column.dtype == pl.Float64 else present
        low, high = finite.min(), finite.max()
        mean = float(finite.mean()) if numeric and len(finite) else None  # type: ignore[arg-type]
    return ColumnReport(
        column.name,
        kind,
        column.null_count(),
        distinct,
        tuple(present.head(SAMPLE).unique(maintain_order=True).head(EXAMPLES).to_list()),
        low,
        high,
        mean,
        tuple(_findings(column, present, distinct, kind)),
    )


def _kind(present: pl.Series, distinct: int) -> str:
    """What values that are there mean; see KINDS."""
    if distinct <= 1:
        return "constant"
    kind = KIND_OF[type(present.dtype)]
    if kind in ("boolean", "date"):
        return kind
    names_rows = len(present) >= ENOUGH_ROWS and distinct >= NAMES_ROWS * len(present)
    if kind == "number":
        is_name = _counts_up(present) or _is_numbering(present, distinct)
        return "identifier" if names_rows and is_name else "number"
    sample = present.gather_every(max(1, len(present) // SAMPLE))
    words = sample.str.count_matches(r"\s+\S").mean() or 0.0
    letters = sample.str.len_chars().mean() or 0.0
    if words + 1.0 >= WORDS_OF_TEXT and distinct > len(present) / 4:  # type: ignore[operator]
        return "text"
    if names_rows:  # 36 letters without a space are a UUID, unless words are written unspaced
        said = words >= 1.0 or has_words_unspaced(present)  # type: ignore[operator]
        return "text" if said and letters >= LETTERS_OF_TEXT else "identifier"  # type: ignore[operator]
    return "category"


def _is_numbering(present: pl.Series, distinct: int) -> bool:
    """Whether whole numbers never recur and their column is called so: customer_id, 编号."""
    whole = present.dtype.is_integer() and distinct == len(present)
    return whole and bool(NUMBERING.search(present.name))


def has_words_unspaced(texts: pl.Series) -> bool:
    """Whether texts are mostly Chinese or Japanese characters."""
    sample = texts.cast(pl.String).drop_nulls().head(200)
    unspaced = int(sample.str.count_matches(r"[\u3040-\u30ff\u4e00-\u9fff]").sum())
    return unspaced > int(sample.str.len_chars().sum()) / 2


def _counts_up(present: pl.Series) -> bool:
    """Whether whole numbers go up or down row by row, by one for the most part."""
    if present.dtype != pl.Int64:
        return False
    steps = present.diff().drop_nulls()
    return bool((steps > 0).all() or (steps < 0).all()) and abs(float(steps.median() or 0)) == 1.0  # type: ignore[arg-type]


def _findings(column: pl.Series, present: pl.Series, distinct: int, kind: str) -> Iterator[Finding]:
    name, rows, missing = column.name, len(column), column.null_count()
    if not len(present):
        yield Finding("all_missing", name)
        return
    if missing > MOSTLY_MISSING * rows:
        yield Finding("mostly_missing", name, {"count": missing, "rows": rows})
    if kind == "constant":
        yield Finding("constant", name, {"value": shown(present[0])})
    if kind == "identifier":
        is_said = present.dtype == pl.String or _is_numbering(present, distinct)
        code = "identifier" if is_said else "counts_up"
        yield Finding(code, name, {"distinct": distinct, "rows": len(present)})
    if kind == "category" and distinct > MANY_CATEGORIES:
        yield Finding("many_categories", name, {"distinct": distinct})
    if column.dtype == pl.Float64:
        odd = (~column.is_finite()).fill_null(False).arg_true()
        if len(odd):
            row = int(odd[0])
            values = {"count": len(odd), "row": row + 1, "value": str(column[row])}
            yield Finding("not_finite", name, values)


def _duplicates(
    frame: pl.DataFrame, reports: Sequence[ColumnReport]
) -> Iterator[tuple[str, list[Finding]]]:
    """Columns that are the same as one before them, each with its finding."""
    seen: dict[tuple[Any, ...], list[str]] = {}
    for report in reports:
        if report.kind == "constant":
            continue
        column = frame[report.name]
        key = (str(column.dtype), report.missing, report.distinct, report.examples)
        twin = next((other for other in seen.get(key, ()) if _same(column, frame[other])), None)
        if twin is None:
            seen.setdefault(key, []).append(report.name)
        else:
            yield report.name, [Finding("duplicate", report.name, {"other": shown(twin)})]


def _same(column: pl.Series, other: pl.Series) -> bool:
    return column.equals(other, null_equal=True)


def _leaks(frame: pl.DataFrame, reports: Sequence[ColumnReport], target: str) -> Iterator[str]:
    """Columns of which each value, though it repeats, goes with one value of the target only."""
    known = frame.filter(pl.col(target).is_not_null())
    if known[target].n_unique() < 2:
        return
    for report in reports:
        if report.name == target or report.kind == "constant":
            continue
        on_a_line = report.kind == "number" and _on_a_line(known[report.name], known[target])
        recurs = report.distinct * REPEATS <= known.height
        if on_a_line or (recurs and _tells(known, report.name, target)):
            yield report.name


def _tells(known: pl.DataFrame, name: str, target: str) -> bool:
    """Whether all rows of one value share one target, and that is no accident."""
    pair = pl.DataFrame({"value": known[name], "target": known[target]})  # of whatever names
    present = pair.lazy().filter(pl.col("value").is_not_null())
    targets = pl.col("target").n_unique().alias("targets")
    groups = present.group_by("value").agg(targets, pl.len().alias("rows")).collect()
    if groups.height < 2 or not (groups["targets"] == 1).all():
        return False
    counts, times = np.unique(pair["target"].value_counts()["count"].to_numpy(), return_counts=True)
    largest = counts.max()
    sizes = groups["rows"].value_counts().rows()
    logs = [  # of the chance that so many rows have one target, for each group of that size
        many
        * (rows * math.log(largest / known.height) + np.log(times @ (counts / largest) ** rows))
        for rows, many in sizes
    ]
    return bool(sum(logs) < math.log(ACCIDENT))


def _on_a_line(column: pl.Series, target: pl.Series) -> bool:
    if KIND_OF[type(target.dtype)] != "number":
        return False
    pair = pl.DataFrame({"x": column.cast(pl.Float64), "y": target.cast(pl.Float64)}).drop_nulls()
    if pair.height < ENOUGH_ROWS:
        return False
    r = pair.select(pl.corr("x", "y")).item()
    return r is not None and abs(r) >= SAME_LINE


def imbalance(target: pl.Series) -> Iterator[Finding]:
    """A finding if the largest class of a target has many times the rows of the smallest."""
    counts = target.alias("value").drop_nulls().value_counts(sort=True)
    if not 2 <= counts.height <= MANY_CATEGORIES or target.dtype in (pl.Float64, pl.Date):
        return
    (common, most), (rare, fewest) = counts.row(0), counts.row(-1)
    if most >= UNEQUAL * fewest:
        values = {"most": most, "common": shown(common), "fewest": fewest, "rare": shown(rare)}
        yield Finding("imbalance", target.name, values)

"""The targets of a table's rows: class numbers and names, or values, standardized or not."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data.tables.choices import TableChoices
from core.data.tables.fitting import fit_targets
from core.data.tables.limits import MAX_CLASSES
from core.data.tables.raw import as_numbers, as_texts
from core.data.tables.steps import Target
from core.data.tables.table import KIND_OF, rows_of_table
from core.maths.registry import shown
from core.refusals import Refusal


def targets_of(
    frame: pl.DataFrame, choices: TableChoices, known: NDArray[np.int64]
) -> tuple[NDArray, tuple[str, ...]]:
    """Class numbers (n,) and names, or values (n, n_values) in float64 and no names."""
    columns = [frame[name] for name in choices.targets]
    if choices.task in ("binary", "multiclass"):
        return _classes(columns[0], choices.task)
    values = np.stack([_values(column, known) for column in columns], axis=1)
    return values, ()


def _values(column: pl.Series, known: NDArray[np.int64]) -> NDArray[np.float64]:
    with rows_of_table(known):
        numbers = as_numbers(column)
    odd = np.flatnonzero(np.isnan(numbers))
    if len(odd):
        raise Refusal(
            "Row {row} of {column} is {value}, which is no {kind}.",
            row=int(known[odd[0]]) + 1,
            column=shown(column.name),
            value=shown(column[int(odd[0])]),
            kind="number",
        )
    return numbers


def _classes(column: pl.Series, task: str) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Classes in the order of their numbers, or of their names."""
    is_number = KIND_OF[type(column.dtype)] == "number"
    distinct = column.n_unique()
    if distinct > MAX_CLASSES:
        raise Refusal(
            "{column} has {count} different values, too many for classes (at most {most}). "
            "Is it a number to be told, or a name of the row?",
            column=shown(column.name),
            count=distinct,
            most=MAX_CLASSES,
        )
    order = as_texts(column.unique().sort() if is_number else column.unique()).to_list()
    names = tuple(order if is_number else sorted(order))
    if len(names) < 2:
        raise Refusal(
            "{column} is always {value}; there must be two classes at least.",
            column=shown(column.name),
            value=shown(names[0]),
        )
    if task == "binary" and len(names) > 2:
        raise Refusal(
            "{column} has {count} classes, and the task binary has two. Choose multiclass.",
            column=shown(column.name),
            count=len(names),
        )
    codes = {name: number for number, name in enumerate(names)}
    return as_texts(column).replace_strict(codes, return_dtype=pl.Int64).to_numpy(), names


def scaling_of(values: NDArray, choices: TableChoices) -> tuple[Target, ...]:
    """What a regression's targets are measured by, on training rows; () where they stay."""
    if values.ndim == 1 or not choices.preparation.standardize_target:
        return ()
    return fit_targets(values, choices.targets)


def scaled(values: NDArray, scaling: tuple[Target, ...]) -> NDArray[np.float32]:
    if scaling:
        shifts, scales = ([getattr(t, part) for t in scaling] for part in ("mean", "scale"))
        values = (values - shifts) / scales
    with np.errstate(over="ignore"):
        made = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(made).all():
        raise Refusal("A target holds numbers too large for float32.")
    return made

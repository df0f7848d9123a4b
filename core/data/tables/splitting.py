"""Which rows of a table are for training and which for the test, as was chosen."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data import splits
from core.data.tables.choices import SplitChoices, TableChoices
from core.data.tables.raw import as_dates, as_numbers, as_texts
from core.data.tables.table import KIND_OF
from core.maths.registry import shown
from core.refusals import Refusal


def split_rows(
    frame: pl.DataFrame, choices: TableChoices, targets: NDArray, *, day_first: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Training and test rows of the frame; both have one at least.

    day_first: of dates that are still texts, as the table was read.
    """
    how, n_rows, seed = choices.split, frame.height, choices.seed
    n_train = min(max(round(n_rows * how.train_fraction), 1), n_rows - 1)
    if how.how == "stratified" and targets.ndim == 1:
        every = np.arange(n_rows)
        return splits.stratified(every, targets, n_train, seed, splits.DIVIDE)
    if how.how == "group":
        return _both(splits.by_group(groups_of(frame[how.column]), n_train, seed), how)
    if how.how == "time":
        return splits.by_time(times_of(frame[how.column], day_first=day_first), n_train)
    if how.how == "column":
        is_test = as_texts(frame[how.column]).is_in(list(how.test_values)).fill_null(False)
        return _both(splits.by_mark(is_test.to_numpy(), seed), how)
    return splits.by_share(n_rows, n_train, seed)


def validation_rows(
    frame: pl.DataFrame, choices: TableChoices, targets: NDArray, train: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The training rows that are left, and those held back for validation; none where not asked.

    Raises ValueError if nothing would be left to learn from.
    """
    how, share, seed = choices.split, choices.split.validation_fraction, choices.seed
    if how.marks_validation:
        column = as_texts(frame[how.column])
        held = column.is_in(list(how.validation_values)).fill_null(False).to_numpy()[train]
        if held.all():
            raise _nothing_left(how)
        return train[~held], train[held]
    if how.how == "group" and share:
        return splits.held_back(train, share, seed, groups=groups_of(frame[how.column])[train])
    is_classes = how.how in ("stratified", "column") and targets.ndim == 1
    return splits.held_back(train, share, seed, classes=targets[train] if is_classes else None)


def groups_of(column: pl.Series) -> NDArray[np.int64]:
    """A number for each row, 0 to k-1: alike where the column is; what is missing is a group."""
    numbers = as_texts(column).rank("dense").fill_null(0).cast(pl.Int64)
    return np.unique(numbers.to_numpy(), return_inverse=True)[1]


def times_of(column: pl.Series, *, day_first: bool = False) -> NDArray:
    """What rows are ordered by; a row without it is an early one."""
    if KIND_OF[type(column.dtype)] == "number":
        return np.nan_to_num(as_numbers(column), nan=-np.inf)
    dates = as_dates(column, day_first=day_first)
    return dates.dt.epoch("us").fill_null(np.iinfo(np.int64).min).to_numpy()


def _both(
    parts: tuple[NDArray[np.int64], NDArray[np.int64]], how: SplitChoices
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not len(parts[0]) or not len(parts[1]):
        raise _nothing_left(how)
    return parts


def _nothing_left(how: SplitChoices) -> Refusal:
    return Refusal(
        "The split by {column} leaves no row for training or none for the test.",
        column=shown(how.column),
    )

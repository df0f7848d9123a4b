"""A table and the choices about it, made into a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data import splits
from core.data.dataset import Dataset
from core.data.making import Making, between, finished
from core.data.tables.choices import TableChoices
from core.data.tables.findings import Finding
from core.data.tables.fitting import fitting
from core.data.tables.splitting import split_rows, validation_rows
from core.data.tables.table import Table, rows_of_table
from core.data.tables.targets import scaled, scaling_of, targets_of
from core.maths.registry import check_name, shown
from core.refusals import Refusal

FEWEST_ROWS = 2
SPLIT, FITTED, TRANSFORMED = 0.2, 0.7, 0.95  # shares of the work, roughly, that are done then
Progress = Callable[[float, float], None]


@dataclass(frozen=True, eq=False)
class TableSplit:
    """Where a data set came from: the rows of its table, as they are fed, and the choices.

    train, test, validation: raw rows with all columns of the table, in the order of X_train,
    X_test and X_validation. rows_train, rows_test, rows_validation: their numbers in the table,
    from 0. remarks: what was left out, and what cannot be learnt.
    """

    table: Table
    choices: TableChoices
    rows_train: NDArray[np.int64]
    rows_test: NDArray[np.int64]
    remarks: tuple[Finding, ...] = ()
    rows_validation: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        for rows in (self.rows_train, self.rows_test, self.rows_validation):
            rows.flags.writeable = False

    @property
    def train(self) -> pl.DataFrame:
        return self.table.frame[self.rows_train]

    @property
    def test(self) -> pl.DataFrame:
        return self.table.frame[self.rows_test]

    @property
    def validation(self) -> pl.DataFrame:
        return self.table.frame[self.rows_validation]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Numbers of all rows: for training, for validation, for the test."""
        return np.concatenate([self.rows_train, self.rows_validation, self.rows_test])

    def column(self, name: str) -> pl.Series:
        """A column of all rows, in the order of `rows`."""
        return self.table.frame[name][self.rows]


def table_dataset(table: Table, choices: TableChoices, progress: Progress | None = None) -> Dataset:
    """The data set that these choices make of a table. The same choices give the same bits.

    Rows without a target are left out, and a remark says how many. The preparation is measured on
    the training rows only. `dataset.table` keeps the rows; `write_tables` writes them.
    progress: as of `read_table`.
    Raises ValueError that names the column, and the row where it can.
    """
    _check_names(table, choices)
    known, remarks = _rows_with_target(table, choices)
    targets, class_names = targets_of(table.frame[known], choices, known)
    with rows_of_table(known):
        day_first = table.options.day_first
        train, test = split_rows(table.frame[known], choices, targets, day_first=day_first)
        train, held = validation_rows(table.frame[known], choices, targets, train)
    remarks = (*remarks, *_untaught(targets[train], choices, class_names))
    split = TableSplit(table, choices, known[train], known[test], remarks, known[held])
    told = (lambda share: None) if progress is None else (lambda share: progress(share, 1.0))
    told(SPLIT)
    preparing = _preparing(split, targets[np.concatenate([train, held, test])], class_names)
    return finished(preparing, told)


def dataset_of(split: TableSplit) -> Dataset:
    """The data set of rows that are split already; see `table_dataset`."""
    _check_names(split.table, split.choices)
    known, _ = _rows_with_target(split.table, split.choices)
    wanted = split.rows
    if not np.isin(wanted, known).all() or not len(split.rows_train):
        raise Refusal("A row of the training or test table has no target.")
    targets, class_names = targets_of(split.table.frame[wanted], split.choices, wanted)
    return finished(_preparing(split, targets, class_names))


def making_part(
    whole: Dataset, train: NDArray[np.int64], test: NDArray[np.int64]
) -> Making[Dataset]:
    """Some rows of a table's data set, prepared by those for training; classes keep their numbers.

    train, test: numbers among the rows of `whole.table`. Rows that a column marks for validation
    stay that; where a share was chosen, it is held back of the training rows.
    """
    split = whole.table
    assert split is not None
    rows, choices = split.rows, split.choices
    needed = {*choices.targets, choices.split.column} & {*split.table.columns}
    frame = split.table.frame.select(sorted(needed))[rows]
    targets, class_names = targets_of(frame, choices, rows)
    yield SPLIT / 2
    if choices.split.marks_validation:
        held = np.arange(len(split.rows_validation)) + len(split.rows_train)
    else:
        train, held = validation_rows(frame, choices, targets, train)
    part = TableSplit(split.table, choices, rows[train], rows[test], rows_validation=rows[held])
    yield SPLIT
    order = np.concatenate([train, held, test])
    return (yield from _preparing(part, targets[order], class_names))


def _preparing(
    split: TableSplit, targets: NDArray, class_names: tuple[str, ...]
) -> Making[Dataset]:
    """The data set of a split. targets: of its `rows`, class numbers or in the table's units."""
    choices, frame = split.choices, split.table.frame
    ends = np.cumsum([len(split.rows_train), len(split.rows_validation)])
    y, y_validation, y_test = np.split(targets, ends)
    features = frame.select(feature.column for feature in choices.features)
    scaling = scaling_of(y, choices)
    train = features[split.rows_train]
    with rows_of_table(split.rows_train):
        fit = fitting(
            train,
            choices.features,
            choices.preparation,
            scaling,
            day_first=split.table.options.day_first,
        )
        preparation = yield from between(SPLIT, FITTED, fit)
        X_train = yield from between(FITTED, TRANSFORMED, preparation.transforming(train))
    with rows_of_table(split.rows_test):
        test = preparation.transforming(features[split.rows_test])
        X_test = yield from between(TRANSFORMED, 1.0, test)
    X_validation = None
    if len(split.rows_validation):
        with rows_of_table(split.rows_validation):
            held = preparation.transforming(features[split.rows_validation])
            X_validation = yield from between(1.0, 1.0, held)
    return Dataset(
        X_train,
        scaled(y, scaling),
        X_test,
        scaled(y_test, scaling),
        task="classification" if class_names else "regression",
        feature_names=preparation.names,
        class_names=class_names,
        preprocessing=preparation,
        table=split,
        X_validation=X_validation,
        y_validation=None if X_validation is None else scaled(y_validation, scaling),
    )


def _check_names(table: Table, choices: TableChoices) -> None:
    features = [feature.column for feature in choices.features]
    for name in (*choices.targets, *features):
        check_name(table.columns, name, "column")
    if choices.split.how in ("group", "time", "column"):
        check_name(table.columns, choices.split.column, "column")
    both = [name for name in features if name in choices.targets]
    if both:
        raise Refusal("{column} is both a target and a feature.", column=shown(both[0]))
    if len(set(features)) < len(features):
        twice = next(name for name in features if features.count(name) > 1)
        raise Refusal(
            "{field} lists {value} twice; each may be there once.",
            field="features",
            value=shown(twice),
        )
    if len(choices.targets) > 1 and choices.task != "multi_output_regression":
        raise Refusal("The task {task} has one target.", task=choices.task)


def _rows_with_target(
    table: Table, choices: TableChoices
) -> tuple[NDArray[np.int64], tuple[Finding, ...]]:
    """Numbers of the rows whose targets are all known, and what is said of the others."""
    absent = table.frame.select(
        pl.any_horizontal(pl.col(name).is_null() for name in choices.targets)
    ).to_series()
    known = np.flatnonzero(~absent.to_numpy())
    if len(known) < FEWEST_ROWS:
        raise Refusal(
            "{count} rows have a value of {column}; a data set needs {least}: one for training and "
            "one for the test.",
            count=len(known),
            column=", ".join(map(shown, choices.targets)),
            least=FEWEST_ROWS,
        )
    lost = {name: table.frame[name].null_count() for name in choices.targets}
    return known, tuple(
        Finding("no_target", name, {"count": count}) for name, count in lost.items() if count
    )


def _untaught(
    train: NDArray, choices: TableChoices, class_names: tuple[str, ...]
) -> tuple[Finding, ...]:
    """What is said of classes that the split leaves no row to learn from."""
    absent = splits.untaught(train, class_names) if class_names else ""
    return (Finding("untaught", choices.targets[0], {"classes": absent}),) if absent else ()

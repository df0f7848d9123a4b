"""A table and the choices about it, made into a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.tables.choices import TableChoices
from core.data.tables.findings import Finding
from core.data.tables.fitting import fit_preparation, fit_targets
from core.data.tables.limits import MAX_CLASSES
from core.data.tables.raw import as_numbers, as_texts
from core.data.tables.splitting import split_rows, validation_rows
from core.data.tables.steps import Target
from core.data.tables.table import KIND_OF, Table
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
    from 0. remarks: what was left out.
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
    targets, class_names = _targets(table.frame[known], choices, known)
    with _rows_of_table(known):
        day_first = table.options.day_first
        train, test = split_rows(table.frame[known], choices, targets, day_first=day_first)
        train, held = validation_rows(table.frame[known], choices, targets, train)
    split = TableSplit(table, choices, known[train], known[test], remarks, known[held])
    told = (lambda share: None) if progress is None else (lambda share: progress(share, 1.0))
    told(SPLIT)
    return _prepared(split, targets[np.concatenate([train, held, test])], class_names, told)


def dataset_of(split: TableSplit) -> Dataset:
    """The data set of rows that are split already; see `table_dataset`."""
    _check_names(split.table, split.choices)
    known, _ = _rows_with_target(split.table, split.choices)
    wanted = split.rows
    if not np.isin(wanted, known).all() or not len(split.rows_train):
        raise Refusal("A row of the training or test table has no target.")
    targets, class_names = _targets(split.table.frame[wanted], split.choices, wanted)
    return _prepared(split, targets, class_names)


def part_of(whole: Dataset, train: NDArray[np.int64], test: NDArray[np.int64]) -> Dataset:
    """Some rows of a table's data set, prepared by those for training; classes keep their numbers.

    train, test: numbers among the rows of `whole.table`. Of the training rows some are held back
    for validation, where that was chosen.
    """
    split = whole.table
    assert split is not None
    rows = split.rows
    targets, class_names = _targets(split.table.frame[rows], split.choices, rows)
    train, held = validation_rows(split.table.frame[rows], split.choices, targets, train)
    part = TableSplit(
        split.table, split.choices, rows[train], rows[test], rows_validation=rows[held]
    )
    return _prepared(part, targets[np.concatenate([train, held, test])], class_names)


def _prepared(
    split: TableSplit,
    targets: NDArray,
    class_names: tuple[str, ...],
    tick: Callable[[float], None] = lambda share: None,
) -> Dataset:
    """The data set of a split. targets: of its `rows`, class numbers or in the table's units."""
    choices, frame = split.choices, split.table.frame
    ends = np.cumsum([len(split.rows_train), len(split.rows_validation)])
    y, y_validation, y_test = np.split(targets, ends)
    features = frame.select(feature.column for feature in choices.features)
    scaling = _scaling(y, choices)
    train = features[split.rows_train]

    def fitted(share: float) -> None:
        tick(SPLIT + (FITTED - SPLIT) * share)

    with _rows_of_table(split.rows_train):
        preparation = fit_preparation(
            train,
            choices.features,
            choices.preparation,
            scaling,
            fitted,
            day_first=split.table.options.day_first,
        )
        X_train = preparation.transform(train)
    tick(TRANSFORMED)
    with _rows_of_table(split.rows_test):
        X_test = preparation.transform(features[split.rows_test])
    with _rows_of_table(split.rows_validation):
        X_validation = preparation.transform(features[split.rows_validation])
    has_validation = len(split.rows_validation) > 0
    tick(1.0)
    return Dataset(
        X_train,
        _scaled(y, scaling),
        X_test,
        _scaled(y_test, scaling),
        task="classification" if class_names else "regression",
        feature_names=preparation.names,
        class_names=class_names,
        preprocessing=preparation,
        table=split,
        X_validation=X_validation if has_validation else None,
        y_validation=_scaled(y_validation, scaling) if has_validation else None,
    )


@contextmanager
def _rows_of_table(rows: NDArray[np.int64]) -> Iterator[None]:
    """Refusals of a part's rows name the rows of the table, where a person finds them."""
    try:
        yield
    except Refusal as error:
        said = error.sentence
        if "row" not in said.values:
            raise
        row = int(rows[said.values["row"] - 1]) + 1
        raise Refusal(said.template, **said.values | {"row": row}) from None


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
            column=shown(choices.targets[0]),
            least=FEWEST_ROWS,
        )
    lost = table.n_rows - len(known)
    if not lost:
        return known, ()
    return known, (Finding("no_target", choices.targets[0], {"count": lost}),)


def _targets(
    frame: pl.DataFrame, choices: TableChoices, known: NDArray[np.int64]
) -> tuple[NDArray, tuple[str, ...]]:
    """Class numbers (n,) and names, or values (n, n_values) in float64 and no names."""
    columns = [frame[name] for name in choices.targets]
    if choices.task in ("binary", "multiclass"):
        return _classes(columns[0], choices.task)
    values = np.stack([_values(column, known) for column in columns], axis=1)
    return values, ()


def _values(column: pl.Series, known: NDArray[np.int64]) -> NDArray[np.float64]:
    with _rows_of_table(known):
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


def _scaling(values: NDArray, choices: TableChoices) -> tuple[Target, ...]:
    """What a regression's targets are measured by, on training rows; () where they stay."""
    if values.ndim == 1 or not choices.preparation.standardize_target:
        return ()
    return fit_targets(values, choices.targets)


def _scaled(values: NDArray, scaling: tuple[Target, ...]) -> NDArray[np.float32]:
    if scaling:
        shifts, scales = ([getattr(t, part) for t in scaling] for part in ("mean", "scale"))
        values = (values - shifts) / scales
    with np.errstate(over="ignore"):
        made = np.ascontiguousarray(values, dtype=np.float32)
    if not np.isfinite(made).all():
        raise Refusal("A target holds numbers too large for float32.")
    return made

"""A data set's rows in k folds: each is the test once, of what the others taught."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data import bundled, splits
from core.data.dataset import Dataset
from core.data.making import Making, finished
from core.data.registry import DRAWINGS, making_bundled, record_of, rows_of
from core.maths.limits import Limits
from core.refusals import Refusal

Rows = NDArray[np.int64]
FEWEST = 2


@dataclass(frozen=True, eq=False)
class Folds:
    """Which rows train and which test in each fold, and how that was decided.

    how: "stratified" (at random, every class in proportion), "share" (at random), "group" (what
    belongs together stays together) or "time" (each fold learns from what was before its rows).
    rows: of each fold the training and the test rows, numbers among the rows of `dataset`: those
    for training, for validation and, but where `untouched`, for the test.
    untouched: test rows that are in no fold, since the split is the data's own or a person's.
    held: validation rows that somebody chose, as arrays or by a column of a table: they are the
    validation of every fold and are never tested. Where only their share was chosen, they are rows
    like any other, and every fold holds back as many of its own training rows.
    """

    dataset: Dataset | None
    how: str
    rows: tuple[tuple[Rows, Rows], ...]
    untouched: int
    held: int = 0

    @classmethod
    def of(cls, dataset: Dataset, k: int, seed: int = 0) -> Folds:
        """Divide a data set into k folds. The same seed, the same folds.

        Raises ValueError if k is no number of folds, or there are fewer rows or groups.
        """
        Limits(FEWEST, 1_000_000, whole=True).check("k", k)
        fixed = _is_split_fixed(dataset)
        n_rows = _n_taught(dataset) + (0 if fixed else len(dataset.y_test))
        untouched = len(dataset.y_test) if fixed else 0
        held = dataset.n_validation if _is_validation_fixed(dataset) else 0
        if (times := _times(dataset, n_rows)) is not None:
            _check_count(n_rows - 1, k)
            blocks = splits.blocks_by_time(times, k + 1)
            earlier = [np.concatenate(blocks[:number]) for number in range(1, k + 1)]
            return cls(
                dataset, "time", tuple(zip(earlier, blocks[1:], strict=True)), untouched, held
            )
        groups = _groups(dataset, n_rows)
        if groups is not None:
            _check_groups(groups, k)
            how, tests = "group", splits.folds_by_group(groups, k, seed)
        else:
            _check_count(n_rows, k)
            is_classes = dataset.task == "classification"
            how = "stratified" if is_classes else "share"
            classes = _targets(dataset)[:n_rows].astype(np.int64)
            tests = splits.folds(classes if is_classes else np.zeros(n_rows, np.int64), k, seed)
        others = [np.concatenate(tests[:place] + tests[place + 1 :]) for place in range(k)]
        return cls(dataset, how, tuple(zip(others, tests, strict=True)), untouched, held)

    def __len__(self) -> int:
        return len(self.rows)

    def dataset_of(self, fold: int) -> Dataset:
        """The data set of a fold, 0 to k-1, prepared by its training rows alone.

        Raises ValueError if that is not possible, such as of a column that is empty in them.
        """
        return finished(self.making(fold))

    def making(self, fold: int) -> Making[Dataset]:
        """`dataset_of` in pieces: a column of a table is one, or several where it holds texts.

        Data that come with the project are three pieces, and arrays and pictures are one.
        """
        train, test = self.rows[fold]
        whole = self.dataset
        assert whole is not None, "The data of these folds were given back."
        if whole.table is not None:
            from core.data.tables.building import making_part  # needs polars, which takes a while

            return (yield from making_part(whole, train, test))
        if whole.source is not None and _is_bundled(whole):
            numbers = rows_of(whole.source)
            return (yield from making_bundled(whole.source, numbers[train], numbers[test]))
        return _taken(whole, train, test)


def _is_bundled(dataset: Dataset) -> bool:
    source = dataset.source
    if source is None or source.name in DRAWINGS:
        return False
    return record_of(source).generate is None


def _n_taught(dataset: Dataset) -> int:
    """How many rows are divided if the test rows are not."""
    return len(dataset.y_train) + (0 if _is_validation_fixed(dataset) else dataset.n_validation)


def _is_persons(dataset: Dataset) -> bool:
    """Whether its parts are a person's own: arrays, or folders of pictures."""
    if dataset.pictures is not None:
        return dataset.pictures.choices.split == "three_folders"
    return dataset.source is None and dataset.table is None


def _is_split_fixed(dataset: Dataset) -> bool:
    """Whether somebody decided which rows are for the test, other than by lot."""
    if dataset.table is not None:
        return dataset.table.choices.split.how == "column"
    if dataset.pictures is not None:
        return dataset.pictures.choices.split != "stratified"
    return dataset.source is None or record_of(dataset.source).split == "fixed"


def _is_validation_fixed(dataset: Dataset) -> bool:
    """Whether somebody decided which rows are for validation, other than by lot."""
    if dataset.table is not None:
        return dataset.table.choices.split.marks_validation
    return _is_persons(dataset)


def _times(dataset: Dataset, n_rows: int) -> NDArray | None:
    """What the first rows are ordered by, where the split is by time."""
    if dataset.table is None or dataset.table.choices.split.how != "time":
        return None
    from core.data.tables.splitting import times_of

    split = dataset.table
    column = split.column(split.choices.split.column)[:n_rows]
    return times_of(column, day_first=split.table.options.day_first)


def _groups(dataset: Dataset, n_rows: int) -> Rows | None:
    """A number for each of the first rows, where some of them must stay together."""
    if dataset.table is not None and dataset.table.choices.split.how == "group":
        from core.data.tables.splitting import groups_of

        return groups_of(dataset.table.column(dataset.table.choices.split.column)[:n_rows])
    if _is_bundled(dataset) and not dataset.is_sparse:  # ratings, which have no groups
        assert dataset.source is not None
        groups = bundled.read(dataset.source.name).groups
        if groups is not None:
            own = groups[rows_of(dataset.source)[:n_rows]]
            return np.unique(own, return_inverse=True)[1].astype(np.int64)
    return None


def _check_count(n_rows: int, k: int) -> None:
    if n_rows < k:
        raise Refusal("There are too few rows for {k} folds.", k=k)


def _check_groups(groups: Rows, k: int) -> None:
    count = int(groups.max()) + 1
    if count < k:
        raise Refusal(
            "There are {count} groups that stay together, too few for {k} folds.", count=count, k=k
        )


def _targets(dataset: Dataset) -> NDArray[np.float32]:
    return np.concatenate(_parts(dataset, "y"))


def _parts(dataset: Dataset, what: str) -> list[Any]:
    """What ("X" or "y") of the training, validation and test rows."""
    held = None if _is_persons(dataset) else getattr(dataset, f"{what}_validation")
    parts = (getattr(dataset, f"{what}_train"), held, getattr(dataset, f"{what}_test"))
    return [part for part in parts if part is not None]


def _taken(whole: Dataset, train: Rows, test: Rows) -> Dataset:
    """Rows of arrays that need no preparation, or have one that measures nothing."""
    left, held = _held_back(whole, train)
    X_held, y_held = (_chosen(whole, what, held) if len(held) else None for what in "Xy")
    if _is_persons(whole):
        X_held, y_held = whole.X_validation, whole.y_validation
    weights = whole.sample_weight
    return Dataset(
        _chosen(whole, "X", left),
        _chosen(whole, "y", left),
        _chosen(whole, "X", test),
        _chosen(whole, "y", test),
        task=whole.task,
        feature_names=whole.feature_names,
        class_names=whole.class_names,
        preprocessing=whole.preprocessing,
        image_shape=whole.image_shape,
        sample_weight=None if weights is None else weights[left],
        X_validation=X_held,
        y_validation=y_held,
    )


def _held_back(whole: Dataset, train: Rows) -> tuple[Rows, Rows]:
    """The training rows of a fold that are left, and those held back by the rule of the whole."""
    if whole.pictures is not None and not _is_persons(whole):
        classes = _targets(whole)[train].astype(np.int64)
        share = whole.pictures.choices.validation_fraction
        return splits.held_back(train, share, 0, classes=classes)
    share = 0.0 if whole.source is None else whole.source.validation_fraction
    return splits.held_back(train, share, 0)


def _chosen(whole: Dataset, what: str, rows: Rows) -> Any:
    """Rows of "X" or "y"; sparse ones are training rows, since their split is a person's."""
    parts = _parts(whole, what)
    if max(rows, default=0) < len(parts[0]):
        return parts[0][rows]
    made = np.empty((len(rows), *parts[0].shape[1:]), parts[0].dtype)
    start = 0
    for part in parts:  # one after the other: together they would be all data once more
        here = (rows >= start) & (rows < start + len(part))
        made[here] = part[rows[here] - start]
        start += len(part)
    return made

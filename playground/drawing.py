"""What a person draws on the output: decisions only, nothing drawn on the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from core.experiment import BOUNDARY, DRAWINGS, DRAWN, SKETCHED, DataConfig, Experiment
from core.experiment.points import Groups, write_points
from core.refusals import Refusal
from playground.changes import with_data

if TYPE_CHECKING:
    from core.data import Dataset

OWN = (*DRAWINGS, BOUNDARY)
"""Data that a person made here, and goes back to."""


def groups_on(experiment: Experiment, dataset: Dataset) -> tuple[str, Groups]:
    """What is drawn on: the name that the data get, and the points that there are.

    Raises ValueError for data that have no points in two classes or more, and are no curve.
    """
    from core.data.drawn import drawn_from, groups_of

    if experiment.data.name in DRAWINGS:
        return experiment.data.name, groups_of(experiment.data)
    groups = drawn_from(_with_what_was_held_back(dataset), experiment.data)
    if groups is None:
        raise Refusal("These data cannot be drawn on: they are no classes in the plane, no curve.")
    return (SKETCHED if dataset.kind == "curve" else DRAWN), groups


def _with_what_was_held_back(dataset: Dataset) -> Dataset:
    """The data set without a validation part, the points of which it does not keep."""
    from core.data import load_dataset

    if dataset.source is None or dataset.points_train is None or not dataset.n_validation:
        return dataset
    return load_dataset(replace(dataset.source, validation_fraction=0.0))


def redrawn(
    experiment: Experiment, dataset: Dataset, how: Callable[[Groups], Groups]
) -> Experiment:
    """The experiment on what `how` makes of the points of its data; the same if that is nothing.

    Raises ValueError, in words, if there is no room for a point, or none is left.
    """
    name, groups = groups_on(experiment, dataset)
    changed = how(groups)
    if changed == groups:
        return experiment
    if not any(changed):
        raise Refusal("There is no point left: draw one first.")
    return with_data(experiment, name, points=write_points(changed))


def is_redrawn(old: Experiment, new: Experiment) -> bool:
    """Whether one experiment differs from another only as a stroke, or its undoing, makes it."""
    if old == new or not {old.data.name, new.data.name} & set(DRAWINGS) or new.data.is_own:
        return False
    was, now = old.data, new.data
    fields = ("name", "points", "formula", "n_samples", "validation_fraction")
    data = replace(now, **{field: getattr(was, field) for field in fields})
    return replace(new, data=data, training=replace(new.training, loss=old.training.loss)) == old


def n_samples(dataset: Dataset) -> int:
    """How many samples a data set has in all its parts."""
    return len(dataset.y_train) + dataset.n_validation + len(dataset.y_test)


def share_taken(dataset: Dataset) -> tuple[int, int] | None:
    """How many of a data set's points a drawing on them begins with, and of how many; None if it
    begins with them all.
    """
    from core.data.drawn import MOST_TAKEN

    n = n_samples(dataset)
    return (MOST_TAKEN, n) if n > MOST_TAKEN else None


def n_points(data: DataConfig) -> int:
    """How many points a drawing has."""
    from core.data.drawn import groups_of

    return sum(map(len, groups_of(data)))


class Sketchbook:
    """The line that was typed, the drawing, the sketch: kept while other data are learnt from."""

    def __init__(self) -> None:
        self._pages: dict[str, DataConfig] = {}

    def keep(self, data: DataConfig) -> None:
        """Remember what is in use, if it is one of them."""
        if data.name in OWN:
            self._pages[data.name] = data

    def open(self, experiment: Experiment, name: str) -> Experiment:
        """The experiment on data of that name, as they were when they were last in use."""
        kept = self._pages.get(name, DataConfig(name))
        return with_data(experiment, name, kept.formula, kept.points)

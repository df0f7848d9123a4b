"""Points that a person drew: what a stroke does to them, and the data they are.

Groups are the points of each class, see `core.experiment.points`; a curve is one group, from left
to right. Every function returns new groups and leaves those it was given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset
from core.data.preprocessing import Features, Identity, Preprocessing
from core.data.splits import by_place
from core.experiment import DRAWN, SKETCHED, DataConfig
from core.experiment.points import (
    EXTENT,
    MOST_CLASSES,
    MOST_POINTS,
    REACH,
    STEPS,
    Groups,
    Point,
    read_points,
    write_points,
)
from core.maths.limits import Limits
from core.refusals import Refusal

MOST_TAKEN = 1000
"""Points of another data set that a drawing begins with; the rest of the room is for strokes."""

FURTHEST = 6
"""So many steps, 0.03, a point is moved at most to lie where one of its part does."""

NEARBY = np.array(
    sorted(
        ((x, y) for x in range(-FURTHEST, FURTHEST + 1) for y in range(-FURTHEST, FURTHEST + 1)),
        key=lambda move: move[0] ** 2 + move[1] ** 2,
    )
)
"""Moves of a place, (n, 2) int64, in steps, the shortest first."""

TRAINS, HOLDS, TESTS = 0, 1, 2
"""What a point is for: training, validation, the test."""

PLACE, CLASS = Limits(-EXTENT, EXTENT), Limits(0, MOST_CLASSES - 1, whole=True)


@lru_cache(maxsize=1)
def first_drawing() -> Groups:
    """What one begins with: a bowl of class 0 that holds a heap of class 1."""
    angles = [math.pi * (0.08 + 0.84 * k / 27) for k in range(28)]
    depths = [3.9 * math.sin(a) - 0.4 * (k % 2) for k, a in enumerate(angles)]
    bowl = [(4.2 * math.cos(a), 1.2 - depth) for a, depth in zip(angles, depths, strict=True)]
    turns = [(2.4 * k, 0.32 * math.sqrt(k)) for k in range(24)]  # as a sunflower has its seeds
    return tuple(bowl), tuple((r * math.cos(a), 1.4 + r * math.sin(a)) for a, r in turns)


@lru_cache(maxsize=1)
def first_sketch() -> Groups:
    """What one begins with: two hills."""
    x = [-5.8 + 0.2 * k for k in range(59)]
    return (tuple((a, 1.5 * math.exp(-((a + 2.5) ** 2) / 2) + 0.1 * a * math.sin(a)) for a in x),)


def groups_of(config: DataConfig) -> Groups:
    """The points that a configuration of drawn data holds."""
    if config.points:
        return read_points(config.points)
    first = first_drawing() if config.name == DRAWN else first_sketch()
    return read_points(write_points(first))  # rounded as if they were drawn


def n_classes(config: DataConfig) -> int:
    """How many classes are drawn, two at least, be there points of them all or not."""
    return max(len(groups_of(config)), 2) if config.name == DRAWN else 0


def drawn_from(dataset: Dataset, config: DataConfig) -> Groups | None:
    """The points of another data set, to draw on; None if they are no classes in the plane and no
    curve. Of many points as many as a drawing begins with, evenly chosen.

    config: by whose seed and share a drawing tells what a point is for. Each is moved by a hair to
    where it stays for what it was: what was learnt must not become a test.
    """
    train, test = dataset.points_train, dataset.points_test
    if train is None or test is None:
        return None
    points = np.concatenate([train, test]).astype(np.float64)
    targets = np.concatenate([dataset.y_train, dataset.y_test]).astype(np.float64)
    tests = np.arange(len(points)) >= len(train)
    few = np.linspace(0, len(points) - 1, min(len(points), MOST_TAKEN)).astype(np.int64)
    points, targets, tests = points[few], targets[few], tests[few]
    if dataset.kind == "curve":
        places = np.stack([points[:, 0], targets.reshape(len(points), -1)[:, 0]], axis=1)
        places = _in_their_part(places, tests, config)
        return (_pairs(places[np.argsort(places[:, 0], kind="stable")]),)
    if dataset.task != "classification":
        return None
    points = _in_their_part(points, tests, config)
    return tuple(_pairs(points[targets == k]) for k in range(dataset.n_classes))


def _in_their_part(
    points: NDArray[np.float64], tests: NDArray[np.bool_], config: DataConfig
) -> NDArray[np.float64]:
    """Points (n, 2) moved to the nearest places where they are for the test (n,), or are not."""
    places = _places(points)
    left = np.arange(len(places))  # those that have found no place yet
    for move in NEARBY:
        there = np.clip(places[left] + move, 0, 2 * REACH)
        fits = (by_place(there, config.seed) >= config.train_fraction) == tests[left]
        places[left[fits]] = there[fits]
        left = left[~fits]
    return places / STEPS - EXTENT


def _places(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Points (n, 2) in whole steps from the corner, as they are written; none beyond the edge."""
    return np.clip(np.rint((points + EXTENT) * STEPS), 0, 2 * REACH).astype(np.int64)


def _pairs(points: NDArray[np.float64]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in points)


# -- strokes ---------------------------------------------------------------------------------------


def with_points(groups: Groups, number: int, points: Sequence[Point]) -> Groups:
    """With points of a class added, as many as there is room for; a class may be new.

    Raises ValueError if there is no room at all.
    """
    room = MOST_POINTS - sum(map(len, groups))
    if room <= 0:
        raise Refusal(
            "The drawing is full: it has {most} points. Erase some to go on.", most=MOST_POINTS
        )
    padded = [list(group) for group in groups]
    padded += [[] for _ in range(number + 1 - len(padded))]
    padded[number] += list(points)[:room]
    return tuple(tuple(group) for group in padded)


def without_points(groups: Groups, path: Sequence[Point], radius: float) -> Groups:
    """Without the points that lie within a radius of a path's points, of whatever class."""
    return tuple(
        tuple(point for point in group if not _is_near(point, path, radius)) for group in groups
    )


def without_columns(groups: Groups, path: Sequence[Point], radius: float) -> Groups:
    """Without the points whose x lies within a radius of that of a path's points."""
    return tuple(
        tuple(point for point in group if all(abs(point[0] - x) > radius for x, _ in path))
        for group in groups
    )


def _is_near(point: Point, path: Sequence[Point], radius: float) -> bool:
    x, y = point
    return any((x - a) ** 2 + (y - b) ** 2 <= radius * radius for a, b in path)


def with_curve(groups: Groups, path: Sequence[Point]) -> Groups:
    """A curve with a part drawn anew: the path's points in place of those at the same x."""
    if not path:
        return groups
    low, high = min(x for x, _ in path), max(x for x, _ in path)
    kept = [point for group in groups for point in group if not low <= point[0] <= high]
    room = max(MOST_POINTS - len(kept), 1)
    return (tuple(sorted([*kept, *list(path)[:room]])),)


# -- as a table ------------------------------------------------------------------------------------

Row = Sequence[float | None]


def rows_of(groups: Groups, *, is_curve: bool) -> list[tuple[float, ...]]:
    """A row for each point: x, y, and its class where there are classes."""
    if is_curve:
        return [point for group in groups for point in group]
    return [(x, y, k) for k, group in enumerate(groups) for x, y in group]


def groups_from(rows: Sequence[Row], *, is_curve: bool) -> Groups:
    """The points of a table's rows, those without any number left out.

    Raises ValueError that names the row, from 1, in which something is missing or out of range.
    """
    groups: list[list[Point]] = [[]] if is_curve else [[], []]
    for number, row in enumerate(rows, start=1):
        if all(value is None for value in row):
            continue
        x, y = (_checked(PLACE, "xy"[i], row[i], number) for i in (0, 1))
        k = 0 if is_curve else int(_checked(CLASS, "class", row[2], number))
        groups += [[] for _ in range(k + 1 - len(groups))]
        groups[k].append((x, y))
    return (tuple(sorted(groups[0])),) if is_curve else tuple(map(tuple, groups))


def _checked(limits: Limits, name: str, value: object, number: int) -> float:
    if value is None:
        raise Refusal("Row {row} has no {column}.", row=number, column=name)
    try:
        return limits.check(name, value)
    except Refusal as refusal:
        raise Refusal("Row {row}: {problem}", row=number, problem=refusal.sentence) from None


# -- data ------------------------------------------------------------------------------------------


def load_drawn(config: DataConfig) -> Dataset:
    """The data of a drawing or a sketch. A point's part of the data is told by where it lies, so
    that points that come and go leave the others in theirs.

    Raises ValueError if there is no point.
    """
    groups = groups_of(config)
    if not any(groups):
        raise Refusal("There is no point left: draw one first.")
    parts = np.concatenate([_parts(group, config) for group in groups])
    points = np.array([point for group in groups for point in group], dtype=np.float32)
    numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    trains, holds, tests = (parts == part for part in (TRAINS, HOLDS, TESTS))
    is_curve = config.name == SKETCHED
    raw, y = (points[:, :1], points[:, 1:]) if is_curve else (points, numbers.astype(np.float32))
    preprocessing: Preprocessing = Identity() if is_curve else Features(tuple(config.features))
    X = preprocessing.transform(raw)
    arrays = (X[trains], y[trains], X[tests], y[tests])
    X_train, y_train, X_test, y_test = map(np.ascontiguousarray, arrays)
    return Dataset(
        X_train,
        y_train,
        X_test,
        y_test,
        task="regression" if is_curve else "classification",
        feature_names=("x1",) if is_curve else tuple(config.features),
        class_names=tuple(map(str, range(n_classes(config)))),
        preprocessing=preprocessing,
        points_train=raw[trains].copy(),
        points_test=raw[tests].copy(),
        source=config,
        X_validation=X[holds] if holds.any() else None,
        y_validation=y[holds] if holds.any() else None,
    )


def _parts(group: Sequence[Point], config: DataConfig) -> NDArray[np.int64]:
    """What each point of a class is for, int64 (n,); one of them is for training in any case."""
    points = np.array(group, dtype=np.float64).reshape(-1, 2)
    chance = by_place(_places(points), config.seed)
    share, held = config.train_fraction, config.train_fraction * config.validation_fraction
    parts = np.where(chance >= share, TESTS, np.where(chance >= share - held, HOLDS, TRAINS))
    if len(parts):
        parts[np.argmin(chance)] = TRAINS
    return parts

"""Strokes that a browser sent: read from whatever it sent, and what they do to a drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.data.drawn import with_curve, with_points, without_columns, without_points
from core.experiment.points import EXTENT, MOST_CLASSES, Groups, Point

MOST_OF_A_STROKE = 400
"""Points; the browser stops there, too."""

LARGEST_ERASER = 2.0
KINDS = ("draw", "erase", "sketch")


@dataclass(frozen=True)
class Stroke:
    """What a pen did: "draw" points of a class, "erase" around a path, or "sketch" a curve.

    clear: whether it takes the place of all that was there.
    """

    kind: str
    points: tuple[Point, ...]
    number: int = 0
    radius: float = 0.0
    clear: bool = False

    def __call__(self, groups: Groups) -> Groups:
        """The drawing after the stroke. Raises ValueError if there is no room."""
        emptied: Groups = ((),) if len(groups) == 1 else ((), ())  # a curve, two classes
        before = emptied if self.clear else groups
        if self.kind == "draw":
            return with_points(before, self.number, self.points)
        if self.kind == "sketch":
            return with_curve(before, self.points)
        without = without_columns if len(groups) == 1 else without_points
        return without(before, self.points, self.radius)


def read_stroke(value: Mapping[str, Any]) -> Stroke | None:
    """One stroke, or None for anything that is not one. Places beyond the edge are moved to it."""
    kind, numbers, clear = value.get("do"), value.get("points"), value.get("clear", False)
    if kind not in KINDS or not isinstance(numbers, list) or not isinstance(clear, bool):
        return None
    if not 2 <= len(numbers) <= 2 * MOST_OF_A_STROKE or len(numbers) % 2:
        return None
    number, radius = value.get("number", 0), value.get("radius", 0.0)
    if not all(map(_is_number, [*numbers, radius])):
        return None
    if type(number) is not int or not 0 <= number < MOST_CLASSES:  # True is an int, and no class
        return None
    places = [min(max(float(each), -EXTENT), EXTENT) for each in numbers]
    points = tuple(zip(places[::2], places[1::2], strict=True))
    return Stroke(kind, points, number, min(max(float(radius), 0.0), LARGEST_ERASER), clear)


def _is_number(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and abs(value) < 1000

"""Points that a person drew, as a short text that links and files carry.

`points = "gXgX0Bam.~xyZ"`: a group for each class, "." between them, four signs a point: two for x
and two for y, each a number of 12 bits. A sketched curve is a single group. "" is the drawing that
one begins with, see `core.data.drawn`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.experiment.fields import Check
from core.maths.registry import shown
from core.refusals import Refusal

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # safe in addresses
BETWEEN = "."
VALUES = {sign: value for value, sign in enumerate(SIGNS)}

EXTENT = 6.0
STEPS = 200
"""A coordinate is a whole number of 200ths: what people type in tables stays what it is."""
REACH = round(EXTENT * STEPS)

MOST_POINTS, MOST_CLASSES = 1500, 8
MOST_TEXT = 4 * MOST_POINTS + MOST_CLASSES

Point = tuple[float, float]
Groups = tuple[tuple[Point, ...], ...]
"""Points (x, y) in [-6, 6] by class, in the order in which they were drawn."""


def write_points(groups: Iterable[Iterable[Sequence[float]]]) -> str:
    """The text of groups of points; coordinates are rounded, and moved to the edge from beyond.

    Raises ValueError if there are too many points or groups.
    """
    rounded = [[(_whole(x), _whole(y)) for x, y in group] for group in groups]
    count = sum(map(len, rounded))
    if count > MOST_POINTS:
        raise Refusal(
            "There are {count} points; at most {most} can be drawn.", count=count, most=MOST_POINTS
        )
    if len(rounded) > MOST_CLASSES:
        raise Refusal(
            "There are {count} classes; at most {most} are possible.",
            count=len(rounded),
            most=MOST_CLASSES,
        )
    return BETWEEN.join("".join(_signs(x) + _signs(y) for x, y in group) for group in rounded)


def read_points(text: str) -> Groups:
    """What `write_points` wrote. Raises ValueError for any other text."""
    if len(text) > MOST_TEXT:
        raise _no_points(text)
    groups = text.split(BETWEEN)
    if len(groups) > MOST_CLASSES or any(len(group) % 4 for group in groups):
        raise _no_points(text)
    return tuple(
        tuple(
            (_number(group[at : at + 2], text), _number(group[at + 2 : at + 4], text))
            for at in range(0, len(group), 4)
        )
        for group in groups
    )


def _whole(coordinate: float) -> int:
    return min(max(round(coordinate * STEPS), -REACH), REACH) + REACH


def _signs(whole: int) -> str:
    return SIGNS[whole // 64] + SIGNS[whole % 64]


def _number(signs: str, text: str) -> float:
    if not all(sign in VALUES for sign in signs):
        raise _no_points(text)
    whole = 64 * VALUES[signs[0]] + VALUES[signs[1]]
    if whole > 2 * REACH:
        raise _no_points(text)
    return (whole - REACH) / STEPS


def _no_points(text: str) -> Refusal:
    return Refusal("points is {value}; it must be the text of a drawing.", value=shown(text))


@dataclass(frozen=True)
class PointsText(Check):
    """The text of drawn points, or "" for the drawing that one begins with."""

    def check(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise _no_points(str(value)[:MOST_TEXT])
        if value:
            read_points(value)
        return value

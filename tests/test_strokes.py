"""Strokes on the output: what a browser may send, and what they do to a drawing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.drawn import without_columns
from playground.live.component import read_action
from playground.live.strokes import MOST_OF_A_STROKE, Stroke, read_stroke

GROUPS = (((0.0, 0.0), (1.0, 0.0)), ((0.0, 1.0),))
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


def test_a_stroke_comes_through_as_it_was_sent() -> None:
    sent = {"do": "draw", "number": 2, "points": [1, 2.5, -3.0, 9.0], "n": 7}
    stroke = Stroke("draw", ((1.0, 2.5), (-3.0, 6.0)), 2)
    assert read_action(sent) == {"do": "stroke", "stroke": stroke}
    assert read_stroke({"do": "erase", "points": [0, 0], "radius": 99, "clear": True}) == Stroke(
        "erase", ((0.0, 0.0),), radius=2.0, clear=True
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": []},
        {"points": [1.0]},
        {"points": "12"},
        {"points": [1.0, True]},
        {"points": [1.0, float("nan")]},
        {"points": [1.0, 10**400]},
        {"points": [0.0] * (2 * MOST_OF_A_STROKE + 2)},
        {"number": 8},
        {"number": -1},
        {"number": True},
        {"number": 1.0},
        {"radius": "1"},
        {"clear": 1},
        {"do": "scribble"},
    ],
)
def test_what_is_no_stroke_is_dropped(wrong: dict[str, object]) -> None:
    assert read_stroke({"do": "draw", "points": [0.0, 0.0], **wrong}) is None


@given(st.fixed_dictionaries({"do": st.sampled_from(["draw", "erase", "sketch"])}), st.data())
def test_reading_survives_anything(value: dict[str, object], data: st.DataObject) -> None:
    for name in ("number", "radius", "clear"):
        value[name] = data.draw(VALUES)
    value["points"] = data.draw(st.lists(VALUES | st.integers(-6, 6), max_size=6))
    stroke = read_stroke(value)
    assert stroke is None or all(abs(place) <= 6 for point in stroke.points for place in point)


def test_what_a_stroke_does() -> None:
    assert Stroke("draw", ((2.0, 2.0),), 1)(GROUPS) == (GROUPS[0], (*GROUPS[1], (2.0, 2.0)))
    assert Stroke("erase", ((0.0, 0.0),), radius=0.5)(GROUPS) == (((1.0, 0.0),), ((0.0, 1.0),))
    assert Stroke("draw", ((2.0, 2.0),), clear=True)(GROUPS) == (((2.0, 2.0),), ())
    assert Stroke("draw", ((2.0, 2.0),), 1, clear=True)((*GROUPS, ())) == ((), ((2.0, 2.0),))
    curve = (((0.0, 5.0), (1.0, 5.0)),)
    assert Stroke("erase", ((0.0, 0.0),), radius=0.5)(curve) == (((1.0, 5.0),),)
    assert Stroke("sketch", ((0.5, 1.0), (1.5, 2.0)))(curve) == (
        ((0.0, 5.0), (0.5, 1.0), (1.5, 2.0)),
    )
    assert without_columns(GROUPS, [(1.0, 9.0)], 0.1) == (((0.0, 0.0),), ((0.0, 1.0),))

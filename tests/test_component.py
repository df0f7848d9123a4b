"""The live view's Python side: what a browser may send, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.live.chart import read_click
from playground.live.component import read_action, read_actions

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["do", "layer", "delta", "id", "n", "actions"]), inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "action",
    [
        {"do": "add_layer"},
        {"do": "remove_layer"},
        {"do": "sync"},
        {"do": "reloaded"},
        {"do": "units", "layer": 3, "delta": -1},
        {"do": "feature", "id": "x1_squared"},
    ],
)
def test_an_action_comes_through_as_it_was_sent(action: dict[str, object]) -> None:
    assert read_action({**action, "n": 7, "stranger": "dropped"}) == action


@pytest.mark.parametrize(
    "value",
    [
        None,
        "add_layer",
        {"do": "delete_everything"},
        {"do": "units", "layer": True, "delta": 1},
        {"do": "units", "layer": -1, "delta": 1},
        {"do": "units", "layer": 64, "delta": 1},
        {"do": "units", "layer": 0, "delta": 1000},
        {"do": "feature", "id": 3},
    ],
)
def test_what_is_no_action_of_ours_is_dropped(value: object) -> None:
    assert read_action(value) is None


def test_only_actions_that_were_not_done_yet_are_read_and_in_order() -> None:
    sent = {
        "actions": [{"do": "add_layer", "n": 4}, {"do": "sync", "n": 3}, {"do": "sync", "n": 2}]
    }
    assert read_actions(sent, acted=2) == [(3, {"do": "sync"}), (4, {"do": "add_layer"})]
    assert read_actions(sent, acted=4) == []


@given(ANYTHING)
def test_reading_survives_anything(value: object) -> None:
    assert isinstance(read_actions(value), list)
    read_action(value)


def test_a_click_on_a_chart_is_two_numbers_or_nothing() -> None:
    assert read_click({"x": 3, "y": 0.5, "stranger": "dropped"}) == (3, 0.5)
    for value in (None, "x", [1, 2], {"x": 1}, {"x": True, "y": 0}, {"x": "1", "y": 0}):
        assert read_click(value) is None
    assert read_click({"x": float("nan"), "y": 0.0}) is None


@given(ANYTHING)
def test_any_click_is_read(value: object) -> None:
    read_click(value)

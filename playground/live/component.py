"""The live view as a Streamlit component: mounted once, it draws from its own WebSocket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict

import streamlit as st

from playground.live.strokes import Stroke, read_stroke

MOST_LAYERS = 64
"""A layer number beyond this is not one of ours."""

MOST_ACTIONS = 200
"""Actions in one message; nobody clicks that much during one rerun."""

# Two lines, so that Streamlit takes them for a script and not for a file's name; the module
# itself is a plain file of ours, sent once and not with every rerun.
_SHIM = """export default async (component) =>
  (await import(location.origin + "/assets/live/live.js")).default(component)
"""

_VIEW = st.components.v2.component("live_view", js=_SHIM)


class Action(TypedDict, total=False):
    """What a person did on the live view.

    do: "add_layer", "remove_layer", "units" (with layer and delta), "feature" (with id), "stroke"
        (with stroke), "edit_points": show them as a table, or "sync": the run's status changed by
        itself, the page's labels must follow.
    layer: hidden layer, from 0.
    delta: +1 or -1 units.
    id: name of a feature.
    stroke: what was drawn on the output.
    """

    do: Literal["add_layer", "remove_layer", "units", "feature", "stroke", "edit_points", "sync"]
    layer: int
    delta: int
    id: str
    stroke: Stroke


def live_view(
    token: str,
    text: Mapping[str, str],
    *,
    key: str = "live",
    on_action: Callable[[Action], None],
    status: str = "",
) -> None:
    """Show the live view of one run.

    token: names the run on the live channel. text: the "live" catalogue of the page's language.
    on_action: called before the rerun that an action brings, as a widget's callback is.
    status: the run's status as this rerun shows it; when the run leaves it by itself (it
        diverged, say), one "sync" action comes.
    """
    _VIEW(
        key=key,
        data={
            "token": token,
            "text": dict(text),
            "status": status,
            "acted": st.session_state.get(_acted(key), 0),
        },
        on_action_change=lambda: _tell(key, on_action),
    )


def read_actions(value: Any, acted: int = 0) -> list[tuple[int, Action]]:
    """The actions that a browser sent and that were not done yet, with their numbers, in order.

    The browser repeats every action until it is told that it was done, for Streamlit keeps only
    the newest of several triggers that arrive during one rerun, and fast clicks must all count.
    """
    found = value.get("actions") if isinstance(value, Mapping) else None
    if not isinstance(found, list):
        return []
    result = []
    for item in found[:MOST_ACTIONS]:
        action = read_action(item)
        number = item.get("n") if action else None
        if action and type(number) is int and number > acted:
            result.append((number, action))
    return sorted(result, key=lambda pair: pair[0])


def read_action(value: Any) -> Action | None:
    """One action, or None for anything that is not one."""
    if not isinstance(value, Mapping):
        return None
    match value.get("do"):
        case "add_layer" | "remove_layer" | "reloaded" | "sync" | "edit_points":
            return Action(do=value["do"])
        case "feature" if isinstance(value.get("id"), str):
            return Action(do="feature", id=value["id"])
        case "units":
            layer, delta = value.get("layer"), value.get("delta")
            # Not isinstance: True is an int, and no layer.
            if type(layer) is int and 0 <= layer < MOST_LAYERS and delta in (-1, 1):
                return Action(do="units", layer=layer, delta=int(delta))
        case "draw" | "erase" | "sketch":
            stroke = read_stroke(value)
            return None if stroke is None else Action(do="stroke", stroke=stroke)
    return None


def _tell(key: str, on_action: Callable[[Action], None]) -> None:
    """Do what is new of what the browser sent, and remember how far that was."""
    state = st.session_state.get(key) or {}
    acted = st.session_state.get(_acted(key), 0)
    for number, action in read_actions(state.get("action"), acted):
        st.session_state[_acted(key)] = number
        on_action(action)


def _acted(key: str) -> str:
    return f"{key}: last action done"

"""Paper to draw on in the browser, with mouse, pen or finger; what is drawn comes as strokes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.data.drawing import Stroke

MOST_STROKES = 100
MOST_POINTS = 4000
"""Of a whole drawing; the browser stops drawing there, too."""

WIDTHS = (0.25, 4.0)
"""The least and the most that a pen may be, in usual ones."""

_SHIM = """export default async (component) =>
  (await import(location.origin + "/assets/live/canvas.js")).default(component)
"""

_CANVAS = st.components.v2.component("drawing_canvas", js=_SHIM)


def drawing_canvas(text: Mapping[str, str], *, key: str) -> list[Stroke]:
    """Show the paper; returns what is drawn on it, after each stroke anew.

    text: "label", what it is for those who do not see it; "brush" and "clear", of its controls.
    The browser keeps the drawing while the panel is closed, and sends it when it opens again.
    """
    result = _CANVAS(
        key=key,
        data={"key": key, "text": dict(text), "most": MOST_POINTS},
        default={"drawing": None},
        on_drawing_change=lambda: None,
    )
    return read_drawing(result.get("drawing"))


def read_drawing(value: Any) -> list[Stroke]:
    """The strokes that a browser sent; nothing of what is no drawing."""
    found = value.get("strokes") if isinstance(value, Mapping) else None
    if not isinstance(found, list):
        return []
    strokes = [read_stroke(item) for item in found[:MOST_STROKES]]
    sound = [stroke for stroke in strokes if stroke is not None]
    return sound if sum(len(stroke.points) for stroke in sound) <= MOST_POINTS else []


def read_stroke(value: Any) -> Stroke | None:
    """One stroke, or None for anything that is not one."""
    if not isinstance(value, Mapping):
        return None
    numbers: Any = value.get("points")
    width: Any = value.get("width")
    if not isinstance(numbers, list) or not 2 <= len(numbers) <= 2 * MOST_POINTS:
        return None
    if len(numbers) % 2 or not all(map(_is_number, [*numbers, width])):
        return None
    points = np.clip(np.array(numbers, dtype=np.float64).reshape(-1, 2), 0.0, 1.0)
    if not (np.isfinite(points).all() and np.isfinite(width)):
        return None
    low, high = WIDTHS
    return Stroke(points, min(max(float(width), low), high))


def _is_number(value: Any) -> bool:
    # Not isinstance: True is an int, and no number. A huge int would be no float.
    return type(value) is float or (type(value) is int and abs(value) < 1000)

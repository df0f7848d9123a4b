"""A Plotly chart that can change every second: it keeps its zoom and does not flicker.

Streamlit's own element makes a new chart of every figure: it vanishes for a moment, and what a
person zoomed into is lost. This one hands the new figure to the chart that is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

LIBRARY = "/assets/plotly.min.js"
"""Where the page's server has Plotly's JavaScript: the file that comes with the package."""

_SHIM = """export default async (component) =>
  (await import(location.origin + "/assets/live/chart.js")).default(component)
"""

# Not isolated, for Plotly puts its styles into the document.
_CHART = st.components.v2.component("chart", js=_SHIM, isolate_styles=False)


def chart(
    figure: Figure,
    *,
    key: str,
    alt: str,
    words: Mapping[str, str] | None = None,
    on_click: Callable[[float, float], None] | None = None,
) -> None:
    """Show a figure; where the key was shown before, its chart takes it over.

    alt: what is to be seen, for those who do not see it. words: Plotly's own few words, English
    to the page's language. on_click: told the place of what was clicked, x and y, before the rerun
    that a click brings.
    """

    def clicked() -> None:
        place = read_click((st.session_state.get(key) or {}).get("clicked"))
        if place is not None and on_click is not None:
            on_click(*place)

    figure.layout.template = "none"  # the colours are the page's, known to the browser
    _CHART(
        key=key,
        data={
            "figure": figure.to_json(validate=False),
            "height": figure.layout.height,
            "alt": alt,
            "words": dict(words or {}),
            "library": f"{LIBRARY}?v={_version()}",
            "clickable": on_click is not None,
        },
        on_clicked_change=clicked,
    )


def read_click(value: Any) -> tuple[float, float] | None:
    """A place that a browser sent, or None for anything that is none."""
    if not isinstance(value, Mapping):
        return None
    x, y = (_number(value.get(name)) for name in ("x", "y"))
    return None if x is None or y is None else (x, y)


def _number(value: Any) -> float | None:
    is_one = type(value) in (int, float) and math.isfinite(value)  # True is an int, and no number
    return float(value) if is_one else None


@cache
def _version() -> str:
    return version("plotly")


async def library(request: Request) -> Response:
    """Answer with Plotly's JavaScript; its address names the version, so a browser may keep it."""
    path = _library_path()
    if path is None:
        return PlainTextResponse("Plotly is not installed.", status_code=404)
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(path, media_type="text/javascript", headers=kept)


@cache
def _library_path() -> Path | None:
    found = find_spec("plotly")
    folders = (found and found.submodule_search_locations) or []
    paths = [Path(folder) / "package_data" / "plotly.min.js" for folder in folders]
    return next((path for path in paths if path.exists()), None)

"""How a panel is drawn: by itself at a calm rate while the run plays, once when it rests."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from playground.live.chart import chart
from playground.session import Session

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SECONDS = 1.5  # between redraws: calm enough to read, live enough to believe

# Plotly's own words on a chart, and the catalogue's keys for them.
WORDS = {
    "Download plot as a PNG": "views.save_picture",
    "Download plot": "views.save_picture",
    "Reset axes": "views.reset_zoom",
    "Double-click to zoom back out": "views.double_click",
}

Draw = Callable[[Session], None]


def refreshing(draw: Draw) -> Draw:
    """Make a panel of a function that draws one: a fragment that redraws while the run plays."""

    @functools.wraps(draw)
    def show(session: Session) -> None:
        timer = SECONDS if _will_change(session) else None
        st.fragment(_drawn, run_every=timer)(draw, session, timer is not None)

    return show


def _drawn(draw: Draw, session: Session, timed: bool) -> None:
    with session.guard():
        draw(session)
    if timed != _will_change(session):
        st.rerun()  # what moved has ended by itself, or begun in this panel: with another timer
    if not timed:
        session.fragment_ends()


def _will_change(session: Session) -> bool:
    return is_moving(session) or not session.player.can_evaluate or session.folds.is_running


def is_moving(session: Session) -> bool:
    """Say whether the run changes, or will in a moment, under the panel's eyes."""
    return session.status in ("playing", "compiling")


def draw_chart(
    session: Session,
    figure: Figure,
    key: str,
    alt: str = "",
    on_click: Callable[[float, float], None] | None = None,
) -> None:
    """Draw a chart. alt: what it shows, for those who do not see it. on_click: as of `chart`."""
    words = {word: session.t(key) for word, key in WORDS.items()}
    chart(figure, key=key, alt=alt, words=words, on_click=on_click)

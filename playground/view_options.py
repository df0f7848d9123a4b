"""What the live view shows: test data, discretized output, edges, and a view of many inputs."""

from __future__ import annotations

import streamlit as st

from core.data import record_of
from playground.session import Session
from playground.settings import EDGES

MOST_COLUMNS = 64
"""Inputs to choose a pair from; of more (images of 784 pixels) the first that many."""


def view_options(session: Session) -> None:
    """One row under the live view; all apply at once."""
    with st.container(
        key="view_options", horizontal=True, vertical_alignment="bottom", gap="medium"
    ):
        kind = record_of(session.experiment.data).kind
        _check(session, "show_test_data")
        why_not = "page.discretize_output.line" if kind == "curve" else ""
        _check(session, "discretize_output", why_not)
        _edges(session)
        if kind in ("table", "image"):
            _projection(session)


def _check(session: Session, name: str, why_not: str = "") -> None:
    """An option to be on or off. why_not: catalogue key of the reason, if it has no effect now."""
    session.widgets.seed(name, getattr(session.settings, name))
    st.checkbox(
        session.t(f"page.{name}"),
        key=name,
        help=session.t(why_not or f"page.{name}.help"),
        on_change=session.act,
        args=(session.set, name),
        disabled=bool(why_not),
    )


def _edges(session: Session) -> None:
    session.widgets.seed("edges", session.settings.edges)
    st.segmented_control(
        session.t("page.edges"),
        EDGES,
        key="edges",
        required=True,
        format_func=lambda name: session.t(f"page.edges.{name}"),
        help=session.t("page.edges.help"),
        on_change=session.act,
        args=(session.set, "edges"),
    )


def _projection(session: Session) -> None:
    """Principal components, or two columns of choice."""
    chosen = session.settings.projection
    session.widgets.seed("projection", "pca" if chosen == "pca" else "pair")
    st.selectbox(
        session.t("page.projection"),
        ("pca", "pair"),
        key="projection",
        format_func=lambda name: session.t(f"page.projection.{name}"),
        help=session.t("page.projection.help"),
        on_change=session.act,
        args=(session.set_projection,),
        width=190,
    )
    if isinstance(chosen, tuple):
        for axis, column in zip(("x", "y"), chosen, strict=True):
            _column(session, axis, column)


def _column(session: Session, axis: str, column: int) -> None:
    """One of the two columns that are drawn against each other."""
    names = session.feature_names
    count = max(min(len(names), MOST_COLUMNS), min(column + 1, len(names)))
    session.widgets.seed(f"projection_{axis}", min(column, len(names) - 1))
    label = "page.projection.first" if axis == "x" else "page.projection.second"
    st.selectbox(
        session.t(label),
        range(count),
        key=f"projection_{axis}",
        format_func=lambda number: f"{number + 1}: {names[number]}",
        help=session.t(f"{label}.help"),
        on_change=session.act,
        args=(session.set_projection,),
        width=190,
    )

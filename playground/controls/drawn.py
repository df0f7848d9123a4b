"""Data that a person makes here: the line that is typed, and the points that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.experiment import SKETCHED, DataConfig
from core.experiment.formulas import right_side
from core.experiment.points import EXTENT, MOST_CLASSES, MOST_POINTS, STEPS
from core.refusals import Refusal
from playground.controls.widgets import fraction, prepared
from playground.drawing import groups_on
from playground.fields import number_text
from playground.sentences import plain
from playground.session import Session

MOST_NAMED = 4  # gaps in a line
NARROW = 0.02
"""A gap in a line that is not worth a word: where it jumps from one infinity to the other."""


def boundary_section(session: Session) -> None:
    """The field for f(x); below it why a line is not in use, or what lies on its sides, and where
    it has no value.
    """
    refused = session.refused_formula
    shown = refused[0] if refused else session.experiment.data.formula
    field = prepared(session, ("data", "formula"), "", shown, unset="")
    st.text_input(placeholder=DataConfig().formula, **field)
    if refused:
        kept = session.t("page.formula.kept", formula=session.experiment.data.formula)
        problem = f"{session.said(refused[1])} {kept}"
        st.error(plain(problem), icon=":material/error:")
        return
    line = right_side(session.experiment.data.formula)
    sentences = [session.t("page.formula.sides", formula=line)]
    if where := _gaps(session):
        sentences.append(session.t("page.formula.gaps", where=where))
    st.caption(plain(" ".join(sentences)))


def _gaps(session: Session) -> str:
    """Where the line has no value, in words; empty if it has one everywhere."""
    from core.data.boundary import gaps
    from core.experiment.formulas import read_formula

    found = gaps(read_formula(session.experiment.data.formula))
    wide = [(low, high) for low, high in found if high - low > NARROW]
    texts = [
        session.t(
            "page.formula.gap", low=number_text(round(low, 2)), high=number_text(round(high, 2))
        )
        for low, high in wide[:MOST_NAMED]
    ]
    return session.t("page.formula.comma").join(texts)


def _hundredths(number: float) -> str:
    return number_text(round(number, 2))


def drawing_section(session: Session) -> None:
    """How to draw, the split, and the way to the table."""
    t, name = session.t, session.experiment.data.name
    st.caption(t(f"page.drawing.{name}"))
    columns = st.columns(2, gap="medium", vertical_alignment="bottom", wrap=False)
    with columns[0]:
        fraction(session, ("data", "train_fraction"), 0.1, 0.9, 0.05)
    with columns[1]:
        st.button(
            t("page.edit_points"),
            key="edit_points",
            icon=":material/table_rows:",
            help=t("page.edit_points.help"),
            on_click=session.press,
            args=(session.edit_points,),
            width="stretch",
        )


def points_dialog(session: Session) -> None:
    """Draw the dialog in which points are edited as a table; closing it changes nothing."""

    @st.dialog(
        session.t("page.points.title"),
        icon=":material/table_rows:",
        on_dismiss=session.end_points,
    )
    def show() -> None:
        with session.guard():
            _points(session)

    show()


def _points(session: Session) -> None:
    """A row for each point, and the button that takes them."""
    from core.data.drawn import groups_from, rows_of

    t = session.t
    name, groups = groups_on(session.experiment, session.player.dataset)
    is_curve = name == SKETCHED
    rows = rows_of(groups, is_curve=is_curve)
    st.caption(t("page.points.note", most=f"{MOST_POINTS:,}"))
    edited = st.data_editor(
        _columns(rows, is_curve),
        column_config=_column_config(session, is_curve),
        num_rows="dynamic",
        hide_index=False,
        height=380,
        width="stretch",
        key=f"points_table_{session.edits_points}",
    )
    if not st.button(
        t("page.points.use"), key="use_points", type="primary", icon=":material/check:"
    ):
        return
    try:
        session.take_points(groups_from(edited.rows(), is_curve=is_curve))
    except Refusal as refusal:
        st.error(plain(session.said(refusal.sentence)), icon=":material/error:")
        return
    st.rerun()


def _columns(rows: Sequence[Sequence[float]], is_curve: bool) -> Any:
    """The rows as the editor takes them."""
    import polars as pl

    schema = {"x": pl.Float64, "y": pl.Float64} | ({} if is_curve else {"class": pl.Int64})
    return pl.DataFrame(rows, schema=schema, orient="row")


def _column_config(session: Session, is_curve: bool) -> dict[str, Any]:
    number, t = st.column_config.NumberColumn, session.t
    place = {"min_value": -EXTENT, "max_value": EXTENT, "step": 1 / STEPS, "format": "%.3f"}
    config = {
        "x": number("x1", **place),  # type: ignore[arg-type]
        "y": number("y" if is_curve else "x2", **place),  # type: ignore[arg-type]
    }
    if not is_curve:
        most = MOST_CLASSES - 1
        config["class"] = number(t("page.points.class"), min_value=0, max_value=most, step=1)
    return config

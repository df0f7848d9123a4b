"""Gradients: how strongly each layer is pulled, and how far each step moves it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from playground.charts import Axes, Band, Curve, empty, line_chart, smooth
from playground.session import Session
from playground.views.panel import draw_chart, refreshing
from playground.views.record import Record, marks, record_of

USUAL = (3e-4, 3e-3)  # update-to-weight ratios about 1e-3: a rule of thumb (Karpathy, CS231n notes)
SMOOTHING = 60  # a smoothed line is a moving mean over the run's length divided by this
VANISHING = 1e-3  # a first layer pulled this much less than the last learns next to nothing


@refreshing
def show(session: Session) -> None:
    """Draw the panel."""
    t = session.t
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        log_x = st.toggle(t("views.log_x"), key="gradients_log_x")
        log_y = st.toggle(t("views.log_y"), value=True, key="gradients_log_y")
        smoothed = st.toggle(
            t("views.smoothed"), value=True, help=t("views.smoothed_help"), key="gradients_smooth"
        )
    record = record_of(session)
    if not len(record.steps["step"]):
        draw_chart(session, empty(t("views.no_history")), key="gradients_empty")
        return
    left, right = st.columns(2)
    with left:
        axes = Axes(t("views.step"), t("views.gradient_norm_axis"), log_x, log_y)
        curves = _by_layer(record, "gradient_norm", smoothed)
        figure = line_chart(curves, axes, marks=marks(session, record, "step"))
        draw_chart(session, figure, key="gradients_norm", alt=t("views.alt_gradients"))
        st.caption(_health(session, record))
    with right:
        axes = Axes(t("views.step"), t("views.update_ratio_axis"), log_x, log_y)
        band = Band(*USUAL, t("views.usual"))
        curves = _by_layer(record, "update_ratio", smoothed)
        figure = line_chart(curves, axes, marks=marks(session, record, "step"), band=band)
        draw_chart(session, figure, key="gradients_ratio", alt=t("views.alt_ratio"))
        st.caption(t("views.ratio_sentence"))


def _by_layer(record: Record, column: str, smoothed: bool) -> list[Curve]:
    x, values = record.steps["step"], record.steps[column]
    width = len(x) // SMOOTHING if smoothed else 1
    return [
        Curve(name, x, smooth(values[:, layer], width), layer)
        for layer, name in enumerate(record.layers)
    ]


def _health(session: Session, record: Record) -> str:
    """Compare the pull on the first and the last layer over the latest rows, in a sentence."""
    recent = record.steps["gradient_norm"][-50:]
    if recent.shape[1] < 2 or not np.isfinite(recent).all():
        return session.t("views.gradient_sentence")
    first, last = float(np.median(recent[:, 0])), float(np.median(recent[:, -1]))
    if first == 0.0 or (last > 0.0 and first / last < VANISHING):
        return session.t("views.vanishing", first=f"{first:.2g}", last=f"{last:.2g}")
    if last > 0.0 and first / last > 1.0 / VANISHING:
        return session.t("views.exploding", first=f"{first:.2g}", last=f"{last:.2g}")
    return session.t("views.balanced", first=f"{first:.2g}", last=f"{last:.2g}")

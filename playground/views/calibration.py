"""Calibration: whether the network's probabilities mean what they say."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.targets import decide
from core.inspect.calibration import Calibration, calibration, told_probabilities
from playground import charts
from playground.session import Session
from playground.views.evaluated import Result
from playground.views.panel import draw_chart

Found = tuple[str, str, Calibration]  # "train" or "test", its name, what was found


def show(session: Session, result: Result) -> None:
    """Draw the reliability diagram, and how many samples each of its points stands for."""
    t, names = session.t, result.dataset.class_names
    found: list[Found] = []
    for role, name, part in result.parts(session):
        decided = decide(part.outputs, result.loss)
        told = told_probabilities(part.outputs, decided, part.true, result.loss, len(names))
        if told is None:
            st.info(t("views.no_probabilities"))
            return
        found.append((role, name, calibration(*told)))
    two = len(names) == 2
    st.caption(t("views.calibration_two" if two else "views.calibration_many", name=names[1]))
    left, right = st.columns(2)
    with left:
        _reliability(session, found, two)
    with right:
        _counts(session, found, two)


def _reliability(session: Session, found: list[Found], two: bool) -> None:
    t = session.t
    curves = []
    for role, name, part in found:
        full = part.counts > 0
        words = [t("views.count_samples", count=f"{n:,}") for n in part.counts[full]]
        label = t("views.with_error", part=name, error=f"{part.error:.3f}")
        x, y = part.predicted[full], part.observed[full]
        curves.append(charts.PartCurve(label, x, y, role, texts=words))
    guide = charts.Guide(t("views.perfect"), (0.0, 0.0), (1.0, 1.0))
    figure = charts.share_chart(curves, [guide], _axes(session, two, "observed"), markers=True)
    st.markdown(f"**{t('views.reliability')}**")
    draw_chart(session, figure, key="evaluation_reliability", alt=t("views.alt_reliability"))


def _counts(session: Session, found: list[Found], two: bool) -> None:
    t = session.t
    edges: np.ndarray = found[0][2].edges
    bars = [charts.Bars(name, part.counts, role) for role, name, part in found]
    figure = charts.histogram_chart(edges, bars, _axes(session, two, "samples"), number=",d")
    st.markdown(f"**{t('views.bin_counts')}**")
    draw_chart(session, figure, key="evaluation_bins", alt=t("views.alt_bins"))


def _axes(session: Session, two: bool, y: str) -> charts.Axes:
    t = session.t
    x = t("views.probability_axis" if two else "views.confidence_axis")
    if y == "samples":
        return charts.Axes(x, t("views.samples"))
    return charts.Axes(x, t("views.observed_two" if two else "views.observed_many"))

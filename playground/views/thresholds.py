"""Two classes: what every threshold would make of the network's score, and one chosen of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.inspect.thresholds import Curves, Decisions, decisions_at, positive_scores
from core.inspect.thresholds import threshold_curves as curves_of
from core.maths.losses import LOSSES
from playground import charts
from playground.session import Session
from playground.views.evaluated import Result
from playground.views.panel import draw_chart

COUNTS = {
    "true_positives": "TP",
    "false_positives": "FP",
    "false_negatives": "FN",
    "true_negatives": "TN",
}
REACH = 2.0  # margins that a threshold can be set to, on either side of 0


@dataclass(frozen=True)
class Part:
    """One part of the data: "train" or "test", its name, its curves and what was decided."""

    role: str
    name: str
    curves: Curves
    decisions: Decisions

    @property
    def has_both(self) -> bool:
        """Whether there are samples of both classes, without which there are no curves."""
        return bool(np.isfinite(self.curves.roc_area))


def show(session: Session, result: Result) -> None:
    """Draw the slider, what it decides, and both curves."""
    t, positive = session.t, result.dataset.class_names[1]
    left, right = st.columns([1, 2])
    with left:
        threshold = _choose_threshold(session, result)
    parts = _parts(session, result, threshold)
    with right:
        _table(session, parts)
    st.caption(t("views.positive_class", name=positive))
    for part in parts:
        if not part.has_both:
            st.info(t("views.one_class_only", part=part.name))
    drawn = [part for part in parts if part.has_both]
    if not drawn:
        return
    left, right = st.columns(2)
    with left:
        _roc(session, drawn)
    with right:
        _precision_recall(session, drawn)


def _choose_threshold(session: Session, result: Result) -> float:
    margins = LOSSES[result.loss].targets == "plus_minus"
    low, high, middle = (-REACH, REACH, 0.0) if margins else (0.0, 1.0, 0.5)
    return float(
        st.slider(
            session.t("views.threshold"),
            low,
            high,
            middle,
            0.01,
            key="evaluation_threshold_margin" if margins else "evaluation_threshold",
            help=session.t("views.threshold_margin_help" if margins else "views.threshold_help"),
        )
    )


def _parts(session: Session, result: Result, threshold: float) -> list[Part]:
    parts = []
    for role, name, found in result.parts(session):
        scores, positive = positive_scores(found.outputs), found.true == 1
        decided = decisions_at(scores, positive, threshold)
        parts.append(Part(role, name, curves_of(scores, positive), decided))
    return parts


def _table(session: Session, parts: list[Part]) -> None:
    t = session.t
    ratios = {"accuracy": t("views.accuracy"), "precision": t("views.precision")}
    ratios |= {"recall": t("views.recall"), "f1": "F1"}
    rows = []
    for part in parts:
        row: dict[str, Any] = {t("views.part"): part.name}
        row |= {label: getattr(part.decisions, name) for name, label in ratios.items()}
        row |= {label: getattr(part.decisions, name) for name, label in COUNTS.items()}
        rows.append(row)
    columns: dict[str, Any] = {
        label: st.column_config.NumberColumn(format="%.3f") for label in ratios.values()
    }
    for name, label in COUNTS.items():
        columns[label] = st.column_config.NumberColumn(help=t(f"views.{name}"))
    st.dataframe(
        rows, hide_index=True, column_config=columns, key="evaluation_decisions", placeholder="–"
    )


def _roc(session: Session, parts: list[Part]) -> None:
    t = session.t
    st.markdown(f"**{t('views.roc')}**")
    labels = [
        t("views.with_area", part=part.name, area=f"{part.curves.roc_area:.3f}") for part in parts
    ]
    drawn = _curves(session, parts, labels, "false_positive_rate", "recall")
    guide = charts.Guide(t("views.chance"), (0.0, 0.0), (1.0, 1.0))
    axes = charts.Axes(t("views.false_positive_rate"), t("views.true_positive_rate"))
    figure = charts.share_chart(drawn, [guide], axes)
    draw_chart(session, figure, key="evaluation_roc", alt=t("views.alt_roc"))


def _precision_recall(session: Session, parts: list[Part]) -> None:
    t = session.t
    st.markdown(f"**{t('views.precision_recall')}**")
    labels = [
        t("views.with_average", part=part.name, area=f"{part.curves.average_precision:.3f}")
        for part in parts
    ]
    drawn = _curves(session, parts, labels, "recall", "precision")
    share = parts[-1].curves.positive_share
    guide = charts.Guide(t("views.chance"), (0.0, share), (1.0, share))
    axes = charts.Axes(t("views.recall"), t("views.precision"))
    figure = charts.share_chart(drawn, [guide], axes, shape="vh")
    draw_chart(session, figure, key="evaluation_pr", alt=t("views.alt_precision_recall"))


def _curves(
    session: Session, parts: list[Part], labels: list[str], x: str, y: str
) -> list[charts.PartCurve]:
    """Of each part one ratio against another over all thresholds, with the point of the chosen one.

    x, y: names of the ratios.
    """
    word = session.t("views.threshold")
    return [
        charts.PartCurve(
            label,
            getattr(part.curves, x),
            getattr(part.curves, y),
            part.role,
            (getattr(part.decisions, x), getattr(part.decisions, y)),
            [f"{word} {value:.3g}" for value in part.curves.thresholds],
        )
        for part, label in zip(parts, labels, strict=True)
    ]

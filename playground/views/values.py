"""Predicted values against true ones, and what is left over: the residuals."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.inspect.residuals import residual_shares, value_scores
from playground import charts
from playground.fields import four_digits
from playground.session import Session
from playground.tables import scales_of
from playground.views.evaluated import Result
from playground.views.panel import draw_chart

Part = tuple[str, str, np.ndarray, np.ndarray]  # role, name, true (n,), predicted (n,)


def show(session: Session, result: Result) -> None:
    """Draw one output's values and residuals; of several, every output's scores as well."""
    t, n_values = session.t, result.dataset.n_values
    value = 0
    if n_values > 1:
        _scores(session, result)
        value = int(st.number_input(t("views.output"), 1, n_values, 1, key="evaluation_output")) - 1
    if result.dataset.kind == "ratings":
        mean = result.dataset.preprocessing.values(np.zeros((1, 1)))[0, 0]
        st.caption(t("views.in_stars", mean=four_digits(mean)))
    elif scales := scales_of(result.dataset.preprocessing):
        key = "views.in_units" if n_values == 1 else "views.standardized"
        st.caption(t(key, scale=four_digits(scales[value])))
    parts: list[Part] = []
    for role, name, found in result.parts(session):
        true, predicted = (array[:, value].astype(float) for array in result.values(found))
        parts.append((role, name, true, predicted))
    left, right = st.columns(2)
    with left:
        _values(session, parts)
    with right:
        _residuals(session, parts)
    _histogram(session, parts)


def _scores(session: Session, result: Result) -> None:
    t = session.t
    rows = []
    for _, name, found in result.parts(session):
        for number, score in enumerate(value_scores(*result.values(found))):
            row: dict[str, Any] = {t("views.part"): name, t("views.output"): number + 1}
            row |= {
                "R²": score.r2,
                t("views.rmse"): score.rmse,
                t("views.mean_absolute_error"): score.mae,
            }
            rows.append(row)
    columns = {
        label: st.column_config.NumberColumn(format="%.5g", help=t(f"views.{name}.help"))
        for label, name in (
            ("R²", "r2"),
            (t("views.rmse"), "rmse"),
            (t("views.mean_absolute_error"), "mae"),
        )
    }
    st.dataframe(
        rows, hide_index=True, column_config=columns, key="evaluation_scores", placeholder="–"
    )


def _values(session: Session, parts: list[Part]) -> None:
    t = session.t
    none = (np.zeros(0), np.zeros(0))
    pairs = {role: (true, predicted) for role, _, true, predicted in parts}
    names = (t("views.training"), t("views.test"), t("views.perfect"))
    axes = charts.Axes(t("views.true_value"), t("views.predicted_value"))
    train, test = pairs.get("train", none), pairs.get("test", none)
    figure = charts.prediction_chart(train, test, axes, names)
    st.markdown(f"**{t('views.predicted_and_true')}**")
    draw_chart(session, figure, key="evaluation_values", alt=t("views.alt_values"))


def _residuals(session: Session, parts: list[Part]) -> None:
    t = session.t
    points = [(name, predicted, true - predicted, role) for role, name, true, predicted in parts]
    axes = charts.Axes(t("views.predicted_value"), t("views.residual_axis"))
    figure = charts.residual_chart(points, axes, t("views.perfect"))
    st.markdown(f"**{t('views.residuals')}**")
    draw_chart(session, figure, key="evaluation_residuals", alt=t("views.alt_residuals"))


def _histogram(session: Session, parts: list[Part]) -> None:
    t = session.t
    left_over = [true - predicted for _, _, true, predicted in parts]
    edges, shares = residual_shares(left_over)
    bars = [
        charts.Bars(name, share, role)
        for (role, name, _, _), share in zip(parts, shares, strict=True)
    ]
    axes = charts.Axes(t("views.residual_axis"), t("views.share_of_part"))
    figure = charts.histogram_chart(edges, bars, axes, number=".1%", height=300)
    figure.update_yaxes(tickformat=".0%")
    st.markdown(f"**{t('views.residual_spread')}**")
    draw_chart(session, figure, key="evaluation_spread", alt=t("views.alt_residual_spread"))

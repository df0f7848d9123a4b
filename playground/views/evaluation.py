"""Evaluation: how good the network is on both parts of the data, and where it errs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core.data.baselines import commonest, commonest_class
from playground.fields import four_digits, plain
from playground.session import Session
from playground.tables import in_units
from playground.views import calibration, classes, components, folds, slices, thresholds, values
from playground.views.evaluated import Result, evaluate
from playground.views.panel import refreshing

VIEWS: dict[str, Callable[[Session, Result], None]] = {
    "classes": classes.show,
    "thresholds": thresholds.show,
    "calibration": calibration.show,
    "values": values.show,
    "components": components.show,
    "slices": slices.show,
    "folds": folds.show,
}


@refreshing
def show(session: Session) -> None:
    """Draw the panel; of its views only the chosen one is computed."""
    if session.player.waiting:
        st.info(session.t("views.compiling"))
        return
    result = evaluate(session)
    _metrics(session, result)
    st.caption(session.t("views.evaluated_at", step=f"{result.step:,}"))
    if result.train.n < result.train.of or result.test.n < result.test.of:
        counts = {"train": f"{result.train.n:,}", "test": f"{result.test.n:,}"}
        st.caption(session.t("views.part_evaluated", **counts))
    if not result.is_finite:
        st.warning(session.t("views.outputs_broken"))
        return
    VIEWS[_choose_view(session, result)](session, result)


def _choose_view(session: Session, result: Result) -> str:
    kind, views = "values", ["values", "components"]
    if result.dataset.task == "classification":
        two = len(result.dataset.class_names) == 2
        kind = "two" if two else "classes"
        views = ["classes", *(["thresholds"] if two else []), "calibration", "components"]
    if slices.suits(result):
        kind, views = f"{kind}_slices", [*views, "slices"]
    views.append("folds")
    chosen = st.segmented_control(
        session.t("views.evaluation_view"),
        views,
        default=views[0],
        required=True,
        format_func=lambda name: session.t(f"views.view_{name}"),
        key=f"evaluation_view_{kind}",  # what can be chosen differs
    )
    return chosen or views[0]


def _metrics(session: Session, result: Result) -> None:
    t = session.t
    rows = []
    parts = {"training": result.train, "validation": result.validation, "test": result.test}
    for part, found in parts.items():
        if found is None:
            continue
        row: dict[str, Any] = {t("views.part"): t(f"views.{part}")}
        row |= {t("views.samples"): found.of, t("views.loss_word"): found.loss}
        row |= {t(f"views.{name}"): value for name, value in result.scores(found).items()}
        rows.append(row)
    number = st.column_config.NumberColumn(format="%.5g")
    columns = dict.fromkeys(list(rows[0])[2:], number)
    st.dataframe(
        rows, hide_index=True, column_config=columns, key="evaluation_metrics", placeholder="–"
    )
    if result.penalty:
        st.caption(session.t("views.penalty", penalty=f"{result.penalty:.5g}"))
    if result.test.of:
        _guess(session, result)
    else:
        st.caption(session.t("views.no_test"))


def _guess(session: Session, result: Result) -> None:
    """What is reached without any network: a network that does no better has learnt nothing."""
    dataset, how = result.dataset, result.dataset.preprocessing
    if dataset.task == "classification":
        name = dataset.class_names[commonest(dataset)]
        words = {"name": plain(name), "share": f"{commonest_class(dataset):.1%}"}
        st.caption(session.t("views.guess_class", **words))
    elif dataset.n_values == 1:
        train, test = (in_units(how, y).astype(float) for y in (dataset.y_train, dataset.y_test))
        mean, rmse = train.mean(), np.sqrt(((test - train.mean()) ** 2).mean())
        words = {"mean": four_digits(mean), "rmse": four_digits(rmse)}
        st.caption(session.t("views.guess_value", **words))

"""The data as the network is fed it, and as a hidden layer sees it, each on its main plane."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.inspect.components import Components, components_of, spaced
from playground import charts
from playground.session import Session
from playground.views.evaluated import Result, choose_part
from playground.views.panel import draw_chart
from playground.views.record import layer_names, remembered

MOST = 1500  # points drawn, and rows that directions are measured on


def show(session: Session, result: Result) -> None:
    """Draw the inputs and a chosen hidden layer, both of the same samples."""
    t, part = session.t, choose_part(session, result)
    dataset = result.dataset
    X, y = dataset.X_train, dataset.y_train
    if part == "test":
        X, y = dataset.X_test, dataset.y_test
    rows, measured = spaced(len(X), MOST), spaced(len(dataset.X_train), MOST)
    key = (session.player.version, id(dataset))
    inputs = remembered(
        session.player, "components", key, lambda: components_of(dataset.X_train[measured])
    )
    layer = _choose_layer(session, result)
    st.caption(t("views.components_of", count=f"{len(rows):,}", measured=f"{len(measured):,}"))
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('views.inputs')}**")
        _plane(session, result, inputs, X[rows], y[rows], "evaluation_pca_inputs")
    with right:
        if layer is None:
            st.info(t("views.no_hidden_layer"))
        else:
            _hidden(session, result, layer, dataset.X_train[measured], X[rows], y[rows])


def _choose_layer(session: Session, result: Result) -> int | None:
    """Let the person choose a hidden layer; None if there is none."""
    names = layer_names(session, result.network.layout.activations)[:-1]
    if not names:
        return None
    return int(
        st.selectbox(
            session.t("views.hidden_layer"),
            range(len(names)),
            index=len(names) - 1,
            format_func=lambda number: names[number] if number < len(names) else "",
            key=f"evaluation_layer_{session.language}_{len(names)}",
            width=260,
        )
    )


def _hidden(
    session: Session, result: Result, layer: int, X_train: np.ndarray, X: np.ndarray, y: np.ndarray
) -> None:
    network = result.network
    name = layer_names(session, network.layout.activations)[layer]
    st.markdown(f"**{name}**")
    activations, drawn = (network.layer_outputs(part)[layer] for part in (X_train, X))
    if not (np.isfinite(activations).all() and np.isfinite(drawn).all()):
        st.warning(session.t("views.outputs_broken"))
        return
    _plane(session, result, components_of(activations), drawn, y, "evaluation_pca_layer")


def _plane(
    session: Session, result: Result, found: Components, rows: np.ndarray, y: np.ndarray, key: str
) -> None:
    t, dataset = session.t, result.dataset
    if not found.shares.any():
        st.info(t("views.nothing_varies"))
        return
    titles = [
        t("views.component", number=number + 1, share=f"{share:.1%}")
        for number, share in enumerate(found.shares)
    ]
    points, axes = found.project(rows), charts.Axes(titles[0], titles[1])
    if dataset.task == "classification":
        figure = charts.class_points(points, y, dataset.class_names, axes)
    else:
        values = dataset.preprocessing.values(y if y.ndim > 1 else y[:, None])[:, 0]
        figure = charts.value_points(points, values, axes, t("views.true_value"))
    figure.update_layout(uirevision=key)  # the titles' numbers move with the run, the zoom stays
    draw_chart(session, figure, key=key, alt=t("views.alt_components"))

"""The sidebar's second part: the network's shape and how it starts."""

from __future__ import annotations

import streamlit as st

from core.experiment import Dense
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.maths.initializers import INITIALIZERS
from core.maths.losses import LOSSES
from core.maths.normalizations import NORMALIZATIONS
from playground import changes
from playground.changes import MAX_LAYERS, MAX_UNITS, Path
from playground.controls.options import options
from playground.controls.widgets import choice, formula, number_field, prepared, whole_number
from playground.fields import layers_text
from playground.session import Session


def network_section(session: Session) -> None:
    """A row per hidden layer, then what holds for the whole network."""
    t, layers = session.t, session.experiment.network.layers
    st.subheader(t("page.section.network"))
    with st.container(key="layers", gap="xsmall"):
        for layer in range(len(layers)):
            _layer_row(session, layer)
    if not layers:
        st.caption(t("page.no_layers"))
    _advice(session)
    st.button(
        t("page.add_layer"),
        key="add_layer",
        icon=":material/add:",
        help=f"{t('page.add_layer.help')}\n\n{t('page.new_network')}",
        on_click=session.press,
        args=(session.change, changes.with_layer_added),
        disabled=len(layers) >= MAX_LAYERS,
        width="stretch",
    )
    _output_activation(session)
    _initializer(session)


def _advice(session: Session) -> None:
    """Layers worth a try, where the usual ones cannot learn the data."""
    layers = changes.advised_layers(session.experiment)
    if layers is None:
        return
    t = session.t
    st.button(
        t("page.try_layers", layers=layers_text(layers, t)),
        key="try_layers",
        icon=":material/lightbulb:",
        help=f"{t('page.try_layers.help')}\n\n{t('page.new_network')}",
        on_click=session.press,
        args=(session.change, changes.with_layers, layers),
        width="stretch",
    )


def _layer_row(session: Session, layer: int) -> None:
    """Units, activation, dropout, a button that removes the layer; below it, normalization."""
    path: Path = ("network", "layers", layer)
    dense = session.experiment.network.layers[layer]
    with st.container(key=f"layer_{layer}"):
        columns = st.columns(
            [130, 120, 72, 24], gap="xsmall", vertical_alignment="bottom", wrap=False
        )
    with columns[0]:
        whole_number(session, (*path, "units"), 1, MAX_UNITS)
    with columns[1]:
        note = formula(ACTIVATIONS[dense.activation])
        choice(session, (*path, "activation"), list(ACTIVATIONS), note=note)
    with columns[2]:
        common = prepared(session, (*path, "dropout"), "", unset=0.0)
        number_field(session, dense.dropout, 0.05, 0.0, 0.95, format="%.2f", **common)
    with columns[3]:
        _remove_button(session, layer)
    note = formula(NORMALIZATIONS[dense.normalization])
    choice(session, (*path, "normalization"), list(NORMALIZATIONS), note=note)
    if futile := _why_futile(dense, session.experiment.training.batch_size):
        st.caption(session.t(futile))


def _why_futile(dense: Dense, batch_size: int) -> str:
    """Why a layer normalized like this can hardly learn, as a catalogue key; "" where it can."""
    if dense.normalization == "batch" and batch_size == 1:
        return "page.normalization.one_sample"
    if dense.normalization == "layer" and dense.units == 1:
        return "page.normalization.one_unit"
    if dense.normalization == "layer" and dense.units == 2:
        return "page.normalization.two_units"
    return ""


def _remove_button(session: Session, layer: int) -> None:
    text = session.t("page.remove_layer.help", n=layer + 1)
    st.button(
        text,
        key=f"remove_layer_{layer}",
        icon=":material/close:",
        type="tertiary",
        help=f"{text}\n\n{session.t('page.new_network')}",
        on_click=session.press,
        args=(session.change, changes.with_layer_removed, layer),
    )


def _output_activation(session: Session) -> None:
    """What the output neurons compute; "auto" tells what it stands for."""
    t, network = session.t, session.experiment.network
    follows = LOSSES[session.experiment.training.loss].output_activation
    labels = {"auto": t("page.output_activation.auto", name=t(f"activation.{follows}"))}
    chosen = network.output_activation
    note = formula(OUTPUT_ACTIVATIONS[follows if chosen == "auto" else chosen])
    options = ["auto", *OUTPUT_ACTIVATIONS]
    choice(session, ("network", "output_activation"), options, note=note, labels=labels)


def _initializer(session: Session) -> None:
    """How the first weights are drawn, and other ones."""
    t = session.t
    note = formula(INITIALIZERS[session.experiment.network.initializer])
    choice(session, ("network", "initializer"), list(INITIALIZERS), note=note)
    options(session, "initializer_options")
    st.button(
        t("page.new_weights"),
        key="new_weights",
        icon=":material/casino:",
        help=f"{t('page.new_weights.help')}\n\n{t('page.new_network')}",
        on_click=session.press,
        args=(session.change, changes.with_other_weights),
        width="stretch",
    )

"""Inside one step: a sample's way forward, the loss, the way back and the update, in numbers.

One layer, neuron and weight at a time, so that it can be read at any size; and beside the
gradient by the chain rule the one measured by a central difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.data.augmentation import augments
from core.inspect.moment import Moment, moment_of
from core.inspect.trace import LayerTrace, Place, Trace
from core.inspect.update import Update
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from playground.fields import number_text, plain
from playground.live.scene import first_input
from playground.session import Session
from playground.views import derivation, formulas
from playground.views.derivation import Focus
from playground.views.panel import refreshing
from playground.views.pictures import show_image
from playground.views.record import layer_names

if TYPE_CHECKING:
    from core.trainer import Trainer

NEURONS = 64  # rows of the table of a layer
SHOWN_INPUTS = 8  # values of a sample written out
CLIPPING = ("clip_value", "clip_norm", "global_clip_norm")
LISTED = 200  # more weights than this are chosen by number, not from a list


@refreshing
def show(session: Session) -> None:
    """Draw the panel."""
    (sizes, normalizations), activations, dataset, batch_size = session.player.read(
        lambda run: (_shape(run), run.layout.activations, run.dataset, run.training.batch_size)
    )
    inputs, n_samples = session.column_labels(dataset), len(dataset.X_train)
    first = first_input(dataset)
    whole_batch, number = _choose_sample(session, n_samples, batch_size)
    names = layer_names(session, activations)
    layer, unit, i = _choose_weight(session, names, sizes, inputs, normalizations, first)
    shape = sizes, normalizations
    moment = session.player.read(
        lambda run: moment_of(run, layer) if _shape(run) == shape else None
    )
    if moment is None:
        return  # another network came meanwhile: the next drawing shows it
    rows = moment.batch if whole_batch else np.array([number])
    if len(rows) > moment.largest_batch:
        st.info(session.t("views.batch_cut", shown=moment.largest_batch, size=len(rows)))
        rows = rows[: moment.largest_batch]
    traced = moment.trace(rows, as_step=whole_batch)
    row = min(number, len(rows) - 1) if whole_batch else 0
    more = session.t("views.more_terms")
    focus = Focus(layer, unit, i, row, names[layer], more)
    _sample(session, moment, traced, int(rows[row]), focus)
    if whole_batch and augments(moment.training):
        _augmented(session, moment, rows, row)
    _forward(session, traced, focus)
    # Rows of two, so that the steps are read in their order on any width.
    left, right = st.columns(2, gap="large")
    with left:
        _loss(session, traced, focus, moment)
    with right:
        _backward(session, traced, focus)
    left, right = st.columns([4, 5], gap="large")  # the optimizer's formulas are long
    with left:
        _gradient(session, traced, focus)
    with right:
        _update(session, moment, traced, focus)


def _shape(trainer: Trainer) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """What the choices are made from: sizes, and how each layer is normalized."""
    return trainer.layout.sizes, trainer.layout.normalizations


def _choose_sample(session: Session, n_samples: int, batch_size: int) -> tuple[bool, int]:
    """Ask for one training sample, or for one of the next mini-batch; counted from 0."""
    t = session.t
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        scope = st.segmented_control(
            t("views.step_of"),
            ["sample", "batch"],
            default="batch",
            required=True,
            format_func=lambda name: t(f"views.scope_{name}"),
            help=t("views.scope_help"),
            key="one_step_scope",
        )
        whole_batch = scope == "batch"
        most = min(batch_size, n_samples) if whole_batch else n_samples
        number = st.number_input(
            t("views.batch_sample" if whole_batch else "views.sample"),
            1,
            most,
            1,
            width=170,
            key=f"one_step_{scope}_{most}",
        )
    return whole_batch, int(number) - 1


def _choose_weight(
    session: Session,
    names: list[str],
    sizes: tuple[int, ...],
    inputs: tuple[str, ...],
    normalizations: tuple[str, ...],
    first: int,
) -> tuple[int, int, Place]:
    """Ask for a layer, a neuron in it and one of its parameters."""
    t = session.t
    # A choice is known by its words, so other words or another shape begin anew.
    shape = f"{session.language}_{'_'.join(map(str, sizes))[:80]}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        layer = st.selectbox(
            t("views.layer_word"),
            range(len(names)),
            format_func=lambda number: names[number] if number < len(names) else "",
            index=len(names) - 1,
            width=220,
            key=f"one_step_layer_{shape}",
        )
        unit = st.number_input(
            t("views.neuron"),
            1,
            sizes[layer + 1],
            1,
            width=130,
            key=f"one_step_unit_{shape}_{layer}",
        )
        scales = tuple(NORMALIZATIONS[normalizations[layer]].parameters)
        key = f"{shape}_{layer}{'_'.join(('', *scales))}"
        i = _choose_input(session, layer, sizes[layer], inputs, key, scales, first)
    return layer, int(unit) - 1, i


def _choose_input(
    session: Session,
    layer: int,
    count: int,
    inputs: tuple[str, ...],
    key: str,
    scales: tuple[str, ...],
    first: int,
) -> Place:
    """Ask for a weight by what it reads, the bias, or one of a normalization's parameters.

    first: of many inputs, the one that is shown before another is chosen.
    """
    t = session.t
    if count > LISTED:
        first = min(first, count - 1) + 1 if layer == 0 else 1
        number = st.number_input(
            t("views.weight_from_number"), 0, count, first, width=220, key=f"one_step_input_{key}"
        )
        if layer == 0 and number:
            st.caption(plain(inputs[int(number) - 1]))
        return int(number) - 1 if number else None
    labels = [inputs[i] if layer == 0 else t("views.unit", number=i + 1) for i in range(count)]
    labels += [t("views.bias"), *(t(f"views.{name}") for name in scales)]
    places: list[Place] = [*range(count), None, *scales]
    chosen: int = st.selectbox(
        t("views.weight_from"),
        range(len(places)),
        format_func=lambda i: labels[min(i, len(labels) - 1)],
        width=220,
        key=f"one_step_input_{key}",
    )
    return places[chosen]


def _sample(session: Session, moment: Moment, traced: Trace, number: int, focus: Focus) -> None:
    """Say what the sample is, what it should become and what it became."""
    t, dataset = session.t, moment.dataset
    inputs = traced.layers[0].inputs[focus.row]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if dataset.image_shape is not None:
            show_image(dataset.image_of(inputs))
        labels = session.column_labels(dataset)
        places = np.flatnonzero(inputs) if dataset.is_sparse else np.arange(len(inputs))
        shown = places[:SHOWN_INPUTS]
        text = ", ".join(f"{plain(labels[i])} = {inputs[i]:.4g}" for i in shown)
        more = len(places) - SHOWN_INPUTS
        st.markdown(
            t(
                "views.sample_sentence",
                number=f"{number + 1:,}",
                step=f"{moment.step + 1:,}",
                inputs=text + (t("views.and_more", count=more) if more > 0 else ""),
                target=_values(traced.targets[focus.row]),
                prediction=_values(traced.predictions[focus.row]),
                loss=f"{traced.sample_losses[focus.row]:.4g}",
            )
        )


def _augmented(session: Session, moment: Moment, rows: np.ndarray, row: int) -> None:
    """Say that the sample is not as it lies in the data, and what it is mixed with."""
    t, shares = session.t, moment.augmentation.shares(len(rows))
    words = t("views.augmented.in_step")
    if shares is not None:
        kept, other = float(shares[row]), int(rows[(row + 1) % len(rows)])
        more = {"kept": f"{kept:.0%}", "rest": f"{1 - kept:.0%}", "other": f"{other + 1:,}"}
        words = f"{words} {t('views.augmented.shares', **more)}"
    st.caption(words)


def _values(values: np.ndarray) -> str:
    text = ", ".join(f"{value:.4g}" for value in values[:SHOWN_INPUTS])
    return (
        f"({text}, …)" if len(values) > SHOWN_INPUTS else f"({text})" if len(values) > 1 else text
    )


def _forward(session: Session, traced: Trace, focus: Focus) -> None:
    t, layer = session.t, traced.layers[focus.layer]
    st.markdown(f"##### {t('views.forward')}")
    left, right = st.columns(2, gap="large")
    with left:
        st.caption(t("views.sum_of", layer=focus.name, unit=focus.place))
        st.latex(derivation.weighted_sum(traced, focus))
    if layer.normalizing.arrays:
        normalized, scaled = derivation.normalized(traced, focus)
        with left:
            st.caption(_by_which_statistics(session, layer))
            st.latex(normalized)
        with right:
            st.caption(t("views.scaled"))
            st.latex(scaled)
    with right:
        st.caption(t("views.through", activation=t(f"activation.{layer.activation}")))
        st.latex(derivation.activated(traced, focus))
        if layer.mask is not None:
            kept = float(layer.mask[focus.row, focus.unit])
            activation = float(layer.activations[focus.row, focus.unit])
            st.caption(t("views.dropped" if kept == 0.0 else "views.kept"))
            st.latex(derivation.dropped(kept, activation, focus))
    with st.expander(t("views.all_neurons", layer=focus.name)):
        _table(session, layer, focus)


def _by_which_statistics(session: Session, layer: LayerTrace) -> str:
    """Say what mean and variance the sum is normalized by."""
    size, units = layer.z.shape
    over = layer.normalizing.over or "running"
    return session.t(f"views.normalized_{over}", size=size, units=units)


def _table(session: Session, layer: LayerTrace, focus: Focus) -> None:
    """List the neurons of the layer about the chosen one."""
    t, units = session.t, layer.z.shape[1]
    first = max(0, min(focus.unit - NEURONS // 2, units - NEURONS))
    part = slice(first, first + NEURONS)
    columns: dict[str, Any] = {
        t("views.neuron"): np.arange(units)[part] + 1,
        "z": layer.z[focus.row, part],
    }
    letter = "z̃" if layer.normalizing.arrays else "z"
    if letter != "z":
        columns["ẑ"] = layer.normalized[focus.row, part]
        columns[letter] = layer.read[focus.row, part]
    columns[f"a = f({letter})"] = layer.activations[focus.row, part]
    columns["∂L/∂a"] = layer.output_gradients[focus.row, part]
    if letter != "z":
        columns["∂L/∂z̃"] = layer.read_deltas[focus.row, part]
    columns["δ = ∂L/∂z"] = layer.deltas[focus.row, part]
    if layer.slopes is not None:
        columns[f"f′({letter})"] = layer.slopes[focus.row, part]
    if layer.mask is not None:
        columns[t("views.mask")] = layer.mask[focus.row, part]
    number = st.column_config.NumberColumn(format="%.5g")
    config = dict.fromkeys(list(columns)[1:], number)
    st.dataframe(columns, hide_index=True, column_config=config, key="one_step_table")
    if units > NEURONS:
        st.caption(t("views.neurons_shown", first=first + 1, last=first + NEURONS, count=units))


def _loss(session: Session, traced: Trace, focus: Focus, moment: Moment) -> None:
    t = session.t
    st.markdown(f"##### {t('views.loss')}")
    st.caption(t("views.loss_of", loss=t(f"loss.{traced.loss_name}")))
    if smoothing := moment.smoothing:
        st.caption(t("views.smoothed_target", rate=number_text(smoothing)))
    for line in derivation.sample_loss(traced, focus.row):
        st.latex(line)
    if traced.weights is not None:
        st.caption(t("views.weighted"))
    if len(traced.sample_losses) > 1:
        st.caption(t("views.batch_mean", size=len(traced.sample_losses)))
        st.latex(derivation.batch_loss(traced))
    if moment.training.regularizer != "none":
        st.caption(t("views.penalty_apart"))


def _backward(session: Session, traced: Trace, focus: Focus) -> None:
    is_last = focus.layer == len(traced.layers) - 1
    st.markdown(f"##### {session.t('views.backward')}")
    st.caption(session.t("views.output_delta" if is_last else "views.hidden_delta"))
    st.latex(derivation.delta(traced, focus))
    how = traced.layers[focus.layer].normalizing
    if how.arrays:
        st.caption(session.t(f"views.normalized_delta_{how.over or 'running'}"))
        for line in derivation.through_normalization(traced, focus):
            st.latex(line)


def _gradient(session: Session, traced: Trace, focus: Focus) -> None:
    t, several = session.t, len(traced.sample_losses) > 1
    st.markdown(f"##### {t('views.gradient')}")
    st.caption(t("views.gradient_mean" if several else "views.gradient_one"))
    formula, exact = derivation.gradient(traced, focus)
    st.latex(formula)
    _check(session, exact, traced.numeric_gradient(focus.layer, focus.i, focus.unit))


def _check(session: Session, exact: float, measured: float) -> None:
    """Set the two gradients side by side, and say whether they agree."""
    agree = abs(exact - measured) <= 1e-4 * max(abs(exact), abs(measured)) + 1e-8
    words = {"analytic": f"{exact:.6g}", "numeric": f"{measured:.6g}"}
    if agree:
        st.success(session.t("views.checked", **words), icon=":material/check:")
    elif np.isfinite(exact) and np.isfinite(measured):
        st.warning(session.t("views.not_checked", **words), icon=":material/change_history:")
    else:
        st.warning(session.t("views.no_number"), icon=":material/error:")


def _letters(session: Session, options: Mapping[str, float], latex: str) -> str:
    """What the letters of an optimizer's rule are, those for its options included."""
    t = session.t
    names = [name for name in options if formulas.occurs(formulas.SYMBOLS.get(name, ""), latex)]
    named = [t("views.letter", letter=formulas.SYMBOLS[n], what=t(f"option.{n}")) for n in names]
    return t("views.letters", more=t("views.comma").join(["", *named]))


def _read_gradient(session: Session, moment: Moment, update: Update, *, several: bool) -> None:
    """What the optimizer reads where it is not the loss's gradient as it is."""
    t, training = session.t, moment.training
    penalized, clipped = (
        derivation.penalized(update, training, several=several),
        derivation.clipped(update),
    )
    if penalized is not None:
        st.caption(t("views.read_gradient"))
        st.latex(penalized)
    if clipped is not None:
        bounds = {name: getattr(training, name) for name in CLIPPING}
        how = [f"{t(f'page.{name}')}: {number_text(b)}" for name, b in bounds.items() if b]
        st.caption(t("views.clipped", how=t("views.comma").join(how)))
        st.latex(clipped)


def _update(session: Session, moment: Moment, traced: Trace, focus: Focus) -> None:
    t = session.t
    st.markdown(f"##### {t('views.update')}")
    update = moment.update(traced, focus.i, focus.unit)
    record = OPTIMIZERS[update.optimizer]
    options = dict(
        zip(record.options, record.values(moment.training.optimizer_options), strict=True)
    )
    _read_gradient(session, moment, update, several=len(traced.sample_losses) > 1)
    words = {"optimizer": t(f"optimizer.{update.optimizer}"), "step": f"{update.step:,}"}
    st.caption(t("views.update_of", **words))
    if update.matrix is not None:
        inputs, units = update.matrix.shape
        steps = f"{int(options['ns_steps'])}"
        st.caption(t("views.update_matrix", inputs=f"{inputs}", units=f"{units}", steps=steps))
    elif record.matrix_prepare is not None:
        st.caption(t("views.update_no_matrix"))
    lines = formulas.optimizer_lines(update, options)
    for line in lines:
        st.latex(line)
    st.caption(_letters(session, options, " ".join(lines)))
    st.latex(derivation.moved(update, t("views.held")))
    several = len(traced.sample_losses) > 1
    st.caption(t("views.update_batch" if several else "views.update_one"))
    if any(layer.normalizing.at_rest and layer.normalizing.arrays for layer in traced.layers):
        st.caption(t("views.update_running"))

"""The sidebar's third part: what training makes small, and how."""

from __future__ import annotations

import streamlit as st

from core.data import record_of
from core.experiment.config import CLASS_WEIGHTS
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES
from playground.changes import fitting_losses
from playground.controls.augmentation import augmentation_section
from playground.controls.options import options
from playground.controls.widgets import (
    choice,
    formula,
    number,
    optional,
    rate,
    switch,
    whole_number,
)
from playground.session import Session

LEARNING_RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
REGULARIZATION_RATES = (0.0, 1e-5, 1e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
MOST_IN_A_BATCH = 65_536
MOST_EPOCHS = 1_000_000
BOUNDS = ("clip_value", "clip_norm", "global_clip_norm", "max_norm")


def training_section(session: Session) -> None:
    """Loss, rates, optimizer and schedule with their options, batch size, regularization, class
    weights; folded away: early stopping, what keeps gradients and weights in bounds, and last, with
    its view below it, augmentation.
    """
    t, training = session.t, session.experiment.training
    st.subheader(t("page.section.training"))
    losses = fitting_losses(session.experiment)
    choice(session, ("training", "loss"), losses, note=formula(LOSSES[training.loss]))
    columns = st.columns(2, gap="small", wrap=False)
    with columns[0]:
        rate(session, ("training", "learning_rate"), LEARNING_RATES)
    with columns[1]:
        whole_number(session, ("training", "batch_size"), 1, MOST_IN_A_BATCH)
    note = formula(OPTIMIZERS[training.optimizer])
    choice(session, ("training", "optimizer"), list(OPTIMIZERS), note=note)
    options(session, "optimizer_options")
    _schedule(session)
    _regularization(session)
    _class_weights(session)
    with st.expander(_stopping_heading(session), icon=":material/flag:", key="stopping"):
        _early_stopping(session)
    with st.expander(_bounds_heading(session), icon=":material/tune:", key="bounds"):
        _bounds(session)
    augmentation_section(session)


def _schedule(session: Session) -> None:
    """How the learning rate changes as training goes on."""
    note = formula(SCHEDULES[session.experiment.training.schedule])
    choice(session, ("training", "schedule"), list(SCHEDULES), note=note)
    options(session, "schedule_options")


def _regularization(session: Session) -> None:
    """The penalty and its rate."""
    training = session.experiment.training
    columns = st.columns(2, gap="small", vertical_alignment="bottom", wrap=False)
    with columns[0]:
        note = formula(REGULARIZERS[training.regularizer])
        choice(session, ("training", "regularizer"), list(REGULARIZERS), note=note)
    with columns[1]:
        rate(session, ("training", "regularization_rate"), REGULARIZATION_RATES)
    if training.regularizer != "none" and training.regularization_rate == 0:
        st.caption(session.t("page.rate_zero"))


def _class_weights(session: Session) -> None:
    """How often each class counts; not asked where there are values instead of classes."""
    experiment = session.experiment
    if record_of(experiment.data).task != "classification":
        return
    choices, chosen = list(CLASS_WEIGHTS), experiment.training.class_weight
    if not isinstance(chosen, str):  # a link or a file may bring a number for each class
        choices.append(chosen)  # type: ignore[arg-type]
    choice(session, ("training", "class_weight"), choices)


def _stopping_heading(session: Session) -> str:
    """What is folded away, with the patience where it is on.

    The keyed expander keeps its place and whether it is open when these words change.
    """
    epochs = session.experiment.training.early_stopping
    if epochs is None:
        return session.t("page.section.early_stopping")
    key = "page.section.early_stopping_on" if epochs > 1 else "page.section.early_stopping_at_once"
    return session.t(key, epochs=f"{epochs:,}")


def _bounds_heading(session: Session) -> str:
    """What is folded away, and how many of it are on."""
    training = session.experiment.training
    smooths = LOSSES[training.loss].smooths_labels  # else its field is not there
    names = ("label_smoothing", *BOUNDS) if smooths else BOUNDS
    count = sum(bool(getattr(training, name)) for name in names)
    if not count:
        return session.t("page.section.bounds")
    return session.t("page.section.bounds_on", count=f"{count}")


def _early_stopping(session: Session) -> None:
    """When training is over, and whose weights are kept then."""
    optional(session, ("training", "early_stopping"), 1)
    if session.experiment.training.early_stopping is None:
        return
    columns = st.columns(2, gap="small", vertical_alignment="bottom", wrap=False)
    with columns[0]:
        number(session, ("training", "early_stopping_min_delta"), 0.001)
    with columns[1]:
        whole_number(session, ("training", "start_from_epoch"), 0, MOST_EPOCHS)
    switch(session, ("training", "restore_best_weights"))


def _bounds(session: Session) -> None:
    """Smoothed labels, clipped gradients, and the largest norm of weights."""
    if LOSSES[session.experiment.training.loss].smooths_labels:
        number(session, ("training", "label_smoothing"), 0.05)
    for name in BOUNDS:
        optional(session, ("training", name), 0.1)

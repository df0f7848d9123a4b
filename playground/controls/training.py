"""The sidebar's third part: what training makes small, and how."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS
from core.maths.options import Option
from core.maths.regularizers import REGULARIZERS
from playground.changes import Path, fitting_losses
from playground.controls.widgets import choice, formula, rate, whole_number
from playground.fields import key_of, number_text
from playground.session import Session

LEARNING_RATES = (1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
REGULARIZATION_RATES = (0.0, 1e-5, 1e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
MOST_IN_A_BATCH = 65_536


def training_section(session: Session) -> None:
    """Loss, optimizer with its options, rates, batch size, regularization."""
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
    _options(session)
    _regularization(session)


def _options(session: Session) -> None:
    """The optimizer's own settings, two in a row."""
    options = list(OPTIMIZERS[session.experiment.training.optimizer].options.items())
    for first in range(0, len(options), 2):
        columns = st.columns(2, gap="small", vertical_alignment="bottom", wrap=False)
        for column, (name, option) in zip(columns, options[first : first + 2], strict=False):
            with column:
                _option(session, name, option)


def _option(session: Session, name: str, option: Option) -> None:
    """One setting of the optimizer: a switch or a number."""
    t, training = session.t, session.experiment.training
    path: Path = ("training", "optimizer_options", name)
    key = key_of(path)
    words = {"optimizer": t(f"optimizer.{training.optimizer}")}
    common: dict[str, Any] = {
        "label": t(f"option.{name}"),
        "key": key,
        "on_change": session.act,
        "args": (session.edit, path),
    }
    value = training.optimizer_options.get(name, option.default)
    effect = t("page.at_once" if option.live else "page.new_network")
    if option.is_flag:
        session.seed(key, bool(value))
        text = t("page.option.help.switch", **words)
        st.checkbox(help=f"{text}\n\n{effect}", **common)
        return
    session.seed(key, float(value))
    words |= {"least": number_text(option.low), "most": number_text(option.high)}
    st.number_input(
        min_value=option.low,
        max_value=option.high,
        step=0.01 if float(option.default) > 1e-3 or option.default == 0 else 1e-7,
        format="%g",
        help=f"{t('page.option.help', **words)}\n\n{effect}",
        **common,
    )


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

"""The settings of a record: what the chosen optimizer, schedule or initializer lets one choose."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.experiment import OPTIONS_OF
from core.maths.options import Option
from playground.changes import Path, applies_at_once
from playground.controls.widgets import number_field
from playground.fields import key_of, label_of, number_text, value_text
from playground.session import Session

MANY, FIRST = 8, 6
"""Of more options than this only so many are in sight; registries name the usual ones first."""


def options(session: Session, field: str) -> None:
    """The options that a field of the experiment holds; of many the last ones folded away."""
    owner = OPTIONS_OF[field]
    chosen = getattr(getattr(session.experiment, owner.part), owner.field)
    known, label = list(owner.registry[chosen].options.items()), f"{owner.field}.{chosen}"
    path = (owner.part, field)
    if len(known) <= MANY:
        _in_rows(session, path, known, label)
        return
    _in_rows(session, path, known[:FIRST], label)
    heading = session.t("page.more_options", of=session.t(label))
    with st.expander(heading, icon=":material/more_horiz:", key=f"more_{field}"):
        _in_rows(session, path, known[FIRST:], label)


def _in_rows(session: Session, path: Path, known: list[tuple[str, Option]], of: str) -> None:
    """Options, two in a row."""
    for first in range(0, len(known), 2):
        columns = st.columns(2, gap="small", vertical_alignment="bottom", wrap=False)
        for column, (name, option) in zip(columns, known[first : first + 2], strict=False):
            with column:
                _option(session, (*path, name), option, of)


def _option(session: Session, path: Path, option: Option, of: str) -> None:
    """One option: a switch, a menu or a number. of: catalogue key of the record's label."""
    t, key = session.t, key_of(path)
    value = getattr(getattr(session.experiment, str(path[0])), str(path[1])).get(
        path[2], option.default
    )
    effect = t("page.at_once" if applies_at_once(path) else "page.new_network")
    common: dict[str, Any] = {
        "label": label_of(path, t),
        "key": key,
        "help": f"{_help(session, option, t(of))}\n\n{effect}",
        "on_change": session.act,
        "args": (session.edit, path),
    }
    session.widgets.seed(key, value)
    if option.choices:
        st.selectbox(
            options=option.choices, format_func=lambda name: value_text(path, name, t), **common
        )
    elif option.is_flag:
        st.checkbox(**common)
    else:
        number_field(session, value, **_range(option), **common)


def _help(session: Session, option: Option, of: str) -> str:
    if option.choices or option.is_flag:
        return session.t("page.option.help.switch", of=of)
    bounds = {"least": number_text(option.low), "most": number_text(option.high)}
    return session.t("page.option.help", of=of, **bounds)


def _range(option: Option) -> dict[str, Any]:
    """Bounds and step of a number; those of whole numbers are whole."""
    if option.whole:
        tenth = max(1, int(option.default) // 10)
        return {"least": int(option.low), "most": int(option.high), "step": tenth}
    step = 0.01 if abs(float(option.default)) > 1e-3 or option.default == 0 else 1e-7
    bounds = {"least": option.low, "most": option.high, "open_end": option.open_high}
    return {**bounds, "step": step, "format": "%g"}

"""Widgets that show one setting of the experiment and, when used, edit it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from playground.changes import Path, applies_at_once, rate_step, read
from playground.fields import key_of, label_of, number_text, value_text
from playground.session import Session


def help_text(session: Session, path: Path, note: str = "") -> str:
    """What a setting is, a note, and whether it applies at once or starts a new network."""
    name = key_of(path).rsplit("_", 1)[0] if len(path) == 4 else key_of(path)
    number = {"n": int(path[2]) + 1} if len(path) == 4 else {}
    parts = [session.t(f"page.{name}.help", **number), note, session.t(_effect(path))]
    return "\n\n".join(part for part in parts if part)


def _effect(path: Path) -> str:
    if applies_at_once(path):
        return "page.at_once"
    return "page.new_data" if path[0] == "data" and path[1] != "features" else "page.new_network"


def formula(record: Any) -> str:
    """A registry record's formula, as Markdown."""
    return f"{record.label}: ${record.latex}$"


def prepared(
    session: Session, path: Path, note: str, value: Any = None, *, unset: Any = None
) -> dict[str, Any]:
    """What all widgets of the experiment have in common; seeds the widget's value.

    unset: what the browser shows, and may send, before it was told the value.
    """
    key = key_of(path)
    session.widgets.seed(key, read(session.experiment, path) if value is None else value)
    session.widgets.may_echo(key, unset)
    return {
        "label": label_of(path, session.t),
        "key": key,
        "help": help_text(session, path, note),
        "on_change": session.act,
        "args": (session.edit, path),
    }


def choice(
    session: Session,
    path: Path,
    options: Sequence[str],
    *,
    note: str = "",
    labels: Mapping[str, str] | None = None,
) -> None:
    """A menu of registry names, shown by their labels."""

    def shown(name: str) -> str:
        return (labels or {}).get(name) or value_text(path, name, session.t)

    common = prepared(session, path, note, unset=options[0])
    value = read(session.experiment, path)
    session.widgets.seed_words(common["key"], value, shown(value))
    common["args"] = (session.edit_choice, path, tuple(options))
    st.selectbox(options=options, format_func=shown, **common)


def rate(session: Session, path: Path, ladder: Sequence[float], note: str = "") -> None:
    """A field for a rate: any number may be typed, + and - climb the ladder."""
    value = float(read(session.experiment, path))
    common = prepared(session, path, note, value, unset=0.0)
    common |= {"args": (session.edit_rate, path, ladder)}
    number_field(session, value, rate_step(ladder, value), 0.0, format="%g", **common)


def whole_number(
    session: Session, path: Path, least: int, most: int, step: int = 1, note: str = ""
) -> None:
    """A field for a whole number; what a link brought beyond `most` still fits."""
    value = read(session.experiment, path)
    least = min(least, value)
    common = prepared(session, path, note, unset=least)
    number_field(session, value, step, least, max(most, value), **common)


def number(session: Session, path: Path, step: float) -> None:
    """A field for a number from 0 up; what is too large is refused by the core, in words."""
    value = float(read(session.experiment, path))
    common = prepared(session, path, "", value, unset=0.0)
    number_field(session, value, step, 0.0, format="%g", **common)


def optional(session: Session, path: Path, step: float) -> None:
    """A field for a number that may be off, which 0 stands for; whole numbers if `step` is one."""
    value = read(session.experiment, path) or type(step)(0)
    common = prepared(session, path, session.t("page.zero_is_off"), value, unset=type(step)(0))
    common |= {"args": (session.edit_optional, path)}
    shape: dict[str, Any] = {} if isinstance(step, int) else {"format": "%g"}
    number_field(session, value, step, type(step)(0), **shape, **common)


def number_field(
    session: Session,
    value: float,
    step: float,
    least: float,
    most: float | None = None,
    *,
    open_end: bool = False,
    **more: Any,
) -> None:
    """A field for a number in a range, which it tells when something else is typed.

    value: what it shows. step: what a press of + or - adds, where there is room for that.
    open_end: whether the most itself is too much, which the core then says.
    """
    session.widgets.ranges[more["key"]] = least, most
    end = math.inf if most is None else most - 1e-6 * step * open_end
    step = step_with_room(step, value, least, end)
    st.number_input(min_value=least, max_value=most, step=step, **more)


def step_with_room(step: float, value: float, least: float, most: float) -> float:
    """A field's step or, where that would pass an end of the range, the largest round one (1, 2 or
    5 times a power of ten) that does not: else the button would be dead before the end is reached.
    """
    room = min((left for left in (value - least, most - value) if left > 1e-9 * step), default=step)
    if step <= room * (1 + 1e-9):
        return step
    power = 10.0 ** math.floor(math.log10(room) + 1e-9)
    fitting = max(n * power for n in (1, 2, 5) if n * power <= room * (1 + 1e-9))
    return type(step)(fitting)


def tell_ranges(session: Session) -> None:
    """Have the browser say under a number field, in the page's language, what may be typed.

    Streamlit keeps such a number from the server, and has English words for screen readers and for
    a pointer over its sign alone. page.css has the look of these.
    """
    rules = []
    for key, (least, most) in session.widgets.ranges.items():
        words = json.dumps(range_text(session, least, most), ensure_ascii=False)
        rules.append(f'.st-key-{key}:has([role="alert"])::after {{content: {words}}}')
    st.html(f"<style>{' '.join(rules)}</style>")


def range_text(session: Session, least: float, most: float | None) -> str:
    """A range in words."""
    low = number_text(least)
    if most is None:
        return session.t("page.range.from", least=low)
    high = f"{most:,}" if isinstance(most, int) else number_text(most)
    return session.t("page.range", least=low, most=high)


def switch(session: Session, path: Path) -> None:
    """A box to tick."""
    st.checkbox(**prepared(session, path, "", unset=False))


def fraction(
    session: Session,
    path: Path,
    low: float,
    high: float,
    step: float,
    *,
    note: str = "",
    disabled: bool = False,
) -> None:
    """A slider for a fraction."""
    common = prepared(session, path, note, unset=low)
    st.slider(min_value=low, max_value=high, step=step, disabled=disabled, **common)

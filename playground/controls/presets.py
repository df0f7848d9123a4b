"""The sidebar's first line: experiments on real data that work at the first press of Play."""

from __future__ import annotations

import streamlit as st

from core.presets import PRESETS, Preset
from playground.presets import is_preset, preset_of
from playground.session import Session

ICONS = {
    "image": ":material/image:",
    "speech": ":material/mic:",
    "language": ":material/chat:",
    "recommendation": ":material/thumb_up:",
}


def presets(session: Session) -> None:
    """A button for each preset; below, what the one whose data are in use is held against."""
    t, found = session.t, preset_of(session.experiment)
    with st.container(key="presets", horizontal=True, gap="xsmall"):
        for name, preset in PRESETS.items():
            is_chosen = found is preset and is_preset(session.experiment, preset)
            st.button(
                t(f"preset.{name}"),
                key=f"preset_{name}",
                icon=ICONS[preset.use],
                type="primary" if is_chosen else "secondary",
                help=t("page.preset.help", use=t(f"page.use.{preset.use}")),
                on_click=session.press,
                args=(session.open_preset, preset),
            )
    if found is not None:
        source = t(f"preset.{found.name}.source")
        with st.container(key="held_against"):
            lines = "  \n".join(_lines(session, found))
            about = "lines" if found.measure == "accuracy" else "rmse"
            st.caption(lines, help=t(f"page.preset.{about}.help", source=source))


def _lines(session: Session, preset: Preset) -> list[str]:
    """What is reached without a network, with the preset's, and what is known as good."""
    t = session.t
    name, found = preset.simple
    guessing = "commonest_class" if preset.measure == "accuracy" else "mean_value"
    guess = t(f"page.preset.{guessing}", accuracy=_told(session, preset, preset.guess))
    simple = t(f"page.preset.{name}", accuracy=_told(session, preset, found))
    low, high = (_number(preset, value) for value in preset.others)
    reached = _told(session, preset, preset.reached)
    return [
        t("page.preset.guess", guess=guess, simple=simple),
        t("page.preset.reached", accuracy=reached, epochs=preset.epochs, low=low, high=high),
        t("page.preset.known", known=t(f"preset.{preset.name}.known")),
    ]


def _told(session: Session, preset: Preset, value: float) -> str:
    """What is reached, with its unit: a share of right answers, or how many stars it is off."""
    number = _number(preset, value)
    return number if preset.measure == "accuracy" else session.t("page.preset.rmse", error=number)


def _number(preset: Preset, value: float) -> str:
    return f"{100 * value:.3g}%" if preset.measure == "accuracy" else f"{value:.3f}"

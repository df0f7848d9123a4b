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
            st.caption(lines, help=t("page.preset.lines.help", source=source))


def _lines(session: Session, preset: Preset) -> list[str]:
    """What is reached without a network, with the preset's, and what is known as good."""
    t = session.t
    name, accuracy = preset.simple
    low, high = preset.others
    simple = t(f"page.preset.{name}", accuracy=_percent(accuracy))
    return [
        t("page.preset.guess", guess=_percent(preset.guess), simple=simple),
        t(
            "page.preset.reached",
            accuracy=_percent(preset.reached),
            epochs=preset.epochs,
            low=_percent(low),
            high=_percent(high),
        ),
        t("page.preset.known", known=t(f"preset.{preset.name}.known")),
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"

"""How training samples are changed anew in every step: moved, cut out, blurred, mixed."""

from __future__ import annotations

import streamlit as st

from core.data import record_of
from core.data.augmentation import takes_mixtures
from core.experiment import Experiment
from playground.changes import Path
from playground.controls.widgets import number, whole_number
from playground.session import Session

STEPS: dict[str, float] = {"translation": 1.0, "rotation": 5.0, "zoom": 0.05, "cutout": 1}
"""Settings of images, and what a press of + or - adds."""

MOST_PIXELS = 1000


def augmentation_section(session: Session) -> None:
    """Folded away: what fits the data and the loss, all of it 0 at first; ratings have no room."""
    names = _fitting(session.experiment)
    if not names:
        return
    count = sum(bool(getattr(session.experiment.training, name)) for name in names)
    key = "page.section.augmentation_on" if count else "page.section.augmentation"
    heading = session.t(key, count=f"{count}")
    with st.expander(heading, icon=":material/auto_fix:", key="augmentation"):
        for first in range(0, len(names), 2):
            columns = st.columns(2, gap="small", vertical_alignment="bottom", wrap=False)
            for column, name in zip(columns, names[first : first + 2], strict=False):
                with column:
                    _field(session, name)


def _fitting(experiment: Experiment) -> list[str]:
    """The settings that there are for these data and this loss."""
    kind = record_of(experiment.data).kind
    if kind == "ratings":
        return []
    images = list(STEPS) if kind == "image" else []
    mixup = ["mixup"] if takes_mixtures(experiment.training.loss) else []
    return [*images, "input_noise", *mixup]


def _field(session: Session, name: str) -> None:
    path: Path = ("training", name)
    if name == "cutout":
        whole_number(session, path, 0, MOST_PIXELS)
    else:
        number(session, path, STEPS.get(name, 0.05))

"""Try it: a vowel that the visitor speaks, as the measures that the vowel data have."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.voice import vowel_measures
from playground.session import Session

SAMPLE_RATE = 16_000  # samples a second that the browser is asked for


def ask(session: Session) -> np.ndarray | None:
    """Draw the recorder; the measures of what was spoken, (9,), None as long as nothing was.

    Raises ValueError that says why a recording cannot be used.
    """
    recording = st.audio_input(
        session.t("views.try_voice"),
        sample_rate=SAMPLE_RATE,
        help=session.t("views.try_voice_help"),
        key="try_voice",
    )
    st.caption(session.t("views.try_voice_rough"))
    if recording is None:
        return None
    return session.once(
        "try_voice", (recording.file_id,), lambda: vowel_measures(recording.getvalue())
    )

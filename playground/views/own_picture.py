"""Try it: a field for one picture of the visitor's, brought to the size that the network knows."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.preprocessing import Pixels
from playground.albums import SUFFIXES, UNREAD
from playground.session import Session

MOST_MEGABYTES = 32  # core/data/pictures/limits.py has the same


def ask(session: Session, pixels: Pixels) -> np.ndarray | None:
    """Draw the field; the picture, uint8 (side, side) or (side, side, 3), None without one.

    Raises ValueError that says why a file is no picture.
    """
    from core.data.pictures import read_picture  # Pillow takes a moment to load

    file = st.file_uploader(
        session.t("views.try_picture"),
        type=[suffix for suffix in (*SUFFIXES, *UNREAD) if suffix != "zip"],
        max_upload_size=MOST_MEGABYTES,
        help=session.t("views.try_picture_help"),
        key="try_picture",
    )
    if file is None:
        return None
    side, colour = pixels.side, pixels.colour
    return session.once(
        "try_picture",
        (file.file_id, side, colour),
        lambda: read_picture(file.getvalue(), side, colour=colour, name=file.name),
    )

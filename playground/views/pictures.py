"""Samples that are images, as the browser shows them."""

from __future__ import annotations

import numpy as np
import streamlit as st

SIDE = 84  # pixels that an image is shown at


def show_image(image: np.ndarray, caption: str = "") -> None:
    """Show an image (height, width) in ink on paper, both of the page's theme."""
    st.image(enlarged(image, dark=is_dark()), caption=caption or None, width=SIDE)


def is_dark() -> bool:
    """Whether the page was dark when it was last drawn."""
    return bool(st.context.theme.type == "dark")


def enlarged(image: np.ndarray, times: int = 6, *, dark: bool = False) -> np.ndarray:
    """Scale an image (height, width) to grey values uint8, each pixel a square of `times`.

    The browser would blur a small image that it has to enlarge. Large values are ink: dark on a
    light page, light on a dark one, in the greys that the live view has for its samples.
    """
    image = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = float(image.min()), float(image.max())
    ink = 255.0 * (image - low) / max(high - low, 1e-12)
    grey = 20.0 + 0.92 * ink if dark else 250.0 - 0.92 * ink
    return np.kron(grey, np.ones((times, times))).astype(np.uint8)

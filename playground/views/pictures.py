"""Samples that are images, as the browser shows them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from playground.charts.style import NEGATIVE, POSITIVE, ZERO
from playground.thumbnails import address

SIDE = 84  # pixels that an image is shown at
TIMES = 6  # pixels of the screen for each of an image: the browser would blur what it enlarges


def show_image(image: np.ndarray, caption: str = "", *, width: int = SIDE) -> None:
    """Show an image, ink (height, width) or light (height, width, 3)."""
    st.image(address(as_shown(image)), caption=caption or None, width=width)


def show_signed(values: np.ndarray, caption: str = "", *, width: int = SIDE) -> None:
    """Show numbers (height, width) as pixels: orange below 0, blue above, grey for 0."""
    st.image(address(signed(values)), caption=caption or None, width=width)


def as_shown(image: np.ndarray, times: int = TIMES) -> np.ndarray:
    """An image as pixels of the screen: ink (height, width) on paper, both of the page's theme.

    Light, (height, width, 3), 0 to 1, keeps its own colours. times: 1 where a style sheet makes
    the browser enlarge it in squares.
    """
    if image.ndim == 3:
        return coloured(image, times)
    return enlarged(image, times, dark=is_dark())


def is_dark() -> bool:
    """Whether the page was dark when it was last drawn."""
    return bool(st.context.theme.type == "dark")


def enlarged(image: np.ndarray, times: int = TIMES, *, dark: bool = False) -> np.ndarray:
    """Scale an image (height, width) to grey values uint8, each pixel a square of `times`.

    The browser would blur a small image that it has to enlarge. Large values are ink: dark on a
    light page, light on a dark one, in the greys that the live view has for its samples.
    """
    image = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = float(image.min()), float(image.max())
    ink = 255.0 * (image - low) / max(high - low, 1e-12)
    grey = 20.0 + 0.92 * ink if dark else 250.0 - 0.92 * ink
    return np.kron(grey, np.ones((times, times))).astype(np.uint8)


def coloured(image: np.ndarray, times: int = TIMES) -> np.ndarray:
    """Scale an image (height, width, 3) of red, green and blue, 0 to 1, to uint8 (.., .., 3)."""
    levels = np.clip(np.nan_to_num(np.asarray(image, dtype=np.float64)), 0.0, 1.0) * 255.0
    return np.kron(levels, np.ones((times, times, 1))).round().astype(np.uint8)


def signed(values: np.ndarray, times: int = TIMES) -> np.ndarray:
    """Colour numbers (height, width) by sign and size, uint8 (.., .., 3).

    From half of the largest on they have their full colour. What is not finite counts as 0.
    """
    values = np.nan_to_num(np.asarray(values, dtype=np.float64), posinf=0.0, neginf=0.0)
    share = 2.0 * np.abs(values)[..., None] / max(float(np.abs(values).max()), 1e-300)
    share = np.minimum(share, 1.0)
    negative, zero, positive = (_parsed(color) for color in (NEGATIVE, ZERO, POSITIVE))
    ends = np.where(values[..., None] < 0, negative, positive)
    colors = np.kron(zero + (ends - zero) * share, np.ones((times, times, 1)))
    return np.asarray(colors).round().astype(np.uint8)


def _parsed(color: str) -> np.ndarray:
    """Red, green and blue, (3,), of "#rrggbb"."""
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)

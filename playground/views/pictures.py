"""Samples that are images, as the browser shows them."""

from __future__ import annotations

import numpy as np


def enlarged(image: np.ndarray, times: int = 6) -> np.ndarray:
    """Scale an image (height, width) to grey values uint8, each pixel a square of `times`.

    The browser would blur a small image that it has to enlarge.
    """
    image = np.nan_to_num(np.asarray(image, dtype=np.float64))
    low, high = float(image.min()), float(image.max())
    grey = 255.0 * (image - low) / max(high - low, 1e-12)
    return np.kron(grey, np.ones((times, times))).astype(np.uint8)

"""Augmentation: how a training sample is changed, anew in every step, from the run's seed.

Plain scalar Python (see `core.maths.scalar`): kernels compile it, and what shows a step calls it.
All of it is arithmetic, so `placing` and `blend` take whole arrays too.

A pixel of the changed image takes its value from a place of the original, between four pixels:

    row    = a row' - b column' + c        a = scale cos(angle), b = scale sin(angle)
    column = b row' + a column' + d

Outside of the original all is background. A scale above 1 zooms out, as in Keras.
"""

from __future__ import annotations

import math

from core.maths.scalar import cos, expm1, log, sin, sqrt

IMAGE_FIELDS = ("translation", "rotation", "zoom", "cutout")
"""Settings that change images; `mixup` mixes samples of any kind, `input_noise` blurs them."""

# The numbers of sample p of a batch: draws N_DRAWS p + ANGLE ... of the step's stream.
ANGLE, SCALE, DOWN, RIGHT, CUT_ROW, CUT_COLUMN = range(6)
N_DRAWS = 8

# Those of a mixture: draws N_SHARE_DRAWS p + 0, 1 and 2.
N_SHARE_DRAWS = 3

RADIANS = math.pi / 180.0  # of a degree
TWO_PI = 2.0 * math.pi


def between(u: float, most: float) -> float:
    """A number in (-most, most), of a uniform one in (0, 1)."""
    return most * (2.0 * u - 1.0)


def placing(
    angle: float, scale: float, down: float, right: float, height: float, width: float
) -> tuple[float, float, float, float]:
    """a, b, c and d of an image that is turned about its centre, scaled and then moved.

    angle: in radians, clockwise as rows go down. down, right: in pixels.
    """
    a, b = scale * cos(angle), scale * sin(angle)
    row, column = (height - 1.0) / 2.0, (width - 1.0) / 2.0
    c = row - a * (row + down) + b * (column + right)
    d = column - b * (row + down) - a * (column + right)
    return a, b, c, d


def blend(
    top_left: float,
    top_right: float,
    bottom_left: float,
    bottom_right: float,
    down: float,
    right: float,
) -> float:
    """The value at a place between four pixels; down, right: from the first one, in [0, 1]."""
    top = top_left + right * (top_right - top_left)
    bottom = bottom_left + right * (bottom_right - bottom_left)
    return top + down * (bottom - top)


def share(alpha: float, u: float, v: float, w: float) -> float:
    """A number of the Beta(alpha, alpha) distribution, of three uniform ones in (0, 1).

    Devroye 1996, "Random variate generation in one line of code": for any alpha, no rejection.
    """
    spread, direction = expm1(-log(u) / alpha), cos(TWO_PI * v)
    half = 0.5 / sqrt(1.0 + 1.0 / (spread * direction * direction))
    return 0.5 + half if w < 0.5 else 0.5 - half

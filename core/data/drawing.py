"""A drawing made by hand, brought to the form that a data set's images have.

MNIST's digits were scaled to a box of 20 x 20 pixels and centred by their mass in 28 x 28 (LeCun et
al. 1998); scikit-learn's fill the height of 8 pixels and about six of the width, whatever shape
they were drawn in. A drawing is lines, not pixels: the pen comes out as thick as in the data set,
however large somebody drew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FINE = 6
"""A pixel is cut into so many squares each way, and holds the share of them that is ink."""

SMALLEST = 0.25
"""A drawing that is smaller than this share of the paper is a small one, not a large one's copy."""


@dataclass(frozen=True, eq=False)
class Stroke:
    """One line of a drawing, without lifting the pen.

    points: (n, 2), x to the right and y downwards, 0 to 1 on the paper; at least one.
    width: of the pen, 1 is the usual one.
    """

    points: Floats
    width: float = 1.0


@dataclass(frozen=True)
class Form:
    """How a data set's images hold what they show.

    box: (height, width) that it is scaled to, and pen: how thick lines are; shares of the image.
    stretch: how much more one direction may be scaled than the other.
    by_mass: whether its centre is that of its ink, else that of its box.
    """

    box: tuple[float, float]
    pen: float
    stretch: float
    by_mass: bool


MNIST = Form((20 / 28, 20 / 28), 2.6 / 28, 1.0, by_mass=True)
FORMS = {(8, 8): Form((1.0, 6 / 8), 1.3 / 8, 2.0, by_mass=False)}
"""By (height, width) of the image; all others are made as MNIST's."""


def as_image(strokes: Sequence[Stroke], shape: tuple[int, int]) -> Floats:
    """Ink of a drawing in a data set's form, (height, width), 0 to 1.

    shape: (height, width). A drawing without strokes is an empty image.
    """
    if not strokes:
        return np.zeros(shape)
    form = FORMS.get(shape, MNIST)
    size = np.array(shape[::-1], dtype=np.float64)  # x first, as points have it
    pen = form.pen * shape[0]
    every = np.concatenate([stroke.points for stroke in strokes])
    low, high = every.min(axis=0), every.max(axis=0)
    scale = _scale(form, size, pen, high - low)
    middle, target = (low + high) / 2.0, size / 2.0
    lines = [((s.points - middle) * scale + target, pen * s.width) for s in strokes]
    ink = _inked(lines, shape)
    if not form.by_mass or not ink.any():
        return ink
    shift = target - _centre_of_mass(ink)
    return _inked([(points + shift, width) for points, width in lines], shape)


def _scale(form: Form, size: Floats, pen: float, extent: Floats) -> Floats:
    """Pixels for one unit of the paper, (2,) for x and y."""
    room = np.maximum(size * form.box[::-1] - pen, 1.0)
    scale = room / np.maximum(extent, SMALLEST)
    return np.minimum(scale, scale.min() * form.stretch)


def _inked(lines: Sequence[tuple[Floats, float]], shape: tuple[int, int]) -> Floats:
    """Draw lines, (points (n, 2) in pixels, width), with round pens. Returns (height, width)."""
    from scipy.ndimage import distance_transform_edt

    height, width = shape
    fine = np.zeros((height * FINE, width * FINE))
    for pen in {pen for _, pen in lines}:
        dry = np.ones(fine.shape, dtype=bool)
        for points, own in lines:
            if own == pen:
                columns, rows = (_between(points) * FINE).astype(int).T
                seen = (rows >= 0) & (rows < len(fine)) & (columns >= 0) & (columns < len(fine[0]))
                dry[rows[seen], columns[seen]] = False
        if not dry.all():
            distance = distance_transform_edt(dry)
            fine = np.maximum(fine, np.clip(pen * FINE / 2.0 - distance + 0.5, 0.0, 1.0))
    return np.asarray(fine.reshape(height, FINE, width, FINE).mean(axis=(1, 3)))


def _between(points: Floats) -> Floats:
    """Points along a line (n, 2), so near to one another that no square is left out."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0.0, along[-1], int(along[-1] * FINE * 2) + 2)
    return np.stack([np.interp(places, along, points[:, axis]) for axis in (0, 1)], axis=1)


def _centre_of_mass(ink: Floats) -> Floats:
    """(x, y) in pixels of an image (height, width)."""
    rows, columns = np.indices(ink.shape) + 0.5
    return np.array([(ink * columns).sum(), (ink * rows).sum()]) / ink.sum()

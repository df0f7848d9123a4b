"""Data made by formula: points in the plane with classes or values, and curves.

Coordinates lie in [-6, 6] (noise may push a few points over the edge). `noise` is a fraction,
0 to 0.5. A generator takes (n_samples, noise, classes, seed) and returns (points, targets):
points float64 (n_samples, 2), or (n_samples, 1) for a curve; targets are class numbers
(n_samples,) or values (n_samples,). Where a point lies and how noise disturbs it are drawn from
separate streams: turning up the noise disturbs the same points more.

`circle xor gauss spiral plane multi_gauss` follow TensorFlow Playground's src/dataset.ts, its
label +1 being class 1 and -1 class 0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.maths.random import DATA, NOISE, normals, uniforms

Sample = tuple[NDArray[np.float64], NDArray[np.float64]]
Column = NDArray[np.float64]

EXTENT = 6.0  # half-width of the square that is drawn
RADIUS = 5.0  # of TensorFlow Playground's classes


def _uniform(seed: int, purpose: int, stream: int, n: int, low: float, high: float) -> Column:
    """n numbers between low and high; each stream of a purpose is independent of the others."""
    return low + (high - low) * uniforms(seed, purpose, stream, n)


def _halves(n: int) -> Column:
    """Class 1 for the first half of the samples, class 0 for the rest."""
    return (np.arange(n) < (n + 1) // 2).astype(np.float64)


def _jitter(points: Column, size: float, seed: int) -> Column:
    """The points moved by up to `size` in each coordinate, evenly."""
    shifts = [
        _uniform(seed, NOISE, stream, len(points), -size, size) for stream in range(points.shape[1])
    ]
    return points + np.stack(shifts, axis=1)


def _gaussian_jitter(points: Column, deviation: float, seed: int) -> Column:
    """The points moved by a normal shift in each coordinate."""
    shifts = [normals(seed, NOISE, stream, len(points)) for stream in range(points.shape[1])]
    return points + deviation * np.stack(shifts, axis=1)


def _polar(radius: Column, angle: Column) -> Column:
    """Points (n, 2) at these distances from the centre, angles clockwise from the top."""
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def circle(n: int, noise: float, classes: int, seed: int) -> Sample:
    """A disc of class 1 within a ring of class 0; noise flips labels near the border."""
    inner = _halves(n) == 1.0
    u = uniforms(seed, DATA, 0, n)
    radius = np.where(inner, 0.5 * RADIUS * u, RADIUS * (0.7 + 0.3 * u))
    points = _polar(radius, _uniform(seed, DATA, 1, n, 0.0, 2.0 * math.pi))
    x1, x2 = _jitter(points, RADIUS * noise, seed).T
    return points, (np.sqrt(x1 * x1 + x2 * x2) < 0.5 * RADIUS).astype(np.float64)


def xor(n: int, noise: float, classes: int, seed: int) -> Sample:
    """Class 1 where x1 and x2 have the same sign, with a gap of 0.3 beside the axes."""
    padding = 0.3
    raw = np.stack([_uniform(seed, DATA, k, n, -RADIUS, RADIUS) for k in range(2)], axis=1)
    points = raw + np.where(raw > 0.0, padding, -padding)
    noisy = _jitter(points, RADIUS * noise, seed)
    return points, (noisy[:, 0] * noisy[:, 1] >= 0.0).astype(np.float64)


def gauss(n: int, noise: float, classes: int, seed: int) -> Sample:
    """Two normal clouds at (2, 2) and (-2, -2), of variance 0.5 at no noise to 4 at noise 0.5."""
    labels = _halves(n)
    centres = np.where(labels == 1.0, 2.0, -2.0)[:, None] * np.ones(2)
    deviation = math.sqrt(0.5 + 7.0 * noise)
    return _gaussian_jitter(centres, deviation, seed), labels


def spiral(n: int, noise: float, classes: int, seed: int) -> Sample:
    """Two arms of 1.75 turns each, wound into one another."""
    labels = _halves(n)
    ones = int(labels.sum())
    along = np.concatenate([np.arange(ones) / ones, np.arange(n - ones) / max(n - ones, 1)])
    angle = 1.75 * 2.0 * math.pi * along + np.where(labels == 1.0, 0.0, math.pi)
    return _jitter(_polar(RADIUS * along, angle), noise, seed), labels


def moons(n: int, noise: float, classes: int, seed: int) -> Sample:
    """Two interleaving half circles, scikit-learn's make_moons centred and enlarged.

    noise: standard deviation of the shift, in radii of a half circle.
    """
    size = 3.4  # units per radius: three radii across then fill most of [-6, 6]
    labels = _halves(n)
    angle = _uniform(seed, DATA, 0, n, 0.0, math.pi)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    points = np.where(labels[:, None] == 1.0, lower, upper) - np.array([0.5, 0.25])
    return _gaussian_jitter(size * points, size * noise, seed), labels


def blobs(n: int, noise: float, classes: int, seed: int) -> Sample:
    """Normal clouds around a circle of radius 4, one per class.

    noise: widens their standard deviation from 0.4 to 1.4.
    """
    labels = (np.arange(n) % classes).astype(np.float64)
    centres = _polar(np.full(n, 4.0), 2.0 * math.pi * labels / classes)
    return _gaussian_jitter(centres, 0.4 + 2.0 * noise, seed), labels


def rings(n: int, noise: float, classes: int, seed: int) -> Sample:
    """A disc within a ring within a ring, three classes; noise is the shift per 2 units."""
    labels = (np.arange(n) % 3).astype(np.float64)
    radius = 2.0 * labels + _uniform(seed, DATA, 0, n, 0.0, 1.2)
    points = _polar(radius, _uniform(seed, DATA, 1, n, 0.0, 2.0 * math.pi))
    return _gaussian_jitter(points, 2.0 * noise, seed), labels


def checkerboard(n: int, noise: float, classes: int, seed: int) -> Sample:
    """Four by four squares of side 3, with a gap of 0.4 between them; noise flips labels."""
    side, gap = 3.0, 0.4
    cells = [np.floor(_uniform(seed, DATA, k, n, -2.0, 2.0)) for k in range(2)]
    inside = [_uniform(seed, DATA, 2 + k, n, gap / 2, side - gap / 2) for k in range(2)]
    points = np.stack([side * c + i for c, i in zip(cells, inside, strict=True)], axis=1)
    column, row = np.floor(_jitter(points, side * noise, seed) / side).T
    return points, np.mod(column + row, 2.0)


def plane(n: int, noise: float, classes: int, seed: int) -> Sample:
    """The slope (x1 + x2) / 10."""
    points = np.stack([_uniform(seed, DATA, k, n, -EXTENT, EXTENT) for k in range(2)], axis=1)
    return points, _jitter(points, EXTENT * noise, seed).sum(axis=1) / 10.0


MULTI_GAUSS_CENTRES = (
    (-4.0, 2.5, 1.0),
    (0.0, 2.5, -1.0),
    (4.0, 2.5, 1.0),
    (-4.0, -2.5, -1.0),
    (0.0, -2.5, 1.0),
    (4.0, -2.5, -1.0),
)  # x1, x2 and sign of each bump


def multi_gauss(n: int, noise: float, classes: int, seed: int) -> Sample:
    """Six bumps of alternating sign, each falling from 1 to 0 within a distance of 2."""
    points = np.stack([_uniform(seed, DATA, k, n, -EXTENT, EXTENT) for k in range(2)], axis=1)
    x1, x2 = _jitter(points, EXTENT * noise, seed).T
    values = np.zeros(n)
    for centre_1, centre_2, sign in MULTI_GAUSS_CENTRES:
        distance = np.sqrt((x1 - centre_1) ** 2 + (x2 - centre_2) ** 2)
        value = sign * np.maximum(0.0, 1.0 - distance / 2.0)
        values = np.where(np.abs(value) > np.abs(values), value, values)
    return points, values


def sine(n: int, noise: float, classes: int, seed: int) -> Sample:
    """The curve sin(x1), nearly two periods; noise is the standard deviation of the value."""
    points = _uniform(seed, DATA, 0, n, -EXTENT, EXTENT)[:, None]
    return points, np.sin(points[:, 0]) + noise * normals(seed, NOISE, 0, n)


def step(n: int, noise: float, classes: int, seed: int) -> Sample:
    """A jump from -1 to +1 at 0; noise is the standard deviation of the value."""
    points = _uniform(seed, DATA, 0, n, -EXTENT, EXTENT)[:, None]
    return points, np.where(points[:, 0] > 0.0, 1.0, -1.0) + noise * normals(seed, NOISE, 0, n)

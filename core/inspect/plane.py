"""The plane (or line) on which a network is drawn: two of its inputs' directions, the rest fixed.

2-D data is drawn where it lives. Everything else is drawn on a plane through the training
data's mean: a chosen pair of inputs, or the first two principal components; ratings of films
have people across and films upwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data import Dataset
from core.data.films import FilmPairs
from core.inspect.components import components_of
from core.inspect.film_plane import FilmPlane, film_plane
from core.refusals import Refusal

EXTENT = 6.0
"""Half-width of the square in which 2-D data lives."""

MARGIN = 0.08
"""Share of the data's width left free on each side of a projection."""

PCA_ROWS = 2000
"""Principal components are measured on the first rows, this many at most."""

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Plane:
    """Where a network is drawn, and how points get there.

    x_range, y_range: the drawn part; y_range is None for a line.
    labels: names of the axes.
    inputs_of: coordinates (n, 2) or (n, 1) -> network inputs float32 (n, n_inputs).
        `SparseRows` where the data are sparse.
    train, test: the data's own coordinates, float32 (n, 2) or (n, 1).
    train_rows, test_rows: which rows these are, where they are not all.
    films: of ratings, who and what is drawn where; its places are the only ones there are.
    """

    x_range: tuple[float, float]
    y_range: tuple[float, float] | None
    labels: tuple[str, str]
    inputs_of: Callable[[NDArray[np.floating]], Any]
    train: Points
    test: Points
    train_rows: NDArray[np.int64] | None = None
    test_rows: NDArray[np.int64] | None = None
    films: FilmPlane | None = None

    def resolution(self, wished: int) -> int:
        """Points per side for a picture: those wished, or all the places that there are."""
        return wished if self.films is None else len(self.films.films)

    def grid(self, resolution: int) -> Any:
        """Network inputs over the drawn part, float32 (resolution ** 2, n_inputs).

        Row by row from the top, so that the outputs draw like an image; for a line from left to
        right, (resolution, n_inputs); `SparseRows` where the data are sparse. Raises ValueError
        if resolution < 2.
        """
        if resolution < 2:
            raise Refusal("resolution is {value}, but a grid needs at least 2.", value=resolution)
        x = np.linspace(*self.x_range, resolution)
        if self.y_range is None:
            return self.inputs_of(x[:, None])
        y = np.linspace(*self.y_range[::-1], resolution)
        return self.inputs_of(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))


def plane_of(dataset: Dataset, projection: str | tuple[int, int] = "pca") -> Plane:
    """The plane for a dataset. projection: "pca", or two column numbers of X.

    2-D data and ratings have but one plane.

    Raises ValueError if the columns are not there.
    """
    if dataset.points_train is not None:
        return _home(dataset)
    if isinstance(dataset.preprocessing, FilmPairs):
        return _ratings(dataset, dataset.preprocessing)
    if projection == "pca" or dataset.n_inputs == 1:
        return _principal(dataset)
    if isinstance(projection, str) or len(projection) != 2:
        raise Refusal(
            "projection is {value}, but must be 'pca' or two columns.", value=repr(projection)
        )
    i, j = projection
    if not (0 <= i < dataset.n_inputs and 0 <= j < dataset.n_inputs):
        raise Refusal(
            "projection names columns {first} and {second} of {count}.",
            first=i,
            second=j,
            count=dataset.n_inputs,
        )
    directions = np.zeros((2, dataset.n_inputs))
    directions[0, i] = directions[1, j] = 1.0
    return _through_mean(dataset, directions, (dataset.feature_names[i], dataset.feature_names[j]))


def _home(dataset: Dataset) -> Plane:
    train, test = dataset.points_train, dataset.points_test
    if train is None or test is None:
        raise Refusal("This dataset has no points of its own in the plane.")
    side = (-EXTENT, EXTENT)
    is_line = train.shape[1] == 1
    names = ("x1", "y") if is_line else ("x1", "x2")
    transform = dataset.preprocessing.transform
    return Plane(side, None if is_line else side, names, transform, train, test)


def _ratings(dataset: Dataset, how: FilmPairs) -> Plane:
    drawn = film_plane(dataset, how)
    (train, train_rows), (test, test_rows) = (
        drawn.places(X) for X in (dataset.X_train, dataset.X_test)
    )
    side, names = (0.0, len(drawn.films) - 1.0), ("people", "films")
    return Plane(side, side, names, drawn.inputs_of, train, test, train_rows, test_rows, drawn)


def _principal(dataset: Dataset) -> Plane:
    found = components_of(dataset.X_train[:PCA_ROWS])
    return _through_mean(dataset, found.directions, ("PC 1", "PC 2"))


def _through_mean(
    dataset: Dataset, directions: NDArray[np.float64], labels: tuple[str, str]
) -> Plane:
    """The plane mean + u * directions[0] + v * directions[1]; directions (2, n_inputs)."""
    mean = dataset.X_train.mean(axis=0, dtype=np.float64)
    axis_aligned = np.count_nonzero(directions) == 2
    # Coordinates of an input are its own values; those of a component are measured from the mean.
    origin = directions @ mean if axis_aligned else np.zeros(2)

    def project(X: NDArray[np.float32]) -> Points:
        return ((X - mean) @ directions.T + origin).astype(np.float32)

    def inputs_of(points: NDArray[np.floating]) -> Points:
        return (mean + (points - origin) @ directions).astype(np.float32)

    train, test = project(dataset.X_train), project(dataset.X_test)
    x_range, y_range = (_widened(train[:, axis]) for axis in (0, 1))
    return Plane(x_range, y_range, labels, inputs_of, train, test)


def _widened(values: NDArray[np.float32]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = (high - low) * MARGIN or 1.0
    return low - margin, high + margin

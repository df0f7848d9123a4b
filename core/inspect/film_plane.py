"""The plane on which a network of people and films is drawn: people across, films upwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data import Dataset
from core.data.films import FilmPairs
from core.data.sparse import SparseRows

PLACES = 40
"""People and films that are drawn: each is a place, and more could not be told apart."""

BUSY = 4
"""Of so many times as many people, those who rate most, every such one is drawn."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class FilmPlane:
    """Which people and films are drawn, and where.

    people: their numbers (PLACES,), from those who rate strictly to the generous; films: the most
    rated ones, from the least to the best liked.
    """

    how: FilmPairs
    people: Numbers
    films: Numbers

    def pairs_at(self, points: NDArray[np.floating]) -> Numbers:
        """The pairs (n, 2) of a person and a film that are nearest to points (n, 2)."""
        x, y = np.rint(np.asarray(points, dtype=np.float64)).astype(np.int64).T
        ends = len(self.people) - 1, len(self.films) - 1
        return np.stack([self.people[x.clip(0, ends[0])], self.films[y.clip(0, ends[1])]], axis=1)

    def inputs_of(self, points: NDArray[np.floating]) -> SparseRows:
        """What a network is fed of the pairs at points (n, 2)."""
        return self.how.encode(*self.pairs_at(points).T)

    def places(self, X: Any) -> tuple[NDArray[np.float32], Numbers]:
        """Of inputs, where those lie that are drawn, float32 (n, 2), and their row numbers (n,)."""
        pairs = self.how.pairs(X)
        x, y = (
            _places(shown, count)[pairs[:, side]]
            for side, (shown, count) in enumerate(
                ((self.people, self.how.people), (self.films, self.how.films))
            )
        )
        rows = np.flatnonzero((x >= 0) & (y >= 0))
        return np.stack([x[rows], y[rows]], axis=1).astype(np.float32), rows


def film_plane(dataset: Dataset, how: FilmPairs) -> FilmPlane:
    """Choose and order people and films by the training ratings."""
    count = min(PLACES, how.people, how.films)
    pairs, stars = how.pairs(dataset.X_train), dataset.y_train[:, 0]
    most = min(PLACES * BUSY, how.people)
    people = _in_order(pairs[:, 0], stars, how.people, most)
    shown = np.linspace(0, most - 1, count).astype(np.int64)
    films = _in_order(pairs[:, 1], stars, how.films, count)
    return FilmPlane(how, people[shown], films)


def _in_order(whose: Numbers, stars: NDArray[np.float32], count: int, most: int) -> Numbers:
    """The `most` numbers of `count` that have most ratings, from the lowest mean to the highest."""
    n = np.bincount(whose, minlength=count)
    means = np.bincount(whose, stars, minlength=count) / np.maximum(n, 1)
    chosen = np.argsort(-n, kind="stable")[:most]
    return chosen[np.argsort(means[chosen], kind="stable")]


def _places(shown: Numbers, count: int) -> Numbers:
    """The place of each of `count` numbers among those shown, -1 for the others."""
    places = np.full(count, -1)
    places[shown] = np.arange(len(shown))
    return places

"""Films for a person, and for a newcomer of whom a few ratings are all that is known.

A person is one input, so one row of the first layer's weights: their taste. A newcomer's is found
from their ratings, while all that the network knows of films stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.data import Dataset
from core.data.films import FilmPairs
from core.network import Network
from core.refusals import Refusal

Floats = NDArray[np.float64]

FEWEST = 20
"""Training ratings that a film needs to be recommended: of rarer ones little is known."""

MOST_OFFERED = 100
"""So many films are offered in any case, the most rated ones, where there are few ratings."""

NOISE = 0.75
"""Variance of the stars about the best of predictions: 0.87 squared."""

HOLD = 0.1
"""How strongly a newcomer is thought to be like the others. At 1, what the spread of all tastes
suggests, five ratings hardly move a list; at a tenth they do, and it may go astray sooner."""

STEPS = 40  # evaluations that finding a taste may take: some tens of milliseconds


@dataclass(frozen=True)
class Recommendation:
    """A film for somebody: its number, the predicted stars, and how it suits them.

    suits: stars above what the mean of all people would give it, less the same of all films that
    may be recommended: what is theirs beside being strict or generous.
    """

    film: int
    stars: float
    suits: float


@dataclass(frozen=True, eq=False)
class Recommender:
    """A network of ratings, asked for films.

    sums: what the first layer makes of each film without a person, (n_films, units).
    n_ratings: of each film in training, (n_films,).
    """

    network: Network
    how: FilmPairs
    sums: NDArray[np.float32]
    n_ratings: NDArray[np.int64]

    @classmethod
    def of(cls, network: Network, dataset: Dataset) -> Recommender:
        """Of a network and the ratings that it learns. Raises ValueError for other data."""
        how = network.preprocessing
        if not isinstance(how, FilmPairs) or not dataset.is_sparse or network.n_outputs != 1:
            raise Refusal("Only a network that learns ratings of films can recommend some.")
        films = np.arange(how.films)
        rows = how.encode(np.zeros_like(films), films).to_scipy()
        weights, biases = network.weights[0], network.biases[0]
        sums = (rows @ weights - weights[0] + biases).astype(np.float32)
        rated = how.pairs(dataset.X_train)[:, 1]
        return cls(network, how, sums, np.bincount(rated, minlength=how.films))

    @cached_property
    def usual(self) -> Floats:
        """The mean taste of all people, (units,)."""
        return self._people.mean(axis=0)

    @property
    def _people(self) -> Floats:
        return self.network.weights[0][: self.how.people].astype(np.float64)

    def taste(self, person: int) -> Floats:
        """A person's row of the first layer's weights, (units,). person: from 0."""
        return self._people[person]

    def stars(self, taste: Floats) -> Floats:
        """Predicted stars of every film, (n_films,)."""
        outputs = self._behind(taste).predict(self.sums)
        return self.how.values(outputs)[:, 0]

    def _behind(self, taste: Floats) -> Network:
        """The network behind the sums of films, for one taste: it is added as a bias."""
        network = self.network
        return Network.from_arrays(
            network.config,
            [np.eye(len(taste), dtype=np.float32), *network.weights[1:]],
            [taste, *network.biases[1:]],
            network.normalizations,
            experiment=network.experiment,
        )

    def newcomer(self, rated: Sequence[tuple[int, float]]) -> Floats:
        """The taste of somebody of whom some ratings are known: film (from 0) and stars.

        The most probable one, for normal errors of variance NOISE and tastes spread normally as
        those of all people are, over HOLD. Without ratings it is the usual one.
        """
        from scipy.optimize import minimize

        from core.engine import cpu

        films = np.array([film for film, _ in rated], dtype=np.int64)
        stars = np.array([[given] for _, given in rated], dtype=np.float64)
        spread = self._people.std(axis=0)
        if not len(films):
            return self.usual
        behind = self._behind(self.usual)
        params, inputs = behind.params.copy(), np.ascontiguousarray(self.sums[films])
        targets = (stars - self.how.mean).astype(np.float32)
        bias = behind.layout.views(params)[1][0]
        weight = len(films) / (2.0 * NOISE)  # of the mean squared error

        def improbable(z: Floats) -> tuple[float, Floats]:
            """How improbable a taste is, z spreads from the usual one, and the slope."""
            bias[:] = self.usual + spread * z
            loss, gradient = cpu.loss_and_gradients(
                behind.layout, params, inputs, targets, "mean_squared_error"
            )
            slope = behind.layout.views(gradient)[1][0].astype(np.float64)
            value = weight * loss + HOLD / 2.0 * float(z @ z)
            return value, weight * slope * spread + HOLD * z

        start, limits = np.zeros(len(spread)), {"maxfun": STEPS, "maxiter": STEPS}
        found = minimize(improbable, start, jac=True, method="L-BFGS-B", options=limits)
        return np.asarray(self.usual + spread * found.x)

    @cached_property
    def offered(self) -> NDArray[np.int64]:
        """Films that may be recommended: those rated often enough."""
        by_count = np.sort(self.n_ratings)[::-1]
        least = min(FEWEST, int(by_count[min(MOST_OFFERED, len(by_count)) - 1]))
        return np.flatnonzero(self.n_ratings >= max(least, 1))

    def recommended(
        self, taste: Floats, seen: Collection[int], *, by_taste: bool = False, most: int = 10
    ) -> list[Recommendation]:
        """The best films for a taste. seen: films left out.

        by_taste: of the better half by their stars those that suit it most, rather than those of
        most stars, which are much the same for everybody.
        """
        films = np.array([film for film in self.offered if film not in set(seen)], dtype=np.int64)
        if not len(films):
            return []
        stars = self.stars(taste)
        above = stars - self.stars(self.usual)
        suits = above - above[self.offered].mean()
        rank = stars
        if by_taste:
            rank = np.where(stars >= np.median(stars[films]), suits, -np.inf)
        best = films[np.argsort(-rank[films], kind="stable")][:most]
        return [Recommendation(int(k), float(stars[k]), float(suits[k])) for k in best]

"""Ratings of films by people, MovieLens latest-small (Harper & Konstan 2015): see files/TERMS.md.

A person and a film are one column each of some ten thousand, 1 in one of them; 100,004 such rows
made dense would take 3.9 GB. They are `SparseRows` instead, about six entries each: the person,
the film, its year and its genres, see `films`.
"""

from __future__ import annotations

import csv
import gzip
import math
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.data.bundled import FILES
from core.data.dataset import Dataset
from core.data.films import FilmPairs
from core.maths.random import SPLIT, permutation

NAME = "movielens"
NO_GENRES = "(no genres listed)"
Rows = NDArray[np.int64]  # row numbers (n,)
NONE: Rows = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who rated which film, and how. All arrays are read-only.

    person, film: int32 (n_ratings,), numbers from 0; stars: float32 (n_ratings,), 0.5 to 5.
    titles: one a film; years: float32 (n_films,), nan where it is not known;
    genres: bool (n_films, n_genres); genre_names: one for each of its columns.
    """

    person: NDArray[np.int32]
    film: NDArray[np.int32]
    stars: NDArray[np.float32]
    titles: tuple[str, ...]
    years: NDArray[np.float32]
    genres: NDArray[np.bool_]
    genre_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    def __len__(self) -> int:
        return len(self.stars)

    @property
    def n_people(self) -> int:
        """Number of people."""
        return int(self.person.max()) + 1

    @property
    def n_films(self) -> int:
        """Number of films."""
        return len(self.titles)


@lru_cache(maxsize=1)
def read_ratings() -> Ratings:
    """Read the bundled ratings, once per process: 3 MB."""
    table = np.loadtxt(FILES / "movielens_ratings.csv.gz", delimiter=",", skiprows=1)
    with gzip.open(FILES / "movielens_movies.csv.gz", "rt", encoding="utf-8", newline="") as file:
        films = list(csv.DictReader(file))
    numbers = np.array([int(film["movieId"]) for film in films])  # in ascending order
    each = [set(film["genres"].split("|")) - {NO_GENRES} for film in films]
    genre_names = tuple(sorted(set().union(*each)))
    return Ratings(
        np.unique(table[:, 0], return_inverse=True)[1].astype(np.int32),
        np.searchsorted(numbers, table[:, 1]).astype(np.int32),
        table[:, 2].astype(np.float32),
        tuple(film["title"] or f"film {film['movieId']}" for film in films),
        np.array([float(film["year"] or "nan") for film in films], np.float32),
        np.array([[name in own for name in genre_names] for own in each]),
        genre_names,
    )


@lru_cache(maxsize=1)
def well_known(fewest: int = 20) -> tuple[int, ...]:
    """Numbers of the films that at least so many people rated, the most rated first."""
    ratings = read_ratings()
    counts = np.bincount(ratings.film, minlength=ratings.n_films)
    order = np.argsort(-counts, kind="stable")
    return tuple(order[counts[order] >= fewest].tolist())


def split(train_fraction: float = 0.8, seed: int = 0, most: int | None = None) -> tuple[Rows, Rows]:
    """Numbers of the training and the test ratings, in random order; same seed, same split.

    most: how many ratings are taken, at random, all if left out.
    """
    order = permutation(seed, SPLIT, 0, len(read_ratings()))[:most]
    cut = round(len(order) * train_fraction)
    return order[:cut], order[cut:]


def ratings_part(train: Rows, test: Rows, held: Rows = NONE) -> Dataset:
    """What a network learns of who rated which film how, by numbers of ratings.

    held: those for validation.

    Targets are stars less the training mean: a network begins near 0.
    """
    ratings = read_ratings()
    pairs = film_pairs(ratings, train)
    parts = [train, test, *([held] if len(held) else [])]
    X, X_test, *X_held = (pairs.encode(ratings.person[rows], ratings.film[rows]) for rows in parts)
    y, y_test, *y_held = (ratings.stars[rows] - np.float32(pairs.mean) for rows in parts)
    made = Dataset.from_arrays(
        X,
        y,
        X_test,
        y_test,
        task="regression",
        feature_names=column_names(ratings),
        X_validation=X_held[0] if X_held else None,
        y_validation=y_held[0] if y_held else None,
    )
    return replace(made, preprocessing=pairs)


def film_pairs(ratings: Ratings, train: Rows) -> FilmPairs:
    """How inputs are made of pairs; years and stars are measured over the training ratings."""
    seen = ratings.years[ratings.film[train]].astype(np.float64)
    seen = seen[np.isfinite(seen)]
    years = ratings.years.tolist()
    return FilmPairs(
        people=ratings.n_people,
        years=tuple(None if math.isnan(year) else int(year) for year in years),
        genres=tuple(tuple(np.flatnonzero(own).tolist()) for own in ratings.genres),
        n_genres=len(ratings.genre_names),
        year_mean=float(seen.mean()) if len(seen) else 0.0,
        year_scale=float(seen.std() or 1.0) if len(seen) else 1.0,
        mean=float(ratings.stars[train].mean()),
    )


def column_names(ratings: Ratings) -> tuple[str, ...]:
    """Names of a network's inputs: people by their numbers from 1, films, the year, genres."""
    people = (f"person {number}" for number in range(1, ratings.n_people + 1))
    years = ratings.years.tolist()
    films = (
        title if math.isnan(year) else f"{title} ({int(year)})"
        for title, year in zip(ratings.titles, years, strict=True)
    )
    return *people, *films, "year", *ratings.genre_names

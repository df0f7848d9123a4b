"""Ratings of films by people, MovieLens latest-small (Harper & Konstan 2015): see files/TERMS.md.

A person and a film are one column each of some ten thousand, 1 in one of them; 100,004 such rows
made dense would take 3.9 GB. They are `SparseRows` instead, about six entries each: the person,
the film, its year and its genres. Not yet among `DATASETS`: the page draws whole rows only.
"""

from __future__ import annotations

import csv
import gzip
import math
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.data.bundled import FILES
from core.data.dataset import Dataset
from core.data.sparse import SparseRows, starts_of
from core.maths.random import SPLIT, permutation

NO_GENRES = "(no genres listed)"
SHRINK = 5.0
"""Ratings of the mean that a person or a film is thought to have beside the real ones."""

Rows = NDArray[np.int64]  # row numbers (n,)


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


def split(n_ratings: int, train_fraction: float = 0.8, seed: int = 0) -> tuple[Rows, Rows]:
    """Numbers of the training and the test ratings, in random order; same seed, same split."""
    order = permutation(seed, SPLIT, 0, n_ratings)
    cut = round(n_ratings * train_fraction)
    return order[:cut], order[cut:]


def ratings_dataset(train_fraction: float = 0.8, seed: int = 0) -> tuple[Dataset, Encoder, float]:
    """What a network learns of who rated which film how; also how inputs are made, and the mean.

    Targets are stars less the training mean: a network begins near 0.
    """
    ratings = read_ratings()
    train, test = split(len(ratings), train_fraction, seed)
    encoder, mean = Encoder.fit(ratings, train), float(ratings.stars[train].mean())
    X, X_test = (encoder.encode(ratings.person[rows], ratings.film[rows]) for rows in (train, test))
    y, y_test = (ratings.stars[rows] - mean for rows in (train, test))
    return Dataset.from_arrays(X, y, X_test, y_test, task="regression"), encoder, mean


@dataclass(frozen=True, eq=False)
class Encoder:
    """Makes a network's inputs of people and films: a column for each person, film and genre.

    Columns: n_people people, then the films, then the year, standardized over the ratings that
    it was fitted on (0 where it is not known), then the genres.
    """

    n_people: int
    n_films: int
    about: SparseRows
    """Of each film, the entries of year and genres."""

    @classmethod
    def fit(cls, ratings: Ratings, train: Rows) -> Encoder:
        """Measure the year's mean and spread over the training ratings."""
        seen = ratings.years[ratings.film[train]].astype(np.float64)
        mean, spread = np.nanmean(seen), np.nanstd(seen) or 1.0
        year = np.nan_to_num((ratings.years - mean) / spread).astype(np.float32)
        first = ratings.n_people + ratings.n_films
        genre = np.nonzero(ratings.genres)[1]  # film by film
        starts = starts_of(1 + ratings.genres.sum(axis=1))
        columns = np.full(starts[-1], first, dtype=np.int32)
        values = np.ones(starts[-1], dtype=np.float32)
        is_genre = np.ones(len(columns), dtype=bool)
        is_genre[starts[:-1]] = False
        values[~is_genre] = year
        columns[is_genre] = first + 1 + genre
        width = first + 1 + len(ratings.genre_names)
        return cls(ratings.n_people, ratings.n_films, SparseRows(starts, columns, values, width))

    @property
    def n_inputs(self) -> int:
        """Number of columns."""
        return self.about.n_columns

    def encode(self, person: NDArray[np.integer], film: NDArray[np.integer]) -> SparseRows:
        """Inputs of pairs of a person and a film. person, film: numbers (n,)."""
        about = self.about.take(film)
        starts = about.starts + 2 * np.arange(len(about.starts))
        columns = np.empty(starts[-1], dtype=np.int32)
        values = np.ones(starts[-1], dtype=np.float32)
        heads = starts[:-1]
        columns[heads], columns[heads + 1] = person, self.n_people + film
        is_about = np.ones(len(columns), dtype=bool)
        is_about[heads] = is_about[heads + 1] = False
        columns[is_about], values[is_about] = about.columns, about.values
        return SparseRows(starts, columns, values, self.n_inputs)


def baselines(ratings: Ratings, train: Rows, test: Rows) -> dict[str, float]:
    """Root mean squared errors on the test ratings of what needs no network.

    "mean": the training mean for all. "biases": the mean, plus how much better a film is rated
    than it, plus how much better a person rates than that; both shrunk, sum / (SHRINK + count), as
    Koren, Bell and Volinsky (2009) have them.
    """
    stars = ratings.stars.astype(np.float64)
    mean = stars[train].mean()
    left = stars - mean
    errors = {"mean": _root_mean_square(left[test])}
    for whose in (ratings.film, ratings.person):
        counts = np.bincount(whose[train], minlength=whose.max() + 1)
        sums = np.bincount(whose[train], left[train], minlength=whose.max() + 1)
        left = left - (sums / (SHRINK + counts))[whose]
    return errors | {"biases": _root_mean_square(left[test])}


def _root_mean_square(errors: NDArray[np.float64]) -> float:
    return math.sqrt(float((errors**2).mean()))

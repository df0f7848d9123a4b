"""Pairs of a person and a film as a network's inputs: a preprocessing that makes sparse rows.

A person and a film are one column each of some ten thousand, 1 in one of them; then come the
film's year, standardized (0 where it is not known), and a column for each genre.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.data.preprocessing import Preprocessing
from core.data.sparse import SparseRows, starts_of
from core.refusals import Refusal

MOST_PEOPLE = MOST_FILMS = 1_000_000
MOST_GENRES = 1000

Numbers = NDArray[np.integer]  # of people or films, from 0, (n,)


@dataclass(frozen=True)
class Stars:
    """The unit of what such a network says: stars are outputs * scale + mean."""

    mean: float
    scale: float = 1.0


@dataclass(frozen=True)
class FilmPairs(Preprocessing):
    """Inputs are who and what: a column for each person, each film, the year and each genre.

    people: how many there are. years: of each film, None where it is not known. genres: of each
    film, their numbers, ascending; n_genres: how many there are in all. year_mean, year_scale: what
    years are standardized by. mean: the stars at which the network's output is 0.
    """

    people: int
    years: tuple[int | None, ...]
    genres: tuple[tuple[int, ...], ...]
    n_genres: int
    year_mean: float
    year_scale: float
    mean: float
    kind: ClassVar[str] = "film_pairs"

    def __post_init__(self) -> None:
        counts = ((self.people, MOST_PEOPLE), (self.films, MOST_FILMS))
        if not all(1 <= n <= most for n, most in counts) or not 0 <= self.n_genres <= MOST_GENRES:
            raise Refusal("The preprocessing must have people and films, at most a million each.")
        if len(self.genres) != self.films or not all(map(self._are_genres, self.genres)):
            raise Refusal("The preprocessing's 'genres' must be rising numbers for each film.")
        numbers = (self.year_mean, self.year_scale, self.mean)
        if not all(map(math.isfinite, numbers)) or self.year_scale == 0.0:
            raise Refusal("The preprocessing's year and stars must be finite, and no scale zero.")

    def _are_genres(self, own: tuple[int, ...]) -> bool:
        return list(own) == sorted(set(own)) and all(0 <= k < self.n_genres for k in own)

    @property
    def films(self) -> int:
        """Number of films."""
        return len(self.years)

    @property
    def n_raw(self) -> int:
        return 2

    @property
    def n_inputs(self) -> int:
        return self.people + self.films + 1 + self.n_genres

    @property
    def targets(self) -> tuple[Stars, ...]:
        """What the network's one output is in stars."""
        return (Stars(self.mean),)

    def values(self, outputs: ArrayLike) -> NDArray[np.float64]:
        """Stars, of a network's outputs (n, 1); not held between the least and the most."""
        return np.asarray(outputs, dtype=np.float64) + self.mean

    def transform(self, raw: Any) -> Any:
        """Make network inputs of pairs.

        raw: whole numbers (n_pairs, 2), of a person and of a film, each counted from 0. Returns
        `SparseRows` (n_pairs, n_inputs). Raises ValueError if there is no such person or film.
        """
        pairs = np.asarray(raw)
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iuf":
            raise Refusal(
                "This network was trained on people and films: raw data must be pairs of their "
                "numbers, (n_pairs, 2), counted from 0."
            )
        known = (pairs >= 0) & (pairs < [self.people, self.films]) & (pairs == np.floor(pairs))
        if not known.all():
            person, film = pairs[np.argmin(known.all(axis=1))].tolist()
            raise Refusal(
                "There is no pair of person {person} and film {film}: people are 0 to {people}, "
                "films 0 to {films}.",
                person=f"{person:g}",
                film=f"{film:g}",
                people=self.people - 1,
                films=self.films - 1,
            )
        person, film = pairs.astype(np.int64).T
        return self.encode(person, film)

    def encode(self, person: Numbers, film: Numbers) -> SparseRows:
        """Inputs of pairs, whose numbers are known to exist. person, film: (n,)."""
        about = self._about.take(film)
        starts = about.starts + 2 * np.arange(len(about.starts))
        columns = np.empty(starts[-1], dtype=np.int32)
        values = np.ones(starts[-1], dtype=np.float32)
        heads = starts[:-1]
        columns[heads], columns[heads + 1] = person, self.people + film
        is_about = np.ones(len(columns), dtype=bool)
        is_about[heads] = is_about[heads + 1] = False
        columns[is_about], values[is_about] = about.columns, about.values
        return SparseRows(starts, columns, values, self.n_inputs)

    @cached_property
    def _about(self) -> SparseRows:
        """Of each film, the entries of year and genres."""
        first = self.people + self.films
        starts = starts_of(1 + np.array([len(own) for own in self.genres]))
        columns = np.full(starts[-1], first, dtype=np.int32)
        values = np.ones(starts[-1], dtype=np.float32)
        is_genre = np.ones(len(columns), dtype=bool)
        is_genre[starts[:-1]] = False
        years = np.array([math.nan if year is None else year for year in self.years])
        values[~is_genre] = np.nan_to_num((years - self.year_mean) / self.year_scale)
        columns[is_genre] = first + 1 + np.array([k for own in self.genres for k in own], np.int64)
        return SparseRows(starts, columns, values, self.n_inputs)

    def pairs(self, rows: Any) -> NDArray[np.int64]:
        """The raw pairs (n, 2) that inputs, `SparseRows`, were made of by `encode`."""
        assert isinstance(rows, SparseRows)
        heads = rows.starts[:-1]
        pairs = np.stack([rows.columns[heads], rows.columns[heads + 1] - self.people], axis=1)
        return pairs.astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "people": self.people,
            "years": list(self.years),
            "genres": [list(own) for own in self.genres],
            "n_genres": self.n_genres,
            "year_mean": self.year_mean,
            "year_scale": self.year_scale,
            "targets": [{"mean": self.mean, "scale": 1.0}],
        }


def read_film_pairs(record: Mapping[str, Any]) -> FilmPairs:
    """Read what `FilmPairs.to_dict` wrote."""
    years, genres, targets = (record.get(name) for name in ("years", "genres", "targets"))
    if not isinstance(years, list) or not all(y is None or _is_whole(y) for y in years):
        raise Refusal("The preprocessing's 'years' must be a list of whole numbers or null.")
    if not isinstance(genres, list) or not all(
        isinstance(own, list) and all(map(_is_whole, own)) for own in genres
    ):
        raise Refusal("The preprocessing's 'genres' must be rising numbers for each film.")
    stars = targets[0] if isinstance(targets, list) and len(targets) == 1 else None
    mean = stars.get("mean") if isinstance(stars, Mapping) else None
    if mean is None or stars != {"mean": mean, "scale": 1.0}:
        raise Refusal("The preprocessing's 'targets' must be one, with a mean and a scale of 1.")
    return FilmPairs(
        _whole(record.get("people")),
        tuple(years),
        tuple(map(tuple, genres)),
        _whole(record.get("n_genres")),
        _number(record.get("year_mean")),
        _number(record.get("year_scale")),
        _number(mean),
    )


def _is_whole(value: object) -> bool:
    """Whether it is a whole number that arrays can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31


def _whole(value: Any) -> int:
    return value if _is_whole(value) else 0  # which no preprocessing has, and refuses in words


def _number(value: Any) -> float:
    is_number = isinstance(value, float) or _is_whole(value)
    return float(value) if is_number else math.nan  # which is refused likewise

"""What is done to each column of a table, as frozen records of plain numbers and words.

A step reads one raw column and writes its inputs, float32 (n_samples, width), computed in float64.
Names and rules are scikit-learn's; `fitting` measures them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data.making import Making, finished
from core.data.tables.raw import as_dates, as_numbers, as_texts

Inputs = NDArray[np.float32]
Numbers = NDArray[np.float64]
LARGEST = float(np.finfo(np.float32).max)
OTHER = "other"
TEXTS_AT_ONCE = 20_000  # rows of a bag of words that are dense in float64 at a time
DAY = 86_400e6  # microseconds


class Step:
    """One column's way to its inputs. column: its name; names: of the inputs that it becomes."""

    kind: ClassVar[str]
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        raise NotImplementedError

    def write(self, column: pl.Series, out: Inputs) -> None:
        """Fill out, (n_samples, len(names)), of a raw column; raises ValueError as `raw` does."""
        raise NotImplementedError

    def writing(self, column: pl.Series, out: Inputs) -> Making[None]:
        """`write` in pieces: one, unless it takes long."""
        self.write(column, out)
        yield 1.0

    def to_dict(self) -> dict[str, Any]:
        """The step as plain JSON values; `records.read_step` reads it back."""
        return {"kind": self.kind, **asdict(self)}  # type: ignore[call-overload]


@dataclass(frozen=True)
class Scaling:
    """(x - shift) / scale, where what is missing is `fill` first."""

    fill: float
    shift: float = 0.0
    scale: float = 1.0

    def apply(self, numbers: Numbers) -> Numbers:
        """Numbers, nan where one is missing, as inputs that are finite in float32."""
        filled = np.where(np.isnan(numbers), self.fill, numbers)
        with np.errstate(over="ignore"):
            return np.clip((filled - self.shift) / self.scale, -LARGEST, LARGEST)


@dataclass(frozen=True)
class NumberStep(Step):
    """A number, imputed and scaled; with `indicator` also 1 where it was missing, else 0."""

    column: str
    scaling: Scaling
    indicator: bool = False
    kind: ClassVar[str] = "number"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, f"{self.column} is missing")[: 1 + self.indicator]

    def write(self, column: pl.Series, out: Inputs) -> None:
        numbers = as_numbers(column)
        out[:, 0] = self.scaling.apply(numbers)
        if self.indicator:
            out[:, 1] = np.isnan(numbers)


@dataclass(frozen=True)
class CategoryStep(Step):
    """One input a category, 1 where the column is of it; what is missing is `fill` first.

    other: whether rare categories have one input together; then categories that are not known have
    it too, else all of their inputs are 0 (OneHotEncoder's handle_unknown="infrequent_if_exist").
    """

    column: str
    categories: tuple[str, ...]
    other: bool
    fill: str
    kind: ClassVar[str] = "category"

    @property
    def names(self) -> tuple[str, ...]:
        named = tuple(f"{self.column} = {category}" for category in self.categories)
        return (*named, f"{self.column} = ({OTHER})") if self.other else named

    def knows(self, value: object) -> bool:
        """Whether a raw value was among the training rows often enough, or is a missing one."""
        (text,) = as_texts(pl.Series([value]))
        return text is None or text in self.categories

    def write(self, column: pl.Series, out: Inputs) -> None:
        texts = as_texts(column).fill_null(self.fill)
        numbers = {category: number for number, category in enumerate(self.categories)}
        unknown = len(numbers) if self.other else -1
        codes = texts.replace_strict(numbers, default=unknown, return_dtype=pl.Int64).to_numpy()
        rows = np.flatnonzero(codes >= 0)
        out[:] = 0.0
        out[rows, codes[rows]] = 1.0


@dataclass(frozen=True)
class DatePart:
    """One number of a date: see PARTS."""

    part: str
    scaling: Scaling


@dataclass(frozen=True)
class DateStep(Step):
    """Parts of a date, each a number, imputed and scaled; with `indicator` also what is missing.

    day_first: of dates that are written as text, whether 1/2/2024 is in February.
    """

    column: str
    parts: tuple[DatePart, ...]
    indicator: bool = False
    day_first: bool = False
    kind: ClassVar[str] = "date"

    @property
    def names(self) -> tuple[str, ...]:
        named = tuple(f"{self.column}: {each.part}" for each in self.parts)
        return (*named, f"{self.column} is missing") if self.indicator else named

    def write(self, column: pl.Series, out: Inputs) -> None:
        dates = as_dates(column, day_first=self.day_first)
        for number, each in enumerate(self.parts):
            out[:, number] = each.scaling.apply(part_of(dates, each.part))
        if self.indicator:
            out[:, -1] = dates.is_null().to_numpy()


def part_of(dates: pl.Series, part: str) -> Numbers:
    """One part of Datetimes, float64, nan where one is missing.

    days: since 1970, with fractions; year, month, day: as written; weekday: Monday is 0; hour: of
    the day, with fractions.
    """
    if part == "days":
        made = dates.dt.epoch("us") / DAY
    elif part == "weekday":
        made = dates.dt.weekday() - 1
    elif part == "hour":
        made = dates.dt.hour() + dates.dt.minute() / 60.0 + dates.dt.second() / 3600.0
    else:
        made = {"year": dates.dt.year, "month": dates.dt.month, "day": dates.dt.day}[part]()
    return made.cast(pl.Float64).fill_null(float("nan")).to_numpy()


@dataclass(frozen=True)
class TextStep(Step):
    """A bag of words: HashingVectorizer's columns, or TfidfVectorizer's of known words.

    size: how many inputs. tokens: "words" of two characters and more, or "characters", one and two
    in a row. words, idf: of TF-IDF, one each an input; () where words are hashed.
    """

    column: str
    size: int
    tokens: str = "words"
    words: tuple[str, ...] = ()
    idf: tuple[float, ...] = ()
    kind: ClassVar[str] = "text"

    @property
    def names(self) -> tuple[str, ...]:
        parts = self.words or tuple(f"#{number}" for number in range(1, self.size + 1))
        return tuple(f"{self.column}: {part}" for part in parts)

    def write(self, column: pl.Series, out: Inputs) -> None:
        finished(self.writing(column, out))

    def writing(self, column: pl.Series, out: Inputs) -> Making[None]:
        texts = as_texts(column).fill_null("")
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts.slice(start, TEXTS_AT_ONCE).to_list()
            out[start : start + len(some)] = self._bags(some)
            yield (start + len(some)) / len(texts)

    def _bags(self, texts: list[str]) -> Numbers:
        from sklearn.preprocessing import normalize

        counts = self._vectorizer.transform(texts)
        if not self.words:
            return counts.toarray()
        return normalize(counts.multiply(np.array(self.idf)).tocsr(), copy=False).toarray()

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

        how = analysis(self.tokens)
        if not self.words:
            return HashingVectorizer(n_features=self.size, **how)
        return CountVectorizer(vocabulary=self.words, dtype=np.float64, **how)


def analysis(tokens: str) -> dict[str, Any]:
    """scikit-learn's settings for a choice of tokens."""
    return {"analyzer": "char", "ngram_range": (1, 2)} if tokens == "characters" else {}


@dataclass(frozen=True)
class Target:
    """A regression's target: the network tells (value - mean) / scale."""

    column: str
    mean: float = 0.0
    scale: float = 1.0

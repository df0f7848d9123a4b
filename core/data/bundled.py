"""Real data that comes with the project: scikit-learn's small tables, images, speech and texts.

Every file is local; nothing is fetched. What is read is kept, read-only, for the whole process.
Sources and terms: files/TERMS.md.
"""

from __future__ import annotations

import csv
import gzip
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A data set as it lies in its file.

    raw: (n_samples, n_columns) numbers, or texts (n_samples,).
    targets: (n_samples,), class numbers int64, or float64 values where there are no class names.
    divisor: what pixels are divided by; None for tables, which are standardized instead.
    is_train: bool (n_samples,), where the data set comes with its own split; else None.
    groups: int64 (n_samples,), what that split keeps together, as numbers, or None.
    """

    raw: NDArray
    targets: NDArray
    column_names: tuple[str, ...]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None = None
    divisor: float | None = None
    is_train: NDArray[np.bool_] | None = None
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for array in (self.raw, self.targets, self.is_train, self.groups):
            if array is not None:
                array.flags.writeable = False

    @property
    def is_text(self) -> bool:
        """Whether a row is a text."""
        return self.raw.ndim == 1

    @property
    def classes(self) -> NDArray[np.int64]:
        """Class numbers, int64 (n_samples,); all 0 for values."""
        return self.targets if self.class_names else np.zeros(len(self.targets), np.int64)


def _table(loader: str) -> Bundle:
    """One of scikit-learn's classification tables."""
    from sklearn import datasets

    bunch = getattr(datasets, loader)()
    return Bundle(
        np.array(bunch.data),
        bunch.target.astype(np.int64),
        tuple(map(str, bunch.feature_names)),
        tuple(map(str, bunch.target_names)),
    )


def _images(images: NDArray, classes: NDArray, divisor: float) -> Bundle:
    """Grey images (n_samples, height, width) of the ten digits."""
    count, height, width = images.shape
    return Bundle(
        images.reshape(count, height * width).copy(),
        classes.astype(np.int64),
        tuple(f"pixel_{row}_{column}" for row in range(height) for column in range(width)),
        tuple(map(str, range(10))),
        (height, width),
        divisor,
    )


def _digits() -> Bundle:
    from sklearn import datasets

    bunch = datasets.load_digits()
    return _images(bunch.images.astype(np.uint8), bunch.target, 16.0)


def _mnist_5k() -> Bundle:
    with np.load(FILES / "mnist_5k.npz", allow_pickle=False) as archive:
        return _images(archive["images"], archive["labels"], 255.0)


def _diabetes() -> Bundle:
    """Ten measures of 442 people; the target in hundreds, 0.25 to 3.46, so that it is learnt."""
    from sklearn import datasets

    bunch = datasets.load_diabetes(scaled=False)
    names = tuple(map(str, bunch.feature_names))
    return Bundle(np.array(bunch.data), bunch.target / 100.0, names, ())


def _rows(name: str) -> Iterator[list[str]]:
    """The rows of a packed CSV file, its header first."""
    with gzip.open(FILES / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def _letters() -> Bundle:
    """Frey & Slate 1991: 16 measures, 0 to 15, of printed capital letters."""
    header, *rows = _rows("letter_recognition")
    classes = np.array([ord(row[0]) - ord("A") for row in rows], np.int64)
    raw = np.array([row[1:] for row in rows], np.float64).astype(np.uint8)
    return Bundle(raw, classes, tuple(header[1:]), tuple(map(chr, range(ord("A"), ord("Z") + 1))))


TRAINING_SPEAKERS = 8
"""Of the 15 speakers of the vowels: 0 to 7 train, 8 to 14 test, as the data's own notes have it."""


# As the data spell the vowels, in the order of the notes: the word that was read out.
VOWEL_WORDS = {
    "hid": "heed",
    "hId": "hid",
    "hEd": "head",
    "hAd": "had",
    "hYd": "hud",
    "had": "hard",
    "hOd": "hod",
    "hod": "hoard",
    "hUd": "hood",
    "hud": "who'd",
    "hed": "heard",
}


def _vowel() -> Bundle:
    """Deterding 1989: 11 vowels, spoken six times by each of 15 people, as 9 log areas.

    The source has ten; the second of them is not in this copy.
    """
    _, *rows = _rows("vowel")
    spellings = list(VOWEL_WORDS)
    numbers = np.array([row[:-1] for row in rows], np.float64)
    return Bundle(
        numbers[:, 1:].copy(),
        np.array([spellings.index(row[-1]) for row in rows], np.int64),
        tuple(f"log_area_{number}" for number in (1, *range(3, 11))),
        tuple(VOWEL_WORDS.values()),
        is_train=numbers[:, 0] < TRAINING_SPEAKERS,
        groups=numbers[:, 0].astype(np.int64),
    )


def _food_reviews() -> Bundle:
    """Reviews of food, great (5 of 5 stars) or not, with the split that they came with."""
    _, *rows = _rows("food_reviews")
    texts = np.empty(len(rows), dtype=object)
    texts[:] = [_plain_text(review) for *_, review in rows]
    classes = np.array([score == "great" for _, _, score, _ in rows], np.int64)
    is_train = np.array([split == "train" for split, *_ in rows])
    return Bundle(texts, classes, (), ("other", "great"), is_train=is_train)


def _plain_text(markup: str) -> str:
    """A text without the tags and entities of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^<>]{1,200}>", " ", markup)).split())


_READERS: dict[str, Callable[[], Bundle]] = {
    "iris": lambda: _table("load_iris"),
    "wine": lambda: _table("load_wine"),
    "breast_cancer": lambda: _table("load_breast_cancer"),
    "digits": _digits,
    "mnist_5k": _mnist_5k,
    "letters": _letters,
    "vowel": _vowel,
    "food_reviews": _food_reviews,
    "diabetes": _diabetes,
}


@lru_cache(maxsize=len(_READERS))
def read(name: str) -> Bundle:
    """Read a bundled data set, once per process. name: "iris", "wine", "breast_cancer" ..."""
    return _READERS[name]()

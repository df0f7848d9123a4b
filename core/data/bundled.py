"""Real data that comes with the project: scikit-learn's small tables, and handwritten digits.

Every file is local; nothing is fetched. What is read is kept, read-only, for the whole process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A data set as it lies in its file.

    raw: (n_samples, n_columns) numbers; classes: int64 (n_samples,) class numbers.
    divisor: what pixels are divided by; None for tables, which are standardized instead.
    """

    raw: NDArray
    classes: NDArray[np.int64]
    column_names: tuple[str, ...]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None = None
    divisor: float | None = None

    def __post_init__(self) -> None:
        self.raw.flags.writeable = False
        self.classes.flags.writeable = False


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


_READERS: dict[str, Callable[[], Bundle]] = {
    "iris": lambda: _table("load_iris"),
    "wine": lambda: _table("load_wine"),
    "breast_cancer": lambda: _table("load_breast_cancer"),
    "digits": _digits,
    "mnist_5k": _mnist_5k,
}


@lru_cache(maxsize=len(_READERS))
def read(name: str) -> Bundle:
    """Read a bundled data set, once per process. name: "iris", "wine", "breast_cancer" ..."""
    return _READERS[name]()

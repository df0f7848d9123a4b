"""One type for every data set: what the network is fed, its targets, and where it came from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.data.films import FilmPairs
from core.data.labels import class_numbers
from core.data.preprocessing import Identity, Pixels, Preprocessing
from core.data.sparse import SparseRows, sparse_rows
from core.experiment import DataConfig
from core.refusals import Refusal

if TYPE_CHECKING:
    from core.data.pictures import PictureSplit
    from core.data.tables import TableSplit

EDGES_LOOKED_AT = 1000  # training images: they tell what lies around all

TASKS = ("classification", "regression")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test rows, ready for a network. All arrays are read-only.

    X_train, X_test: float32 (n_samples, n_inputs), C-contiguous, what the network is fed; or both
        `SparseRows`, which have of an array what training and prediction need.
    y_train, y_test: float32, class numbers (n_samples,) or values (n_samples, n_values).
    task: "classification" or "regression".
    feature_names: one per input; class_names: one per class, empty for regression.
    preprocessing: makes X of raw columns.
    points_train, points_test: float32 (n_samples, 2) raw coordinates of data in the plane,
        (n_samples, 1) of a curve, None for all other data.
    image_shape: (height, width) where a row is an image, (height, width, 3) of one in colour.
    source: the configuration that it was made of, None for a person's own arrays.
    sample_weight: float32 (n_samples,), what the loss of each training sample is multiplied by in
        training; None where all count alike.
    table: the raw rows and the choices of data made of a table, None for all other data.
    pictures: the pictures and the choices of data made of a person's own, None for all other data.
    texts_train, texts_test: the texts that rows were made of, None for all other data.
    X_validation, y_validation: as X_test and y_test, of training rows that were held back: early
        stopping and the best weights are judged by them, so that the test stays a test. Both None
        where there are none.
    """

    X_train: NDArray[np.float32]
    y_train: NDArray[np.float32]
    X_test: NDArray[np.float32]
    y_test: NDArray[np.float32]
    task: str
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    preprocessing: Preprocessing = field(default_factory=Identity)
    points_train: NDArray[np.float32] | None = None
    points_test: NDArray[np.float32] | None = None
    image_shape: tuple[int, ...] | None = None
    source: DataConfig | None = None
    sample_weight: NDArray[np.float32] | None = None
    table: TableSplit | None = None
    pictures: PictureSplit | None = None
    texts_train: tuple[str, ...] | None = None
    texts_test: tuple[str, ...] | None = None
    X_validation: NDArray[np.float32] | None = None
    y_validation: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @classmethod
    def from_arrays(
        cls,
        X_train: ArrayLike | SparseRows,
        y_train: ArrayLike,
        X_test: ArrayLike | SparseRows = (),
        y_test: ArrayLike = (),
        task: str = "classification",
        *,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        image_shape: tuple[int, ...] | None = None,
        sample_weight: ArrayLike | None = None,
        X_validation: ArrayLike | SparseRows | None = None,
        y_validation: ArrayLike | None = None,
    ) -> Dataset:
        """Take a person's own arrays as they are: no scaling, no shuffling; copied as float32.

        X_train, X_test: numbers (n_samples, n_inputs), or sparse: `SparseRows`, or any of SciPy's.
        y_train, y_test: for classification, class
        numbers (n,) or (n, 1), one-hot (n, k) or names (n,), see `labels.class_numbers`; for
        regression, values (n,) or (n, n_values). The test set may be empty.
        sample_weight: (n,), numbers from 0 up, one for each training row: its loss is multiplied
        by it in training, as Keras does (the mean still divides by the number of rows, and
        evaluations are not weighted). Class weights multiply it.
        X_validation, y_validation: as the test's, or neither.
        Raises ValueError that says which array does not fit, and why.
        """
        if task not in TASKS:
            raise Refusal(
                "Unknown task {task}. Choose one of: {choices}.",
                task=repr(task),
                choices=", ".join(TASKS),
            )
        inputs = _inputs(X_train, "X_train", empty_shape=(0, 0))
        if 0 in inputs.shape:
            raise Refusal("X_train is empty: it needs at least one row and one column.")
        test_inputs = _inputs_beside(inputs, X_test, "test")
        if (X_validation is None) != (y_validation is None):
            raise Refusal("X_validation and y_validation go together: give both, or neither.")
        targets, test_targets, names = _targets(y_train, y_test, task, class_names, "test")
        _same_length(inputs, targets, "train")
        _same_length(test_inputs, test_targets, "test")
        held = held_targets = None
        if X_validation is not None and y_validation is not None:
            held = _inputs_beside(inputs, X_validation, "validation")
            _, held_targets, _ = _targets(y_train, y_validation, task, names, "validation")
            _same_length(held, held_targets, "validation")
        return cls(
            inputs,
            targets,
            test_inputs,
            test_targets,
            task,
            _feature_names(feature_names, inputs.shape[1]),
            names,
            image_shape=_image_shape(image_shape, inputs.shape[1]),
            sample_weight=_sample_weight(sample_weight, len(inputs)),
            X_validation=held,
            y_validation=held_targets,
        )

    @cached_property
    def background(self) -> NDArray[np.float32]:
        """What lies around images, float32 (channels,): the usual value of a pixel at their edges.

        Black on white or white on black, scaled or not: a moved image goes on as it was.
        """
        height, width, channels = self.image_planes
        pixels = self.X_train[:EDGES_LOOKED_AT].reshape(-1, height, width, channels)
        edges = np.ones((height, width), dtype=bool)
        edges[1:-1, 1:-1] = False
        return np.median(pixels[:, edges].reshape(-1, channels), axis=0).astype(np.float32)

    @property
    def image_planes(self) -> tuple[int, int, int]:
        """Height, width and channels of images, in the order in which a row holds them."""
        assert self.image_shape is not None
        height, width = self.image_shape[:2]
        return height, width, math.prod(self.image_shape[2:])

    @property
    def n_validation(self) -> int:
        """Number of rows that are held back for validation."""
        return 0 if self.y_validation is None else len(self.y_validation)

    @property
    def n_inputs(self) -> int:
        """Number of columns of X."""
        return self.X_train.shape[1]

    @property
    def is_sparse(self) -> bool:
        """Whether X_train and X_test are `SparseRows`."""
        return isinstance(self.X_train, SparseRows)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.class_names)

    @property
    def n_values(self) -> int:
        """Number of values per sample for regression; 0 for classification."""
        return 0 if self.task == "classification" else self.y_train.shape[1]

    @property
    def kind(self) -> str:
        """How it is drawn: "plane", "curve", "image", "ratings" or "table"."""
        if isinstance(self.preprocessing, FilmPairs):
            return "ratings"
        if self.points_train is not None:
            return "plane" if self.points_train.shape[1] == 2 else "curve"
        return "table" if self.image_shape is None else "image"

    def image_of(self, x: NDArray) -> NDArray:
        """A row of X as an image: ink (height, width), or light (height, width, 3) of photographs.

        x: (n_inputs,). Where a row is an image; a grey photograph has three equal colours.
        """
        assert self.image_shape is not None
        image = np.asarray(x).reshape(self.image_shape)
        if isinstance(self.preprocessing, Pixels) and image.ndim == 2:
            return np.repeat(image[..., None], 3, axis=2)
        return image

    @property
    def value_range(self) -> tuple[float, float]:
        """Smallest and largest training target of a regression; (-1, 1) for classification."""
        if self.task == "classification":
            return -1.0, 1.0
        return float(self.y_train.min()), float(self.y_train.max())


def _inputs(array: Any, what: str, empty_shape: tuple[int, ...]) -> Any:
    """What a network is fed: float32 (n, n_inputs), or `SparseRows`."""
    rows = sparse_rows(array)
    if rows is None:
        return _numbers(array, what, empty_shape)
    if not np.isfinite(rows.values).all():
        entry = int(np.argmin(np.isfinite(rows.values)))
        raise Refusal(
            "{array} holds a value that is not a finite float32 (row {row}, column {column}).",
            array=what,
            row=int(np.searchsorted(rows.starts, entry, side="right")) - 1,
            column=int(rows.columns[entry]),
        )
    return rows


def _inputs_beside(inputs: Any, array: Any, part: str) -> Any:
    """What the network is fed of another part, in the form of the training's."""
    if isinstance(inputs, SparseRows) and isinstance(array, tuple | list) and not array:
        return inputs[:0]
    others = _inputs(array, f"X_{part}", empty_shape=(0, inputs.shape[1]))
    if isinstance(inputs, SparseRows) != isinstance(others, SparseRows):
        raise Refusal("X_train and X_{part} must both be sparse, or neither.", part=part)
    if others.shape[1] != inputs.shape[1]:
        raise Refusal(
            "X_train has {train} columns, but X_{part} has {count}.",
            train=inputs.shape[1],
            part=part,
            count=others.shape[1],
        )
    return others


def _numbers(
    array: ArrayLike, what: str, empty_shape: tuple[int, ...] | None = None, dims: int = 2
) -> NDArray[np.float32]:
    """A C-contiguous float32 copy of a table of numbers, or a sentence about what it is."""
    try:
        raw = np.asarray(array)
        if raw.dtype.kind not in "biufO":
            raise TypeError
        with np.errstate(over="ignore"):
            numbers = np.array(raw, dtype=np.float32, order="C")
    except (TypeError, ValueError, OverflowError):
        raise Refusal(
            "{array} must be a table of plain numbers, all rows alike.", array=what
        ) from None
    if empty_shape is not None and numbers.size == 0:
        return numbers.reshape(empty_shape)
    if numbers.ndim != dims:
        raise Refusal(
            "{array} must be (n_samples, n_columns), a row per sample; got shape {shape}.",
            array=what,
            shape=str(numbers.shape),
        )
    if not np.isfinite(numbers).all():
        row, column = np.argwhere(~np.isfinite(numbers))[0][:2]
        raise Refusal(
            "{array} holds a value that is not a finite float32 (row {row}, column {column}).",
            array=what,
            row=row,
            column=column,
        )
    return numbers


def _targets(
    y_train: ArrayLike,
    y_other: ArrayLike,
    task: str,
    class_names: Sequence[str] | None,
    part: str,
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[str, ...]]:
    """Targets of training and of another part, and the names of classes; none for regression."""
    if task == "classification":
        return class_numbers(y_train, y_other, class_names, part)
    return *_values(y_train, y_other, part), ()


def _values(
    y_train: ArrayLike, y_other: ArrayLike, part: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Regression targets (n, n_values) of training and of another part."""
    train = _numbers(_as_columns(y_train), "y_train")
    if train.size == 0:
        raise Refusal("y_train is empty: it needs a value per sample.")
    other = _numbers(_as_columns(y_other), f"y_{part}", empty_shape=(0, train.shape[1]))
    if other.shape[1] != train.shape[1]:
        raise Refusal(
            "y_train has {train} values per sample, but y_{part} has {count}.",
            train=train.shape[1],
            part=part,
            count=other.shape[1],
        )
    return train, other


def _as_columns(y: ArrayLike) -> ArrayLike:
    """One value per sample, (n,), written as a single column (n, 1)."""
    try:
        values = np.asarray(y)
    except ValueError:
        return y
    return values[:, None] if values.ndim == 1 else values


def _same_length(X: NDArray, y: NDArray, which: str) -> None:
    if len(X) != len(y):
        raise Refusal(
            "X_{part} has {rows} rows, but y_{part} has {values}.",
            part=which,
            rows=len(X),
            values=len(y),
        )


def _sample_weight(weights: ArrayLike | None, count: int) -> NDArray[np.float32] | None:
    if weights is None:
        return None
    numbers = _numbers(_as_columns(weights), "sample_weight", empty_shape=(0, 1))
    if numbers.shape != (count, 1):
        raise Refusal(
            "sample_weight must be {count} numbers, one per row of X_train; got shape {shape}.",
            count=count,
            shape=str(np.shape(weights)),
        )
    if (numbers < 0).any():
        raise Refusal(
            "sample_weight holds {value}, but no sample can count less than nothing.",
            value=f"{numbers.min():g}",
        )
    return numbers[:, 0].copy()


def _feature_names(names: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"x{number}" for number in range(1, count + 1))
    if isinstance(names, str) or len(names) != count:
        raise Refusal(
            "feature_names must be {count} names, one per column of X_train.", count=count
        )
    return tuple(map(str, names))


def _image_shape(shape: tuple[int, ...] | None, count: int) -> tuple[int, ...] | None:
    if shape is None:
        return None
    sides = tuple(map(int, shape))
    is_image = len(sides) == 2 or (len(sides) == 3 and sides[2] == 3)
    if not is_image or min(sides) < 1 or math.prod(sides) != count:
        raise Refusal(
            "image_shape {shape} does not make rows of {count} columns.",
            shape="x".join(map(str, sides)),
            count=count,
        )
    return sides

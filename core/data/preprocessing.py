"""What happens to raw columns before a network sees them, kept with the network and in its files.

Each kind is a frozen record of plain numbers, so that it compares, hashes and travels as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from core.data.features import FEATURES, expand
from core.maths.limits import Limits
from core.maths.registry import shown
from core.refusals import Refusal


class Preprocessing:
    """Turns raw columns into a network's inputs; the kinds below say how.

    `n_raw` is the number of raw columns, None where any number will do; `n_inputs` the number
    of columns that come out, None where it equals the number that went in.
    """

    kind: ClassVar[str]

    @property
    def n_raw(self) -> int | None:
        """Number of raw columns that `transform` expects."""
        return None

    @property
    def n_inputs(self) -> int | None:
        """Number of columns that `transform` returns."""
        return self.n_raw

    def transform(self, raw: Any) -> NDArray[np.float32]:
        """Make network inputs of raw columns.

        raw: numbers (n_samples, n_raw); a table's preparation takes rows in other forms as well.
        Returns float32 (n_samples, n_inputs), computed in float64. Raises ValueError when the shape
        does not fit.
        """
        columns = np.asarray(raw, dtype=np.float64)
        if columns.ndim != 2:
            shape = "x".join(map(str, columns.shape)) or "a single number"
            raise Refusal(
                "Raw data must be (n_samples, n_columns), a row per sample; got shape {shape}.",
                shape=shape,
            )
        if self.n_raw is not None and columns.shape[1] != self.n_raw:
            raise Refusal(
                "Raw data has {count} columns, but this network was trained on {wanted}.",
                count=columns.shape[1],
                wanted=self.n_raw,
            )
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(self._apply(columns), dtype=np.float32)

    def _apply(self, columns: NDArray[np.float64]) -> NDArray[np.floating]:
        raise NotImplementedError

    def raw(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        """Undo `transform` as far as rounding allows, (n, n_raw); inputs where that cannot be."""
        return inputs.astype(np.float64)

    def values(self, outputs: NDArray) -> NDArray:
        """A regression's values in the data's own units, of what a network tells (n, n_values)."""
        return outputs

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON values; `from_dict` reads it back."""
        raise NotImplementedError

    @staticmethod
    def from_dict(record: object) -> Preprocessing:
        """Read what `to_dict` wrote. Raises ValueError that names what does not fit."""
        if not isinstance(record, Mapping):
            raise Refusal("The preprocessing must be a JSON object with a 'kind'.")
        kind = record.get("kind")
        if not isinstance(kind, str) or kind not in _READERS:
            raise Refusal(
                "Unknown preprocessing kind {kind}. Choose one of: {known}.",
                kind=shown(kind),
                known=", ".join(_READERS),
            )
        return _READERS[kind](record)


@dataclass(frozen=True)
class Identity(Preprocessing):
    """Raw columns are the inputs: a person's own arrays, and curves."""

    kind: ClassVar[str] = "identity"

    def _apply(self, columns: NDArray[np.float64]) -> NDArray[np.floating]:
        return columns

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind}


@dataclass(frozen=True)
class Scale(Preprocessing):
    """Inputs are raw / divisor, for pixels: 16 for digits, 255 for MNIST."""

    divisor: float
    kind: ClassVar[str] = "scale"

    def __post_init__(self) -> None:
        if not math.isfinite(self.divisor) or self.divisor == 0.0:
            raise Refusal(
                "The preprocessing's divisor must be a finite number other than 0; got {value}.",
                value=shown(self.divisor),
            )

    def _apply(self, columns: NDArray[np.float64]) -> NDArray[np.floating]:
        return columns / self.divisor

    def raw(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        return inputs.astype(np.float64) * self.divisor

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "divisor": self.divisor}


LEVELS = (np.arange(256) / 255.0).astype(np.float32)
"""What a network is fed for each of the 256 levels of a pixel."""
COLOURS = ("red", "green", "blue")
SIDE = Limits(1, 1024, whole=True)  # pixels of a picture's edge


@dataclass(frozen=True)
class Pixels(Preprocessing):
    """Inputs are raw / 255, of pictures of side x side pixels, row by row.

    colour: each pixel is red, green and blue, next to one another.
    """

    side: int
    colour: bool = False
    kind: ClassVar[str] = "pixels"

    def __post_init__(self) -> None:
        SIDE.check("side", self.side)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs."""
        places = [f"pixel_{y}_{x}" for y in range(self.side) for x in range(self.side)]
        if not self.colour:
            return tuple(places)
        return tuple(f"{place}_{colour}" for place in places for colour in COLOURS)

    @property
    def n_raw(self) -> int:
        return self.side * self.side * (len(COLOURS) if self.colour else 1)

    def transform(self, raw: Any) -> NDArray[np.float32]:
        """Make network inputs of pictures, (n, side, side[, 3]), or of their rows (n, n_raw)."""
        pixels = np.asarray(raw)
        if pixels.ndim > 2:
            pixels = pixels.reshape(len(pixels), math.prod(pixels.shape[1:]))
        if pixels.dtype == np.uint8 and pixels.ndim == 2 and pixels.shape[1] == self.n_raw:
            return LEVELS[pixels]  # the same numbers, without a float64 of each in between
        return super().transform(pixels)

    def _apply(self, columns: NDArray[np.float64]) -> NDArray[np.floating]:
        return columns / 255.0

    def raw(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        return (inputs.astype(np.float64) * 255.0).round()

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "side": self.side, "colour": self.colour}


@dataclass(frozen=True)
class Standardize(Preprocessing):
    """Inputs are (raw - mean) / scale, column by column, as scikit-learn's StandardScaler.

    mean, scale: one number per column, measured on the training rows only. A column that never
    varies has scale 1.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    kind: ClassVar[str] = "standardize"

    def __post_init__(self) -> None:
        if len(self.mean) != len(self.scale) or not self.mean:
            raise Refusal(
                "Preprocessing by mean and scale needs one of each per column; "
                "got {means} means and {scales} scales.",
                means=len(self.mean),
                scales=len(self.scale),
            )
        if not all(map(math.isfinite, (*self.mean, *self.scale))) or 0.0 in self.scale:
            raise Refusal("Preprocessing means and scales must be finite, and no scale zero.")

    @classmethod
    def fit(cls, raw: NDArray[np.floating]) -> Standardize:
        """Measure mean and scale (population standard deviation) of raw (n_samples, n_columns)."""
        columns = np.asarray(raw, dtype=np.float64)
        deviation = columns.std(axis=0)
        scale = np.where(deviation > 0.0, deviation, 1.0)
        return cls(tuple(columns.mean(axis=0).tolist()), tuple(scale.tolist()))

    @property
    def n_raw(self) -> int:
        return len(self.mean)

    def _apply(self, columns: NDArray[np.float64]) -> NDArray[np.floating]:
        return (columns - np.array(self.mean)) / np.array(self.scale)

    def raw(self, inputs: NDArray[np.floating]) -> NDArray[np.float64]:
        return inputs.astype(np.float64) * np.array(self.scale) + np.array(self.mean)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "mean": list(self.mean), "scale": list(self.scale)}


@dataclass(frozen=True)
class Features(Preprocessing):
    """Inputs are chosen features of the raw coordinates x1 and x2: x1_squared, sin_x2 ..."""

    names: tuple[str, ...]
    kind: ClassVar[str] = "features"

    def __post_init__(self) -> None:
        unknown = [name for name in self.names if name not in FEATURES]
        known = ", ".join(FEATURES)
        if unknown:
            raise Refusal(
                "Unknown feature {name}. Choose from: {known}.",
                name=shown(unknown[0]),
                known=known,
            )
        if not self.names:
            raise Refusal("No feature is named. Choose from: {known}.", known=known)

    @property
    def n_raw(self) -> int:
        return 2

    @property
    def n_inputs(self) -> int:
        return len(self.names)

    def _apply(self, columns: NDArray[np.float64]) -> NDArray[np.floating]:
        return expand(columns, self.names)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "names": list(self.names)}


def read_numbers(record: Mapping[str, Any], field: str) -> tuple[float, ...]:
    """A field that must be a list of plain numbers."""
    values = record.get(field)
    if not isinstance(values, Sequence) or not all(map(_is_number, values)):
        raise Refusal("The preprocessing's {name} must be a list of numbers.", name=repr(field))
    return tuple(_float(value, field) for value in values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _float(value: float, field: str) -> float:
    """A float of a JSON number, whose integers know no bounds."""
    try:
        return float(value)
    except OverflowError:
        raise Refusal(
            "The preprocessing's {name} holds a number too large.", name=repr(field)
        ) from None


def _read_scale(record: Mapping[str, Any]) -> Preprocessing:
    divisor = record.get("divisor")
    if not isinstance(divisor, int | float) or isinstance(divisor, bool):
        raise Refusal("The preprocessing's 'divisor' must be a number.")
    return Scale(_float(divisor, "divisor"))


def _read_pixels(record: Mapping[str, Any]) -> Preprocessing:
    side, colour = record.get("side"), record.get("colour")
    if type(side) is not int or not isinstance(colour, bool):
        raise Refusal("The preprocessing's 'side' must be a whole number, 'colour' true or false.")
    return Pixels(side, colour)


def _read_features(record: Mapping[str, Any]) -> Preprocessing:
    names = record.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refusal("The preprocessing's 'names' must be a list of feature names.")
    return Features(tuple(names))


def _read_table(record: Mapping[str, Any]) -> Preprocessing:
    from core.data.tables.preparation import read_preparation  # needs polars, which takes a while

    return read_preparation(record)


def _read_words(record: Mapping[str, Any]) -> Preprocessing:
    from core.data.words import read_words  # which builds on this module

    return read_words(record)


def _read_film_pairs(record: Mapping[str, Any]) -> Preprocessing:
    from core.data.films import read_film_pairs  # which builds on this module

    return read_film_pairs(record)


_READERS: dict[str, Callable[[Mapping[str, Any]], Preprocessing]] = {
    Identity.kind: lambda record: Identity(),
    Scale.kind: _read_scale,
    Pixels.kind: _read_pixels,
    Standardize.kind: lambda record: Standardize(
        read_numbers(record, "mean"), read_numbers(record, "scale")
    ),
    Features.kind: _read_features,
    "table": _read_table,
    "words": _read_words,
    "film_pairs": _read_film_pairs,
}

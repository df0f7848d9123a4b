"""Pictures decoded and brought to one small size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import archives
from core.data.pictures.choices import PictureChoices
from core.data.pictures.decoding import UnreadableError, decoded, opened
from core.data.pictures.labels import Labelled
from core.data.pictures.limits import MAX_ALL_PIXELS, MAX_FILE, MAX_INPUT_BYTES
from core.data.pictures.members import Unpacker
from core.data.pictures.source import PictureSource
from core.maths.registry import shown
from core.refusals import Refusal, Sentence

MOST_SAID = 5  # pictures that are named among those left out
Progress = Callable[[float, float], None]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of one size.

    pixels: uint8 (n, side, side), or (n, side, side, 3). classes: int64 (n,). names: paths.
    parts: "train", "validation" or "test", str (n,), by folder; None where folders say nothing.
    remarks: what was left out.
    """

    source: PictureSource
    pixels: NDArray[np.uint8]
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    parts: NDArray[np.str_] | None
    remarks: tuple[Sentence, ...]

    def __post_init__(self) -> None:
        for array in (self.pixels, self.classes, self.parts):
            if array is not None:
                array.flags.writeable = False

    @property
    def side(self) -> int:
        return self.pixels.shape[1]

    @property
    def colour(self) -> bool:
        return self.pixels.ndim == 4


def read_picture(data: bytes, side: int, *, colour: bool, name: str = "") -> NDArray[np.uint8]:
    """One picture, (side, side) grey or (side, side, 3). Raises ValueError that says what is wrong.

    name: as a sentence calls it.
    """
    try:
        return decoded(opened(data, shown(name)), shown(name), side, colour=colour)
    except UnreadableError as error:
        raise Refusal(error.sentence) from None


def read_pictures(
    source: PictureSource, choices: PictureChoices, progress: Progress | None = None
) -> Pictures:
    """Decode all pictures; those that are none, or damaged, are left out, and remarks name them.

    progress: told what is done and the total, now and then; what it raises ends the reading.
    Raises ValueError if they would take too much memory or time, or if a class has none left.
    """
    _check_memory(len(source.pictures), choices)
    made: list[NDArray[np.uint8]] = []
    kept: list[Labelled] = []
    lost: list[tuple[Labelled, Sentence]] = []
    tell = progress or _nobody_asks
    total = float(len(source.pictures))
    for done, (each, pixels) in enumerate(_decoded(source, choices)):
        tell(float(done), total)
        if isinstance(pixels, Sentence):
            lost.append((each, pixels))
        else:
            made.append(pixels)
            kept.append(each)
    tell(total, total)
    _check_every_class(source, kept, lost)
    number = {name: code for code, name in enumerate(source.class_names)}
    return Pictures(
        source,
        np.stack(made),
        np.array([number[each.label] for each in kept], np.int64),
        tuple(each.member.name for each in kept),
        np.array([str(each.part) for each in kept]) if source.has_parts else None,
        (*source.remarks, *_said([problem for _, problem in lost])),
    )


def _nobody_asks(done: float, total: float) -> None:
    """How far it is."""


def _decoded(
    source: PictureSource, choices: PictureChoices
) -> Iterator[tuple[Labelled, NDArray[np.uint8] | Sentence]]:
    """Every picture with its pixels, or with why it has none."""
    unpack, n_pixels = Unpacker(), 0
    for each in source.pictures:
        name = shown(each.member.name)
        try:
            image = opened(unpack.read(each.member, MAX_FILE + 1), name)
            n_pixels += image.width * image.height
            if n_pixels > MAX_ALL_PIXELS:
                raise Refusal(
                    "The pictures up to {file} have more than {most} million pixels together: "
                    "make them smaller before.",
                    file=name,
                    most=MAX_ALL_PIXELS // 1_000_000,
                )
            yield each, decoded(image, name, choices.side, colour=choices.colour)
        except UnreadableError as error:
            yield each, error.sentence
        except archives.DamagedError:
            yield each, Sentence("{file} is damaged in the archive.", file=name)


def _check_memory(count: int, choices: PictureChoices) -> None:
    size = 4 * count * choices.n_inputs
    if size > MAX_INPUT_BYTES:
        raise Refusal(
            "{count} pictures of {side}x{side} pixels take {size} MB; at most {most} MB are "
            "possible. Choose fewer pixels, or grey.",
            count=count,
            side=choices.side,
            size=size >> 20,
            most=MAX_INPUT_BYTES >> 20,
        )


def _check_every_class(
    source: PictureSource, kept: list[Labelled], lost: list[tuple[Labelled, Sentence]]
) -> None:
    left = {each.label for each in kept}
    for name in source.class_names:
        if name not in left:
            raise Refusal(
                "No picture of the class {name} can be read. {problem}",
                name=shown(name),
                problem=next(problem for each, problem in lost if each.label == name),
            )


def _said(lost: list[Sentence]) -> list[Sentence]:
    remarks = [
        Sentence("{problem} It is left out.", problem=problem) for problem in lost[:MOST_SAID]
    ]
    if len(lost) > MOST_SAID:
        more = Sentence(
            "Left out for such reasons: {count} more pictures.", count=len(lost) - MOST_SAID
        )
        remarks.append(more)
    return remarks

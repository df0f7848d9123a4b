"""Pictures as they were brought, classes and all, before any of them is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core import archives
from core.data.pictures.choices import PictureChoices
from core.data.pictures.decoding import UnreadableError, decoded, opened
from core.data.pictures.labels import PARTS, Labelled, labelled
from core.data.pictures.limits import MAX_CLASSES, MAX_FILE, MAX_LOOKED_AT, MAX_PICTURES, SIDES
from core.data.pictures.members import Given, Unpacker, digest_of, members_of
from core.maths.registry import shown
from core.refusals import Refusal, Sentence

LOOKED_AT = 12  # pictures that a suggestion is made by
GREY = 6  # levels that colours may differ by in a picture that is grey


@dataclass(frozen=True, eq=False)
class PictureSource:
    """Pictures with their classes.

    name: of the archive, or of the first file. digest: of all files. pictures: in the order of
    their paths. class_names: in order. remarks: what was left out. files: as they were brought.
    """

    name: str
    digest: str
    pictures: tuple[Labelled, ...]
    class_names: tuple[str, ...]
    remarks: tuple[Sentence, ...]
    files: tuple[Given, ...]

    @classmethod
    def of(cls, files: Sequence[Given]) -> PictureSource:
        """Judge files: an archive of folders named by class, or pictures and a file of labels.

        files: names and bytes. Raises ValueError that names what is wrong and where.
        """
        if not files:
            raise Refusal("There are no files.")
        pictures, remarks = labelled(members_of(files))
        if len(pictures) > MAX_PICTURES:
            raise Refusal(
                "There are {count} pictures; at most {most} are possible.",
                count=len(pictures),
                most=MAX_PICTURES,
            )
        names = tuple(sorted({each.label for each in pictures}))
        _check_classes(names)
        archive = [name for name, data in files if archives.is_archive(data)]
        name = archive[0] if archive else files[0][0]
        return cls(name, digest_of(files), tuple(pictures), names, tuple(remarks), tuple(files))

    @property
    def counts(self) -> dict[str, int]:
        """Pictures of each class."""
        counts = dict.fromkeys(self.class_names, 0)
        for each in self.pictures:
            counts[each.label] += 1
        return counts

    @property
    def has_parts(self) -> bool:
        """Whether its folders say which pictures are for training, and which are not."""
        return len(self.parts) > 1 and "train" in self.parts

    @property
    def has_three_parts(self) -> bool:
        """Whether its folders say which pictures are for training, validation and the test."""
        return len(self.parts) == len(set(PARTS.values()))

    @cached_property
    def parts(self) -> frozenset[str]:
        """The parts that its folders name."""
        return frozenset(each.part for each in self.pictures if each.part is not None)


def _check_classes(names: Sequence[str]) -> None:
    if len(names) < 2:
        raise Refusal(
            "All pictures are of one class, {name}; there must be two classes at least.",
            name=shown(names[0]),
        )
    if len(names) > MAX_CLASSES:
        raise Refusal(
            "There are {count} classes; at most {most} are possible.",
            count=len(names),
            most=MAX_CLASSES,
        )


def suggest_choices(source: PictureSource) -> PictureChoices:
    """A size, grey or colour, by some of the pictures; the folders' split where there is one."""
    step = max(len(source.pictures) // LOOKED_AT, 1)
    unpack, n_pixels, edges, is_coloured = Unpacker(), 0, [], False
    for each in source.pictures[::step][:LOOKED_AT]:
        try:
            data = unpack.read(each.member, MAX_FILE)
            image = opened(data, each.member.name)
            n_pixels += image.width * image.height
            if n_pixels > MAX_LOOKED_AT:
                break
            edges.append(min(image.size))
            pixels = decoded(image, each.member.name, SIDES[0], colour=True).astype(np.int64)
        except (UnreadableError, archives.DamagedError):
            continue
        is_coloured |= bool((np.ptp(pixels, axis=2) > GREY).any())
    usual = PictureChoices(colour=is_coloured)
    side = min(max(min(edges, default=usual.side), SIDES[0]), usual.side)
    return replace(usual, side=side, split=splits_of(source)[-1])


def splits_of(source: PictureSource) -> tuple[str, ...]:
    """The ways to divide pictures, the one that their folders ask for last."""
    if source.has_three_parts:
        return ("stratified", "three_folders")
    return ("stratified", "folders") if source.has_parts else ("stratified",)

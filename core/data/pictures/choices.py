"""What is made of pictures: size, grey or colour, and which train and test, as a config."""

from __future__ import annotations

from typing import Annotated, Any

from core.data.pictures.limits import SIDES
from core.data.tables.configs import from_plain, to_plain
from core.experiment.config import SEED
from core.experiment.fields import Flag, OneOf, Within, config
from core.maths.limits import Limits

SPLITS = ("stratified", "folders", "three_folders")


@config
class PictureChoices:
    """Everything that makes a data set of pictures. seed: of the split.

    side: pixels of a picture's edge. colour: red, green and blue, else grey.
    split: "stratified" (at random, every class in proportion), "folders" (the pictures of the
    folder train are for training, all others test) or "three_folders" (those of the folder
    validation are held back for it). train_fraction: the training pictures' share, "stratified".
    validation_fraction: the share of them that is held back for validation, every class in
    proportion, but for "three_folders".
    """

    side: Annotated[int, Within(Limits(*SIDES, whole=True))] = 28
    colour: Annotated[bool, Flag()] = False
    split: Annotated[str, OneOf("split", SPLITS)] = "stratified"
    train_fraction: Annotated[float, Within(Limits(0.1, 0.99))] = 0.8
    validation_fraction: Annotated[float, Within(Limits(0.0, 0.5))] = 0.0
    seed: Annotated[int, SEED] = 0

    @property
    def n_inputs(self) -> int:
        """Numbers that a picture is made of."""
        return self.side * self.side * (3 if self.colour else 1)

    def to_mapping(self) -> dict[str, Any]:
        """What differs from the defaults, as plain JSON values; `from_mapping` reads it back."""
        usual = to_plain(PictureChoices())
        return {name: value for name, value in to_plain(self).items() if value != usual[name]}

    @classmethod
    def from_mapping(cls, record: object) -> PictureChoices:
        """Read what `to_mapping` made. Raises ValueError that names what does not fit."""
        return from_plain(cls, record)

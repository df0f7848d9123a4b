"""Pictures and the choices about them, made into a data set; how an experiment names them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from core.data import splits
from core.data.dataset import Dataset
from core.data.pictures.choices import PictureChoices
from core.data.pictures.reading import Pictures
from core.data.preprocessing import Pixels
from core.experiment import OwnTable
from core.experiment.own import LONGEST_FILE
from core.refusals import Refusal


@dataclass(frozen=True, eq=False)
class PictureSplit:
    """Where a data set came from. rows_train, rows_test: numbers of its pictures, from 0."""

    pictures: Pictures
    choices: PictureChoices
    rows_train: NDArray[np.int64]
    rows_test: NDArray[np.int64]

    def __post_init__(self) -> None:
        for rows in (self.rows_train, self.rows_test):
            rows.flags.writeable = False

    def name_of(self, part: str, sample: int) -> str:
        """The path of a sample's picture. part: "train" or "test"."""
        rows = self.rows_train if part == "train" else self.rows_test
        return self.pictures.names[int(rows[sample])]


def picture_dataset(pictures: Pictures, choices: PictureChoices) -> Dataset:
    """The data set that these choices make of pictures. The same choices give the same bits.

    Raises ValueError if one part would be empty, or the choices' size is not the pictures'.
    """
    if (pictures.side, pictures.colour) != (choices.side, choices.colour):
        raise Refusal("The pictures were read in another size or colour than is chosen.")
    preprocessing = Pixels(choices.side, choices.colour)
    train, test = _split(pictures, choices)
    y = pictures.classes.astype(np.float32)
    return Dataset(
        preprocessing.transform(pictures.pixels[train]),
        y[train],
        preprocessing.transform(pictures.pixels[test]),
        y[test],
        task="classification",
        feature_names=preprocessing.names,
        class_names=pictures.source.class_names,
        preprocessing=preprocessing,
        image_shape=pictures.pixels.shape[1:],
        pictures=PictureSplit(pictures, choices, train, test),
    )


def _split(
    pictures: Pictures, choices: PictureChoices
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Training and test pictures; both have one at least."""
    count = len(pictures.names)
    if choices.split == "folders":
        if pictures.is_test is None:
            raise Refusal("No folders named train and test say which pictures are for the test.")
        train, test = splits.by_mark(pictures.is_test, choices.seed)
    else:
        n_train = min(max(round(count * choices.train_fraction), 1), count - 1)
        every = np.arange(count)
        train, test = splits.stratified(
            every, pictures.classes, n_train, choices.seed, splits.DIVIDE
        )
    if not len(train) or not len(test):
        raise Refusal("There is no picture for training, or none for the test.")
    return train, test


def named(dataset: Dataset) -> OwnTable:
    """Which pictures a data set was made of, and how."""
    assert dataset.pictures is not None
    source = dataset.pictures.pictures.source
    return OwnTable(
        PurePath(source.name).name[:LONGEST_FILE],
        source.digest,
        len(dataset.pictures.pictures.names),
        dataset.n_classes,
        choices=dataset.pictures.choices.to_mapping(),
    )


def choices_of(own: OwnTable) -> PictureChoices:
    """What is made of them. Raises ValueError that names what does not fit."""
    return PictureChoices.from_mapping(own.choices)

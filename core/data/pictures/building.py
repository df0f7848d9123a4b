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
from core.refusals import Refusal, Sentence


@dataclass(frozen=True, eq=False)
class PictureSplit:
    """Where a data set came from.

    rows_train, rows_test, rows_validation: numbers of its pictures, from 0. remarks: what cannot
    be learnt of them.
    """

    pictures: Pictures
    choices: PictureChoices
    rows_train: NDArray[np.int64]
    rows_test: NDArray[np.int64]
    rows_validation: NDArray[np.int64]
    remarks: tuple[Sentence, ...] = ()

    def __post_init__(self) -> None:
        for rows in (self.rows_train, self.rows_test, self.rows_validation):
            rows.flags.writeable = False

    def name_of(self, part: str, sample: int) -> str:
        """The path of a sample's picture. part: "train", "test" or "validation"."""
        rows: NDArray[np.int64] = getattr(self, f"rows_{part}")
        return self.pictures.names[int(rows[sample])]


def picture_dataset(pictures: Pictures, choices: PictureChoices) -> Dataset:
    """The data set that these choices make of pictures. The same choices give the same bits.

    Raises ValueError if one part would be empty, or the choices' size is not the pictures'.
    """
    if (pictures.side, pictures.colour) != (choices.side, choices.colour):
        raise Refusal("The pictures were read in another size or colour than is chosen.")
    preprocessing = Pixels(choices.side, choices.colour)
    train, test = _split(pictures, choices)
    train, held = _held_back(pictures, choices, train)
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
        pictures=PictureSplit(pictures, choices, train, test, held, _untaught(pictures, train)),
        X_validation=preprocessing.transform(pictures.pixels[held]) if len(held) else None,
        y_validation=y[held] if len(held) else None,
    )


def _split(
    pictures: Pictures, choices: PictureChoices
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pictures that are not for the test, and those that are; both have one at least."""
    count = len(pictures.names)
    if choices.split != "stratified":
        if pictures.parts is None:
            raise Refusal("No folders named train and test say which pictures are for the test.")
        is_test = pictures.parts == "test"
        if choices.split == "folders":
            is_test = pictures.parts != "train"
        train, test = splits.by_mark(is_test, choices.seed)
    else:
        n_train = min(max(round(count * choices.train_fraction), 1), count - 1)
        every = np.arange(count)
        train, test = splits.stratified(
            every, pictures.classes, n_train, choices.seed, splits.DIVIDE
        )
    if not len(train) or not len(test):
        raise Refusal("There is no picture for training, or none for the test.")
    return train, test


def _held_back(
    pictures: Pictures, choices: PictureChoices, train: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The training pictures that are left, and those held back for validation."""
    if choices.split != "three_folders":
        share, classes = choices.validation_fraction, pictures.classes[train]
        return splits.held_back(train, share, choices.seed, classes=classes)
    assert pictures.parts is not None
    held = pictures.parts[train] == "validation"
    if held.all() or not held.any():
        raise Refusal("There is no picture for training, or none for validation.")
    return train[~held], train[held]


def _untaught(pictures: Pictures, train: NDArray[np.int64]) -> tuple[Sentence, ...]:
    """What is said of classes that no picture for training is of."""
    absent = splits.untaught(pictures.classes[train], pictures.source.class_names)
    template = "No picture for training is of {classes}: what no picture shows cannot be learnt."
    return (Sentence(template, classes=absent),) if absent else ()


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

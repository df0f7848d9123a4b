"""All data sets by name, one record each, and how a configuration becomes a Dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.data import bundled, drawn, movielens, synthetic
from core.data.boundary import boundary
from core.data.bundled import Bundle
from core.data.dataset import Dataset
from core.data.making import Making, finished
from core.data.preprocessing import Features, Identity, Preprocessing, Scale, Standardize
from core.data.splits import DIVIDE, ORDER, SUBSET, held_back, stratified
from core.data.words import Words
from core.experiment import (
    BOUNDARY,
    DRAWN,
    OWN_PICTURES,
    OWN_TABLE,
    SKETCHED,
    DataConfig,
    OwnTable,
)
from core.maths.random import SPLIT, permutation
from core.maths.registry import get, shown
from core.refusals import Refusal

Generator = Callable[[int, float, int, int], synthetic.Sample]
Kind = Literal["plane", "curve", "table", "image", "ratings"]
Task = Literal["classification", "regression"]
Split = Literal["share", "fixed"]

KEPT = 4
"""Bundled data sets that are kept as a network is fed them: 16 MB at most each."""


@dataclass(frozen=True)
class DatasetRecord:
    """What is known of a data set before it is loaded.

    kind: "plane" (2-D points), "curve" (1-D), "table", "image" or "ratings" (who rated what).
    classes: number of classes; 0 for regression, None where DataConfig.classes says.
    n_samples: a good number to begin with; available: all there are, None where any can be made.
    split: "share", where DataConfig.train_fraction says how much is for training, or "fixed",
    where the data set comes with its own training and test rows.
    """

    name: str
    label: str
    kind: Kind
    task: Task
    classes: int | None
    n_samples: int
    description: str
    generate: Generator | None = None
    available: int | None = None
    split: Split = "share"


def _plane(
    name: str, label: str, classes: int | None, description: str, generate: Generator
) -> DatasetRecord:
    return DatasetRecord(
        name, label, "plane", "classification", classes, 500, description, generate
    )


def _surface(name: str, label: str, description: str, generate: Generator) -> DatasetRecord:
    return DatasetRecord(name, label, "plane", "regression", 0, 1200, description, generate)


def _curve(name: str, label: str, description: str, generate: Generator) -> DatasetRecord:
    return DatasetRecord(name, label, "curve", "regression", 0, 500, description, generate)


def _bundle(
    name: str,
    label: str,
    kind: Kind,
    classes: int,
    available: int,
    description: str,
    split: Split = "share",
) -> DatasetRecord:
    task: Task = "classification" if classes else "regression"
    return DatasetRecord(
        name, label, kind, task, classes, available, description, None, available, split
    )


DATASETS: dict[str, DatasetRecord] = {
    record.name: record
    for record in (
        _plane("circle", "Circle", 2, "A disc within a ring.", synthetic.circle),
        _plane("xor", "Exclusive or", 2, "Opposite quadrants share a class.", synthetic.xor),
        _plane("gauss", "Gaussian", 2, "Two normal clouds.", synthetic.gauss),
        _plane("spiral", "Spiral", 2, "Two arms wound into one another.", synthetic.spiral),
        _plane("moons", "Moons", 2, "Two interleaving half circles.", synthetic.moons),
        _plane("blobs", "Blobs", None, "Normal clouds, two to eight classes.", synthetic.blobs),
        _plane("rings", "Rings", 3, "A disc within a ring within a ring.", synthetic.rings),
        _plane("checkerboard", "Checkerboard", 2, "Four by four squares.", synthetic.checkerboard),
        _plane(
            BOUNDARY,
            "Boundary",
            2,
            "Below and above a line of your own, x2 > f(x1).",
            partial(boundary, DataConfig().formula),
        ),
        _surface("plane", "Plane", "A slope.", synthetic.plane),
        _surface("multi_gauss", "Multi gaussian", "Six bumps.", synthetic.multi_gauss),
        _curve("sine", "Sine", "The curve sin(x).", synthetic.sine),
        _curve("step", "Step", "A jump from -1 to +1.", synthetic.step),
        _bundle("iris", "Iris", "table", 3, 150, "Three kinds of iris by their leaves."),
        _bundle("wine", "Wine", "table", 3, 178, "Three growers by a wine's chemistry."),
        _bundle(
            "breast_cancer",
            "Breast cancer",
            "table",
            2,
            569,
            "Malignant or benign, by measures of cell nuclei.",
        ),
        _bundle("digits", "Digits", "image", 10, 1797, "Handwritten digits, 8 by 8 pixels."),
        _bundle("mnist_5k", "MNIST", "image", 10, 5000, "Handwritten digits, 28 by 28 pixels."),
        _bundle(
            "letters",
            "Letters",
            "table",
            26,
            20_000,
            "Printed capital letters by 16 measures of their pixels.",
        ),
        _bundle(
            "vowel",
            "Vowels",
            "table",
            11,
            990,
            "Which of 11 vowels was spoken, by nine measures of the sound; the test is people who "
            "were never heard in training.",
            "fixed",
        ),
        _bundle(
            "food_reviews",
            "Food reviews",
            "table",
            2,
            5000,
            "Great or not, by which of 1000 words a review holds.",
            "fixed",
        ),
        _bundle(
            "diabetes",
            "Diabetes",
            "table",
            0,
            442,
            "How far the illness has come after a year, in hundreds, by ten measures of a person.",
        ),
        _bundle(
            movielens.NAME,
            "Films",
            "ratings",
            0,
            100_004,
            "How many stars a person gives a film, by who it is, which film, its year and genres. "
            "MovieLens: for research and education, no commercial use without permission.",
        ),
    )
}


DRAWINGS: dict[str, DatasetRecord] = {
    record.name: record
    for record in (
        DatasetRecord(
            DRAWN,
            "Drawn",
            "plane",
            "classification",
            None,
            DataConfig().n_samples,
            "Points that you draw on the output, in two to eight classes.",
        ),
        DatasetRecord(
            SKETCHED,
            "Sketched",
            "curve",
            "regression",
            0,
            DataConfig().n_samples,
            "A curve that you sketch on the output.",
        ),
    )
}
"""Data that a person draws: all of them are in `DataConfig.points`, however many samples it has."""


def record_of(config: DataConfig) -> DatasetRecord:
    """What is known of the data that a configuration names; of those that are a person's own, too.

    The record of a boundary makes points for the configuration's formula.
    """
    if config.name in DRAWINGS:
        return replace(DRAWINGS[config.name], classes=drawn.n_classes(config))
    if config.name == BOUNDARY:
        return replace(DATASETS[BOUNDARY], generate=partial(boundary, config.formula))
    if config.name not in (OWN_TABLE, OWN_PICTURES):
        return get(DATASETS, config.name, "dataset")
    table, usual = own_table(config), DataConfig().n_samples
    if config.name == OWN_PICTURES:
        return DatasetRecord(
            *(OWN_PICTURES, table.file, "image", "classification", table.classes, usual, table.file)
        )
    task: Task = "classification" if table.classes else "regression"
    return DatasetRecord(OWN_TABLE, table.file, "table", task, table.classes, usual, table.file)


def own_table(config: DataConfig) -> OwnTable:
    """Which table, or pictures, a configuration names, and how they are used."""
    return OwnTable.from_json(config.table) if config.table else OwnTable()


def load_dataset(config: DataConfig) -> Dataset:
    """Make or read the data that a configuration names. Same configuration, same bits.

    Bundled data give at most the rows that they have, classes in proportion, and know no noise;
    those that come with their own training and test rows keep that split whatever the
    configuration's train_fraction is. They are read once: the arrays may be shared.
    Raises ValueError for a name that is not known, for a line or a drawing that makes no data, and
    for a person's own table or pictures, which are not in the configuration: make their dataset by
    `core.data.tables` or `core.data.pictures` and give it to the trainer.
    """
    if config.name == OWN_PICTURES:
        raise Refusal(
            "The pictures of {file} are not in the experiment: give them as dataset.",
            file=shown(own_table(config).file),
        )
    if config.name == OWN_TABLE:
        raise Refusal(
            "The rows of the table {file} are not in the experiment: give them as dataset.",
            file=shown(own_table(config).file),
        )
    if config.name in DRAWINGS:
        return drawn.load_drawn(config)
    record = record_of(config)
    return _generated(record, config) if record.generate else _read(record.name, config)


def _generated(record: DatasetRecord, config: DataConfig) -> Dataset:
    """Points from a formula, in random order, the first of them for training."""
    assert record.generate is not None
    classes = config.classes if record.classes is None else record.classes
    made, targets = record.generate(config.n_samples, config.noise, classes, config.seed)
    order = permutation(config.seed, SPLIT, ORDER, config.n_samples)
    points = made[order].astype(np.float32)
    y = targets[order].astype(np.float32)
    if record.task == "regression":
        y = y[:, None]
    cut = round(config.n_samples * config.train_fraction)
    left, held = held_back(np.arange(cut), config.validation_fraction, config.seed)
    preprocessing: Preprocessing = Identity()
    names: tuple[str, ...] = ("x1",)
    if record.kind == "plane":
        names = tuple(config.features)
        preprocessing = Features(names)
    X = preprocessing.transform(points)
    return Dataset(
        X[left],
        y[left],
        X[cut:].copy(),
        y[cut:].copy(),
        task=record.task,
        feature_names=names,
        class_names=tuple(map(str, range(classes))),
        preprocessing=preprocessing,
        points_train=points[left],
        points_test=points[cut:].copy(),
        source=config,
        X_validation=X[held] if len(held) else None,
        y_validation=y[held] if len(held) else None,
    )


@lru_cache(maxsize=KEPT)
def _read(name: str, config: DataConfig) -> Dataset:
    """A bundled data set, or a part of it, split as it is or with every class in proportion."""
    return replace(finished(making_bundled(config, *_rows_of(config))), source=config)


def making_bundled(
    config: DataConfig, train: NDArray[np.int64], test: NDArray[np.int64]
) -> Making[Dataset]:
    """Rows of a bundled data set, by their numbers in its file, prepared by the training rows.

    Of these some are held back for validation where the configuration asks for it. Pieces are what
    is measured, and the inputs of the training rows, which take a second each of many texts.
    """
    train, held = _held_back(config, train)
    if config.name == movielens.NAME:
        return movielens.ratings_part(train, test, held)
    bundle, record = bundled.read(config.name), DATASETS[config.name]
    preprocessing = _fitted(bundle, train)
    yield 1 / 3
    X_train = preprocessing.transform(bundle.raw[train])
    yield 2 / 3
    y = bundle.targets.astype(np.float32)
    if record.task == "regression":
        y = y[:, None]
    words = preprocessing.vocabulary if isinstance(preprocessing, Words) else None
    return Dataset(
        X_train,
        y[train],
        preprocessing.transform(bundle.raw[test]),
        y[test],
        task=record.task,
        feature_names=words or bundle.column_names,
        class_names=bundle.class_names,
        preprocessing=preprocessing,
        image_shape=bundle.image_shape,
        texts_train=tuple(bundle.raw[train]) if words else None,
        texts_test=tuple(bundle.raw[test]) if words else None,
        X_validation=preprocessing.transform(bundle.raw[held]) if len(held) else None,
        y_validation=y[held] if len(held) else None,
    )


def _fitted(bundle: Bundle, train: NDArray[np.int64]) -> Preprocessing:
    """What is done to the raw columns, measured on the training rows alone."""
    if bundle.is_text:
        return Words.fit(list(bundle.raw[train]), bundle.classes[train])
    if bundle.divisor is None:
        return Standardize.fit(bundle.raw[train].astype(np.float64))
    return Scale(bundle.divisor)


def rows_of(config: DataConfig) -> NDArray[np.int64]:
    """Numbers of a bundled data set's rows: for training, for validation, for the test."""
    train, test = _rows_of(config)
    return np.concatenate([*_held_back(config, train), test])


def _held_back(
    config: DataConfig, train: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The training rows that are left, and those for validation."""
    share, seed = config.validation_fraction, config.seed
    if config.name == movielens.NAME:
        return held_back(train, share, seed)
    bundle = bundled.read(config.name)
    groups = None if bundle.groups is None else bundle.groups[train]
    return held_back(train, share, seed, classes=bundle.classes[train], groups=groups)


def _rows_of(config: DataConfig) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of a bundled data set's training and test rows, each in random order."""
    if config.name == movielens.NAME:
        return movielens.split(config.train_fraction, config.seed, config.n_samples)
    bundle = bundled.read(config.name)
    classes, seed = bundle.classes, config.seed
    if bundle.is_train is None:
        every = np.arange(len(classes))
        chosen, _ = stratified(every, classes, config.n_samples, seed, SUBSET)
        n_train = round(len(chosen) * config.train_fraction)
        return stratified(chosen, classes, n_train, seed, DIVIDE)
    own, others = np.flatnonzero(bundle.is_train), np.flatnonzero(~bundle.is_train)
    count = min(config.n_samples, len(classes))
    n_train = round(count * len(own) / len(classes))
    train, _ = stratified(own, classes, n_train, seed, DIVIDE)
    test, _ = stratified(others, classes, count - n_train, seed, SUBSET)
    return train, test

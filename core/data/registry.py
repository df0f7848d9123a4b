"""All data sets by name, one record each, and how a configuration becomes a Dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.data import bundled, synthetic
from core.data.dataset import Dataset
from core.data.preprocessing import Features, Identity, Preprocessing, Scale, Standardize
from core.data.splits import DIVIDE, ORDER, SUBSET, stratified
from core.experiment import OWN_TABLE, DataConfig, OwnTable
from core.maths.random import SPLIT, permutation
from core.maths.registry import get, shown
from core.refusals import Refusal

Generator = Callable[[int, float, int, int], synthetic.Sample]
Kind = Literal["plane", "curve", "table", "image"]
Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class DatasetRecord:
    """What is known of a data set before it is loaded.

    kind: "plane" (2-D points), "curve" (1-D), "table" or "image".
    classes: number of classes; 0 for regression, None where DataConfig.classes says.
    n_samples: a good number to begin with; available: all there are, None where any can be made.
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
    name: str, label: str, kind: Kind, classes: int, available: int, description: str
) -> DatasetRecord:
    return DatasetRecord(
        name, label, kind, "classification", classes, available, description, None, available
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
    )
}


def record_of(config: DataConfig) -> DatasetRecord:
    """What is known of the data that a configuration names, a person's own table included."""
    if config.name != OWN_TABLE:
        return get(DATASETS, config.name, "dataset")
    table, usual = own_table(config), DataConfig().n_samples
    task: Task = "classification" if table.classes else "regression"
    return DatasetRecord(OWN_TABLE, table.file, "table", task, table.classes, usual, table.file)


def own_table(config: DataConfig) -> OwnTable:
    """Which table a configuration names, and how it is used."""
    return OwnTable.from_json(config.table) if config.table else OwnTable()


def load_dataset(config: DataConfig) -> Dataset:
    """Make or read the data that a configuration names. Same configuration, same bits.

    Bundled data give at most the rows that they have, classes in proportion, and know no noise.
    Raises ValueError for a name that is not known, and for a person's own table, whose rows are
    not in the configuration: make its dataset by `core.data.tables` and give it to the trainer.
    """
    if config.name == OWN_TABLE:
        raise Refusal(
            "The rows of the table {file} are not in the experiment: give them as dataset.",
            file=shown(own_table(config).file),
        )
    record = get(DATASETS, config.name, "dataset")
    return _generated(record, config) if record.generate else _read(record, config)


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
    preprocessing: Preprocessing = Identity()
    names: tuple[str, ...] = ("x1",)
    if record.kind == "plane":
        names = tuple(config.features)
        preprocessing = Features(names)
    X = preprocessing.transform(points)
    return Dataset(
        *_cut(X, cut, y),
        task=record.task,
        feature_names=names,
        class_names=tuple(map(str, range(classes))),
        preprocessing=preprocessing,
        points_train=points[:cut].copy(),
        points_test=points[cut:].copy(),
        source=config,
    )


def _cut(X: NDArray, cut: int, y: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Training and test rows, as arrays of their own."""
    return X[:cut].copy(), y[:cut].copy(), X[cut:].copy(), y[cut:].copy()


def _read(record: DatasetRecord, config: DataConfig) -> Dataset:
    """A bundled data set, or a part of it, split with every class in proportion."""
    bundle = bundled.read(record.name)
    every = np.arange(len(bundle.classes))
    chosen, _ = stratified(every, bundle.classes, config.n_samples, config.seed, SUBSET)
    n_train = round(len(chosen) * config.train_fraction)
    train, test = stratified(chosen, bundle.classes, n_train, config.seed, DIVIDE)
    raw_train = bundle.raw[train].astype(np.float64)
    preprocessing: Preprocessing = (
        Standardize.fit(raw_train) if bundle.divisor is None else Scale(bundle.divisor)
    )
    return Dataset(
        preprocessing.transform(raw_train),
        bundle.classes[train].astype(np.float32),
        preprocessing.transform(bundle.raw[test]),
        bundle.classes[test].astype(np.float32),
        task=record.task,
        feature_names=bundle.column_names,
        class_names=bundle.class_names,
        preprocessing=preprocessing,
        image_shape=bundle.image_shape,
        source=config,
    )

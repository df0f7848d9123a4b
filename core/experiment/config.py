"""`Experiment` and its parts: what a run is made of, frozen and validated.

Names and ranges are checked here; whether loss, sizes and data fit together is checked by the
trainer, against the data in use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

from pydantic import ValidationInfo, field_validator

from core.experiment.fields import (
    Flag,
    Instance,
    OneOf,
    Options,
    TupleOf,
    Within,
    WordOrNumbers,
    config,
)
from core.experiment.formulas import FormulaText
from core.experiment.own import TableText
from core.experiment.points import PointsText
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.maths.initializers import INITIALIZERS
from core.maths.limits import Limits
from core.maths.losses import LOSSES
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from core.maths.options import Value
from core.maths.registry import check_name, shown
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES
from core.refusals import Refusal, Sentence

FORMAT_VERSION = 1

DATASET_NAMES = (
    *("circle", "xor", "gauss", "spiral", "moons", "blobs", "rings", "checkerboard"),
    "boundary",
    *("plane", "multi_gauss"),
    *("sine", "step"),
    *("iris", "wine", "breast_cancer", "digits"),
    "mnist_5k",
    *("letters", "vowel", "food_reviews"),
    *("diabetes", "movielens"),
)
BOUNDARY = "boundary"
"""The name of data of two classes above and below a line that a person typed."""

DRAWINGS = DRAWN, SKETCHED = "drawn", "sketched"
"""Names of data whose points a person drew: classes in the plane, a curve."""

OWN_TABLE = "table"
"""The name of data that are a person's own table; `DataConfig.table` says which."""
OWN_PICTURES = "pictures"
"""The name of data that are a person's own pictures; `DataConfig.table` says which as well."""
OWN_NAMES = (OWN_TABLE, OWN_PICTURES)

FEATURES = ("x1", "x2", "x1_squared", "x2_squared", "x1_x2", "sin_x1", "sin_x2")


class Owner(NamedTuple):
    """Where options belong: the part of the experiment, its field that names a record, and the
    registry of the record.
    """

    part: str
    field: str
    registry: Mapping[str, Any]


# Fields that hold the options of a record.
OPTIONS_OF: Mapping[str, Owner] = {
    "initializer_options": Owner("network", "initializer", INITIALIZERS),
    "optimizer_options": Owner("training", "optimizer", OPTIMIZERS),
    "schedule_options": Owner("training", "schedule", SCHEDULES),
}

MOST_LAYERS = 64
MOST_WEIGHTS = 2**30  # between hidden layers: 4 GiB of float32

SEED = Within(Limits(0, 2**53 - 1, whole=True))  # exact in JSON and JavaScript
RATE = Within(Limits(0.0, 1000.0))
PATIENCE = Limits(1, 1_000_000, whole=True)  # epochs
CLASS_WEIGHTS = ("none", "balanced")
CLIP = Within(Limits(1e-6, 1e6), optional=True)


@config
class DataConfig:
    """Which data: a name, its size and noise, and for 2-D data the features made of x1 and x2.

    noise: a fraction, 0 to 0.5. train_fraction: the training set's share, where the data set has no
    split of its own. validation_fraction: of the training rows, the share that is held back for
    validation, by the rule of the split. classes: of `blobs` only.
    table: of a person's own table or pictures, which file it is and how it is used, see
    `own.OwnTable`; its rows travel with nobody, so that such data are given to the trainer as its
    dataset.
    formula: of `boundary` only, f(x1): class 1 lies above it, see `formulas`.
    points: of `drawn` and `sketched` only, all that was drawn, see `points`.
    """

    name: Annotated[str, OneOf("dataset name", (*DATASET_NAMES, *DRAWINGS, *OWN_NAMES))] = "circle"
    n_samples: Annotated[int, Within(Limits(10, 1_000_000, whole=True))] = 500
    noise: Annotated[float, Within(Limits(0.0, 0.5))] = 0.0
    train_fraction: Annotated[float, Within(Limits(0.1, 0.9))] = 0.5
    features: Annotated[
        tuple[str, ...], TupleOf(OneOf("feature", FEATURES), 1, len(FEATURES), distinct=True)
    ] = ("x1", "x2")
    classes: Annotated[int, Within(Limits(2, 8, whole=True))] = 3
    seed: Annotated[int, SEED] = 0
    table: Annotated[str, TableText()] = ""
    formula: Annotated[str, FormulaText()] = "3*sin(x)"
    points: Annotated[str, PointsText()] = ""
    validation_fraction: Annotated[float, Within(Limits(0.0, 0.5))] = 0.0

    @property
    def is_own(self) -> bool:
        """Whether these are a person's own data, which are not in the configuration."""
        return self.name in OWN_NAMES


@config
class Dense:
    """One hidden layer. dropout: the fraction of its outputs dropped while training.

    normalization: of what the activation reads, see `core.maths.normalizations`.
    """

    units: Annotated[int, Within(Limits(1, 65_536, whole=True))] = 4
    activation: Annotated[str, OneOf("activation", ACTIVATIONS)] = "tanh"
    dropout: Annotated[float, Within(Limits(0.0, 1.0, open_high=True))] = 0.0
    normalization: Annotated[str, OneOf("normalization", NORMALIZATIONS)] = "none"


@config
class NetworkConfig:
    """The hidden layers, how they start, and the output activation; its size follows from the data.

    output_activation: "auto" (sigmoid, softmax or linear, as loss and data ask), or a name.
    initializer_options: by name; those not given take Keras's defaults.
    """

    layers: Annotated[tuple[Dense, ...], TupleOf(Instance(Dense), 0, MOST_LAYERS)] = (
        Dense(4),
        Dense(2),
    )
    initializer: Annotated[str, OneOf("initializer", INITIALIZERS)] = "glorot_uniform"
    output_activation: Annotated[str, OneOf("output activation", ("auto", *OUTPUT_ACTIVATIONS))] = (
        "auto"
    )
    initializer_options: Mapping[str, Value] = Options()

    @field_validator("initializer_options", mode="plain")
    @classmethod
    def _options_of_the_initializer(cls, given: object, info: ValidationInfo) -> Options:
        return _checked_options(given, info)

    @field_validator("layers")
    @classmethod
    def _fits_memory(cls, layers: tuple[Dense, ...]) -> tuple[Dense, ...]:
        weights = sum(below.units * above.units for below, above in pairwise(layers))
        if weights > MOST_WEIGHTS:
            raise Refusal(
                "layers of {units} units hold {weights} weights; at most {most} are possible.",
                units=", ".join(str(layer.units) for layer in layers),
                weights=weights,
                most=MOST_WEIGHTS,
            )
        return layers


@config
class TrainingConfig:
    """How the network learns.

    optimizer_options, schedule_options: by name; those not given take Keras's defaults.
    learning_rate: what the schedule starts from. label_smoothing acts on the targets of the
    cross-entropies in training only: recorded batch losses have it, evaluations do not.
    input_noise: standard deviation of the normal noise on what the network is fed in training.
    max_norm: after each step the weights into a unit are scaled down to this norm at most.
    translation, rotation, zoom, cutout: of images, how far each is moved (pixels, both ways),
    turned (degrees) and scaled (a fraction) at most, and the side of a square cut out of it
    (pixels), all drawn anew for every sample of every step, as Keras's RandomTranslation,
    RandomRotation and RandomZoom do, which count in fractions of a side or a turn; what comes from
    outside of the image is background.
    mixup: alpha of the distribution Beta(alpha, alpha) of the share that a sample keeps when it is
    mixed with another of its batch, targets and all (Zhang et al. 2018; Keras's MixUp); 0 is off.
    All of these act in training only, images before mixtures, mixtures before input noise.
    class_weight: what each sample's loss is multiplied by: "none", "balanced" (scikit-learn's
    n / (k * count) over the training rows) or one number a class. As in Keras the mean still
    divides by the number of samples (PyTorch's weight= divides by the sum of the weights), and it
    acts in training only: recorded batch losses have it, evaluations do not.
    early_stopping: Keras's patience: the run stops after so many epochs without a smaller
    validation loss (test loss, where nothing is held back for validation; training loss, where
    there are no test samples either), or None. What counts is one smaller by
    more than early_stopping_min_delta; epochs before start_from_epoch (from 0) are not looked at;
    restore_best_weights (on here, off in Keras) brings back those of the best epoch's end.
    """

    loss: Annotated[str, OneOf("loss", LOSSES)] = "binary_crossentropy"
    optimizer: Annotated[str, OneOf("optimizer", OPTIMIZERS)] = "adam"
    learning_rate: Annotated[float, RATE] = 0.01
    batch_size: Annotated[int, Within(Limits(1, 65_536, whole=True))] = 10
    optimizer_options: Mapping[str, Value] = Options()
    regularizer: Annotated[str, OneOf("regularizer", REGULARIZERS)] = "none"
    regularization_rate: Annotated[float, RATE] = 0.0
    schedule: Annotated[str, OneOf("schedule", SCHEDULES)] = "constant"
    clip_norm: Annotated[float | None, CLIP] = None
    clip_value: Annotated[float | None, CLIP] = None
    global_clip_norm: Annotated[float | None, CLIP] = None
    label_smoothing: Annotated[float, Within(Limits(0.0, 1.0, open_high=True))] = 0.0
    schedule_options: Mapping[str, Value] = Options()
    max_norm: Annotated[float | None, CLIP] = None
    input_noise: Annotated[float, Within(Limits(0.0, 100.0))] = 0.0
    class_weight: Annotated[
        str | tuple[float, ...],
        WordOrNumbers("class weight", CLASS_WEIGHTS, Limits(0.0, 1e6), 2, 65_536),
    ] = "none"
    early_stopping: Annotated[int | None, Within(PATIENCE, optional=True)] = None
    early_stopping_min_delta: Annotated[float, Within(Limits(0.0, 1e6))] = 0.0
    restore_best_weights: Annotated[bool, Flag()] = True
    start_from_epoch: Annotated[int, Within(Limits(0, 1_000_000, whole=True))] = 0
    translation: Annotated[float, Within(Limits(0.0, 1000.0))] = 0.0
    rotation: Annotated[float, Within(Limits(0.0, 180.0))] = 0.0
    zoom: Annotated[float, Within(Limits(0.0, 0.9))] = 0.0
    cutout: Annotated[int, Within(Limits(0, 1000, whole=True))] = 0
    mixup: Annotated[float, Within(Limits(0.0, 100.0))] = 0.0

    @field_validator("optimizer_options", "schedule_options", mode="plain")
    @classmethod
    def _options_of_the_record(cls, given: object, info: ValidationInfo) -> Options:
        return _checked_options(given, info)


def _checked_options(given: object, info: ValidationInfo) -> Options:
    """The options of the record that another field names: see OPTIONS_OF."""
    field = str(info.field_name)
    owner = OPTIONS_OF[field]
    chosen = info.data.get(owner.field)
    if chosen is None:  # it was refused, and that is what the sentence will be about
        return Options()
    if not isinstance(given, Mapping):
        raise Refusal(
            "{field} is {value}; it must be a mapping of option names to numbers.",
            field=field,
            value=shown(given),
        )
    known = owner.registry[chosen].options
    whose = Sentence("{name} in {options}", name=chosen, options=field)
    for name in given:
        check_name(known, name, "option", whose)
    ordered = (name for name in known if name in given)  # so that equal options read the same
    return Options({name: known[name].check(name, given[name]) for name in ordered})


@config
class Experiment:
    """Everything that determines a run: data, network, training and seed.

    seed: of weights, shuffles and dropout; the data has its own.
    """

    data: Annotated[DataConfig, Instance(DataConfig)] = DataConfig()
    network: Annotated[NetworkConfig, Instance(NetworkConfig)] = NetworkConfig()
    training: Annotated[TrainingConfig, Instance(TrainingConfig)] = TrainingConfig()
    seed: Annotated[int, SEED] = 0

    def to_mapping(self) -> dict[str, Any]:
        """Return plain dicts, lists, numbers and text, with the version of the format."""
        return {"version": FORMAT_VERSION, **_plain(self)}

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the experiment as JSON."""
        separators = (",", ":") if indent is None else None
        return json.dumps(self.to_mapping(), indent=indent, separators=separators)

    @classmethod
    def from_json(cls, text: str | bytes) -> Experiment:
        """Read what `to_json` wrote; missing fields take their defaults.

        Raises ValueError with the first problem in words; `read_experiment` keeps what is valid.
        """
        from core.experiment.reading import read_experiment

        experiment, problems = read_experiment(text)
        if problems:
            raise Refusal(problems[0])
        return experiment


def _plain(value: Any) -> Any:
    if hasattr(value, "__pydantic_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__pydantic_fields__}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def limits(name: str) -> tuple[float, float]:
    """Return the lowest and highest value of a numeric field, `limits("batch_size") == (1, 65536)`.

    The highest value itself is excluded for `dropout` and `label_smoothing`.
    Raises ValueError for a field that is unknown or no number.
    """
    check_name(LIMITS, name, "numeric field")
    return LIMITS[name].low, LIMITS[name].high


_PARTS: tuple[Any, ...] = (DataConfig, Dense, NetworkConfig, TrainingConfig, Experiment)

LIMITS: Mapping[str, Limits] = {
    name: check.limits
    for part in _PARTS
    for name, field in part.__pydantic_fields__.items()
    for check in field.metadata
    if isinstance(check, Within)
}

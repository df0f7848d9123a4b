"""Which settings apply at once and which need a new network: decisions only, nothing drawn.

A setting is named by its path into the experiment: ("training", "learning_rate"),
("network", "layers", 0, "units"), ("training", "optimizer_options", "beta_1").
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from core.data.augmentation import misfits
from core.data.weights import check_class_weight
from core.edits import LIVE_FIELDS, with_schedule
from core.experiment import (
    DRAWINGS,
    OPTIONS_OF,
    OWN_NAMES,
    OWN_PICTURES,
    OWN_TABLE,
    DataConfig,
    Dense,
    Experiment,
    NetworkConfig,
    TrainingConfig,
)
from core.maths.optimizers import AT_THE_START
from core.refusals import Refusal, Sentence

Path = tuple[str | int, ...]

MAX_LAYERS, MAX_UNITS = 16, 1024
"""What the page builds at most; the core takes more."""

NEW_LAYER = Dense(2)
"""What Add layer adds: two neurons of tanh, as in TensorFlow Playground."""

USUAL_LAYERS = NetworkConfig().layers
USUAL_BATCH, LARGEST_BATCH, MOST_STEPS = TrainingConfig().batch_size, 1024, 200
"""Samples of a mini-batch at first, of a large table's at most, and steps of a table's epoch."""

FITTING_LAYERS: dict[str, tuple[Dense, ...]] = {
    "spiral": (Dense(8, "silu"), Dense(8, "silu")),
    "checkerboard": (Dense(8, "silu"), Dense(8, "silu")),
    "multi_gauss": (Dense(16, "relu"), Dense(16, "relu")),
    "digits": (Dense(32, "relu"),),
    "mnist_5k": (Dense(32, "relu"),),
    OWN_TABLE: (Dense(16, "relu"), Dense(8, "relu")),
    OWN_PICTURES: (Dense(32, "relu"),),
    "letters": (Dense(64, "relu"),),
    "vowel": (Dense(22, "tanh"),),
}
"""Hidden layers that learn a data set on which the usual ones fail, within 5000 steps or so."""


@dataclass(frozen=True)
class Change:
    """What it takes to go from one experiment to another.

    live: fields for Trainer.change, when that is all it takes.
    paths: every setting that differs, in the experiment's order.
    rebuild: whether a new network is needed.
    """

    live: dict[str, Any] = field(default_factory=dict)
    paths: tuple[Path, ...] = ()
    rebuild: bool = False


def read(config: Any, path: Path) -> Any:
    """The value of a setting."""
    for part in path:
        if isinstance(config, Mapping | tuple):
            config = config[part]  # type: ignore[index]
        else:
            config = getattr(config, str(part))
    return config


def write(config: Any, path: Path, value: Any) -> Any:
    """The same configuration with one setting changed. Raises ValueError if it is not valid."""
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(config, tuple):
        return tuple(
            write(part, rest, value) if i == head else part for i, part in enumerate(config)
        )
    if isinstance(config, Mapping):
        return {**config, head: write(config.get(head), rest, value)}
    return replace(config, **{str(head): write(getattr(config, str(head)), rest, value)})


def applies_at_once(path: Path) -> bool:
    """Whether a change of this setting leaves the network as it is."""
    if path[0] == "training":
        if path[1] in OPTIONS_OF:
            return path[2] not in AT_THE_START
        return path[1] in LIVE_FIELDS
    return path[-1] == "dropout"


def compare(old: Experiment, new: Experiment) -> Change:
    """What it takes to go from the running experiment to another."""
    before, after = _flat(old), _flat(new)
    paths = tuple(path for path in {**before, **after} if before.get(path) != after.get(path))
    rebuild = any(not applies_at_once(path) for path in paths) or (
        len(old.network.layers) != len(new.network.layers)
    )
    live: dict[str, Any] = {}
    for path in paths if not rebuild else ():
        if path[-1] == "dropout":
            live["dropout"] = tuple(layer.dropout for layer in new.network.layers)
        elif path in after:  # else an option that went with the schedule it belonged to
            live[str(path[-1])] = after[path]
    return Change(live, paths, rebuild)


def _flat(experiment: Experiment) -> dict[Path, Any]:
    """Every setting by its path; options with their defaults filled in."""
    leaves = _leaves(experiment, ())
    flat = {path: value for path, value in leaves.items() if path[-1] not in OPTIONS_OF}
    for field_, owner in OPTIONS_OF.items():
        config = getattr(experiment, owner.part)
        for name, option in owner.registry[getattr(config, owner.field)].options.items():
            value = getattr(config, field_).get(name, option.default)
            flat[owner.part, field_, name] = value
    return flat


def _leaves(value: Any, path: Path) -> dict[Path, Any]:
    if is_dataclass(value):
        parts: list[tuple[str | int, Any]] = [
            (part.name, getattr(value, part.name)) for part in fields(value)
        ]
    elif isinstance(value, tuple) and any(is_dataclass(part) for part in value):
        parts = list(enumerate(value))
    else:
        return {path: value}
    leaves: dict[Path, Any] = {}
    for name, part in parts:
        leaves |= _leaves(part, (*path, name))
    return leaves


def edited(experiment: Experiment, path: Path, value: Any) -> Experiment:
    """The experiment after one setting was changed by hand, what hangs on it adjusted with it.

    Another data set brings its usual number of samples, a loss that suits it and, for images and
    the like, a network that can learn them, and takes away what of training does not fit it;
    another optimizer, schedule or initializer brings its own options, a schedule keeps those that
    it shares with the one before. Raises ValueError if the value is not valid.
    """
    if path == ("training", "optimizer"):
        training = replace(experiment.training, optimizer=value, optimizer_options={})
        return replace(experiment, training=training)
    if path == ("training", "schedule"):
        return replace(experiment, training=with_schedule(experiment.training, value))
    if path == ("network", "initializer"):
        network = replace(experiment.network, initializer=value, initializer_options={})
        return replace(experiment, network=network)
    if path == ("data", "name"):
        return with_data(experiment, value)
    new: Experiment = write(experiment, path, value)
    if path == ("training", "loss"):
        new, _ = with_fitting_augmentation(new)
    return _suiting(experiment, new) if path == ("data", "classes") else new


def with_data(experiment: Experiment, name: str, formula: str = "", points: str = "") -> Experiment:
    """The experiment on other data, what hangs on them adjusted as by `edited`.

    formula, points: of a line that was typed, of a drawing; the usual ones where they are left out.
    """
    new: Experiment = write(experiment, ("data", "name"), name)
    if name not in OWN_NAMES:
        new = _without_table(new)
    data = replace(new.data, formula=formula or DataConfig().formula, points=points)
    return _suiting(experiment, replace(new, data=data))


def _suiting(old: Experiment, new: Experiment) -> Experiment:
    """With samples, loss, layers and the rest of training as other data want them."""
    new = _usual_samples(old, new)
    new = write(new, ("training", "loss"), suitable_loss(new, n_classes(old)))
    new = write(new, ("network", "layers"), suitable_layers(old, new))
    new, _ = with_fitting_training(new)
    return new


def with_table(experiment: Experiment, data: DataConfig) -> Experiment:
    """The experiment on a person's own table, with a loss, layers and batches that suit it."""
    before = n_classes(experiment)
    new = replace(experiment, data=data)
    new = write(new, ("training", "loss"), suitable_loss(new, before))
    new = write(new, ("network", "layers"), suitable_layers(experiment, new))
    if experiment.training.batch_size in (USUAL_BATCH, fitting_batch(experiment)):
        new = write(new, ("training", "batch_size"), fitting_batch(new))
    new, _ = with_fitting_training(new)
    return new


def _without_table(new: Experiment) -> Experiment:
    """The experiment on other data than a table: what only the table brought is taken back."""
    if new.training.batch_size == fitting_batch(new):
        new = write(new, ("training", "batch_size"), USUAL_BATCH)
    return write(new, ("data", "table"), "")


def fitting_batch(experiment: Experiment) -> int:
    """Samples of a mini-batch for a table: so many that an epoch has some hundred steps at most."""
    from core.data import own_table

    wanted = own_table(experiment.data).rows // MOST_STEPS
    return min(max(2 ** max(wanted.bit_length() - 1, 0), USUAL_BATCH), LARGEST_BATCH)


ODD_STEP = 0.3717
"""Share of a rate that a press of its + or - adds: nobody types just that by hand."""


def on_ladder(ladder: Sequence[float], before: float, value: float) -> float:
    """A rate from a field whose + and - climb a ladder: 0.01, 0.03, 0.1 instead of 0.01, 0.02.

    before: what the field showed; value: what it shows now. A value that is off by ODD_STEP was
    reached by a press and becomes the next rung; any other was typed and stays.
    """
    step = rate_step(ladder, before)
    if math.isclose(value, before + step, rel_tol=1e-6):
        return min((rung for rung in ladder if rung > before * (1 + 1e-9)), default=before)
    if math.isclose(value, max(before - step, 0.0), rel_tol=1e-6, abs_tol=1e-12):
        return max((rung for rung in ladder if rung < before * (1 - 1e-9)), default=before)
    return value


def rate_step(ladder: Sequence[float], value: float) -> float:
    """What a press of + or - adds to a rate, until it is taken to the next rung."""
    return ODD_STEP * (value or min(rung for rung in ladder if rung))


def fitting_losses(experiment: Experiment) -> list[str]:
    """Names of the losses that suit the data set's task."""
    from core.data import record_of
    from core.maths.losses import LOSSES

    task = record_of(experiment.data).task
    return [name for name, loss in LOSSES.items() if task in loss.tasks]


def n_classes(experiment: Experiment) -> int:
    """Number of classes of the data set; 0 for regression."""
    from core.data import record_of

    classes = record_of(experiment.data).classes
    return experiment.data.classes if classes is None else classes


def with_fitting_class_weight(experiment: Experiment) -> tuple[Experiment, list[Sentence]]:
    """The experiment, without class weights that do not fit its data, and why they do not."""
    from core.data import record_of

    task, chosen = record_of(experiment.data).task, experiment.training.class_weight
    try:
        check_class_weight(task, n_classes(experiment), chosen)
    except Refusal as refusal:
        training = replace(experiment.training, class_weight="none")
        return replace(experiment, training=training), [refusal.sentence]
    return experiment, []


def with_fitting_augmentation(experiment: Experiment) -> tuple[Experiment, list[Sentence]]:
    """The experiment, without augmentation that does not fit it, and why it does not."""
    from core.data import record_of

    training, kind = experiment.training, record_of(experiment.data).kind
    found = misfits(training, is_image=kind == "image", is_sparse=kind == "ratings")
    off: dict[str, Any] = dict.fromkeys(found, 0)
    return replace(experiment, training=replace(training, **off)), list(found.values())


def with_fitting_validation(experiment: Experiment) -> tuple[Experiment, list[Sentence]]:
    """The experiment, without a validation part of a drawing, and why it has none.

    What is held back is not shown on the output: a point would vanish as soon as it is drawn.
    """
    data = experiment.data
    if data.name not in DRAWINGS or not data.validation_fraction:
        return experiment, []
    why = Sentence("Nothing of a drawing is held back for validation: all its points are shown.")
    return replace(experiment, data=replace(data, validation_fraction=0.0)), [why]


def with_fitting_training(experiment: Experiment) -> tuple[Experiment, list[Sentence]]:
    """The experiment, without what of training does not fit its data, and why it does not."""
    new, problems = with_fitting_class_weight(experiment)
    new, more = with_fitting_augmentation(new)
    new, last = with_fitting_validation(new)
    return new, [*problems, *more, *last]


def usual_loss(experiment: Experiment) -> str:
    """The loss that its data set usually goes with."""
    classes = n_classes(experiment)
    if not classes:
        return "mean_squared_error"
    return "binary_crossentropy" if classes == 2 else "categorical_crossentropy"


def suitable_loss(experiment: Experiment, classes_before: int) -> str:
    """The experiment's loss, or the usual one if the data set asks for another.

    The two cross-entropies stand for each other, as there are two classes or more. What was
    right for values is not taken along to classes: a squared error would fit, but learn worse.
    """
    loss = experiment.training.loss
    comes_from_values = not classes_before and n_classes(experiment) > 0
    fits = loss in fitting_losses(experiment) and not comes_from_values
    return usual_loss(experiment) if not fits or loss.endswith("crossentropy") else loss


def suitable_layers(old: Experiment, new: Experiment) -> tuple[Dense, ...]:
    """The hidden layers to take to another data set: those in use, if a person has built them.

    Images, letters, vowels and own tables bring layers of their own in place of the usual ones,
    which would learn little, and take them away again. In the plane one may want to see a small
    network fail.
    """
    layers = old.network.layers
    if layers not in (USUAL_LAYERS, fitting_layers(old)):
        return layers
    if _brings_layers(new):
        return fitting_layers(new)
    return USUAL_LAYERS if _brings_layers(old) else layers


def fitting_layers(experiment: Experiment) -> tuple[Dense, ...]:
    """Hidden layers that learn the data set well enough."""
    return FITTING_LAYERS.get(experiment.data.name, USUAL_LAYERS)


def _brings_layers(experiment: Experiment) -> bool:
    from core.data import record_of

    name = experiment.data.name
    return name in FITTING_LAYERS and record_of(experiment.data).kind != "plane"


def advised_layers(experiment: Experiment) -> tuple[Dense, ...] | None:
    """Hidden layers worth a try where the usual ones are in use and fail; else None."""
    fitting, is_usual = fitting_layers(experiment), experiment.network.layers == USUAL_LAYERS
    return fitting if is_usual and fitting != USUAL_LAYERS else None


def with_layers(experiment: Experiment, layers: tuple[Dense, ...]) -> Experiment:
    """With other hidden layers."""
    network = replace(experiment.network, layers=layers)
    return replace(experiment, network=network)


def usual_samples(experiment: Experiment) -> int:
    """The number of samples that its data set usually has."""
    from core.data import record_of

    return record_of(experiment.data).n_samples


def _usual_samples(old: Experiment, new: Experiment) -> Experiment:
    """Take a data set's usual number of samples, unless a number was chosen by hand."""
    from core.data import record_of

    before, after = record_of(old.data), record_of(new.data)
    n_samples = new.data.n_samples
    if n_samples == before.n_samples:
        n_samples = after.n_samples
    return write(new, ("data", "n_samples"), min(n_samples, after.available or n_samples))


def with_layer_added(experiment: Experiment) -> Experiment:
    """One more hidden layer before the output."""
    layers = experiment.network.layers
    if len(layers) >= MAX_LAYERS:
        return experiment
    like = layers[-1].activation if layers else NEW_LAYER.activation
    return write(experiment, ("network", "layers"), (*layers, replace(NEW_LAYER, activation=like)))


def with_units(experiment: Experiment, layer: int, delta: int) -> Experiment:
    """With more neurons in a hidden layer, or fewer; at least one stays."""
    path: Path = ("network", "layers", layer, "units")
    units = read(experiment, path)
    return write(experiment, path, min(max(units + delta, 1), max(units, MAX_UNITS)))


def with_feature_toggled(experiment: Experiment, name: str) -> Experiment:
    """With a feature of 2-D data fed to the network, or no longer."""
    chosen = set(experiment.data.features) ^ {name}
    return write(experiment, ("data", "features"), in_order(chosen))


def in_order(features: Collection[str]) -> tuple[str, ...]:
    """Features in their usual order."""
    from core.data.features import FEATURES

    return tuple(name for name in FEATURES if name in features)


def with_other_weights(experiment: Experiment) -> Experiment:
    """The same network from other initial weights."""
    return replace(experiment, seed=experiment.seed + 1)


def with_other_samples(experiment: Experiment) -> Experiment:
    """The same data set, drawn anew."""
    return write(experiment, ("data", "seed"), experiment.data.seed + 1)


def with_layer_removed(experiment: Experiment, layer: int) -> Experiment:
    """Without one hidden layer (0 is the first; -1 the last)."""
    layers = list(experiment.network.layers)
    if layers:
        del layers[layer]
    return write(experiment, ("network", "layers"), tuple(layers))

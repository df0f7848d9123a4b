"""The experiment after something was changed by hand, what hangs on it adjusted with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from core.edits import with_schedule
from core.experiment import (
    OWN_NAMES,
    DataConfig,
    Dense,
    Experiment,
)
from playground.changes.compared import Path, read, write
from playground.changes.fitting import (
    USUAL_BATCH,
    fitting_batch,
    n_classes,
    suitable_layers,
    suitable_loss,
    with_fitting_augmentation,
    with_fitting_training,
)

MAX_LAYERS, MAX_UNITS = 16, 1024
"""What the page builds at most; the core takes more."""

NEW_LAYER = Dense(2)
"""What Add layer adds: two neurons of tanh, as in TensorFlow Playground."""


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


def _suiting(old: Experiment, new: Experiment) -> Experiment:
    """With samples, loss, layers and the rest of training as other data want them."""
    new = _usual_samples(old, new)
    new = write(new, ("training", "loss"), suitable_loss(new, n_classes(old)))
    new = write(new, ("network", "layers"), suitable_layers(old, new))
    new, _ = with_fitting_training(new)
    return new


def _usual_samples(old: Experiment, new: Experiment) -> Experiment:
    """Take a data set's usual number of samples, unless a number was chosen by hand."""
    from core.data import record_of

    before, after = record_of(old.data), record_of(new.data)
    n_samples = new.data.n_samples
    if n_samples == before.n_samples:
        n_samples = after.n_samples
    return write(new, ("data", "n_samples"), min(n_samples, after.available or n_samples))


def _without_table(new: Experiment) -> Experiment:
    """The experiment on other data than a table: what only the table brought is taken back."""
    if new.training.batch_size == fitting_batch(new):
        new = write(new, ("training", "batch_size"), USUAL_BATCH)
    return write(new, ("data", "table"), "")


def with_layers(experiment: Experiment, layers: tuple[Dense, ...]) -> Experiment:
    """With other hidden layers."""
    network = replace(experiment.network, layers=layers)
    return replace(experiment, network=network)


def with_layer_added(experiment: Experiment) -> Experiment:
    """One more hidden layer before the output."""
    layers = experiment.network.layers
    if len(layers) >= MAX_LAYERS:
        return experiment
    like = layers[-1].activation if layers else NEW_LAYER.activation
    return write(experiment, ("network", "layers"), (*layers, replace(NEW_LAYER, activation=like)))


def with_layer_removed(experiment: Experiment, layer: int) -> Experiment:
    """Without one hidden layer (0 is the first; -1 the last)."""
    layers = list(experiment.network.layers)
    if layers:
        del layers[layer]
    return write(experiment, ("network", "layers"), tuple(layers))


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

"""What suits a data set: losses, layers, batches, and what of training does not fit it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.data.augmentation import misfits
from core.data.weights import check_class_weight
from core.experiment import (
    DRAWINGS,
    OWN_PICTURES,
    OWN_TABLE,
    Dense,
    Experiment,
    NetworkConfig,
    TrainingConfig,
)
from core.refusals import Refusal, Sentence

USUAL_BATCH, LARGEST_BATCH, MOST_STEPS = TrainingConfig().batch_size, 1024, 200
"""Samples of a mini-batch at first, of a large table's at most, and steps of a table's epoch."""

USUAL_LAYERS = NetworkConfig().layers

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


def n_classes(experiment: Experiment) -> int:
    """Number of classes of the data set; 0 for regression."""
    from core.data import record_of

    classes = record_of(experiment.data).classes
    return experiment.data.classes if classes is None else classes


def fitting_losses(experiment: Experiment) -> list[str]:
    """Names of the losses that suit the data set's task."""
    from core.data import record_of
    from core.maths.losses import LOSSES

    task = record_of(experiment.data).task
    return [name for name, loss in LOSSES.items() if task in loss.tasks]


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


def fitting_layers(experiment: Experiment) -> tuple[Dense, ...]:
    """Hidden layers that learn the data set well enough."""
    return FITTING_LAYERS.get(experiment.data.name, USUAL_LAYERS)


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


def _brings_layers(experiment: Experiment) -> bool:
    from core.data import record_of

    name = experiment.data.name
    return name in FITTING_LAYERS and record_of(experiment.data).kind != "plane"


def advised_layers(experiment: Experiment) -> tuple[Dense, ...] | None:
    """Hidden layers worth a try where the usual ones are in use and fail; else None."""
    fitting, is_usual = fitting_layers(experiment), experiment.network.layers == USUAL_LAYERS
    return fitting if is_usual and fitting != USUAL_LAYERS else None


def usual_samples(experiment: Experiment) -> int:
    """The number of samples that its data set usually has."""
    from core.data import record_of

    return record_of(experiment.data).n_samples


def fitting_batch(experiment: Experiment) -> int:
    """Samples of a mini-batch for a table: so many that an epoch has some hundred steps at most."""
    from core.data import own_table

    wanted = own_table(experiment.data).rows // MOST_STEPS
    return min(max(2 ** max(wanted.bit_length() - 1, 0), USUAL_BATCH), LARGEST_BATCH)


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

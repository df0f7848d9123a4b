"""What a run is, as data: from this alone every number of it follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.edits import Edit, Settings, settings_after
from core.experiment import Experiment
from core.maths import random
from core.maths.initializers import INITIALIZERS
from core.maths.normalizations import NORMALIZATIONS

if TYPE_CHECKING:
    from core.engine.layout import Layout


@dataclass(frozen=True)
class Run:
    """An experiment, the edits that were made, and how far it came: `Trainer.replay` repeats it.

    experiment: what it began with. edits: in order, none later than step_count; None if they are
    not known, the experiment then holds the settings as they stood.
    own_data: it learnt from a person's own arrays, of which experiment.data says nothing or, of a
    table, which it was.
    own_weights: it began with weights that were given, not with those of experiment.seed.
    """

    experiment: Experiment
    edits: tuple[Edit, ...] | None = ()
    step_count: int = 0
    own_data: bool = False
    own_weights: bool = False

    @cached_property
    def experiment_now(self) -> Experiment:
        """The experiment with the settings as the edits left them."""
        return with_settings(
            self.experiment, settings_after(first_settings(self.experiment), self.edits or ())
        )


@dataclass(frozen=True)
class Divergence:
    """Where a run stopped being finite.

    step: the one that failed; layer: 0 is the first; what: activation, loss, gradient or update.
    resume: the last step at which the loss was still sound, from which a run can go on.
    """

    step: int
    layer: int
    what: str
    resume: int


def first_settings(experiment: Experiment) -> Settings:
    """What a run is set to before any edit."""
    return Settings(
        experiment.training, tuple(layer.dropout for layer in experiment.network.layers)
    )


def with_settings(experiment: Experiment, settings: Settings) -> Experiment:
    """The experiment with other settings, those that may change while a run goes on."""
    layers = experiment.network.layers
    pairs = zip(layers, settings.dropout, strict=True)
    now = tuple(replace(layer, dropout=rate) for layer, rate in pairs)
    network = replace(experiment.network, layers=now)
    return replace(experiment, network=network, training=settings.training)


def initial_parameters(layout: Layout, experiment: Experiment) -> np.ndarray:
    """The numbers a run starts from, float32 (n_numbers,): a function of the seed alone."""
    initializer = INITIALIZERS[experiment.network.initializer]
    params = np.zeros(layout.n_numbers, np.float32)
    for layer, (weights, biases) in enumerate(zip(*layout.views(params), strict=True)):
        inputs, units = weights.shape
        draws = random.uniforms(experiment.seed, random.INITIALIZE, layer, inputs * units)
        drawn = initializer.drawn(draws, inputs, units, experiment.network.initializer_options)
        weights[:] = drawn.reshape(inputs, units)
        biases[:] = initializer.bias
    for name, arrays in zip(layout.normalizations, layout.normalization_views(params), strict=True):
        for part, array in arrays.items():
            array[:] = NORMALIZATIONS[name].arrays[part]
    return params

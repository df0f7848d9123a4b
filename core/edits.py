"""What may change while a run goes on, and what a run is set to after each such change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.experiment import Dense, TrainingConfig
from core.maths.optimizers import OPTIMIZERS
from core.maths.registry import shown
from core.refusals import Refusal

LIVE_FIELDS = (
    "learning_rate",
    "batch_size",
    "regularizer",
    "regularization_rate",
    "clip_norm",
    "clip_value",
    "global_clip_norm",
    "label_smoothing",
)
"""Training settings that may change while a run goes on; also any optimizer option, and dropout."""


ONLY_AT_THE_START = {"initial_accumulator_value"}
"""Optimizer options that are used up before the first step."""


@dataclass(frozen=True)
class Edit:
    """A change made by hand: `what` became `value` when the run stood at `step`."""

    step: int
    what: str
    value: Any


@dataclass(frozen=True)
class Settings:
    """What holds at one moment of a run: the training settings and each hidden layer's dropout."""

    training: TrainingConfig
    dropout: tuple[float, ...]


def recorded_form(settings: Settings, what: str, value: Any) -> Any:
    """A change's value in the form that it is recorded in.

    Raises ValueError naming what cannot change, or a layer that is not there.
    """
    options = set(OPTIMIZERS[settings.training.optimizer].options) - ONLY_AT_THE_START
    if what == "dropout":
        return _rates(settings.dropout, value)
    if what not in LIVE_FIELDS and what not in options:
        known = ", ".join((*LIVE_FIELDS, *sorted(options), "dropout"))
        raise Refusal(
            "{name} cannot change while a run goes on. What can: {known}.",
            name=shown(what),
            known=known,
        )
    return value


def _rates(now: tuple[float, ...], value: Any) -> tuple[float, ...]:
    """Dropout of every hidden layer, given as one rate a layer or as {layer: rate}."""
    if isinstance(value, Mapping):
        unknown = [layer for layer in value if layer not in range(len(now))]
        if unknown:
            raise Refusal(
                "dropout names hidden layer {layer}, which is not there.", layer=shown(unknown[0])
            )
        return tuple(value.get(layer, rate) for layer, rate in enumerate(now))
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != len(now):
        raise Refusal(
            "dropout is {value}, but must be a rate for each of the {count} hidden layers, "
            "or {{layer: rate}}.",
            value=shown(value),
            count=len(now),
        )
    return tuple(value)


def edited(settings: Settings, what: str, value: Any) -> Settings:
    """The settings after one edit. Raises ValueError if the value is not valid."""
    if what in ("weight", "bias"):
        return settings
    if what == "dropout":
        rates = tuple(Dense(dropout=rate).dropout for rate in value)
        return replace(settings, dropout=rates)
    if what in LIVE_FIELDS:
        return replace(settings, training=replace(settings.training, **{what: value}))
    options = {**settings.training.optimizer_options, what: value}
    return replace(settings, training=replace(settings.training, optimizer_options=options))

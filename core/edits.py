"""What may change while a run goes on, and what a run is set to after each such change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.experiment import Dense, TrainingConfig
from core.maths.optimizers import OPTIMIZERS

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
    options = OPTIMIZERS[settings.training.optimizer].options
    if what == "dropout":
        rates = dict(enumerate(settings.dropout))
        given = value if isinstance(value, Mapping) else dict(enumerate(value))
        if unknown := set(given) - set(rates):
            raise ValueError(f"dropout names hidden layer {min(unknown)}, which is not there.")
        return tuple({**rates, **given}.values())
    if what not in LIVE_FIELDS and what not in options:
        known = ", ".join((*LIVE_FIELDS, *options, "dropout"))
        raise ValueError(f"{what!r} cannot change while a run goes on. What can: {known}.")
    return value


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

"""What may change while a run goes on, and what a run is set to after each such change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.experiment import Dense, TrainingConfig
from core.maths.optimizers import AT_THE_START, OPTIMIZERS
from core.maths.registry import get
from core.maths.schedules import SCHEDULES

LIVE_FIELDS = (
    "learning_rate",
    "batch_size",
    "regularizer",
    "regularization_rate",
    "clip_norm",
    "clip_value",
    "global_clip_norm",
    "label_smoothing",
    "max_norm",
    "input_noise",
    "schedule",
)
"""Training settings that may change while a run goes on; also any option of the optimizer or the
schedule, and dropout."""


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
    options = set(_fields_of_options(settings.training)) - AT_THE_START
    if what == "dropout":
        return _rates(settings.dropout, value)
    if what not in LIVE_FIELDS and what not in options:
        known = ", ".join((*LIVE_FIELDS, *sorted(options), "dropout"))
        raise ValueError(f"{what!r} cannot change while a run goes on. What can: {known}.")
    return value


def _rates(now: tuple[float, ...], value: Any) -> tuple[float, ...]:
    """Dropout of every hidden layer, given as one rate a layer or as {layer: rate}."""
    if isinstance(value, Mapping):
        unknown = [layer for layer in value if layer not in range(len(now))]
        if unknown:
            raise ValueError(f"dropout names hidden layer {unknown[0]!r}, which is not there.")
        return tuple(value.get(layer, rate) for layer, rate in enumerate(now))
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != len(now):
        raise ValueError(
            f"dropout is {value!r}, but must be a rate for each of the {len(now)} hidden layers, "
            f"or {{layer: rate}}."
        )
    return tuple(value)


def edited(settings: Settings, what: str, value: Any) -> Settings:
    """The settings after one edit. Raises ValueError if the value is not valid."""
    if what in ("weight", "bias"):
        return settings
    if what == "dropout":
        rates = tuple(Dense(dropout=rate).dropout for rate in value)
        return replace(settings, dropout=rates)
    if what == "schedule":
        return replace(settings, training=with_schedule(settings.training, value))
    if what in LIVE_FIELDS:
        return replace(settings, training=replace(settings.training, **{what: value}))
    training = settings.training
    field = _fields_of_options(training)[what]
    changes: dict[str, Any] = {field: {**getattr(training, field), what: value}}
    return replace(settings, training=replace(training, **changes))


def with_schedule(training: TrainingConfig, schedule: str) -> TrainingConfig:
    """Another schedule; the options that it shares with the one before are kept."""
    known = get(SCHEDULES, schedule, "schedule").options
    kept = {name: value for name, value in training.schedule_options.items() if name in known}
    return replace(training, schedule=schedule, schedule_options=kept)


def _fields_of_options(training: TrainingConfig) -> dict[str, str]:
    """Every option of the optimizer and the schedule in use, and the field that holds it."""
    owners: dict[str, Any] = {
        "optimizer_options": OPTIMIZERS[training.optimizer],
        "schedule_options": SCHEDULES[training.schedule],
    }
    return {name: field for field, record in owners.items() for name in record.options}

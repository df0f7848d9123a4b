"""What may change while a run goes on, and what a run is set to after each such change."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.experiment import Dense, TrainingConfig
from core.maths.optimizers import AT_THE_START, OPTIMIZERS
from core.maths.registry import get, shown
from core.maths.schedules import SCHEDULES
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
    "max_norm",
    "input_noise",
    "translation",
    "rotation",
    "zoom",
    "cutout",
    "mixup",
    "class_weight",
    "early_stopping",
    "early_stopping_min_delta",
    "restore_best_weights",
    "start_from_epoch",
    "schedule",
)
"""Training settings that may change while a run goes on; also any option of the optimizer or the
schedule, and dropout."""

LARGEST = float(np.finfo(np.float32).max)


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


def changed(settings: Settings, what: str, value: Any) -> tuple[Settings, Any]:
    """The settings after a change, and its value as it is recorded: plain numbers and text.

    Raises ValueError naming what cannot change, a layer that is not there, or a wrong value.
    """
    options = set(_fields_of_options(settings.training)) - AT_THE_START
    if what == "dropout":
        value = _rates(settings.dropout, value)
    elif what not in LIVE_FIELDS and what not in options:
        known = ", ".join((*LIVE_FIELDS, *sorted(options), "dropout"))
        raise Refusal(
            "{name} cannot change while a run goes on. What can: {known}.",
            name=shown(what),
            known=known,
        )
    after = edited(settings, what, value)
    return after, _setting(after, what)


def changed_all(
    settings: Settings, fields: Mapping[str, Any]
) -> tuple[Settings, list[tuple[str, Any]]]:
    """The settings after several changes, and what to record of each: (what, value).

    fields: as Trainer.change takes them. Raises ValueError as `changed` does.
    """
    recorded = []
    plain = {what: value for what, value in fields.items() if not what.endswith("_options")}
    options = {**fields.get("optimizer_options", {}), **fields.get("schedule_options", {})}
    for what, value in {**plain, **options}.items():
        settings, value = changed(settings, what, value)
        recorded.append((what, value))
    return settings, recorded


def _setting(settings: Settings, what: str) -> Any:
    if what == "dropout":
        return settings.dropout
    training = settings.training
    if what in LIVE_FIELDS:
        return getattr(training, what)
    return getattr(training, _fields_of_options(training)[what])[what]


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


def settings_after(settings: Settings, edits: Iterable[Edit]) -> Settings:
    """The settings after many edits.

    Each stands by itself, so the last of its kind counts; only another schedule looks at what
    was set before it.
    """
    last: dict[str, Any] = {}
    for edit in edits:
        if edit.what == "schedule":
            settings, last = edited(_all_edited(settings, last), edit.what, edit.value), {}
        else:
            last[edit.what] = edit.value
    return _all_edited(settings, last)


def _all_edited(settings: Settings, values: Mapping[str, Any]) -> Settings:
    for what, value in values.items():
        settings = edited(settings, what, value)
    return settings


def first_step(epoch: int, n_samples: int, batch_size: int, edits: Iterable[Edit]) -> int:
    """The step at which an epoch (0 first) begins, whatever the batch size was set to on the way.

    n_samples: of the training set; batch_size: before any edit.
    """
    if epoch == 0:
        return 0
    step = done = position = 0
    sizes = [(edit.step, edit.value) for edit in edits if edit.what == "batch_size"]
    for until, following in (*sizes, (math.inf, 0)):
        rest, whole_one = (math.ceil(n / batch_size) for n in (n_samples - position, n_samples))
        begin = step + rest + (epoch - done - 1) * whole_one
        if begin <= until:
            return begin
        if until - step < rest:
            position += int(until - step) * batch_size
        else:
            epochs, steps = divmod(int(until - step) - rest, whole_one)
            done, position = done + 1 + epochs, steps * batch_size
        step, batch_size = int(until), following
    raise AssertionError("the last batch size holds for ever")


def engine_arguments(settings: Settings, reached: float = 1.0) -> dict[str, Any]:
    """Settings as an engine's `configure` takes them.

    reached: what plateaus have multiplied the learning rate by, see `core.monitor`.
    """
    training = settings.training
    return {
        "learning_rate": training.learning_rate,
        "options": OPTIMIZERS[training.optimizer].values(training.optimizer_options),
        "batch_size": training.batch_size,
        "dropout": settings.dropout,
        "regularizer": training.regularizer,
        "regularization_rate": training.regularization_rate,
        "clip_value": training.clip_value,
        "clip_norm": training.clip_norm,
        "global_clip_norm": training.global_clip_norm,
        "label_smoothing": training.label_smoothing,
        "max_norm": training.max_norm,
        "input_noise": training.input_noise,
        "translation": training.translation,
        "rotation": training.rotation,
        "zoom": training.zoom,
        "cutout": training.cutout,
        "mixup": training.mixup,
        "schedule": training.schedule,
        "schedule_options": SCHEDULES[training.schedule].values(training.schedule_options, reached),
    }


def by_hand(sizes: Sequence[int], value: Any, layer: Any, j: Any, i: Any = None) -> tuple[Any, ...]:
    """An edit of one number as it is recorded: (layer, i, j, value), a bias's (layer, j, value).

    sizes: units of every layer, inputs first. Raises ValueError for a place that is not there,
    or a value that is no finite float32.
    """
    if not 0 <= (layer := whole("layer", layer)) < len(sizes) - 1:
        raise Refusal(
            "layer is {layer}, but there are {count} layers (0 first).",
            layer=layer,
            count=len(sizes) - 1,
        )
    place = [layer]
    for name, index, end in (("i", i, sizes[layer]), ("j", j, sizes[layer + 1])):
        if index is None:
            continue
        if not 0 <= (number := whole(name, index)) < end:
            raise Refusal(
                "{field} is {value}, but must be from 0 to {high}.",
                field=name,
                value=number,
                high=end - 1,
            )
        place.append(number)
    return (*place, _finite(value))


def _finite(value: Any) -> float:
    try:
        if not isinstance(value, str | bool) and abs(number := float(value)) <= LARGEST:
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise Refusal("A weight must be a finite float32 number, not {value}.", value=shown(value))


def whole(name: str, value: Any) -> int:
    """A whole number, or a ValueError that names what should be one."""
    try:
        return operator.index(value)
    except TypeError:
        raise Refusal(
            "{field} is {value}, but must be a whole number.", field=name, value=shown(value)
        ) from None

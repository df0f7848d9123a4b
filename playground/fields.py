"""Every setting of an experiment as the page calls it: label, widget key, value in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.data.preprocessing import COLOURS
from core.experiment import OPTIONS_OF, Dense, Experiment
from playground.changes import Change, Path, fitting_layers, read

Translate = Callable[..., str]


@dataclass(frozen=True)
class Field:
    """label: catalogue key below "page."; area: where the registry translates its values."""

    label: str
    area: str = ""


FIELDS: dict[Path, Field] = {
    ("data", "name"): Field("dataset", "dataset"),
    ("data", "noise"): Field("noise"),
    ("data", "n_samples"): Field("samples"),
    ("data", "train_fraction"): Field("training_share"),
    ("data", "validation_fraction"): Field("validation_share"),
    ("data", "classes"): Field("classes"),
    ("data", "features"): Field("features", "feature"),
    ("data", "formula"): Field("formula"),
    ("network", "initializer"): Field("initializer", "initializer"),
    ("network", "output_activation"): Field("output_activation", "activation"),
    ("training", "loss"): Field("loss", "loss"),
    ("training", "optimizer"): Field("optimizer", "optimizer"),
    ("training", "learning_rate"): Field("learning_rate"),
    ("training", "batch_size"): Field("batch_size"),
    ("training", "schedule"): Field("schedule", "schedule"),
    ("training", "regularizer"): Field("regularization", "regularizer"),
    ("training", "regularization_rate"): Field("regularization_rate"),
    ("training", "class_weight"): Field("class_weight", "class_weight"),
    ("training", "early_stopping"): Field("early_stopping"),
    ("training", "early_stopping_min_delta"): Field("early_stopping_min_delta"),
    ("training", "start_from_epoch"): Field("start_from_epoch"),
    ("training", "restore_best_weights"): Field("restore_best_weights"),
    ("training", "label_smoothing"): Field("label_smoothing"),
    ("training", "clip_value"): Field("clip_value"),
    ("training", "clip_norm"): Field("clip_norm"),
    ("training", "global_clip_norm"): Field("global_clip_norm"),
    ("training", "max_norm"): Field("max_norm"),
    ("training", "input_noise"): Field("input_noise"),
    ("training", "translation"): Field("translation"),
    ("training", "rotation"): Field("rotation"),
    ("training", "zoom"): Field("zoom"),
    ("training", "cutout"): Field("cutout"),
    ("training", "mixup"): Field("mixup"),
}

LAYER_FIELDS = {
    "units": Field("units"),
    "activation": Field("activation", "activation"),
    "dropout": Field("dropout"),
    "normalization": Field("normalization", "normalization"),
}


OPTION_LABELS = {"patience": "page.plateau_patience"}
"""Options whose label in the registry is that of another setting, too; catalogue key here."""

NOTICES = {
    "class_weight": "page.notice.class_weight_now",
    "early_stopping": "page.notice.early_stopping_now",
    "early_stopping_min_delta": "page.notice.early_stopping_min_delta_now",
    "min_delta": "page.notice.plateau_min_delta_now",
}
"""Settings whose label would not say in a sentence what they belong to, or is a plural."""


def field_of(path: Path) -> Field | None:
    """The field of a setting; None for one that the page has no control for."""
    if path[:2] == ("network", "layers") and len(path) == 4:
        return LAYER_FIELDS.get(str(path[3]))
    return FIELDS.get(path)


def key_of(path: Path) -> str:
    """The widget key of a setting: "learning_rate", "units_0", "option_beta_1"."""
    if path[1] in OPTIONS_OF:
        return f"option_{path[2]}"
    field = field_of(path)
    assert field is not None
    return f"{field.label}_{path[2]}" if len(path) == 4 else field.label


def label_of(path: Path, t: Translate) -> str:
    """The label of a setting, in words."""
    if len(path) == 3 and path[1] in OPTIONS_OF:
        return t(OPTION_LABELS.get(str(path[-1]), f"option.{path[-1]}"))
    field = field_of(path)
    return t(f"page.{field.label}") if field else str(path[-1]).replace("_", " ")


def column_labels(
    names: Sequence[str], image_shape: Sequence[int] | None, t: Translate
) -> tuple[str, ...]:
    """Columns of the data as the diagram names them: X₁² for x1_squared, a pixel by its place.

    image_shape: (height, width) or (height, width, 3), None where a row is no image.
    """
    if image_shape:
        height, width, *colours = image_shape
        keys = [f"live.pixel_{colour}" for colour in COLOURS] if colours else ["live.pixel"]
        return tuple(
            t(key, row=row + 1, column=column + 1)
            for row in range(height)
            for column in range(width)
            for key in keys
        )
    labels = (t(f"feature.{name}") for name in names)
    return tuple(
        name if label.startswith("feature.") else label
        for name, label in zip(names, labels, strict=True)
    )


def plain(name: str) -> str:
    """A column's name, safe from being read as Markdown."""
    return re.sub(r"([\\`*_$~\[\]<>:#])", r"\\\1", name)


def number_text(value: float) -> str:
    """A number as a person writes it: 0.00001 rather than 1e-05."""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return text if text.strip("-0.") or value == 0 else f"{value:g}"


def value_text(path: Path, value: Any, t: Translate) -> str:
    """The value of a setting, in words."""
    field = field_of(path)
    if value is None:
        return t("page.off")
    if isinstance(value, tuple):
        return ", ".join(value_text(path, part, t) for part in value)
    if isinstance(value, str) and len(path) == 3:
        return t(f"choice.{value}")
    if isinstance(value, str):
        if value == "auto":
            return t("page.auto")
        return t(f"{field.area}.{value}") if field and field.area else value
    if isinstance(value, bool):
        return t("page.on" if value else "page.off")
    return number_text(value) if isinstance(value, int | float) else str(value)


def describe(old: Experiment, new: Experiment, change: Change, t: Translate) -> str:
    """What changed from one experiment to the other, as part of a sentence."""
    more = len(new.network.layers) - len(old.network.layers)
    texts: dict[Path, str] = {}
    suits = _brings_layers(old, new, change)
    if more and not suits:
        key = "page.notice.layer_added" if more > 0 else "page.notice.layer_removed"
        texts["layers",] = t(key)
    for path in change.paths:
        if (more or suits) and path[:2] == ("network", "layers"):
            continue
        owner = OPTIONS_OF.get(str(path[1])) if len(path) == 3 else None
        if owner and (owner.part, owner.field) in change.paths:
            continue
        if _is_told(path, new, change):
            texts[path] = _describe_one(new, path, t)
    if suits:
        now = layers_text(new.network.layers, t)
        texts["layers",] = t("page.notice.fitting", layers=now)
    return t("page.notice.many") if len(texts) > 4 else "; ".join(texts.values())


def _is_told(path: Path, new: Experiment, change: Change) -> bool:
    """Whether a setting is worth a word; what comes and goes with its data set is not."""
    if path == ("data", "table"):
        return bool(new.data.table) and len(change.paths) == 1
    comes_along = path in (("data", "points"), ("data", "formula"))
    return not comes_along or ("data", "name") not in change.paths


def _brings_layers(old: Experiment, new: Experiment, change: Change) -> bool:
    """Whether the layers were exchanged for those that suit the data, not edited one by one."""
    layers = old.network.layers, new.network.layers
    if layers[0] == layers[1] or layers[1] != fitting_layers(new):
        return False
    edited = sum(path[:2] == ("network", "layers") for path in change.paths)
    is_one_by_one = edited == 1 or len(layers[0]) != len(layers[1])
    return ("data", "name") in change.paths or not is_one_by_one


def layers_text(layers: Sequence[Dense], t: Translate) -> str:
    """Hidden layers in words: "8 + 8 ReLU units"."""
    groups = groupby(layers, key=lambda layer: layer.activation)
    return ", ".join(
        t(
            "page.layers_text",
            units=" + ".join(str(layer.units) for layer in alike),
            activation=t(f"activation.{name}"),
        )
        for name, alike in groups
    )


def _describe_one(new: Experiment, path: Path, t: Translate) -> str:
    if path == ("seed",):
        return t("page.notice.new_weights")
    if path == ("data", "seed"):
        return t("page.notice.new_data")
    if path == ("data", "table"):
        return t("page.notice.table_otherwise")
    if path == ("data", "points"):
        return t("page.notice.other_points")
    words = {"field": label_of(path, t), "value": _value_now(new, path, t)}
    if path[:2] == ("network", "layers"):
        return t("page.notice.layer_now", n=int(path[2]) + 1, **words)
    if path == ("training", "early_stopping") and new.training.early_stopping is None:
        return t("page.notice.early_stopping_off")
    return t(NOTICES.get(str(path[-1]), "page.notice.now"), **words)


def _value_now(new: Experiment, path: Path, t: Translate) -> str:
    owner = OPTIONS_OF.get(str(path[1])) if len(path) == 3 else None
    if owner:
        config, name = getattr(new, owner.part), str(path[-1])
        if name not in getattr(config, str(path[1])):
            options = owner.registry[getattr(config, owner.field)].options
            return value_text(path, options[name].default, t) if name in options else "–"
    return value_text(path, read(new, path), t)


def four_digits(value: float) -> str:
    """31,390 rather than 3.139e+04; very large and very small numbers by their power of ten."""
    if 0.0 < abs(value) < 1e-4 or not abs(value) < 1e9:
        return f"{value:.4g}"
    return f"{float(f'{value:.4g}'):,.10g}"

"""An experiment as the query of a link, and back: short readable keys, defaults left out.

    dataset=spiral&noise=0.1&layers=8:tanh,8:relu:0.1&features=x1,x2&optimizer=adam&beta_1=0.95

A layer is units:activation:dropout:normalization, the last ones left out where they are
defaults; `layers=none` is a network without hidden layers. `v` is the version of these rules.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core.experiment import OPTIONS_OF, Dense, Experiment, read_experiment
from core.experiment.points import MOST_TEXT
from core.maths.registry import shown
from core.refusals import Sentence

VERSION = 1
VERSION_KEY = "v"
MAX_KEYS = 100
MAX_LENGTH = 4000  # characters of one value
LONGEST_WORD = 40  # characters of a number, or of a misspelt key
MAX_PROBLEMS = 20
LAYER_FIELDS = ("units", "activation", "dropout", "normalization")
NO_LAYERS = "none"

Value = Any  # what JSON can hold


def _to_text(value: Value) -> str:
    """A number, word or switch: 0.1, 10, adam, true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _from_text(text: str) -> Value:
    """What a value looks like: a switch, an integer, a number, else the text itself."""
    if text in ("true", "false"):
        return text == "true"
    if len(text) > LONGEST_WORD:
        return text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _word_or_numbers_to_text(value: str | tuple[float, ...]) -> str:
    return value if isinstance(value, str) else ",".join(map(_to_text, value))


def _word_or_numbers_from_text(text: str) -> Value:
    return [_from_text(part.strip()) for part in text.split(",")] if "," in text else text


def _names_to_text(names: tuple[str, ...]) -> str:
    return ",".join(names)


def _names_from_text(text: str) -> Value:
    return [name.strip() for name in text.split(",")]


def _layers_to_text(layers: tuple[Dense, ...]) -> str:
    return ",".join(map(_layer_to_text, layers)) or NO_LAYERS


def _layer_to_text(layer: Dense) -> str:
    parts = [_to_text(layer.units), layer.activation]
    if layer.dropout or layer.normalization != "none":
        parts.append(_to_text(layer.dropout))
    if layer.normalization != "none":
        parts.append(layer.normalization)
    return ":".join(parts)


def _layers_from_text(text: str) -> Value:
    return [] if text == NO_LAYERS else [_layer_from_text(part) for part in text.split(",")]


def _layer_from_text(text: str) -> Value:
    """A layer as a JSON object; parts too many become a field that its reader will not know."""
    parts = text.strip().split(":", maxsplit=len(LAYER_FIELDS))
    fields = [*LAYER_FIELDS, f":{parts[-1]}"]
    return {field: _from_text(part) for field, part in zip(fields, parts, strict=False) if part}


@dataclass(frozen=True)
class Key:
    """One key of a link: the part and field of the experiment it means, and how it is written.

    longest: characters of its value.
    """

    part: str
    field: str
    to_text: Callable[[Any], str] = _to_text
    from_text: Callable[[str], Value] = _from_text
    longest: int = MAX_LENGTH


KEYS: dict[str, Key] = {
    "dataset": Key("data", "name"),
    "n_samples": Key("data", "n_samples"),
    "noise": Key("data", "noise"),
    "train_fraction": Key("data", "train_fraction"),
    "validation_fraction": Key("data", "validation_fraction"),
    "features": Key("data", "features", _names_to_text, _names_from_text),
    "classes": Key("data", "classes"),
    "data_seed": Key("data", "seed"),
    "table": Key("data", "table", str, str),
    "formula": Key("data", "formula", str, str),
    "points": Key("data", "points", str, str, MOST_TEXT),
    "layers": Key("network", "layers", _layers_to_text, _layers_from_text),
    "initializer": Key("network", "initializer"),
    "output_activation": Key("network", "output_activation"),
    "loss": Key("training", "loss"),
    "optimizer": Key("training", "optimizer"),
    "learning_rate": Key("training", "learning_rate"),
    "batch_size": Key("training", "batch_size"),
    "regularizer": Key("training", "regularizer"),
    "regularization_rate": Key("training", "regularization_rate"),
    "schedule": Key("training", "schedule"),
    "clip_norm": Key("training", "clip_norm"),
    "clip_value": Key("training", "clip_value"),
    "global_clip_norm": Key("training", "global_clip_norm"),
    "label_smoothing": Key("training", "label_smoothing"),
    "max_norm": Key("training", "max_norm"),
    "input_noise": Key("training", "input_noise"),
    "translation": Key("training", "translation"),
    "rotation": Key("training", "rotation"),
    "zoom": Key("training", "zoom"),
    "cutout": Key("training", "cutout"),
    "mixup": Key("training", "mixup"),
    "class_weight": Key(
        "training", "class_weight", _word_or_numbers_to_text, _word_or_numbers_from_text
    ),
    "early_stopping": Key("training", "early_stopping"),
    "early_stopping_min_delta": Key("training", "early_stopping_min_delta"),
    "restore_best_weights": Key("training", "restore_best_weights"),
    "start_from_epoch": Key("training", "start_from_epoch"),
    "seed": Key("", "seed"),
}
# Options by name: the part and field of the experiment that hold them. No two share a name.
OPTION_KEYS: dict[str, tuple[str, str]] = {
    option: (owner.part, field)
    for field, owner in OPTIONS_OF.items()
    for record in owner.registry.values()
    for option in record.options
}


def to_query(experiment: Experiment) -> dict[str, str]:
    """Write an experiment as query parameters; the default experiment is an empty query."""
    usual = Experiment()
    query = {}
    for name, key in KEYS.items():
        value = _field(experiment, key)
        if value != _field(usual, key):
            query[name] = key.to_text(value)
    for field, owner in OPTIONS_OF.items():
        options = getattr(getattr(experiment, owner.part), field)
        query |= {name: _to_text(value) for name, value in options.items()}
    return query | {VERSION_KEY: str(VERSION)} if query else {}


def _field(experiment: Experiment, key: Key) -> Any:
    return getattr(getattr(experiment, key.part) if key.part else experiment, key.field)


def from_query(
    query: Mapping[str, str],
    known_elsewhere: Collection[str] = (),
    *,
    caps: Mapping[str, float] | None = None,
) -> tuple[Experiment, list[Sentence]]:
    """Read an experiment from query parameters; never raises.

    known_elsewhere: keys that belong to the page, passed over. caps: tighter highest values, see
    `read_experiment`. Returns the experiment made of everything that is valid, the rest being
    defaults, and a sentence for each thing that is not.
    """
    mine = {str(key): value for key, value in query.items() if key not in known_elsewhere}
    problems: list[Sentence] = []
    if len(mine) > MAX_KEYS:
        template = "The link has {count} settings, more than {most}."
        return Experiment(), [Sentence(template, count=len(mine), most=MAX_KEYS)]
    record: dict[str, Any] = {}
    for name, text in mine.items():
        problem = _place(record, name, text)
        if problem:
            problems.append(problem)
    experiment, wrong = read_experiment(record, caps=caps)
    problems += wrong
    unsaid = len(problems) - MAX_PROBLEMS
    if unsaid <= 0:
        return experiment, problems
    more = Sentence("There are {count} more problems like these.", count=unsaid)
    return experiment, [*problems[:MAX_PROBLEMS], more]


def _place(record: dict[str, Any], name: str, text: object) -> Sentence | None:
    """Put one setting where it belongs in the record; a sentence if it cannot be."""
    if name == VERSION_KEY:
        return _version_problem(text)
    if name not in KEYS and name not in OPTION_KEYS:
        return _unknown(name)
    longest = KEYS[name].longest if name in KEYS else MAX_LENGTH
    if not isinstance(text, str) or not text or len(text) > longest:
        return Sentence(
            "The setting {name} in the link must be 1 to {most} characters of text.",
            name=repr(name),
            most=longest,
        )
    if name in OPTION_KEYS:
        place, field = OPTION_KEYS[name]
        record.setdefault(place, {}).setdefault(field, {})[name] = _from_text(text)
        return None
    key = KEYS[name]
    part = record.setdefault(key.part, {}) if key.part else record
    part[key.field] = key.from_text(text)
    return None


def _unknown(name: str) -> Sentence:
    near = difflib.get_close_matches(name[:LONGEST_WORD], [*KEYS, *OPTION_KEYS], n=1)
    if near:
        template = "Unknown setting {name} in the link. Did you mean {guess}?"
        return Sentence(template, name=shown(name), guess=repr(near[0]))
    return Sentence("Unknown setting {name} in the link. It was passed over.", name=shown(name))


def _version_problem(text: object) -> Sentence | None:
    if text == str(VERSION):
        return None
    if isinstance(text, str) and text.isdecimal() and int(text[:10]) > VERSION:
        return Sentence(
            "The link was made by a newer playground (version {version}; this one knows {known}): "
            "what could be read was kept.",
            version=text[:10],
            known=VERSION,
        )
    template = "The link's version {version} is not a version of this playground."
    return Sentence(template, version=shown(text))

"""What it takes to go from one experiment to another: at once, or with a new network.

A setting is named by its path into the experiment: ("training", "learning_rate"),
("network", "layers", 0, "units"), ("training", "optimizer_options", "beta_1").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from core.edits import LIVE_FIELDS
from core.experiment import (
    OPTIONS_OF,
    Experiment,
)
from core.maths.optimizers import AT_THE_START

Path = tuple[str | int, ...]


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

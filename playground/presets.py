"""Which preset the page shows, and how fast one has to go: decisions only, nothing drawn."""

from __future__ import annotations

from dataclasses import replace

from core.experiment import Experiment
from core.presets import PRESETS, Preset
from playground.settings import SPEEDS

MOST_SECONDS = 20
"""How long one may have to wait until a preset has reached what is said of it."""


def preset_of(experiment: Experiment) -> Preset | None:
    """The preset that an experiment has the data of, split alike; its network may be another."""
    return next((p for p in PRESETS.values() if p.experiment.data == experiment.data), None)


def is_preset(experiment: Experiment, preset: Preset) -> bool:
    """Whether this is the preset's experiment, from whatever initial weights."""
    return replace(experiment, seed=preset.experiment.seed) == preset.experiment


def speed_for(steps: int, speed: float | None) -> float | None:
    """The speed in use, or a faster one at which so many steps take MOST_SECONDS at most."""
    if speed is None or steps <= MOST_SECONDS * speed:
        return speed
    return next((rung for rung in SPEEDS if steps <= MOST_SECONDS * rung), None)

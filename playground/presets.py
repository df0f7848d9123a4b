"""Which preset the page shows, and how fast one has to go: decisions only, nothing drawn."""

from __future__ import annotations

from dataclasses import replace

from core.experiment import Experiment
from core.presets import PRESETS, Preset
from playground.settings import SPEEDS, Settings

MOST_SECONDS = 20
"""How long one may have to wait until a preset has reached what is said of it."""


def preset_of(experiment: Experiment) -> Preset | None:
    """The preset that an experiment has the data of, split alike; its network may be another."""
    return next((p for p in PRESETS.values() if p.experiment.data == experiment.data), None)


def is_preset(experiment: Experiment, preset: Preset) -> bool:
    """Whether this is the preset's experiment, from whatever initial weights."""
    return replace(experiment, seed=preset.experiment.seed) == preset.experiment


def speed_for(steps: int) -> float | None:
    """The usual speed, or a faster one at which so many steps take MOST_SECONDS at most."""
    usual = Settings().speed
    rungs = [rung for rung in SPEEDS if usual is not None and rung >= usual]
    return next((rung for rung in rungs if steps <= MOST_SECONDS * rung), None)

"""The presets reach what is said of them, and what is said of methods without a network holds."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from core import Dataset, Trainer, load_dataset
from core.data import DATASETS
from core.data.baselines import BASELINES, commonest_class, nearest_neighbour
from core.exchange import links
from core.presets import PRESETS, Preset

EACH = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
ELSEWHERE = 0.03
"""How far another processor's rounding may lead: a few test samples, or another minimum."""


@lru_cache(maxsize=1)
def data_of(preset: Preset) -> Dataset:
    return load_dataset(preset.experiment.data)


def reached(preset: Preset, seed: int) -> float:
    trainer = Trainer(replace(preset.experiment, seed=seed), dataset=data_of(preset))
    trainer.epoch(preset.epochs)
    return trainer.evaluate("test")["accuracy"]


@EACH
def test_it_reaches_what_is_said(preset: Preset) -> None:
    assert reached(preset, 0) == pytest.approx(preset.reached, abs=ELSEWHERE)
    others = [reached(preset, seed) for seed in (1, 2, 3, 4)]
    assert min(others) == pytest.approx(preset.others[0], abs=ELSEWHERE)
    assert max(others) == pytest.approx(preset.others[1], abs=ELSEWHERE)


@EACH
def test_without_a_network_it_is_as_said(preset: Preset) -> None:
    data = data_of(preset)
    assert commonest_class(data) == pytest.approx(preset.guess, abs=1e-4)
    name, accuracy = preset.simple
    assert BASELINES[name](data) == pytest.approx(accuracy, abs=0.002)
    assert preset.reached > preset.guess + 0.1


@EACH
def test_it_is_whole(preset: Preset) -> None:
    record, data = DATASETS[preset.experiment.data.name], preset.experiment.data
    assert PRESETS[preset.name] is preset
    assert data.n_samples == record.available
    assert data.train_fraction == (0.5 if record.split == "fixed" else 0.8)
    assert links.from_query(links.to_query(preset.experiment)) == (preset.experiment, [])
    # early stopping would look at the test rows, and what is reached on them would flatter
    assert preset.experiment.training.early_stopping is None


def test_the_classic_is_784_10_10() -> None:
    trainer = Trainer(PRESETS["mnist_classic"].experiment)
    assert trainer.layout.sizes == (784, 10, 10)
    assert trainer.layout.activations == ("relu", "softmax")
    training = trainer.experiment.training
    assert (training.loss, training.optimizer) == ("categorical_crossentropy", "adam")
    assert PRESETS["mnist_classic"].epochs == 10


def test_baselines_by_hand() -> None:
    data = Dataset.from_arrays([[0], [1], [9]], [0, 0, 1], [[2], [8], [7], [6]], [0, 1, 1, 0])
    assert commonest_class(data) == 0.5
    assert nearest_neighbour(data) == 0.75
    assert all(0 <= baseline(data) <= 1 for baseline in BASELINES.values())
    assert np.isfinite([baseline(data) for baseline in BASELINES.values()]).all()

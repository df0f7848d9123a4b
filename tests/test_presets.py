"""The presets reach what is said of them, and what is said of methods without a network holds."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from core import Dataset, Trainer, load_dataset
from core.data import DATASETS
from core.data.baselines import BASELINES, commonest_class, mean_value, nearest_neighbour
from core.exchange import links
from core.presets import PRESETS, Preset

EACH = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
NEAR = 0.004  # the same of an error of 20,000 ratings
ELSEWHERE = 0.03
"""How far another processor's rounding may lead: a few test samples, or another minimum."""


@lru_cache(maxsize=1)
def data_of(preset: Preset) -> Dataset:
    return load_dataset(preset.experiment.data)


def reached(preset: Preset, seed: int) -> float:
    trainer = Trainer(replace(preset.experiment, seed=seed), dataset=data_of(preset))
    trainer.epoch(preset.epochs)
    return preset.measured(trainer.evaluate("test"))


@EACH
def test_it_reaches_what_is_said(preset: Preset) -> None:
    near = ELSEWHERE if preset.measure == "accuracy" else NEAR
    assert reached(preset, 0) == pytest.approx(preset.reached, abs=near)
    others = [reached(preset, seed) for seed in (1, 2, 3, 4)]
    assert min(others) == pytest.approx(preset.others[0], abs=near)
    assert max(others) == pytest.approx(preset.others[1], abs=near)


@EACH
def test_without_a_network_it_is_as_said(preset: Preset) -> None:
    data, is_share = data_of(preset), preset.measure == "accuracy"
    guess = commonest_class if is_share else mean_value
    assert guess(data) == pytest.approx(preset.guess, abs=1e-4)
    name, value = preset.simple
    assert BASELINES[name](data) == pytest.approx(value, abs=0.002 if is_share else 1e-4)
    assert (preset.reached - preset.guess) * (1 if is_share else -1) > 0.1
    assert is_share or preset.others[1] < value - 0.012  # better than any that needs no network


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
    of_classes = [BASELINES[name] for name in BASELINES if name not in ("mean_value", "biases")]
    assert all(0 <= baseline(data) <= 1 for baseline in of_classes)
    values = Dataset.from_arrays([[0], [1]], [1, 3], [[2], [8]], [2, 5], task="regression")
    assert mean_value(values) == pytest.approx(np.sqrt(4.5))  # 0 and 3 off

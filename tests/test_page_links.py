"""Links and files hold everything, and whatever is wrong with them is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import exchange
from core.data import DATASETS, Dataset
from core.experiment import Dense, Experiment, NetworkConfig, TrainingConfig
from core.maths.optimizers import OPTIMIZERS
from core.trainer import Trainer
from playground import changes, files, link
from playground.settings import Settings
from tests.apptest import DEFAULT

EXPERIMENTS = st.builds(
    lambda name, layers, optimizer, rate, seed: link.completed(
        Experiment(
            data=replace(DEFAULT.data, name=name, seed=seed),
            network=NetworkConfig(layers=layers),
            training=TrainingConfig(optimizer=optimizer, learning_rate=rate),
            seed=seed,
        ),
        {"n_samples": True},
    )[0],
    st.sampled_from(list(DATASETS)),
    st.lists(st.builds(Dense, st.integers(1, 1024), st.just("relu")), max_size=16).map(tuple),
    st.sampled_from(list(OPTIMIZERS)),
    st.sampled_from([1e-5, 0.01, 0.123, 3.0]),
    st.integers(0, 10**6),
)
SETTINGS = st.builds(
    Settings,
    language=st.sampled_from(["", "en", "zh"]),
    speed=st.sampled_from([None, 1, 2.5, 500, 10_000]),
    step_unit=st.sampled_from(["epoch", "batch"]),
    show_test_data=st.booleans(),
    discretize_output=st.booleans(),
    edges=st.sampled_from(["weight", "gradient"]),
    projection=st.sampled_from(["pca", (0, 1), (12, 3)]),
)


@given(EXPERIMENTS, SETTINGS)
def test_a_link_holds_everything(experiment: Experiment, settings: Settings) -> None:
    assert link.read(link.write(experiment, settings)) == (experiment, settings, [])


def test_the_first_page_has_an_empty_link() -> None:
    assert link.write(DEFAULT, Settings()) == {}
    assert link.read({}) == (DEFAULT, Settings(), [])


def test_a_link_written_by_hand_gets_what_its_data_set_usually_goes_with() -> None:
    experiment, _, problems = link.read({"dataset": "digits"})
    assert problems == []
    assert experiment.training.loss == "categorical_crossentropy"
    assert experiment.data.n_samples == 1797


def test_a_bad_link_keeps_what_is_valid_and_names_the_rest() -> None:
    params = {
        "dataset": "spiral",
        "noise": "lots",
        "layers": "8:relu,2000:tanh",
        "speed": "-3",
        "edges": "sideways",
        "test_data": "true",
        "colour": "red",
    }
    experiment, settings, problems = link.read(params)
    assert experiment.data.name == "spiral"
    assert experiment.network.layers[0] == Dense(8, "relu")
    assert settings.show_test_data
    for word in ("noise", "units", "speed", "edges", "colour"):
        assert any(word in problem for problem in problems), word


def test_a_loss_that_does_not_suit_the_data_is_replaced_and_named() -> None:
    experiment, _, problems = link.read({"dataset": "plane", "loss": "binary_crossentropy"})
    assert experiment.training.loss == "mean_squared_error"
    assert "binary_crossentropy" in problems[0]


@given(st.dictionaries(st.sampled_from([*link.KEYS, "dataset", "layers", "v"]), st.text()))
def test_no_link_breaks_the_page(params: dict[str, str]) -> None:
    experiment, settings, _ = link.read(params)
    assert isinstance(experiment, Experiment)
    assert isinstance(settings, Settings)


def test_an_experiments_file_is_opened_and_its_mistakes_are_named() -> None:
    opened = files.opened("e.json", b'{"training": {"learning_rate": 0.5, "loss": "x"}}', DEFAULT)
    assert opened.experiment.training.learning_rate == 0.5
    assert "'x'" in opened.problems[0]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("e.json", b"{"),
        ("e.json", b"[1, 2]"),
        ("e.json", b'{"weather": "fine"}'),
        ("e.json", b"\xff\xfe\x00"),
        ("w.npz", b"PK\x03\x04 no archive"),
        ("w.safetensors", b"\x00" * 40),
        ("w.pickle", b"\x80\x04."),
        ("", b""),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_with_a_sentence(name: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"[a-z].*\.$"):
        files.opened(name, data, DEFAULT)


@given(st.binary(max_size=400), st.sampled_from([".json", ".npz", ".safetensors"]))
def test_garbage_is_refused_with_a_sentence(data: bytes, suffix: str) -> None:
    with pytest.raises(ValueError):
        files.opened(f"garbage{suffix}", data, DEFAULT)


def test_a_networks_file_goes_on_with_the_settings_as_they_stood_and_data_that_is_there() -> None:
    trainer = Trainer(DEFAULT)
    trainer.step(3)
    trainer.change(learning_rate=0.5)
    opened = files.opened("w.npz", exchange.to_bytes(trainer, ".npz"), DEFAULT)
    assert opened.network.experiment.training.learning_rate == DEFAULT.training.learning_rate
    assert opened.experiment.training.learning_rate == 0.5
    own = Dataset.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    spiral = changes.write(DEFAULT, ("data", "name"), "spiral")
    opened = files.opened("w.npz", exchange.to_bytes(Trainer(DEFAULT, dataset=own), ".npz"), spiral)
    assert opened.experiment.data.name == "spiral"

"""Files and texts that are opened on the page, or refused while the run stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import exchange
from core.data import Dataset
from core.experiment import Dense, NetworkConfig
from core.network import Network
from core.trainer import Trainer
from playground import changes, link
from tests.apptest import DEFAULT, said, session, sound, trained


def test_an_experiment_is_pasted_and_nonsense_is_refused(page: AppTest) -> None:
    text = changes.edited(DEFAULT, ("data", "name"), "moons").to_json()
    page.text_area(key="pasted").set_value(text)
    sound(page.button(key="open_pasted").click().run())
    assert session(page).experiment.data.name == "moons"
    page.text_area(key="pasted").set_value("{ nonsense")
    page.button(key="open_pasted").click().run()
    assert session(page).experiment.data.name == "moons"
    assert "JSON" in page.warning[0].value


def uploaded(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader(key=f"upload_{session(page).uploads}").upload(name, data)
    return sound(page.run())


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_trained_network_is_opened_with_its_experiment(page: AppTest, suffix: str) -> None:
    experiment = changes.edited(DEFAULT, ("data", "name"), "moons")
    trainer = Trainer(experiment)
    trainer.step(40)
    uploaded(page, f"moons{suffix}", exchange.to_bytes(trainer, suffix))
    with session(page).player.trainer() as opened:
        assert opened.step_count == 0
        pairs = zip(opened.network.weights, trainer.network.weights, strict=True)
        assert all(np.array_equal(ours, theirs) for ours, theirs in pairs)
    assert session(page).experiment.data.name == "moons"
    assert "Opened moons" in said(page)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_weights_without_an_experiment_bring_their_layers(page: AppTest, suffix: str) -> None:
    config = NetworkConfig((Dense(8, "relu"),), output_activation="sigmoid")
    rng = np.random.default_rng(0)
    bare = Network.from_arrays(
        config, [rng.normal(size=(2, 8)), rng.normal(size=(8, 1))], [np.zeros(8), np.zeros(1)]
    )
    uploaded(page, f"bare{suffix}", exchange.to_bytes(bare, suffix))
    here = session(page)
    with here.player.trainer() as opened:
        np.testing.assert_array_equal(opened.network.weights[0], bare.weights[0])
    assert here.experiment == here.player.experiment == replace(DEFAULT, network=config)
    linked, _, _ = link.read(link.write(here.experiment, here.settings))
    assert linked.network == config
    assert page.number_input(key="units_0").value == 8
    assert "units_1" not in {item.key for item in page.number_input}


def test_weights_of_another_network_than_their_experiments_are_refused(page: AppTest) -> None:
    run = trained(page)
    bare = Network.from_arrays(
        NetworkConfig((Dense(8, "relu"),)),
        [np.ones((2, 8)), np.ones((8, 1))],
        [np.zeros(8), np.zeros(1)],
        experiment=DEFAULT,
    )
    uploaded(page, "mixed.npz", exchange.to_bytes(bare, ".npz"))
    assert run.numbers().step == 30
    assert session(page).experiment == DEFAULT
    assert "another network" in page.warning[0].value


@pytest.mark.parametrize("name", ["w.npz", "w.safetensors", "w.json"])
def test_a_corrupt_file_is_refused_and_the_run_stays(page: AppTest, name: str) -> None:
    run = trained(page)
    uploaded(page, name, b"PK\x03\x04 nothing that can be read")
    assert run.numbers().step == 30
    assert len(page.warning) == 1


def test_a_network_that_does_not_fit_its_data_is_refused_and_the_run_stays(page: AppTest) -> None:
    run = trained(page)
    own = Dataset.from_arrays(np.eye(5), [0, 1, 0, 1, 0], np.eye(5), [0, 1, 0, 1, 0])
    uploaded(page, "own.npz", exchange.to_bytes(Trainer(DEFAULT, dataset=own), ".npz"))
    assert run.numbers().step == 30
    assert "sizes" in page.warning[0].value

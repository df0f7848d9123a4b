"""What the page suggests to somebody who has just arrived: a network that can learn the data."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.experiment import Dense, Experiment
from core.trainer import Trainer
from playground import changes
from tests.test_page import opened_page, session, sound

DEFAULT = Experiment()


@pytest.fixture
def page() -> AppTest:
    return opened_page()


def test_images_bring_a_network_that_learns_them_and_take_it_away_again() -> None:
    digits = changes.edited(DEFAULT, ("data", "name"), "digits")
    assert digits.network.layers == (Dense(32, "relu"),)
    mnist = changes.edited(digits, ("data", "name"), "mnist_5k")
    assert mnist.network.layers == (Dense(32, "relu"),)
    back = changes.edited(mnist, ("data", "name"), "circle")
    assert back.network.layers == DEFAULT.network.layers
    built = changes.with_units(DEFAULT, 0, 1)
    assert changes.edited(built, ("data", "name"), "digits").network.layers[0].units == 5
    built = changes.with_layer_added(digits)
    assert changes.edited(built, ("data", "name"), "circle").network == built.network
    assert changes.edited(DEFAULT, ("data", "name"), "spiral").network == DEFAULT.network


def test_the_notice_names_the_network_that_the_data_brought(page: AppTest) -> None:
    sound(page.button(key="tile_digits").click().run())
    notice = session(page).notice
    assert notice is not None
    assert notice.text.startswith("New network: Dataset is now Digits")
    assert "a network that suits these data, 32 ReLU units." in notice.text
    assert "a layer was removed" not in notice.text


@pytest.mark.parametrize("name", changes.FITTING_LAYERS)
def test_an_advised_network_learns_what_the_usual_one_cannot(name: str) -> None:
    usual = changes.edited(changes.with_layers(DEFAULT, (Dense(1),)), ("data", "name"), name)
    usual = changes.with_layers(usual, changes.USUAL_LAYERS)
    layers = changes.advised_layers(usual)
    assert layers is not None
    advised = changes.with_layers(usual, layers)
    assert changes.advised_layers(advised) is None
    scores = []
    for experiment in (usual, advised):
        trainer = Trainer(experiment)
        trainer.step(4000)
        found = trainer.evaluate("test")
        scores.append(found.get("accuracy", found.get("r2", 0.0)))
    enough = 0.45 if name == "vowel" else 0.75  # of people never heard; 0.6 is much
    assert scores[1] > max(enough, scores[0] + 0.1)


def test_the_advised_network_is_one_click_away(page: AppTest) -> None:
    assert "try_layers" not in {button.key for button in page.button}
    sound(page.selectbox(key="dataset").set_value("spiral").run())
    button = page.button(key="try_layers")
    assert button.label == "Try 8 + 8 SiLU (Swish) units"
    sound(button.click().run())
    assert [layer.units for layer in session(page).experiment.network.layers] == [8, 8]
    notice = session(page).notice
    assert notice is not None
    assert "8 + 8 SiLU (Swish) units" in notice.text
    assert "try_layers" not in {button.key for button in page.button}

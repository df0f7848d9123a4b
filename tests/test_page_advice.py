"""What the page suggests to somebody who has just arrived: a network that can learn the data."""

from __future__ import annotations

import math

import pytest
from streamlit.testing.v1 import AppTest

from core.experiment import OWN_NAMES, Dense, Experiment
from core.trainer import Trainer
from playground import changes
from playground.controls.widgets import step_with_room
from tests.apptest import opened_page, session, sound

DEFAULT = Experiment()


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


@pytest.mark.parametrize("name", [n for n in changes.FITTING_LAYERS if n not in OWN_NAMES])
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


def test_a_normalization_that_cannot_learn_is_pointed_out_while_it_cannot(page: AppTest) -> None:
    def notes() -> str:
        return " ".join(item.value for item in page.sidebar.caption)

    sound(page.selectbox(key="normalization_1").set_value("layer").run())  # of two neurons
    assert "only a sign is left" in notes()
    sound(page.number_input(key="units_1").set_value(1).run())
    assert "always gives its β" in notes()
    sound(page.number_input(key="units_1").set_value(3).run())
    assert "β" not in notes()
    sound(page.selectbox(key="normalization_1").set_value("batch").run())
    assert "β" not in notes()
    sound(page.number_input(key="batch_size").set_value(1).run())
    assert "With a batch size of 1" in notes()
    sound(page.selectbox(key="language").set_value("zh").run())
    assert "批大小为 1 时" in notes()


@pytest.mark.parametrize(
    ("step", "value", "least", "most", "expected"),
    [
        (0.1, 0.5, 0.0, math.inf, 0.1),
        (0.1, 0.05, 0.0, math.inf, 0.05),  # one press to 0, not none
        (0.1, 0.03, 0.0, math.inf, 0.02),
        (0.1, 0.0, 0.0, math.inf, 0.1),
        (0.05, 0.9, 0.0, 0.95, 0.05),
        (0.05, 0.92, 0.0, 0.95, 0.02),
        (0.05, 0.95, 0.0, 0.95, 0.05),
        (50, 40, 10, 1500, 20),
        (50, 1500, 10, 1500, 50),
        (1e-7, 1e-7, 1e-12, 1.0, 5e-8),
    ],
)
def test_a_press_of_plus_or_minus_never_passes_an_end(step, value, least, most, expected) -> None:
    found = step_with_room(step, value, least, most)
    assert found == pytest.approx(expected, rel=1e-9)
    assert type(found) is type(step)


def test_every_number_field_of_the_sidebar_tells_its_range_in_the_pages_language() -> None:
    page = opened_page(optimizer="muon", early_stopping="3", schedule="cosine_restarts")
    styles = [item.proto.body for item in page.get("html")]
    (rules,) = [style for style in styles if ".st-key-batch_size" in style]
    keys = {field.key for field in page.sidebar.number_input}
    assert len(keys) > 20
    assert all(f".st-key-{key}:has(" in rules for key in keys)
    assert '.st-key-batch_size:has([role="alert"])::after {content: "From 1 to 65,536."}' in rules
    sound(page.selectbox(key="language").set_value("zh").run())
    assert "应在 1 到 65,536 之间。" in str([item.proto.body for item in page.get("html")])

"""The page's presets: one click brings data, network and training, and says what to expect."""

from __future__ import annotations

import ast

import numpy as np
from streamlit.testing.v1 import AppTest

from core.experiment import Experiment
from core.presets import PRESETS
from playground import link
from playground.presets import is_preset, preset_of, speed_for
from playground.settings import Settings
from tests.apptest import session, sound


def captions(page: AppTest) -> str:
    return "\n".join(caption.value for caption in page.caption)


def test_one_click_brings_all_of_it(page: AppTest) -> None:
    assert "No network" not in captions(page)
    for name, preset in PRESETS.items():
        sound(page.button(key=f"preset_{name}").click().run())
        assert session(page).experiment == preset.experiment
        assert session(page).player.experiment == preset.experiment
        notice = session(page).notice
        assert notice is not None
        assert notice.text == f"Preset {preset.label}. Press Play to train it."
        share, error = f"{100 * preset.reached:.3g}%", f"{preset.reached:.3f} stars off"
        reached = share if preset.measure == "accuracy" else error
        assert f"{reached} after {preset.epochs} epochs" in captions(page)
        assert link.read(dict(page.query_params))[0] == preset.experiment
        assert not session(page).problems


def test_what_it_is_held_against_stays_while_its_data_do(page: AppTest) -> None:
    vowel = PRESETS["vowel"]
    sound(page.button(key="preset_vowel").click().run())
    assert "9.09% (commonest class), 46.8% (nearest neighbour)" in captions(page)
    sound(page.button(key="new_weights").click().run())
    assert is_preset(session(page).experiment, vowel)
    sound(page.number_input(key="batch_size").set_value(64).run())
    assert not is_preset(session(page).experiment, vowel)
    assert preset_of(session(page).experiment) is vowel
    assert "Known as good" in captions(page)
    sound(page.button(key="tile_spiral").click().run())
    assert preset_of(session(page).experiment) is None
    assert "Known as good" not in captions(page)


def test_a_preset_brings_a_speed_that_gets_there_soon(page: AppTest) -> None:
    sound(page.button(key="preset_letters").click().run())  # 20,000 steps
    assert session(page).settings.speed == session(page).player.speed == 1000
    assert page.selectbox(key="speed").value == "1000"
    sound(page.button(key="preset_digits").click().run())
    assert session(page).settings.speed == Settings().speed == 250
    assert page.selectbox(key="speed").value == "250"


def test_speeds() -> None:
    assert speed_for(5000) == 250
    assert speed_for(5001) == 500
    assert speed_for(10**9) is None


def test_a_fixed_split_says_so(page: AppTest) -> None:
    assert not page.slider(key="training_share").disabled
    sound(page.button(key="tile_vowel").click().run())
    share = page.slider(key="fixed_share")
    assert (share.label, share.value, share.disabled) == ("Training share", 0.53, True)
    assert "comes with its own training and test samples" in share.help
    sound(page.button(key="tile_food_reviews").click().run())
    assert page.slider(key="fixed_share").value == 0.8
    assert preset_of(Experiment()) is None


def test_texts_are_exported_as_texts(page: AppTest) -> None:
    from playground.views.export import _rows, raw_samples

    sound(page.button(key="preset_food_reviews").click().run())
    data = session(page).player.dataset
    raw, part = raw_samples(data)
    assert (raw, part) == (list(data.texts_test[:3]), "test")
    assert ast.literal_eval(_rows(raw)) == raw  # what the shown code says


def test_the_live_view_is_sent_the_reviews_themselves() -> None:
    from core.trainer import Trainer
    from playground.live import samples

    trainer = Trainer(PRESETS["food_reviews"].experiment)
    texts, rows = samples.words(trainer.dataset)["texts"], samples.rows(trainer.dataset)
    assert len(texts) == len(rows) == samples.MOST
    assert max(map(len, texts)) <= samples.MOST_LETTERS
    for text, row in zip(texts, rows, strict=True):
        assert trainer.dataset.texts_test is not None
        assert trainer.dataset.texts_test[row].startswith(text)


def test_samples_of_tables_are_shown_in_their_own_units() -> None:
    from core.data import load_dataset
    from playground.live import samples

    data = load_dataset(PRESETS["vowel"].experiment.data)
    cells = samples.words(data)["cells"]
    assert cells["names"] == list(data.feature_names)
    shown = np.array(cells["rows"], float)
    np.testing.assert_allclose(
        data.preprocessing.transform(shown), data.X_test[samples.rows(data)], atol=1e-4
    )

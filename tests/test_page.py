"""The page itself: its widgets, its languages, its runs, and what fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.trainer import Trainer
from playground import changes
from playground.locales import translate
from tests.apptest import DEFAULT, labels, opened_page, said, session, sound, trained

# -- the page itself ------------------------------------------------------------------------------


def test_labels_are_those_that_are_fixed(page: AppTest) -> None:
    buttons = {"Play", "Step", "Reset", "New weights", "Regenerate", "Add layer"}
    assert buttons <= labels(page.button)
    assert {"Dataset", "Loss", "Optimizer", "Regularization"} <= labels(page.selectbox)
    assert {"Initializer", "Activation", "Speed", "Language"} <= labels(page.selectbox)
    numbers = {"Samples", "Batch size", "Units", "Dropout", "Learning rate", "Regularization rate"}
    assert numbers <= labels(page.number_input)
    assert labels(page.slider) == {"Noise", "Training share", "Validation share"}
    assert {"Show test data", "Discretize output"} <= labels(page.checkbox)
    assert {"Epoch", "Training loss", "Test loss"} <= labels(page.metric)


def test_the_page_opens_in_one_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[bool] = []
    monkeypatch.setattr("playground.session.clicks.st.rerun", lambda: again.append(True))
    opened_page()
    assert not again
    opened_page(dataset="spiral", layers="8:tanh,8:relu")
    assert not again


def test_every_widget_has_a_key_and_a_help_text(page: AppTest) -> None:
    kinds = (page.selectbox, page.number_input, page.slider, page.checkbox)
    for widget in (item for kind in kinds for item in kind):
        assert widget.key, widget.label
        assert widget.help, widget.label


def test_a_change_of_learning_rate_leaves_the_network_as_it_is(page: AppTest) -> None:
    run = trained(page)
    sound(page.number_input(key="learning_rate").set_value(0.1).run())
    assert run.numbers().step == 30
    assert run.experiment == changes.write(DEFAULT, ("training", "learning_rate"), 0.1)
    assert "Learning rate is now 0.1, from step 30 on." in said(page)
    assert page.query_params["learning_rate"] == "0.1"


def test_a_change_of_units_starts_a_new_network_and_says_so(page: AppTest) -> None:
    run = trained(page)
    sound(page.number_input(key="units_0").set_value(6).run())
    assert run.numbers().step == 0
    assert run.experiment.network.layers[0].units == 6
    assert "New network: Units of layer 1 is now 6. Press Play" in said(page)


def test_a_layer_is_normalized(page: AppTest) -> None:
    run = trained(page)
    sound(page.selectbox(key="normalization_1").set_value("batch").run())
    assert run.numbers().step == 0
    assert run.experiment.network.layers[1].normalization == "batch"
    assert "New network: Normalization of layer 2 is now Batch. Press Play" in said(page)
    assert page.query_params["layers"] == "4:tanh,2:tanh:0:batch"


def test_layers_are_added_and_removed(page: AppTest) -> None:
    sound(page.button(key="add_layer").click().run())
    assert [layer.units for layer in session(page).experiment.network.layers] == [4, 2, 2]
    sound(page.button(key="remove_layer_0").click().run())
    assert [layer.units for layer in session(page).experiment.network.layers] == [2, 2]
    assert page.number_input(key="units_0").value == 2


def test_reset_gives_the_same_start_and_new_weights_another(page: AppTest) -> None:
    start = page.metric[1].value
    sound(page.button(key="step").click().run())
    while page.metric[0].value != "000,001":  # a busy machine may take longer than a press waits
        sound(page.run())
    assert page.metric[1].value != start
    sound(page.button(key="reset").click().run())
    assert page.metric[1].value == start
    sound(page.button(key="new_weights").click().run())
    assert page.metric[1].value != start


@pytest.mark.parametrize("typed", [0.015, 0.02, 0.025, 1000.0, 1e-7])
def test_a_typed_rate_is_taken_as_it_is(page: AppTest, typed: float) -> None:
    sound(page.number_input(key="learning_rate").set_value(typed).run())
    assert session(page).experiment.training.learning_rate == typed


def test_plus_and_minus_climb_the_ladder_of_rates(page: AppTest) -> None:
    for press, rate in (("increment", 0.03), ("increment", 0.1), ("decrement", 0.03)):
        sound(getattr(page.number_input(key="learning_rate"), press)().run())
        assert session(page).experiment.training.learning_rate == rate


def test_another_optimizer_is_one_change(page: AppTest) -> None:
    sound(page.selectbox(key="optimizer").set_value("sgd").run())
    assert "Optimizer is now SGD" in said(page)


def test_what_suits_values_is_not_taken_along_to_classes() -> None:
    values = changes.edited(DEFAULT, ("data", "name"), "sine")
    assert values.training.loss == "mean_squared_error"
    classes = changes.edited(values, ("data", "name"), "digits")
    assert classes.training.loss == "categorical_crossentropy"
    chosen = changes.write(DEFAULT, ("training", "loss"), "mean_squared_error")
    kept = changes.edited(chosen, ("data", "name"), "xor")
    assert kept.training.loss == "mean_squared_error"


# -- languages ------------------------------------------------------------------------------------


def test_what_a_link_could_not_do_is_said_again_in_another_language() -> None:
    page = opened_page(noise="lots", colour="red")
    assert "Data\\: Noise is 'lots'; it must be" in page.warning[0].value
    sound(page.selectbox(key="language").set_value("zh").run())
    (warning,) = page.warning
    assert "噪声（noise）为 'lots'，应为 0 到 0.5 之间的数。" in warning.value
    assert "链接中的设置 'colour' 不存在" in warning.value
    sound(page.slider(key="noise").set_value(0.1).run())
    assert not page.warning, "the next action takes it away"


def test_why_an_action_did_nothing_is_said_again_in_another_language(page: AppTest) -> None:
    page.text_area(key="pasted").set_value('{"version": 99}')
    sound(page.button(key="open_pasted").click().run())
    assert "Nothing was changed\\: It holds a version, 99" in page.warning[0].value
    sound(page.selectbox(key="language").set_value("zh").run())
    assert "未做任何更改：其中只有版本号 99" in page.warning[0].value


def test_an_experiment_that_was_pasted_is_called_that(page: AppTest) -> None:
    page.text_area(key="pasted").set_value('{"seed": 5}')
    sound(page.button(key="open_pasted").click().run())
    notice = session(page).notice
    assert notice is not None
    assert notice.text.startswith("Opened the pasted experiment.")


def test_the_language_is_switched_and_the_experiment_stays(page: AppTest) -> None:
    sound(page.selectbox(key="dataset").set_value("spiral").run())
    sound(page.selectbox(key="language").set_value("zh").run())
    assert {"播放", "单步", "重置"} <= labels(page.button)
    assert page.selectbox(key="dataset").value == "spiral"
    assert page.query_params["lang"] == "zh"
    sound(page.selectbox(key="language").set_value("en").run())
    assert "Play" in labels(page.button)
    assert "lang" not in page.query_params  # it is the browser's own again


# -- runs -----------------------------------------------------------------------------------------


def test_a_diverged_run_offers_the_way_back() -> None:
    page = opened_page(learning_rate="1000", optimizer="sgd", loss="mean_squared_error")
    run = session(page).player
    with run.trainer() as trainer:
        trainer.change(learning_rate=1000.0)
        trainer.set_weight(0, 0, 0, 3e38)
        trainer.step(500)
    assert run.status == "diverged"
    page.run()
    assert page.button(key="play").disabled
    assert any("diverged" in item.value for item in page.error)
    page.button(key="recover").click().run()
    assert not page.exception
    assert session(page).experiment.training.learning_rate == 100.0
    assert page.number_input(key="learning_rate").value == 100.0


def test_after_back_past_a_change_the_page_shows_what_the_run_has(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    monkeypatch.setattr("playground.live.player.STEP_PATIENCE", 60.0)
    run = trained(page)

    def shown() -> tuple[object, ...]:
        training = session(page).experiment.training
        assert training == run.experiment.training == run._trainer.training
        field = page.number_input(key="learning_rate").value
        assert field == training.learning_rate
        return field, page.query_params.get("learning_rate", "0.01")

    page.selectbox(key="step_unit").set_value("batch").run()
    page.number_input(key="learning_rate").set_value(0.3).run()
    page.button(key="step").click().run()
    assert shown() == (0.3, "0.3")
    for _ in range(2):
        page.button(key="step_back").click().run()
    assert run.moment == (29, 1)
    assert shown() == (0.01, "0.01")
    page.button(key="step").click().run()  # here it is made again
    assert shown() == (0.3, "0.3")
    assert run.moment == (30, 1)
    page.button(key="step_back").click().run()
    page.number_input(key="batch_size").set_value(20).run()
    assert shown() == (0.01, "0.01")
    assert [edit.what for edit in run._trainer.edits] == ["batch_size"]
    page.number_input(key="learning_rate").set_value(0.3).run()
    assert shown() == (0.3, "0.3")
    assert [edit.what for edit in run._trainer.edits] == ["batch_size", "learning_rate"]


def test_a_change_that_a_run_makes_again_by_itself_is_drawn_and_is_no_new_one(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    run = trained(page)
    with run.trainer() as trainer:
        trainer.change(learning_rate=0.3)
        trainer.goto(20)
    page.run()
    here = session(page)
    assert here.experiment.training.learning_rate == 0.01
    monkeypatch.setattr("playground.session.clicks.st.rerun", lambda: asked.append(True))
    here.look_again()
    assert not asked  # nothing is new
    with run.trainer() as trainer:
        trainer.step(20)
    here.look_again()
    assert asked
    monkeypatch.undo()
    page.run()
    assert page.number_input(key="learning_rate").value == 0.3
    assert run.moment == (40, 1)


def test_another_schedule_is_told_to_the_running_trainer() -> None:
    start = changes.edited(DEFAULT, ("training", "schedule"), "cosine")
    start = changes.edited(start, ("training", "schedule_options", "decay_steps"), 50)
    start = changes.edited(start, ("training", "schedule_options", "alpha"), 0.1)
    other = changes.edited(start, ("training", "schedule"), "exponential")
    assert other.training.schedule_options == {"decay_steps": 50}
    assert changes.compare(start, other).live == {
        **{"schedule": "exponential"},
        **{"decay_rate": 0.96, "staircase": False},
    }
    trainer = Trainer(start)
    trainer.change(**changes.compare(start, other).live)
    assert trainer.training.schedule == "exponential"
    assert changes.compare(replace(start, training=trainer.training), other).paths == ()


# -- what fails -----------------------------------------------------------------------------------


def test_a_part_that_fails_is_a_sentence_and_the_rest_is_drawn(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.view_options.view_options", lambda page: 1 / 0)
    page.run()
    assert not page.exception
    assert [item.value for item in page.error] == [translate("en", "page.error")]
    assert {"Play", "Add layer"} <= labels(page.button)


def test_a_click_that_fails_is_a_sentence(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.live.player.Player.replace", None)
    page.button(key="add_layer").click().run()
    assert not page.exception
    assert [item.value for item in page.error] == [translate("en", "page.error")]
    assert [layer.units for layer in session(page).experiment.network.layers] == [4, 2]

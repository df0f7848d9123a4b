"""The page without a browser: what a change does, what a link holds, and a walk over every menu."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core import exchange
from core.data import DATASETS, Dataset
from core.experiment import Dense, Experiment, NetworkConfig, TrainingConfig
from core.maths.initializers import INITIALIZERS
from core.maths.optimizers import OPTIMIZERS
from core.maths.schedules import SCHEDULES
from core.network import Network
from core.trainer import Trainer
from playground import changes, files, link
from playground.live import warming
from playground.live.player import Player
from playground.locales import translate
from playground.session import Session
from playground.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "playground" / "page.py"
DEFAULT = Experiment()


# -- what applies at once, what needs a new network ---------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "live"),
    [
        (("training", "learning_rate"), 0.3, {"learning_rate": 0.3}),
        (("training", "batch_size"), 30, {"batch_size": 30}),
        (("training", "regularizer"), "l2", {"regularizer": "l2"}),
        (("training", "regularization_rate"), 0.01, {"regularization_rate": 0.01}),
        (("training", "optimizer_options", "beta_1"), 0.8, {"beta_1": 0.8}),
        (("network", "layers", 1, "dropout"), 0.5, {"dropout": (0.0, 0.5)}),
    ],
)
def test_what_applies_at_once_is_told_to_the_running_trainer(
    path: changes.Path, value: object, live: dict[str, object]
) -> None:
    change = changes.compare(DEFAULT, changes.write(DEFAULT, path, value))
    assert change == changes.Change(live, (path,), rebuild=False)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("training", "optimizer_options", "amsgrad"), True),
        (("seed",), 1),
        (("data", "seed"), 1),
        (("data", "name"), "spiral"),
        (("data", "noise"), 0.1),
        (("data", "features"), ("x1",)),
        (("network", "layers", 0, "units"), 5),
        (("network", "layers", 0, "activation"), "relu"),
        (("network", "layers", 0, "normalization"), "batch"),
        (("network", "initializer"), "he_normal"),
        (("training", "loss"), "hinge"),
        (("training", "optimizer"), "sgd"),
    ],
)
def test_everything_else_needs_a_new_network(path: changes.Path, value: object) -> None:
    change = changes.compare(DEFAULT, changes.write(DEFAULT, path, value))
    assert change.rebuild
    assert change.live == {}
    assert path in change.paths


def test_a_mixed_change_needs_a_new_network_and_tells_nothing_live() -> None:
    new = changes.write(DEFAULT, ("training", "learning_rate"), 0.3)
    assert changes.compare(DEFAULT, replace(new, seed=2)).live == {}


def test_layers_that_come_or_go_need_a_new_network() -> None:
    more = changes.with_layer_added(DEFAULT)
    assert [layer.units for layer in more.network.layers] == [4, 2, 2]
    assert changes.compare(DEFAULT, more).rebuild
    fewer = changes.with_layer_removed(DEFAULT, 0)
    assert [layer.units for layer in fewer.network.layers] == [2]
    assert changes.compare(DEFAULT, fewer).rebuild
    none = changes.with_layer_removed(changes.with_layer_removed(fewer, -1), -1)
    assert none.network.layers == ()


def test_nothing_changed_is_no_change() -> None:
    assert changes.compare(DEFAULT, Experiment()) == changes.Change()
    written = changes.write(DEFAULT, ("training", "optimizer_options", "beta_1"), 0.9)
    assert changes.compare(DEFAULT, written) == changes.Change()  # Keras's default, spelled out


def test_another_data_set_brings_a_loss_that_suits_and_its_usual_samples() -> None:
    plane = changes.edited(DEFAULT, ("data", "name"), "plane")
    assert (plane.training.loss, plane.data.n_samples) == ("mean_squared_error", 1200)
    digits = changes.edited(DEFAULT, ("data", "name"), "digits")
    assert (digits.training.loss, digits.data.n_samples) == ("categorical_crossentropy", 1797)
    back = changes.edited(digits, ("data", "name"), "circle")
    assert (back.training.loss, back.data.n_samples) == ("binary_crossentropy", 500)
    chosen = changes.write(DEFAULT, ("data", "n_samples"), 900)
    assert changes.edited(chosen, ("data", "name"), "spiral").data.n_samples == 900
    assert changes.edited(chosen, ("data", "name"), "iris").data.n_samples == 150


def test_a_loss_chosen_by_hand_stays_where_it_suits() -> None:
    hinge = changes.edited(DEFAULT, ("training", "loss"), "hinge")
    assert changes.edited(hinge, ("data", "name"), "blobs").training.loss == "hinge"
    assert changes.edited(hinge, ("data", "name"), "sine").training.loss == "mean_squared_error"


def test_another_optimizer_drops_the_options_of_the_old_one() -> None:
    tuned = changes.write(DEFAULT, ("training", "optimizer_options", "beta_1"), 0.8)
    assert (
        dict(changes.edited(tuned, ("training", "optimizer"), "sgd").training.optimizer_options)
        == {}
    )


# -- links and files ----------------------------------------------------------------------------

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


# -- the page itself ----------------------------------------------------------------------------


def opened_page(**params: str) -> AppTest:
    """The page after it was opened with a link, kernels ready."""
    warming.warm_up()
    assert warming.wait(150)
    page = AppTest.from_file(str(PAGE), default_timeout=120)
    for name, value in params.items():
        page.query_params[name] = value
    return sound(page.run())


def sound(page: AppTest) -> AppTest:
    """The page, once it is certain that nothing went wrong on it."""
    assert [item.value for item in page.exception] == []
    assert [item.value for item in page.error] == []
    return page


@pytest.fixture
def page() -> AppTest:
    return opened_page()


def labels(elements: object) -> set[str]:
    return {element.label for element in elements}  # type: ignore[attr-defined]


def session(page: AppTest) -> Session:
    found = page.session_state["playground"]
    assert isinstance(found, Session)
    return found


def trained(page: AppTest) -> Player:
    """The page's run, 30 steps on."""
    run = session(page).player
    with run.trainer() as trainer:
        trainer.step(30)
    return run


def said(page: AppTest) -> str:
    """The small print of the page, without Markdown's escapes."""
    return "\n".join(caption.value for caption in page.caption).replace("\\", "")


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


def test_values_that_a_click_brings_along_are_not_taken_for_choices(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.clicks.ECHO_SECONDS", 600.0)  # however busy
    here = session(page)
    sound(page.button(key="tile_iris").click().run())
    assert here.experiment.data.n_samples == 150
    # The browser still shows 500 samples of the circle when the next click comes.
    page.number_input(key="samples").set_value(500)
    sound(page.button(key="play").click().run())
    assert here.experiment.data.n_samples == 150
    assert here.player.status in ("playing", "compiling")
    here.player.pause()


def test_a_timer_that_brings_old_values_along_takes_no_word_away(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.clicks.ECHO_SECONDS", 600.0)  # however busy
    here = session(page)
    sound(page.button(key="tile_iris").click().run())
    said = here.notice
    assert said is not None
    sound(page.number_input(key="samples").set_value(500).run())
    assert here.notice is said
    assert here.experiment.data.n_samples == 150


def test_a_learning_rate_of_0_is_refused(page: AppTest) -> None:
    sound(page.number_input(key="learning_rate").set_value(0.0).run())
    assert session(page).experiment.training.learning_rate == 0.01
    assert page.number_input(key="learning_rate").value == 0.01
    assert "would learn nothing" in page.warning[0].value


def test_what_a_new_row_shows_before_it_knows_its_values_is_no_choice(page: AppTest) -> None:
    here = session(page)
    sound(page.selectbox(key="dataset").set_value("digits").run())
    sound(page.selectbox(key="dataset").set_value("circle").run())
    layers = here.experiment.network.layers
    assert [(layer.units, layer.activation) for layer in layers] == [(4, "tanh"), (2, "tanh")]
    # The second row has just come; a click brings along what its fields stand at unset.
    page.number_input(key="units_1").set_value(1)
    page.selectbox(key="activation_1").set_value("linear")
    sound(page.button(key="play").click().run())
    here.player.pause()
    assert here.experiment.network.layers == layers
    assert page.number_input(key="units_1").value == 2


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


def test_going_back_in_the_browser_goes_back_to_the_address(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound(page.button(key="add_layer").click().run())
    before = dict(page.query_params)
    sound(page.button(key="add_layer").click().run())
    for name, value in before.items():
        page.query_params[name] = value
    monkeypatch.setattr("playground.session.visitor.is_history", lambda: True)
    sound(page.run())
    assert len(session(page).experiment.network.layers) == 3


def test_a_click_that_comes_with_an_address_of_before_does_not_go_back(page: AppTest) -> None:
    before = dict(page.query_params)
    sound(page.button(key="add_layer").click().run())
    page.query_params.clear()
    page.query_params.update(before)
    sound(page.button(key="step").click().run())
    assert len(session(page).experiment.network.layers) == 3
    assert "layers" in page.query_params


def test_a_click_that_comes_once_more_with_an_address_of_before_does_not_go_back(
    page: AppTest,
) -> None:
    before = dict(page.query_params)
    sound(page.button(key="add_layer").click().run())
    page.query_params.clear()
    page.query_params.update(before)
    sound(page.run())
    assert len(session(page).experiment.network.layers) == 3
    assert "layers" in page.query_params


def test_a_link_is_restored_and_its_mistakes_are_one_warning() -> None:
    page = opened_page(dataset="spiral", layers="8:relu", noise="lots", speed="max")
    assert page.selectbox(key="dataset").value == "spiral"
    assert page.selectbox(key="activation_0").value == "relu"
    assert page.selectbox(key="speed").value == ""
    assert len(page.warning) == 1
    assert "Noise" in page.warning[0].value
    assert "noise" not in page.query_params


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
    monkeypatch.setattr("playground.session.clicks.ECHO_SECONDS", 0.0)  # nobody clicks this fast
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


def test_a_walk_over_every_data_set_and_each_of_its_losses(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.clicks.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    for dataset in DATASETS:
        sound(page.selectbox(key="dataset").set_value(dataset).run())
        for loss in changes.fitting_losses(session(page).experiment):
            sound(page.selectbox(key="loss").set_value(loss).run())
            assert session(page).experiment.training.loss == loss
        assert session(page).player.dataset.task == DATASETS[dataset].task


def test_a_walk_over_every_optimizer_and_its_options(page: AppTest) -> None:
    for name, optimizer in OPTIMIZERS.items():
        sound(page.selectbox(key="optimizer").set_value(name).run())
        for option, record in optimizer.options.items():
            if record.is_flag:
                sound(page.checkbox(key=f"option_{option}").check().run())
            else:
                sound(page.number_input(key=f"option_{option}").set_value(0.5).run())
        sound(page.button(key="step").click().run())
        assert session(page).player.experiment.training.optimizer == name


@pytest.mark.parametrize(
    ("menu", "registry"), [("schedule", SCHEDULES), ("initializer", INITIALIZERS)]
)
def test_a_walk_over_every_schedule_and_initializer_and_their_options(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, menu: str, registry: Mapping[str, Any]
) -> None:
    monkeypatch.setattr("playground.session.clicks.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    for name, record in registry.items():
        sound(page.selectbox(key=menu).set_value(name).run())
        for option, setting in record.options.items():
            key = f"option_{option}"
            if setting.choices:
                sound(page.selectbox(key=key).set_value(setting.choices[-1]).run())
            elif setting.is_flag:
                sound(page.checkbox(key=key).check().run())
            else:
                sound(page.number_input(key=key).set_value(5 if setting.whole else 0.5).run())
        sound(page.button(key="step").click().run())
        training, network = session(page).experiment.training, session(page).experiment.network
        assert name in (training.schedule, network.initializer)


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

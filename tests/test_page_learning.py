"""The page's settings of learning: class weights, early stopping, clipping, smoothing and noise."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.data import DATASETS
from core.experiment import DataConfig, Experiment, TrainingConfig
from playground import changes, link
from playground.live.player import Player
from playground.locales import translate
from playground.settings import Settings
from tests.apptest import labels, opened_page, said, session, sound, trained

DEFAULT = Experiment()
STOPS = {"dataset": "circle", "n_samples": "60", "noise": "0.3", "learning_rate": "0.03"}
"""Few and noisy samples: the test loss soon rises."""


# -- numbers that may be off --------------------------------------------------------------------

FIELDS = {
    "label_smoothing": (0.2, 0.0),
    "input_noise": (0.1, 0.0),
    "mixup": (0.4, 0.0),
    "clip_value": (0.5, None),
    "clip_norm": (1.5, None),
    "global_clip_norm": (2.0, None),
    "max_norm": (3.0, None),
    "early_stopping": (7, None),
}
NAMES = {"early_stopping": "Patience of early stopping"}
"""What a sentence calls a setting whose label makes sense only in its place."""


@pytest.mark.parametrize("name", FIELDS)
def test_a_bound_is_set_and_taken_away_while_the_network_learns(page: AppTest, name: str) -> None:
    run, (value, off) = trained(page), FIELDS[name]
    assert page.number_input(key=name).value == 0
    sound(page.number_input(key=name).set_value(value).run())
    assert run.numbers().step == 30
    assert getattr(run.experiment.training, name) == value
    assert page.query_params[name] == f"{value:g}"
    label = NAMES.get(name) or translate("en", f"page.{name}")
    assert f"{label} is now {value:g}, from step 30 on." in said(page)
    with run.trainer() as trainer:
        assert getattr(trainer.training, name) == value
        trainer.step(5)
    sound(page.number_input(key=name).set_value(0).run())
    assert getattr(run.experiment.training, name) == off
    assert name not in page.query_params
    label = "Early stopping" if name == "early_stopping" else label
    assert f"{label} is now {'off' if off is None else '0'}, from step 35 on." in said(page)


def test_a_bound_that_is_too_small_is_refused_with_its_label(page: AppTest) -> None:
    sound(page.number_input(key="max_norm").set_value(1e-9).run())
    assert session(page).experiment.training.max_norm is None
    assert page.number_input(key="max_norm").value == 0
    assert "Largest norm of weights" in page.warning[0].value


def test_labels_are_smoothed_only_where_the_loss_smooths_them(page: AppTest) -> None:
    assert "Label smoothing" in labels(page.number_input)
    sound(page.selectbox(key="loss").set_value("hinge").run())
    assert "Label smoothing" not in labels(page.number_input)


def test_every_setting_has_words_in_both_languages(page: AppTest) -> None:
    sound(page.number_input(key="early_stopping").set_value(5).run())
    sound(page.selectbox(key="language").set_value("zh").run())
    shown = labels(page.number_input) | labels(page.selectbox) | labels(page.checkbox)
    assert {
        "标签平滑",
        "输入噪声",
        "按数值裁剪梯度",
        "权重的最大范数",
        "提前停止的耐心（轮）",
    } <= shown
    assert {"类别权重", "恢复最佳权重", "最小改进量", "起始轮"} <= shown
    assert {"提前停止：5 轮", "平滑与裁剪"} <= labels(page.expander)


def test_headings_tell_what_is_on_below_them(page: AppTest) -> None:
    assert {"Early stopping", "Smoothing and clipping"} <= labels(page.expander)
    for name, value in (("early_stopping", 1), ("clip_norm", 0.5), ("label_smoothing", 0.1)):
        sound(page.number_input(key=name).set_value(value).run())
    assert {"Early stopping: 1 epoch", "Smoothing and clipping: 2 on"} <= labels(page.expander)
    sound(page.selectbox(key="loss").set_value("hinge").run())  # which smooths no labels
    assert "Smoothing and clipping: 1 on" in labels(page.expander)
    sound(page.number_input(key="early_stopping").set_value(0).run())
    assert "Early stopping" in labels(page.expander)


# -- class weights ------------------------------------------------------------------------------


def test_class_weights_apply_at_once_and_are_in_the_link(page: AppTest) -> None:
    run = trained(page)
    sound(page.selectbox(key="class_weight").set_value("balanced").run())
    assert run.numbers().step == 30
    assert run.experiment.training.class_weight == "balanced"
    assert page.query_params["class_weight"] == "balanced"
    assert "Class weights are now Balanced" in said(page)


def test_weights_are_for_classes_alone(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    sound(page.selectbox(key="class_weight").set_value("balanced").run())
    for name, data in DATASETS.items():
        sound(page.selectbox(key="dataset").set_value(name).run())
        assert ("Class weights" in labels(page.selectbox)) == (data.task == "classification")
    assert session(page).experiment.training.class_weight == "none"


def test_a_link_may_bring_a_number_for_each_class() -> None:
    page = opened_page(class_weight="1,2.5", loss="mean_squared_error")
    assert session(page).experiment.training.class_weight == (1.0, 2.5)
    assert page.selectbox(key="class_weight").value == (1.0, 2.5)
    assert page.query_params["class_weight"] == "1,2.5"
    sound(page.selectbox(key="class_weight").set_value("none").run())
    assert session(page).experiment.training.class_weight == "none"


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"dataset": "plane", "class_weight": "balanced"}, "values instead"),
        ({"dataset": "digits", "class_weight": "1,2"}, "2 numbers, but the data set has 10"),
    ],
)
def test_class_weights_that_do_not_fit_the_data_are_left_out_and_named(params, why) -> None:
    experiment, _, problems = link.read(params)
    assert experiment.training.class_weight == "none"
    assert [why in problem for problem in problems] == [True]


def test_another_data_set_takes_away_weights_that_do_not_fit() -> None:
    weighted = replace(DEFAULT, training=TrainingConfig(class_weight=(1.0, 3.0)))
    assert changes.edited(weighted, ("data", "name"), "xor").training.class_weight == (1.0, 3.0)
    assert changes.edited(weighted, ("data", "name"), "iris").training.class_weight == "none"
    assert changes.edited(weighted, ("data", "name"), "sine").training.class_weight == "none"
    three = Experiment(DataConfig("blobs"), training=TrainingConfig(class_weight=(1.0, 2.0, 3.0)))
    assert changes.edited(three, ("data", "classes"), 4).training.class_weight == "none"


def test_a_link_holds_them_all() -> None:
    experiment = Experiment(
        training=TrainingConfig(
            class_weight=(0.5, 2.0),
            early_stopping=4,
            early_stopping_min_delta=0.01,
            restore_best_weights=False,
            start_from_epoch=10,
            label_smoothing=0.1,
            clip_value=0.5,
            clip_norm=1.0,
            global_clip_norm=2.0,
            max_norm=3.0,
            input_noise=0.05,
            mixup=0.3,
            schedule="reduce_on_plateau",
            schedule_options={"patience": 3, "factor": 0.5},
        )
    )
    params = link.write(experiment, Settings())
    assert link.read(params) == (experiment, Settings(), [])


# -- early stopping -----------------------------------------------------------------------------


def played_until_stopped(page: AppTest) -> Player:
    run = session(page).player
    run.speed = None
    sound(page.button(key="play").click().run())
    end = time.monotonic() + 60
    while run.status != "stopped":
        assert time.monotonic() < end, run.status
        run.viewers.seen()  # as if somebody looked
        time.sleep(0.02)
    sound(page.run())
    return run


def test_a_run_that_stops_early_says_why_and_how_to_go_on() -> None:
    page = opened_page(**STOPS, early_stopping="4")
    run = played_until_stopped(page)
    stop = run.stopped
    assert stop is not None
    assert page.button(key="play").disabled
    (text,) = [item.value for item in page.info]
    assert f"training stopped after epoch {stop.epoch}." in text
    assert f"The test loss was smallest at the end of epoch {stop.best_epoch} (" in text
    assert "What you see are the weights of that moment." in text
    assert page.metric[2].value == f"{stop.best_loss:.3f}"
    sound(page.selectbox(key="language").set_value("zh").run())
    assert page.info[0].value.startswith(f"提前停止：训练在第 {stop.epoch} 轮之后停止。")
    sound(page.button(key="train_on").click().run())
    assert run.status == "playing"
    assert session(page).experiment.training.early_stopping is None
    assert not page.info
    assert "提前停止现已关闭。" in said(page)
    run.pause()


def test_a_stop_tells_what_counted_as_an_improvement() -> None:
    stops = {"early_stopping": "2", "early_stopping_min_delta": "0.02", "start_from_epoch": "5"}
    page = opened_page(**STOPS, **stops)
    stop = played_until_stopped(page).stopped
    assert stop is not None
    (text,) = [item.value for item in page.info]
    assert f"at the end of epoch {stop.best_epoch} and has not fallen by more than 0.02" in text
    assert "The first epochs, up to 5, were not looked at." in text
    assert "was smallest" not in text


def test_any_change_lets_a_stopped_run_go_on() -> None:
    page = opened_page(**STOPS, early_stopping="4", restore_best_weights="false")
    run = played_until_stopped(page)
    assert "What you see are the last weights" in page.info[0].value
    sound(page.number_input(key="learning_rate").set_value(0.001).run())
    assert run.status == "paused"
    assert not page.info
    assert not page.button(key="play").disabled


def test_a_step_leads_into_the_stop_and_no_further() -> None:
    page = opened_page(**STOPS, early_stopping="1")
    run = session(page).player
    for _ in range(200):
        sound(page.button(key="step").click().run())
        if run.status == "stopped":
            break
    assert run.status == "stopped"
    assert page.button(key="step").disabled
    run.step()  # the keyboard's
    assert run.moment[0] == run.stopped.step
    sound(page.button(key="step_back").click().run())
    assert run.status == "paused"


# -- the plateau --------------------------------------------------------------------------------


def test_the_plateaus_options_are_there_and_the_rate_is_the_runs(page: AppTest) -> None:
    sound(page.selectbox(key="schedule").set_value("reduce_on_plateau").run())
    options = {
        "Patience of the plateau (epochs)",
        "Factor",
        "Smallest improvement",
        "Cooldown (epochs)",
    }
    assert {*options, "Lowest learning rate", "Warm-up steps"} <= labels(page.number_input)
    sound(page.number_input(key="option_patience").set_value(1).run())
    sound(page.number_input(key="option_min_delta").set_value(10.0).run())
    assert "Smallest improvement of the plateau is now 10, from step 0 on." in said(page)
    with session(page).player.trainer() as trainer:
        trainer.epoch(3)
        assert trainer.learning_rate == pytest.approx(0.01 * 0.1**2)
    sound(page.run())
    assert "Step 75 · learning rate 0.0001" in said(page)
    sound(page.selectbox(key="schedule").set_value("constant").run())
    assert "learning rate 0.0" not in said(page)


# -- an optimizer of many options ---------------------------------------------------------------


def test_the_last_of_many_options_are_folded_away_and_work(page: AppTest) -> None:
    assert not any(label.startswith("More options") for label in labels(page.expander))
    sound(page.selectbox(key="optimizer").set_value("muon").run())
    (folded,) = [item for item in page.expander if item.label == "More options of Muon"]
    assert {"Epsilon", "Muon a"} <= labels(folded.number_input)
    assert not {"Momentum", "Weight decay"} & labels(folded.number_input)
    assert {"Momentum", "Weight decay", "Muon a"} <= labels(page.number_input)
    sound(page.number_input(key="option_muon_a").set_value(3.0).run())
    assert session(page).experiment.training.optimizer_options["muon_a"] == 3.0

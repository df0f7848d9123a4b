"""What a browser sends late is no choice, and what it goes back to is."""

from __future__ import annotations

from unittest.mock import patch

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from playground.fields import key_of
from playground.session import EchoError, widgets
from playground.session.widgets import Widgets
from tests.apptest import opened_page, session, sound

# -- what a click brings along ---------------------------------------------------------------------


def test_values_that_a_click_brings_along_are_not_taken_for_choices(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 600.0)  # however busy
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
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 600.0)  # however busy
    here = session(page)
    sound(page.button(key="tile_iris").click().run())
    said = here.notice
    assert said is not None
    sound(page.number_input(key="samples").set_value(500).run())
    assert here.notice is said
    assert here.experiment.data.n_samples == 150


def test_a_browser_that_has_no_widget_yet_is_told_all_values_again(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streamlit may have thrown away what the first drawing told it."""

    def is_told() -> bool:
        return page.number_input(key="samples").proto.set_value

    assert is_told()
    assert session(page).experiment.data.n_samples == 500
    sound(page.run())
    assert not is_told()  # who types is left alone
    with monkeypatch.context() as patch:
        patch.setattr("playground.session.widgets._browser_has_widgets", lambda: False)
        sound(page.run())
        assert is_told()
    session(page).widgets.begin()  # a drawing that tells something, and is broken off
    session(page).widgets._unsent.add("samples")
    sound(page.run())
    assert is_told()
    sound(page.run())
    assert not is_told()


def test_what_a_browser_sends_tells_whether_it_has_widgets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[bool] = []
    monkeypatch.setattr(Widgets, "begin", lambda self: found.append(widgets._browser_has_widgets()))
    page = opened_page()
    assert found == [False]
    page.run()
    assert found == [False, True]


@pytest.mark.parametrize(("took", "is_echo"), [(0.2, False), (2.0, True)])
def test_where_drawing_is_slow_old_values_may_come_later(
    monkeypatch: pytest.MonkeyPatch, took: float, is_echo: bool
) -> None:
    clock, state = [0.0], {"units": 4}
    monkeypatch.setattr("playground.session.widgets.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("playground.session.widgets.st.session_state", state)
    widgets = Widgets(lambda: "en")
    widgets.begin()
    widgets.seed("units", 8)
    clock[0] += took
    widgets.finish()
    clock[0] += 4.0
    state["units"] = 4
    if is_echo:
        with pytest.raises(EchoError):
            widgets.chosen("units")
    else:
        assert widgets.chosen("units") == 4


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


# -- addresses ------------------------------------------------------------------------------------


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


def test_words_that_a_menu_had_before_choose_nothing(page: AppTest) -> None:
    found = session(page)
    before = found.experiment
    key = key_of(("network", "output_activation"))
    with patch.object(st, "session_state", {key: "Automatic (Sigmoid)"}):
        found.act(found.edit_choice, ("network", "output_activation"), ("auto", "relu"))
        assert found.experiment == before
        assert found.notice is None
    with patch.object(st, "session_state", {key: "relu"}):
        found.act(found.edit_choice, ("network", "output_activation"), ("auto", "relu"))
        assert found.experiment.network.output_activation == "relu"


def test_a_link_is_restored_and_its_mistakes_are_one_warning() -> None:
    page = opened_page(dataset="spiral", layers="8:relu", noise="lots", speed="max")
    assert page.selectbox(key="dataset").value == "spiral"
    assert page.selectbox(key="activation_0").value == "relu"
    assert page.selectbox(key="speed").value == ""
    assert len(page.warning) == 1
    assert "Noise" in page.warning[0].value
    assert "noise" not in page.query_params

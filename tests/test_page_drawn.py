"""The line that is typed and the points that are drawn, on the page without a browser."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import DataConfig, Experiment, load_dataset
from core.data.drawn import groups_of, with_points
from core.experiment.points import write_points
from core.presets import PRESETS
from playground import files, link
from playground.drawing import groups_on
from playground.live.player import Player
from playground.live.scene import drawing
from tests.apptest import opened_page, said, session, sound, trained

FEW = write_points([[(0.0, 1.0), (2.0, 3.0)], [(4.0, 5.0)]])


def test_a_refused_line_stays_in_its_field_with_the_reason_and_what_runs_runs_on() -> None:
    page = opened_page(dataset="boundary")
    run = trained(page)
    page.text_input(key="formula").set_value("sin x").run()
    assert page.text_input(key="formula").value == "sin x"
    (problem,) = [error.value.replace("\\", "") for error in page.error]
    assert problem == "Character 5: sin needs parentheses: sin(x). In use is still 3*sin(x)."
    assert run.numbers().step == 30
    page.text_input(key="formula").set_value("9").run()  # read, but of one class alone
    assert "nearly all points would be of class 0" in page.error[0].value
    assert run.numbers().step == 30
    sound(page.text_input(key="formula").set_value("sqrt(x) - 1").run())
    assert run.experiment.data.formula == "sqrt(x) - 1"
    assert page.query_params["formula"] == "sqrt(x) - 1"
    assert "Class 1 lies above x2 = sqrt(x) - 1, class 0 below it." in said(page)
    assert "for x from -6 to 0" in said(page)
    sound(page.text_input(key="formula").set_value("y > 2x").run())
    assert "above x2 = 2x, class 0" in said(page)


def test_a_line_and_a_drawing_are_there_again_after_other_data() -> None:
    page = opened_page(dataset="boundary", formula="x/2")
    sound(page.selectbox(key="dataset").set_value("drawn").run())
    with pytest.raises(KeyError):
        page.query_params["formula"]
    session(page).take_points(((), ((1.0, 1.0),)))
    sound(page.selectbox(key="dataset").set_value("boundary").run())
    assert session(page).experiment.data.formula == "x/2"
    sound(page.selectbox(key="dataset").set_value("drawn").run())
    assert groups_of(session(page).experiment.data) == ((), ((1.0, 1.0),))


def test_whatever_takes_their_place_a_line_and_a_drawing_are_kept() -> None:
    page = opened_page(dataset="boundary", formula="x/2")
    here = session(page)
    here.take_points(((), ((1.0, 1.0),)))  # drawn on: the line is left
    here.act(here.open_preset, next(iter(PRESETS.values())))
    here.act(here.choose_data, "boundary")
    assert here.experiment.data.formula == "x/2"
    here._open(files.read_text('{"data": {"name": "xor"}}'), "a file")
    here.act(here.choose_data, "drawn")
    assert groups_of(here.experiment.data) == ((), ((1.0, 1.0),))


def test_the_line_in_use_is_typed_again_in_place_of_a_refused_one() -> None:
    page = opened_page(dataset="boundary")
    for used in ("3*sin(x)", None):
        page.text_input(key="formula").set_value("sin x").run()
        assert session(page).refused_formula
        if used:
            sound(page.text_input(key="formula").set_value(used).run())
        else:
            for name in ("circle", "boundary"):
                sound(page.selectbox(key="dataset").set_value(name).run())
        assert session(page).refused_formula is None
        assert page.text_input(key="formula").value == "3*sin(x)"


def test_a_drawing_in_a_link_is_learnt_and_more_points_leave_its_weights() -> None:
    page = opened_page(dataset="drawn", points=FEW)
    run = trained(page)
    with run.trainer() as trainer:
        weights = trainer.params.copy()
    session(page).redraw(lambda groups: with_points(groups, 1, [(5.0, 5.0)]))
    sound(page.run())
    with run.trainer() as trainer:
        assert np.array_equal(trainer.params, weights)
        assert len(trainer.dataset.X_train) + len(trainer.dataset.X_test) == 4
        assert trainer.step_count == 0
    assert "4 points are drawn. A new run learns on from these weights" in said(page)
    assert page.query_params["points"] == run.experiment.data.points


def test_a_bundled_set_becomes_the_ground_of_a_drawing() -> None:
    page = opened_page()
    session(page).redraw(lambda groups: with_points(groups, 0, [(5.0, 5.0)]))
    sound(page.run())
    data = session(page).player.dataset
    assert session(page).experiment.data.name == "drawn"
    assert len(data.X_train) + len(data.X_test) == 501
    assert "Drawn from Circle, now 501 points." in said(page)


def test_a_drawing_holds_no_point_back_for_validation() -> None:
    page = opened_page(n_samples="1200", validation_fraction="0.25")
    assert session(page).player.dataset.n_validation == 150
    assert drawing(session(page).player.dataset) == {"kind": "points", "count": None, "most": 1500}
    session(page).redraw(lambda groups: with_points(groups, 0, [(5.0, 5.0)]))
    sound(page.run())
    data = session(page).player.dataset
    assert (data.n_validation, len(data.X_train) + len(data.X_test)) == (0, 1001)
    assert drawing(data) == {"kind": "points", "count": 1001, "most": 1500}
    assert "begins with 1,000 of its 1,200 points, now it has 1,001" in said(page)
    experiment, _, problems = link.read({"dataset": "drawn", "validation_fraction": "0.25"})
    assert experiment.data.validation_fraction == 0
    assert "all its points are shown" in problems[0]


def test_a_few_of_many_points_are_drawn_on_with_those_held_back() -> None:
    data = DataConfig("circle", 40, validation_fraction=0.5)
    name, groups = groups_on(Experiment(data), load_dataset(data))
    assert (name, sum(map(len, groups))) == ("drawn", 40)


def go_to(page: AppTest, params: dict[str, str], *, is_history: bool = True) -> None:
    """Give the page an address, as Back does; or as a message that is late does."""
    page.query_params.clear()
    page.query_params.update(params)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("playground.session.visitor.is_history", lambda: is_history)
        sound(page.run())


def test_one_goes_back_and_forward_at_once_but_a_late_message_undoes_nothing() -> None:
    page = opened_page(layers="2:tanh")
    addresses = [dict(page.query_params)]
    for units in (3, 4):
        sound(page.number_input(key="units_0").set_value(units).run())
        addresses.append(dict(page.query_params))
    units = []
    for k, is_history in [(1, False), (0, False), (1, True), (2, True), (0, True), (1, True)]:
        go_to(page, addresses[k], is_history=is_history)
        units.append(session(page).experiment.network.layers[0].units)
    assert units == [4, 4, 3, 4, 2, 3]


def test_a_late_message_stops_no_run_that_is_drawn_on() -> None:
    page = opened_page(dataset="drawn", points=FEW)
    before, run = dict(page.query_params), trained(page)
    run._playing = True
    session(page).redraw(lambda groups: with_points(groups, 1, [(5.0, 5.0)]))
    sound(page.run())
    go_to(page, before, is_history=False)
    assert run._playing
    assert len(groups_of(run.experiment.data)[1]) == 2
    assert page.query_params["points"] == run.experiment.data.points


@pytest.mark.parametrize("name", ["drawn", "circle"])
def test_back_undoes_a_stroke_and_leaves_the_weights(name: str) -> None:
    page = opened_page(dataset=name, **({"points": FEW} if name == "drawn" else {}))
    before, data = dict(page.query_params), session(page).experiment.data
    run = trained(page)
    session(page).redraw(lambda groups: with_points(groups, 1, [(5.0, 5.0)]))
    sound(page.run())
    with run.trainer() as trainer:
        trainer.step(3)
        weights = trainer.params.copy()
    go_to(page, before)
    assert session(page).experiment.data == run.experiment.data == data
    with run.trainer() as trainer:
        assert np.array_equal(trainer.params, weights)
        assert trainer.step_count == 0
    n = "500" if name == "circle" else "3"
    assert f"as they were, {n} of them. A new run learns on from these weights." in said(page)


def test_whether_weights_were_kept_is_said() -> None:
    page = opened_page(dataset="drawn", points=FEW)
    before = dict(page.query_params)
    session(page).redraw(lambda groups: with_points(groups, 2, [(5.0, 5.0)]))  # three classes
    sound(page.run())
    assert "could not be kept: a new run begins from new ones. The browser" in said(page)
    go_to(page, before)
    assert "as they were, 3 of them. The weights could not be kept" in said(page)


def test_a_third_class_brings_its_loss() -> None:
    page = opened_page(dataset="drawn", points=FEW)
    trained(page)
    session(page).redraw(lambda groups: with_points(groups, 2, [(5.0, 5.0)]))
    sound(page.run())
    assert session(page).experiment.training.loss == "categorical_crossentropy"
    assert session(page).player.dataset.n_classes == 3


def test_the_table_is_opened_and_refuses_in_words() -> None:
    page = opened_page(dataset="drawn", points=FEW)
    sound(page.button(key="edit_points").click().run())
    assert page.button(key="use_points").label == "Use these points"
    with pytest.raises(ValueError, match="no point left"):
        session(page).take_points(((), ()))
    assert session(page).edits_points
    session(page).take_points(((), ((1.0, 1.0),)))
    assert not session(page).edits_points
    sound(page.run())
    assert session(page).player.dataset.n_classes == 2


def test_learning_goes_on_and_reset_gives_the_first_weights() -> None:
    player = Player(Experiment(DataConfig("drawn", points=FEW)))
    with player.trainer() as trainer:
        first = trainer.params.copy()
        trainer.step(20)
        last = trainer.params.copy()
    more = write_points([[(0.0, 1.0), (2.0, 3.0)], [(4.0, 5.0), (5.0, 5.0)]])
    player._playing = True
    player.learn_on(Experiment(DataConfig("drawn", points=more)))
    assert player._playing
    with player.trainer() as trainer:
        assert trainer.step_count > 0 or np.array_equal(trainer.params, last)
    with pytest.raises(ValueError, match="no point left"):
        player.learn_on(Experiment(DataConfig("drawn", points=".")))
    assert player.experiment.data.points == more
    player.reset()
    with player.trainer() as trainer:
        assert np.array_equal(trainer.params, first)

"""What the page says beside the numbers and over the diagram: once, in its place, while true."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.refusals import Sentence
from playground.live import gpu
from tests.apptest import labels, opened_page, said, session, sound

MESSAGES = {"link": {"noise": "lots"}, "none": {}}


def places(page: AppTest) -> list[int]:
    """Where the parts of the page stand; a fragment remembers such numbers."""
    return sorted(page.main.children)


@pytest.mark.parametrize("params", MESSAGES.values(), ids=MESSAGES.keys())
def test_messages_move_no_other_part_of_the_page(params: dict[str, str]) -> None:
    page = opened_page(**params)
    assert bool(page.warning) == bool(params)
    before = places(page)
    page.text_area(key="pasted").set_value("no experiment")
    sound(page.button(key="open_pasted").click().run())
    assert len(page.warning) == 1
    assert places(page) == before


def test_a_warning_can_be_closed() -> None:
    page = opened_page(noise="lots")
    assert "Close" in labels(page.button)
    sound(page.button(key="dismiss").click().run())
    assert not page.warning
    assert "Close" not in labels(page.button)


def test_what_was_said_of_the_initial_weights_holds_until_one_is_edited() -> None:
    page = opened_page()
    sound(page.button(key="reset").click().run())
    assert "with the same initial weights" in said(page)
    with session(page).player.trainer() as trainer:
        trainer.set_bias(0, 0, 0.5)
    assert "with the same initial weights" not in said(sound(page.run()))


@pytest.mark.parametrize(("dataset", "has_colours"), [("sine", False), ("plane", True)])
def test_an_output_without_colours_cannot_be_discretized(dataset: str, has_colours: bool) -> None:
    option = opened_page(dataset=dataset).checkbox(key="discretize_output")
    assert option.disabled is not has_colours
    assert ("no colours" in option.help) is not has_colours


def test_without_a_gpu_the_reason_stands_where_one_would_be_chosen(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Sentence("the CUDA driver reports an error ({problem})", problem="*999*")
    for found, words in ((gpu.NOT_YET, "still being looked for"), (broken, "an error (*999*)")):
        monkeypatch.setattr(gpu, "why_not", lambda found=found: found)
        assert words in said(sound(page.run()))
        assert "Computing: CPU" in labels(page.expander)
        assert not page.warning
    assert "backend" not in [choice.key for choice in page.segmented_control]
    sound(page.selectbox(key="language").set_value("zh").run())
    assert "GPU：CUDA 驱动程序报告错误（*999*）。" in said(page)


def test_what_is_said_of_a_stop_can_be_closed_and_shown_again() -> None:
    page = opened_page(n_samples="60", noise="0.3", learning_rate="0.03", early_stopping="1")
    run = session(page).player
    with run.trainer() as trainer:
        trainer.epoch(1000)
    assert run.status == "stopped"
    sound(page.run())
    assert {"Keep training", "Close"} <= labels(page.button)
    before = places(page)
    sound(page.button(key="dismiss").click().run())
    assert not page.info
    assert not {"Keep training", "Close"} & labels(page.button)
    sound(page.selectbox(key="language").set_value("zh").run())
    assert not page.info  # it stays closed, whatever else is done
    sound(page.button(key="why_stopped").click().run())
    assert page.info
    assert "为何停止" not in labels(page.button)
    assert {"继续训练", "关闭"} <= labels(page.button)
    assert places(page) == before


def test_the_next_stop_is_said_although_the_last_was_closed() -> None:
    page = opened_page(n_samples="60", noise="0.3", learning_rate="0.03", early_stopping="1")
    run = session(page).player
    with run.trainer() as trainer:
        trainer.epoch(1000)
    sound(page.run())
    sound(page.button(key="dismiss").click().run())
    with run.trainer() as trainer:
        trainer.change(learning_rate=0.02)
        trainer.epoch(1000)
    assert run.status == "stopped"
    sound(page.run())
    assert page.info

"""The whole experiment in the link, in two languages, and what a bad link leads to."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from tests.browser import Server, Visitor

Visit = Callable[..., Visitor]


def test_a_reload_restores_the_experiment(visitor: Visitor) -> None:
    visitor.choose("Dataset", "Spiral")
    visitor.press("Add layer")
    visitor.type("Units", 6)
    visitor.set_learning_rate(0.003)
    visitor.wait_until(lambda: "spiral" in visitor.page.url, "the link names the data set")
    visitor.wait_until(lambda: "0.003" in visitor.page.url, "the link holds the learning rate")
    loss = visitor.metric("Training loss")
    visitor.reload()
    totals = [column["total"] for column in visitor.live.scene["columns"]]
    assert totals == [2, 6, 2, 2, 1]
    assert visitor.metric("Training loss") == loss
    assert visitor.live.frame()[0]["learning_rate"] == pytest.approx(0.003)


def test_a_reload_says_that_the_weights_start_anew(visitor: Visitor) -> None:
    visitor.press("Step")
    visitor.wait_until(lambda: visitor.number("Epoch") == 1, "one epoch")
    assert visitor.page.get_by_text("Loaded anew").count() == 0
    visitor.reload()
    visitor.wait_for_text("the weights start again at step 0")
    assert visitor.number("Epoch") == 0


def test_the_link_can_be_copied_and_opens_what_the_address_does(visitor: Visitor) -> None:
    visitor.choose("Dataset", "Digits")
    visitor.wait_until(lambda: "digits" in visitor.page.url, "the link names the data set")
    visitor.press("Link to this page …")
    shown = visitor.page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
    assert unquote(shown.inner_text().strip()) == unquote(visitor.page.url)
    shown.get_by_role("button").wait_for()  # it copies, and is seen without hovering


def test_a_strangers_words_in_a_link_do_not_become_links(server: Server, visit: Visit) -> None:
    query = "?dataset=www.evil.example/login&loss=me@evil.example&optimizer=https://evil.example"
    visitor = visit(server, query)
    visitor.wait_for_text(re.compile("evil"))
    assert visitor.page.locator("a[href*=evil]").count() == 0


def test_a_link_opens_the_same_run_elsewhere(server: Server, visit: Visit) -> None:
    first = visit(server)
    first.choose("Dataset", "Spiral")
    first.wait_until(lambda: "spiral" in first.page.url, "the link names the data set")
    first.press("Step")
    first.wait_until(lambda: first.number("Epoch") == 1, "one epoch")
    other = visit(server, "?" + first.page.url.partition("?")[2])
    other.press("Step")
    other.wait_until(lambda: other.number("Epoch") == 1, "one epoch")
    assert other.metric("Training loss") == first.metric("Training loss")


@pytest.mark.parametrize(
    "query",
    [
        "?experiment=nonsense",
        "?dataset=nowhere&noise=lots&learning_rate=-1&layers=1e9",
        "?v=999",
        "?" + "x" * 3000,
    ],
)
def test_a_bad_link_still_gives_a_page_that_works(server: Server, visit: Visit, query: str) -> None:
    visitor = visit(server, query)
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "it trains all the same")


def test_the_language_follows_the_browser_and_can_be_switched(server: Server, visit: Visit) -> None:
    visitor = visit(server, locale="zh-CN", ready="重置")
    visitor.button("播放").wait_for()
    visitor.choose("语言", "English")
    visitor.button("Play").wait_for()
    visitor.choose("Language", "简体中文")
    visitor.button("播放").wait_for()


def test_the_page_is_usable_on_a_phone(server: Server, visit: Visit) -> None:
    visitor = visit(server, viewport={"width": 420, "height": 800})
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "it trains")
    overflow = visitor.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0

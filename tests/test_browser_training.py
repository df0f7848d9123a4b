"""A visitor trains: press Play and see the loss fall, change a rate live, diverge and recover."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.browser import DIAGRAM, Server, Visitor

Visit = Callable[..., Visitor]


def loss_falls_below(visitor: Visitor, share: float) -> None:
    """Wait until the training loss is below this share of what it is now."""
    before = visitor.number("Training loss")
    visitor.press("Play")
    visitor.wait_until(
        lambda: visitor.number("Training loss") < share * before,
        f"training loss under {share} of {before}",
        seconds=60,
    )
    visitor.press("Pause")
    assert visitor.number("Epoch") > 0


@pytest.mark.parametrize(("dataset", "share"), [("Circle", 0.3), ("Spiral", 0.97), ("Digits", 0.3)])
def test_play_makes_the_loss_fall(visitor: Visitor, dataset: str, share: float) -> None:
    visitor.choose("Dataset", dataset)
    visitor.choose("Speed", "Flat out")
    loss_falls_below(visitor, share)


def test_pause_holds_and_play_goes_on(visitor: Visitor) -> None:
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "an epoch has passed")
    visitor.press("Pause")
    visitor.button("Play").wait_for()
    epoch = visitor.number("Epoch")
    visitor.page.wait_for_timeout(1500)
    assert visitor.number("Epoch") == epoch
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > epoch, "training goes on")


def test_a_click_that_a_timer_brings_along_counts_once(visitor: Visitor) -> None:
    # The browser sends a click a moment after it was made; a timer of the page that fires in
    # between brings it along. Here that moment is so long that one always does.
    visitor.page.evaluate("""() => {
        const now = window.setTimeout;
        window.setTimeout = (call, delay, ...rest) => now(call, delay || 2500, ...rest);
        window.atOnce = () => { window.setTimeout = now; };
    }""")
    visitor.button("Step").click()
    visitor.page.wait_for_timeout(3000)
    visitor.page.evaluate("window.atOnce()")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "one epoch")
    visitor.settle()
    assert visitor.number("Epoch") == 1


def test_a_step_is_one_epoch_and_reset_gives_the_same_start(visitor: Visitor) -> None:
    start = visitor.metric("Training loss")
    visitor.press("Step")
    visitor.wait_until(lambda: visitor.number("Epoch") == 1, "one epoch")
    assert visitor.metric("Training loss") != start
    visitor.press("Reset")
    visitor.wait_until(lambda: visitor.number("Epoch") == 0, "epoch 0 again")
    visitor.wait_until(lambda: visitor.metric("Training loss") == start, "the same loss again")


def test_new_weights_start_elsewhere(visitor: Visitor) -> None:
    start = visitor.metric("Training loss")
    visitor.press("New weights")
    visitor.wait_until(lambda: visitor.metric("Training loss") != start, "another loss")


def test_the_space_bar_plays_and_pauses(visitor: Visitor) -> None:
    visitor.page.locator("body").press("Space")
    visitor.button("Pause").wait_for()
    visitor.page.locator("body").press("Space")
    visitor.button("Play").wait_for()


def test_the_learning_rate_changes_without_a_reset(visitor: Visitor) -> None:
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 2, "two epochs")
    epoch = visitor.number("Epoch")
    visitor.set_learning_rate(0.0001)
    visitor.wait_until(
        lambda: visitor.live.frame()[0].get("learning_rate") == pytest.approx(0.0001),
        "the run uses the new rate",
    )
    visitor.wait_until(lambda: visitor.number("Epoch") > epoch, "training goes on")
    visitor.button("Pause").wait_for()


def test_back_past_a_change_every_part_of_the_page_shows_what_the_run_has(
    server: Server, visit: Visit
) -> None:
    visitor = visit(server, "?learning_rate=0.1")
    visitor.press("Step")
    visitor.wait_until(lambda: visitor.number("Epoch") == 1, "one epoch")
    visitor.set_learning_rate(0.3)

    def shows(rate: float) -> bool:
        return (
            float(visitor.field("Learning rate").input_value()) == rate
            and f"learning_rate={rate}" in visitor.page.url
            and visitor.live.frame()[0].get("learning_rate") == pytest.approx(rate)
        )

    visitor.press("Step")
    visitor.wait_until(lambda: visitor.number("Epoch") == 2, "two epochs")
    assert shows(0.3)
    visitor.press("Back")
    visitor.press("Back")
    visitor.wait_until(lambda: shows(0.1), "the rate before the change")
    assert visitor.number("Epoch") == 0
    visitor.press("Play")  # until the change is made again, by itself
    visitor.wait_until(lambda: shows(0.3), "the rate after the change")


DIVERGING = "?layers=4%3Arelu&loss=mean_squared_error&output_activation=linear&optimizer=sgd" + (
    "&learning_rate=10&speed=max"
)


def test_a_diverged_run_says_where_and_recovers(server: Server, visit: Visit) -> None:
    visitor = visit(server, DIVERGING)
    visitor.press("Play")
    visitor.wait_for_text("diverged at step")
    recover = visitor.page.get_by_role("button", name="Learning rate / 10 and continue from step")
    recover.click()
    visitor.wait_until(
        lambda: visitor.live.frame()[0]["learning_rate"] < 10, "the smaller rate is in use"
    )
    visitor.press("Reset")
    visitor.wait_until(lambda: visitor.number("Epoch") == 0, "epoch 0 again")
    visitor.page.get_by_text("diverged at step").first.wait_for(state="hidden")


def test_a_divergence_is_said_once_and_moves_nothing(server: Server, visit: Visit) -> None:
    visitor = visit(server, DIVERGING)
    parts = [visitor.page.locator(part) for part in (DIAGRAM, ".output", ".st-key-view_options")]
    before = [part.bounding_box() for part in parts]
    visitor.press("Play")
    visitor.page.locator(".st-key-recover").wait_for()
    visitor.settle()
    assert [part.bounding_box() for part in parts] == before
    said = visitor.page.get_by_text(re.compile("diverged|finite"))
    assert len([text for text in said.all() if text.is_visible()]) == 1
    place = visitor.page.locator(".st-key-recover").bounding_box()
    assert place is not None
    assert place["y"] < 850  # in sight


def test_a_refusal_moves_nothing_and_can_be_closed(server: Server, visit: Visit) -> None:
    visitor = visit(server, "?noise=lots")
    visitor.wait_for_text("Some of the link could not be used")
    before = visitor.page.locator(DIAGRAM).bounding_box()
    visitor.press("Close")
    visitor.page.get_by_text("Some of the link could not be used").wait_for(state="hidden")
    assert visitor.page.locator(DIAGRAM).bounding_box() == before


READ_BOTH = """() => {
    const isLive = (element) => element.shadowRoot?.querySelector(".output-number");
    const host = [...document.querySelectorAll("*")].find(isLive);
    const live = [...host.shadowRoot.querySelectorAll(".output-number dd")]
        .filter((number) => number.checkVisibility());
    const page = (name) => document.querySelector(
        `.st-key-metric_${name} [data-testid=stMetricValue]`).innerText;
    const shown = live.map((number) => number.textContent).filter(Boolean);
    return [["test_loss", "train_loss", "accuracy"].map(page), shown];
}"""


def test_the_page_and_the_live_view_show_the_same_numbers_while_playing(visitor: Visitor) -> None:
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "an epoch has passed")
    seen = []
    for _ in range(30):
        visitor.page.wait_for_timeout(90)
        seen.append(visitor.page.evaluate(READ_BOTH))
    same = [page == live for page, live in seen]
    # Between a drawing of Streamlit's and the next frame lies a moment.
    assert sum(same) > 0.8 * len(seen), seen
    assert len({page[0] for page, _ in seen}) > 3
    visitor.press("Pause")
    visitor.button("Play").wait_for()
    visitor.wait_until(lambda: len({*map(tuple, visitor.page.evaluate(READ_BOTH))}) == 1, "same")


def test_two_pages_do_not_disturb_each_other(server: Server, visit: Visit) -> None:
    one, other = visit(server), visit(server)
    other.choose("Dataset", "Spiral")
    start = other.metric("Training loss")
    one.press("Play")
    one.wait_until(lambda: one.number("Epoch") > 10, "the first page trains")
    assert other.number("Epoch") == 0
    assert other.metric("Training loss") == start
    other.page.bring_to_front()
    other.press("Play")
    other.wait_until(lambda: other.live.frame()[0]["step"] > 0, "the second page's run starts")
    one.page.bring_to_front()
    one.press("Pause")
    one.button("Play").wait_for()
    epoch = one.number("Epoch")
    other.page.bring_to_front()  # a page in the background is drawn by the browser's leave only
    other.wait_until(lambda: other.number("Epoch") > 10, "the second page trains")
    assert one.number("Epoch") == epoch


def test_a_run_stops_early_says_why_and_is_kept_training(server: Server, visit: Visit) -> None:
    visitor = visit(server, "?n_samples=60&noise=0.3&learning_rate=0.03&speed=max")
    visitor.page.get_by_text("Early stopping", exact=True).click()
    visitor.type("Patience of early stopping (epochs)", 5)
    visitor.wait_until(lambda: "early_stopping=5" in visitor.page.url, "the address says so")
    visitor.press("Play")
    visitor.button("Keep training").wait_for()
    visitor.wait_for_text(re.compile(r"training stopped after epoch \d+"))
    visitor.settle()
    assert visitor.button("Play").is_disabled()
    stopped = visitor.number("Epoch")
    assert stopped > 5
    words = visitor.page.locator(".st-key-stopped").inner_text()
    best = re.search(r"end of epoch (\d+) \((\d\.\d+)\)", words)
    assert best is not None
    assert int(best[1]) == stopped - 5
    assert visitor.metric("Test loss") == best[2]
    visitor.press("Close")
    visitor.button("Keep training").wait_for(state="hidden")
    visitor.press("Why it stopped")
    visitor.press("Keep training")
    visitor.wait_until(lambda: visitor.number("Epoch") > stopped + 20, "training goes on")
    visitor.press("Pause")
    visitor.wait_until(lambda: "early_stopping" not in visitor.page.url, "the address says so")
    visitor.button("Keep training").wait_for(state="hidden")


def test_what_keeps_training_in_bounds_is_folded_away_and_changes_live(visitor: Visitor) -> None:
    assert not visitor.field("Clip gradients by norm").is_visible()
    visitor.page.get_by_text("Smoothing and clipping", exact=True).click()
    visitor.press("Step")
    visitor.wait_until(lambda: visitor.number("Epoch") == 1, "one epoch")
    for field, name, value in (
        ("Label smoothing", "label_smoothing", 0.1),
        ("Clip gradients by norm", "clip_norm", 0.5),
        ("Largest norm of weights", "max_norm", 2),
    ):
        visitor.type(field, value)
        assert f"{name}={value}" in visitor.page.url
    assert visitor.number("Epoch") == 1
    visitor.type("Clip gradients by norm", 0)
    assert "clip_norm" not in visitor.page.url
    visitor.choose("Class weights", "Balanced")
    assert "class_weight=balanced" in visitor.page.url
    assert visitor.number("Epoch") == 1

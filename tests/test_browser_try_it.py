"""Try it on a real page: a digit drawn with the mouse, a sentence typed while the run plays."""

from __future__ import annotations

from playwright.sync_api import Locator

from tests.browser import Visitor
from tests.test_browser_panels import open_panel

PAPER = "canvas[aria-label='Paper to draw on']"
BARS = ".js-plotly-plot .bars .point"


def stroke(visitor: Visitor, *places: tuple[float, float]) -> None:
    """Draw a line on the paper, from 0 to 1 to the right and downwards."""
    paper = visitor.page.locator(PAPER)
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    assert box is not None
    (x, y), *others = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places
    ]
    visitor.page.mouse.move(x, y)
    visitor.page.mouse.down()
    for x, y in others:
        visitor.page.mouse.move(x, y, steps=8)
    visitor.page.mouse.up()
    visitor.settle()


def answer(visitor: Visitor) -> Locator:
    return visitor.page.get_by_text("The network says", exact=True)


def test_a_drawn_digit_is_answered_until_it_is_wiped(visitor: Visitor) -> None:
    visitor.press("Digits")
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") >= 5, "five epochs")
    open_panel(visitor, "Try it")
    visitor.wait_for_text("Draw something on the paper")
    stroke(visitor, (0.5, 0.2), (0.5, 0.8))
    visitor.press("Pause")
    answer(visitor).wait_for()
    visitor.look_at_chart("A bar for each class")
    visitor.wait_until(lambda: visitor.page.locator(BARS).count() == 10, "ten probabilities")
    assert visitor.metric("The network says") == "1"
    visitor.wait_for_text("Blue spoke for 1, orange against it.")
    open_panel(visitor, "Export")
    open_panel(visitor, "Try it")  # the drawing is still there
    answer(visitor).wait_for()
    visitor.page.get_by_role("button", name="Clear", exact=True).click()
    visitor.wait_for_text("Draw something on the paper")
    assert answer(visitor).count() == 0


def test_a_sentence_keeps_every_letter_while_the_run_plays(visitor: Visitor) -> None:
    visitor.press("Reviews")
    open_panel(visitor, "Try it")
    visitor.press("Play")
    field = visitor.page.get_by_role("textbox", name="A sentence of your own")
    field.fill("")
    text = "the best and most delicious zzyzx of all"
    field.press_sequentially(text, delay=60)
    assert field.input_value() == text
    visitor.wait_for_text("Not known to the network: the, ")
    visitor.press("Pause")
    assert field.input_value() == text
    visitor.wait_for_text("zzyzx")


def test_a_newcomer_who_gives_stars_is_recommended_films(visitor: Visitor) -> None:
    page = visitor.page
    visitor.press("Films")
    open_panel(visitor, "Try it")
    visitor.wait_for_text("What person 15 likes best")
    page.get_by_text("A newcomer: you").click()
    visitor.wait_for_text("Give stars to a film on the left")
    stars = page.locator("[data-testid=stFeedback]").first
    stars.locator("button").nth(4).click()
    visitor.wait_for_text("Found from your stars alone")
    assert page.locator("[data-testid=stDataFrame]").count() == 1

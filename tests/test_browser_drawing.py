"""Drawing on the output of a real page: points come and go while the run plays."""

from __future__ import annotations

from tests.browser import Visitor


def drag(visitor: Visitor, *path: tuple[float, float], key: str = "") -> None:
    """Move the pressed pointer over shares of the output's width and height."""
    box = visitor.page.locator(".output-plane canvas").first.bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in path]
    if key:
        visitor.page.keyboard.down(key)
    visitor.page.mouse.move(*places[0])
    visitor.page.mouse.down()
    for place in places[1:]:
        visitor.page.mouse.move(*place, steps=6)
    visitor.page.mouse.up()
    if key:
        visitor.page.keyboard.up(key)


def points(visitor: Visitor) -> int:
    """How many there are, for training and for the test."""
    arrays = visitor.live.data()[1]
    return len(arrays["train_y"]) + len(arrays["test_y"])


def test_points_are_drawn_and_erased_while_the_network_learns(visitor: Visitor) -> None:
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 3, "it learns")
    visitor.page.get_by_role("button", name="Draw", exact=True).click()
    visitor.settle()
    before = points(visitor)
    drag(visitor, (0.3, 0.15), (0.7, 0.15))
    visitor.wait_until(lambda: points(visitor) > before, "the drawn points")
    drawn = points(visitor)
    visitor.wait_until(lambda: "dataset=drawn" in visitor.page.url, "the link has them")
    # It went on from the weights that it had.
    visitor.wait_until(lambda: visitor.number("Training loss") < 0.4, "the loss of the new run")
    visitor.settle()
    drag(visitor, (0.3, 0.2), (0.7, 0.15), (0.3, 0.15), key="Alt")
    visitor.wait_until(lambda: points(visitor) < drawn, "fewer points")
    erased, address = points(visitor), visitor.page.url
    drag(visitor, (0.3, 0.5), (0.7, 0.5))
    visitor.wait_until(lambda: visitor.page.url != address, "a place to go back from")
    visitor.page.go_back()  # at once
    visitor.wait_until(lambda: points(visitor) == erased, "the stroke is undone")
    frame = visitor.live.frame()[0]["step"]
    visitor.wait_until(lambda: visitor.live.frame()[0]["step"] > frame, "it still learns")
    visitor.press("Pause")

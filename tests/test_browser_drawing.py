"""Drawing on the output of a real page while the network learns: mouse, Shift, Alt, a curve."""

from __future__ import annotations

from tests.browser import Visitor

PICTURE = ".output-picture:visible canvas"


def drag(visitor: Visitor, *places: tuple[float, float], key: str = "") -> None:
    """Draw from place to place, each a share of the picture's width and height."""
    picture = visitor.page.locator(PICTURE)
    picture.scroll_into_view_if_needed()
    box, mouse = picture.bounding_box(), visitor.page.mouse
    assert box is not None
    first, *others = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places
    ]
    if key:
        visitor.page.keyboard.down(key)
    mouse.move(*first)
    mouse.down()
    for place in others:
        mouse.move(*place, steps=5)
    mouse.up()
    if key:
        visitor.page.keyboard.up(key)


def points(visitor: Visitor) -> int:
    """How many points there are, as the tools say."""
    return int(visitor.page.locator(".pencil-count").inner_text().split()[0].replace(",", ""))


def drawn(visitor: Visitor, what: str, more: bool, before: int) -> int:
    visitor.wait_until(lambda: points(visitor) != before, what)
    assert (points(visitor) > before) == more
    return points(visitor)


def test_points_are_drawn_and_erased_while_it_learns(visitor: Visitor) -> None:
    visitor.press("Play")
    visitor.button("Draw").click()
    drag(visitor, (0.2, 0.1), (0.8, 0.1))
    count = drawn(visitor, "a stroke in the data", True, 500)
    drag(visitor, (0.3, 0.5), (0.7, 0.5), key="Alt")
    count = drawn(visitor, "points taken away", False, count)
    drag(visitor, (0.2, 0.8), (0.8, 0.8), key="Shift")
    drawn(visitor, "a stroke of the other class", True, count)
    visitor.wait_for_text("points are drawn. A new run learns on from these weights")
    visitor.wait_until(lambda: visitor.number("Epoch") >= 2, "learning that goes on")
    assert visitor.button("Pause").is_visible()
    visitor.press("Sine data")
    visitor.button("Sketch").click()
    drag(visitor, (0.15, 0.3), (0.5, 0.7), (0.98, 0.3))
    drawn(visitor, "a curve", False, 500)
    assert "dataset=sketched" in visitor.page.url

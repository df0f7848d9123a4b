"""Augmentation in a real browser: set, and seen before and after while the network learns."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser import Server, Visitor

Visit = Callable[..., Visitor]

BEFORE_AND_AFTER = ".before-and-after img"


def test_images_are_shown_before_and_after(server: Server, visit: Visit) -> None:
    visitor = visit(server, "?dataset=digits&n_samples=100&step=batch")
    visitor.page.get_by_text("Augmentation", exact=True).click()
    assert visitor.page.locator(BEFORE_AND_AFTER).count() == 0
    visitor.type("Rotation (degrees)", 40)
    visitor.wait_until(lambda: "rotation=40" in visitor.page.url, "the link has it")
    images = visitor.page.locator(BEFORE_AND_AFTER)
    visitor.wait_until(lambda: images.count() == 12, "six before, six after")
    script = "images => images.map(image => image.naturalWidth && image.src)"
    first = images.evaluate_all(script)
    assert len(set(first)) == 12
    assert all(first)
    visitor.press("Step")
    visitor.wait_for_text("Samples of step 2:")
    assert not set(images.evaluate_all(script)) & set(first)

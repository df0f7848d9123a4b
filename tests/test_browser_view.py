"""Keys and view options, in a real browser: what changes the run, and what only its picture."""

from __future__ import annotations

from tests.browser import Visitor


def press_key(visitor: Visitor, key: str) -> None:
    visitor.page.locator("body").press(key)
    visitor.settle()


def epochs(visitor: Visitor, count: int) -> None:
    visitor.wait_until(lambda: visitor.number("Epoch") == count, f"epoch {count}")


def test_arrows_step_forth_and_back_and_shift_r_resets(visitor: Visitor) -> None:
    for count in (1, 2):
        press_key(visitor, "ArrowRight")
        epochs(visitor, count)
    press_key(visitor, "ArrowLeft")
    epochs(visitor, 1)
    press_key(visitor, "Shift+R")
    epochs(visitor, 0)


def test_view_options_change_the_picture_and_not_the_run(visitor: Visitor) -> None:
    press_key(visitor, "ArrowRight")
    epochs(visitor, 1)
    before = visitor.live.frame()[1]["weights"]
    for label in ("Show test data", "Discretize output"):
        visitor.page.get_by_text(label, exact=True).first.click()
        visitor.settle()
    visitor.page.get_by_role("radio", name="Gradients", exact=True).first.click(force=True)
    visitor.wait_until(
        lambda: (
            visitor.live.scene["show_test"]
            and visitor.live.scene["discretize"]
            and visitor.live.scene["edges"] == "gradient"
        ),
        "a scene with the options",
    )
    visitor.wait_until(lambda: "gradients" in visitor.live.frame()[1], "gradients of the edges")
    assert visitor.number("Epoch") == 1
    assert list(visitor.live.frame()[1]["weights"]) == list(before)

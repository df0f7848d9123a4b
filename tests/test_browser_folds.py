"""k folds on a real page: started, watched and cancelled while the run goes on."""

from __future__ import annotations

from tests.browser import Visitor
from tests.test_browser_panels import open_panel


def test_folds_are_evaluated_beside_a_run_that_plays(visitor: Visitor) -> None:
    open_panel(visitor, "Evaluation")
    visitor.page.get_by_role("radio", name="k folds").click()
    visitor.settle()
    visitor.press("Evaluate in 5 folds")
    visitor.wait_for_text("on the test samples of 5 folds")
    visitor.look_at_chart("Test result of each fold")
    visitor.wait_until(
        lambda: visitor.page.locator(".js-plotly-plot .points path").count() == 5, "five points"
    )
    visitor.press("Play")
    visitor.type("Epochs", 100_000)
    visitor.press("Evaluate in 5 folds")
    visitor.wait_for_text("Fold 1 of 5")
    before = visitor.number("Epoch")
    visitor.wait_until(lambda: visitor.number("Epoch") > before, "the run goes on")
    visitor.press("Cancel")
    visitor.wait_until(lambda: visitor.button("Evaluate in 5 folds").is_enabled(), "its end")
    visitor.press("Pause")

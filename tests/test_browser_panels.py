"""The panels on a real page: they follow the run, and keep what a person did with a chart."""

from __future__ import annotations

from typing import Any

from playground.live.chart import LIBRARY
from tests.browser import Visitor

PANELS = ("Curves", "Gradients", "Weights", "Inside one step", "Evaluation", "Try it", "Export")

CHART = """() => {
    const chart = document.querySelector(".js-plotly-plot");
    const line = chart?._fullData?.[0];
    return line && {steps: line.x[line.x.length - 1], range: chart.layout.xaxis.range};
}"""


PRINTED = """addEventListener("beforeprint", () => {
    window.printed = document.querySelectorAll(".js-plotly-plot:has(.scatterlayer path)").length;
})"""

MOUNT_OUT_OF_SIGHT = """async (library) => {
    const { default: mount } = await import("/assets/live/chart.js");
    const parentElement = document.createElement("div");
    parentElement.style.cssText = "position: fixed; top: 200vh; width: 300px";
    document.body.append(parentElement);
    const shown = [...Array(20).keys()].map((number) => ({
        figure: JSON.stringify({data: [], layout: {title: {text: `figure ${number}`}}}),
        height: 300, alt: "", words: {}, library,
    }));
    for (const data of shown) window.unmount = await mount({data, parentElement});
    window.shown = shown.map((data) => new WeakRef(data));
    window.mounted = parentElement;
}"""


def open_panel(visitor: Visitor, name: str) -> None:
    """Open a panel and scroll to it: its charts are drawn where they are seen."""
    tab = visitor.page.get_by_role("tab", name=name, exact=True)
    tab.click()
    visitor.settle()
    tab.evaluate("tab => tab.scrollIntoView()")


def chart(visitor: Visitor) -> dict[str, Any]:
    """The last step and the shown range of the first chart."""
    found = visitor.page.evaluate(CHART)
    return found or {"steps": -1, "range": None}


def test_curves_follow_the_run_and_keep_what_was_zoomed_into(visitor: Visitor) -> None:
    assert visitor.page.locator(".js-plotly-plot").count() == 0  # below the fold nothing is drawn
    visitor.press("Play")
    visitor.look_at_chart("Training and test loss")
    visitor.wait_until(lambda: chart(visitor)["steps"] > 200, "a curve of 200 steps")
    surface = visitor.page.locator(".js-plotly-plot .nsewdrag").first
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + 40, box["y"] + 40)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 160, box["y"] + 140, steps=5)
    visitor.page.mouse.up()
    zoomed = chart(visitor)
    visitor.wait_until(lambda: chart(visitor)["steps"] > zoomed["steps"], "a longer curve")
    assert chart(visitor)["range"] == zoomed["range"]
    visitor.press("Pause")


def test_charts_out_of_sight_keep_one_figure_and_are_printed(visitor: Visitor) -> None:
    page = visitor.page
    page.evaluate(MOUNT_OUT_OF_SIGHT, LIBRARY)
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    assert page.evaluate("shown.filter(data => data.deref()).length") == 1
    page.evaluate("mounted.style.top = 0")
    page.locator(".gtitle", has_text="figure 19").wait_for()
    page.evaluate("unmount(), mounted.remove()")
    assert page.locator(".js-plotly-plot").count() == 0  # the panel's own wait below the fold
    page.evaluate(PRINTED)
    page.pdf()
    assert page.evaluate("printed") == 2


def test_every_panel_draws_while_the_run_plays_and_when_it_rests(visitor: Visitor) -> None:
    visitor.press("Play")
    for name in PANELS:
        open_panel(visitor, name)
        visitor.page.wait_for_timeout(1800)  # one redraw
    visitor.press("Pause")
    for name in PANELS:
        open_panel(visitor, name)
    # What went wrong in a panel would stand there as an error, and in the server's output.
    assert visitor.page.locator("[data-testid=stAlertContentError]").count() == 0


def test_a_click_on_the_confusion_matrix_lists_the_samples_behind_it(visitor: Visitor) -> None:
    open_panel(visitor, "Evaluation")
    surface = visitor.page.locator(".js-plotly-plot .nsewdrag").first
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    visitor.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    visitor.wait_until(lambda: visitor.box("True").input_value() == "0", "the row is chosen")
    assert visitor.box("Predicted").input_value() == "1"


def test_a_step_explains_and_checks_itself(visitor: Visitor) -> None:
    open_panel(visitor, "Inside one step")
    visitor.page.get_by_text("Checked: by the chain rule").wait_for()
    assert visitor.page.locator(".katex-error").count() == 0
    visitor.choose("Layer", "Layer 1 (Tanh)")
    visitor.page.get_by_text("Layer 1 (Tanh), neuron 1").first.wait_for()
    visitor.page.get_by_text("Checked: by the chain rule").wait_for()


def test_the_open_panel_stays_open_in_another_language(visitor: Visitor) -> None:
    open_panel(visitor, "Evaluation")
    visitor.choose("Language", "简体中文")
    chosen = visitor.page.get_by_role("tab", name="评估", exact=True)
    visitor.wait_until(lambda: chosen.get_attribute("aria-selected") == "true", "the same panel")
    visitor.look_at_chart("混淆矩阵")
    visitor.page.get_by_text("混淆矩阵").first.wait_for()
    open_panel(visitor, "权重")
    visitor.choose("语言", "English")
    chosen = visitor.page.get_by_role("tab", name="Weights", exact=True)
    visitor.wait_until(lambda: chosen.get_attribute("aria-selected") == "true", "the same panel")

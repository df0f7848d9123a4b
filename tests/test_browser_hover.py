"""What the pointer finds out on the live view: neurons, edges, points, and what lies beyond."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from playground.transport import loss_text, metric_text
from tests.browser import Server, Visitor

Visit = Callable[..., Visitor]
SIXTEEN = "?layers=" + "%2C".join(["4:tanh"] * 16)

DISTINCT_COLOURS = """canvas => {
    const {width, height} = canvas;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    return new Set(new Uint32Array(pixels.buffer)).size;
}"""


def picture(visitor: Visitor) -> str:
    """The output panel's picture, as text that differs when the picture does."""
    return str(visitor.page.locator(".output-plane canvas").evaluate("c => c.toDataURL()"))


def title(visitor: Visitor) -> str:
    return visitor.page.locator(".output-title").inner_text()


def test_a_hovered_neuron_is_enlarged_and_named(visitor: Visitor) -> None:
    output = picture(visitor)
    visitor.hover_node(1, 2)
    visitor.wait_until(lambda: title(visitor) == "Hidden layer 1, neuron 3", "the neuron's name")
    header, arrays = visitor.live.frame()
    assert (header["hover"]["layer"], header["hover"]["unit"]) == (0, 2)
    assert arrays["big"].shape == (100, 100)
    assert picture(visitor) != output
    visitor.wait_for_text("Value of this neuron")
    low, middle, high = visitor.page.locator(".output-bar-numbers span").all_inner_texts()
    assert (low, middle, high) == ("−1", "0", "1")
    visitor.hover_nothing()
    visitor.wait_until(lambda: title(visitor) == "Output", "the output again")
    visitor.wait_until(lambda: picture(visitor) == output, "the output's picture again")


def test_a_probe_says_the_value_under_the_pointer(visitor: Visitor) -> None:
    canvas = visitor.page.locator(".output-plane canvas")
    canvas.hover(position={"x": 150, "y": 120})
    visitor.wait_until(lambda: bool(visitor.live.frame()[0].get("probe")), "a probe")
    value = visitor.live.frame()[0]["probe"]["outputs"][0]
    readout = visitor.page.locator(".output-plane .output-readout")
    visitor.wait_until(lambda: f"Output {value:.3f}" in readout.inner_text(), "the probe's value")


def test_a_hovered_edge_shows_its_live_weight_and_nothing_freezes(visitor: Visitor) -> None:
    visitor.press("Play")
    visitor.hover_edge(0)
    reading = visitor.page.locator(".card .value")
    reading.wait_for()
    seen: set[str] = set()
    first = visitor.live.frame()[0]["seq"]

    def has_changed() -> bool:
        seen.add(reading.inner_text())
        return len(seen) > 3

    visitor.wait_until(has_changed, "a weight that moves while it is read")
    visitor.wait_until(lambda: visitor.live.frame()[0]["seq"] > first + 20, "frames go on")
    assert visitor.page.locator(".card .hint").inner_text() == "Click to edit"
    visitor.press("Pause")
    visitor.button("Play").wait_for()
    visitor.hover_edge(0)
    reading.wait_for()
    weight = visitor.live.frame()[1]["weights"][0]
    visitor.wait_until(
        lambda: float(reading.inner_text().replace("−", "-")) == pytest.approx(weight, abs=6e-4),
        "the weight itself",
    )
    visitor.hover_nothing()
    reading.wait_for(state="hidden")


def test_digits_are_drawn_on_their_principal_components(visitor: Visitor) -> None:
    visitor.choose("Dataset", "Digits")
    visitor.wait_until(lambda: visitor.live.scene["view"] == "images", "the digits")
    visitor.page.get_by_role("tab", name="Plane", exact=True).click()
    canvas = visitor.page.locator(".output-plane canvas")
    canvas.wait_for()
    visitor.wait_until(lambda: canvas.evaluate(DISTINCT_COLOURS) > 100, "regions and points")
    points = visitor.live.data()[1]["train_points"]
    assert len(points) > 500
    assert points.std(axis=0).min() > 0.1
    assert picture(visitor) != "data:,"
    visitor.hover_node(1, 0)
    visitor.wait_until(lambda: title(visitor) == "Hidden layer 1, neuron 1", "the neuron's name")
    visitor.wait_for_text("Weights of its inputs; the largest is 1 or −1")


def test_a_long_network_says_what_is_out_of_sight_and_goes_there(
    server: Server, visit: Visit
) -> None:
    visitor = visit(server, SIXTEEN)
    further = visitor.page.get_by_role("button", name="more layers →")
    further.wait_for()
    before = int(further.inner_text().split()[0])
    further.press("Enter")
    visitor.wait_until(lambda: further.inner_text() != f"{before} more layers →", "fewer are left")
    visitor.page.get_by_role("button", name="← ").wait_for()
    visitor.wait_until(lambda: to_the_end(visitor), "the diagram's end")
    assert right_of(visitor, '[data-id="node:16:0"]') <= right_of(visitor, ".scroller")


def to_the_end(visitor: Visitor) -> bool:
    """Press the button at the right until it is gone; by script, for it may go meanwhile."""
    further = visitor.page.locator(".more.right")
    further.evaluate("button => button.click()")
    return not further.is_visible()


def right_of(visitor: Visitor, element: str) -> float:
    box = visitor.page.locator(element).bounding_box()
    assert box is not None
    return box["x"] + box["width"]


def is_first_weight(visitor: Visitor, value: float) -> bool:
    return bool(visitor.live.frame()[1]["weights"][0] == pytest.approx(value))


def test_a_weight_is_read_as_it_is_typed(visitor: Visitor) -> None:
    for typed, read in (("1,5", 1.5), ("-0.25", -0.25), ("−2e-1", -0.2), (" 3 ", 3.0)):
        visitor.click_edge(0)
        visitor.page.keyboard.type(typed)
        visitor.page.keyboard.press("Enter")
        visitor.wait_until(partial(is_first_weight, visitor, read), f"{typed} is {read}")


def test_arrow_keys_turn_a_weight(visitor: Visitor) -> None:
    visitor.click_edge(0)
    visitor.page.keyboard.type("1,5")
    for key in ("ArrowUp", "ArrowUp", "ArrowDown", "Enter"):
        visitor.page.keyboard.press(key)
    visitor.wait_until(partial(is_first_weight, visitor, 1.6), "1.5 + 0.1")


def test_what_is_no_number_is_refused_in_words(visitor: Visitor) -> None:
    before = visitor.live.frame()[1]["weights"][0]
    visitor.click_edge(0)
    for typed in ("1,5,5", "1.000,5", "0x10", "one"):
        visitor.page.keyboard.press("Control+A")
        visitor.page.keyboard.type(typed)
        visitor.page.keyboard.press("Enter")
        visitor.wait_for_text("Please type a number")
    assert visitor.live.frame()[1]["weights"][0] == before


def test_every_bias_has_a_name(visitor: Visitor) -> None:
    names = visitor.page.locator("button.bias").evaluate_all(
        "buttons => buttons.map((button) => button.ariaLabel)"
    )
    assert len(set(names)) == len(names) == 7
    assert "Bias: Neuron 2 of layer 1" in names


def test_what_was_said_of_the_weights_goes_when_they_are_edited(visitor: Visitor) -> None:
    visitor.press("Reset")
    said = visitor.page.get_by_text("with the same initial weights")
    said.wait_for()
    visitor.click_bias(1, 0)
    visitor.page.keyboard.type("0.7")
    visitor.page.keyboard.press("Enter")
    said.wait_for(state="hidden")


def test_matrix_and_sentences_are_of_the_same_counts(visitor: Visitor) -> None:
    told = visitor.page.evaluate(
        """async () => {
            const {Confusion} = await import("/assets/live/confusion.js");
            const {readTheme} = await import("/assets/live/colours.js");
            const say = (key, values = {}) => `${values.right} of ${values.total}`;
            const view = new Confusion({say});
            view.scene({classes: ["0", "1"]});
            view.theme(readTheme(document.body));
            view.resize(300);
            const told = [];
            for (let n = 1; n < 60; n++) {
                view.frame({}, {confusion: Object.assign([n, 1, 1, n], {shape: [2, 2]})});
                told.push([view.counts[0] * 2, parseInt(view.total.textContent)]);
                await new Promise((done) => setTimeout(done, 20));
            }
            view.destroy();
            return told;
        }"""
    )
    assert all(drawn == said for drawn, said in told)
    assert len({drawn for drawn, _ in told}) > 2


def test_the_live_view_writes_losses_as_the_page_does(visitor: Visitor) -> None:
    losses = [0.0, 0.0625, -0.1875, 0.12345, 1.0, -0.5, 9999.5, 12345.6, 8.93e19, 2.34e-4, 1e-10]
    written = visitor.page.evaluate(
        """async (losses) => {
            const {lossText} = await import("/assets/live/text.js");
            return losses.map(lossText);
        }""",
        [*losses, None],
    )
    assert written == [*map(loss_text, losses), loss_text(float("nan"))]
    shares = [k / 80 for k in range(81)]  # many of them ties
    written = visitor.page.evaluate(
        """async (shares) => {
            const {metricText} = await import("/assets/live/text.js");
            return shares.map((share) => metricText("accuracy", share));
        }""",
        shares,
    )
    assert written == [metric_text("accuracy", share) for share in shares]

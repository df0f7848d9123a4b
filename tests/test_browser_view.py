"""Keys, view options, dark colours and small windows, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser import Server, Visitor

Visit = Callable[..., Visitor]

COLOURS = """() => {
    const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot);
    const host = roots.find((root) => root?.querySelector(".live"));
    const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const light = (colour) => {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        const linear = [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((byte) => {
            const share = byte / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const of = (element, name) => light(getComputedStyle(element)[name]);
    const inside = (selector) => host.querySelector(selector);
    return {
        background: of(document.body, "backgroundColor"),
        texts: [document.querySelector("[data-testid=stMetricValue]"), inside(".title"),
            inside(".caption span"), inside(".output-title"), inside(".output-number dt")]
            .map((element) => of(element, "color")),
        legend: getComputedStyle(inside(".stroke.positive")).borderTopColor,
    };
}"""


def contrast(one: float, other: float) -> float:
    """Of two relative luminances, as the Web Content Accessibility Guidelines define it."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


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


def test_the_question_mark_opens_the_help(visitor: Visitor) -> None:
    press_key(visitor, "?")
    dialog = visitor.page.get_by_role("dialog")
    dialog.wait_for()
    assert "Play or pause" in dialog.inner_text()


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


def test_a_dark_system_gets_dark_colours_that_can_be_read(server: Server, visit: Visit) -> None:
    visitor = visit(server, color_scheme="dark")
    found = visitor.page.evaluate(COLOURS)
    assert found["background"] < 0.05
    assert all(contrast(text, found["background"]) >= 4.5 for text in found["texts"]), found
    line = visitor.page.evaluate(
        """async () => {
            const {readTheme} = await import("/assets/live/colours.js");
            const roots = [...document.querySelectorAll("*")].map((e) => e.shadowRoot);
            const host = roots.find((root) => root?.querySelector(".live"));
            return readTheme(host.querySelector(".live")).lines.at(-1);
        }"""
    )
    assert line.replace(" ", "") == found["legend"].replace(" ", "")
    assert visitor.page.locator(".output-panel").get_attribute("data-theme") == "dark"


def test_a_light_system_gets_light_colours_that_can_be_read(visitor: Visitor) -> None:
    found = visitor.page.evaluate(COLOURS)
    assert found["background"] > 0.9
    assert all(contrast(text, found["background"]) >= 4.5 for text in found["texts"]), found


def test_on_a_phone_the_run_is_steered_beside_the_output(server: Server, visit: Visit) -> None:
    phone = {"width": 420, "height": 900}
    visitor = visit(server, viewport=phone)
    visitor.page.locator(".output-plane canvas").scroll_into_view_if_needed()
    visitor.page.wait_for_timeout(300)
    scrolled = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    far = visitor.page.evaluate(scrolled)
    assert far > 200
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "it trains")
    for label in ("Pause", "Step", "Reset"):
        box = visitor.button(label).bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 60
    epoch = visitor.page.get_by_test_id("stMetricValue").first.bounding_box()
    assert epoch is not None
    assert 0 <= epoch["y"] < 120
    visitor.press("Pause")
    visitor.button("Play").wait_for()
    assert visitor.page.evaluate(scrolled) == far


def test_play_stays_in_view_above_the_panels(visitor: Visitor) -> None:
    visitor.page.get_by_role("tab", name="Export").click()
    visitor.settle()
    main = visitor.page.locator("[data-testid=stMain]")
    main.evaluate("main => main.scrollTo(0, 1e6)")
    scrolled = main.evaluate("main => main.scrollTop")
    visitor.button("Play").focus()
    visitor.press("Play")
    visitor.button("Pause").wait_for()
    assert main.evaluate("main => main.scrollTop") == scrolled > 0
    box = visitor.button("Pause").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 80

"""The page as a visitor has it: a server of our own, a real browser, and the words on the screen.

Used by the browser tests, by docs/take_pictures.py and by benchmarks/page.py.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as WaitedInVain

from tests import chromium
from tests.live_tap import LiveTap
from tests.script_tap import ScriptTap

ROOT = Path(__file__).resolve().parent.parent
STREAMLIT = str(Path(sys.executable).with_name("streamlit"))
APP = "[data-testid=stApp]"
DIAGRAM = "canvas.diagram"
WIDTH = "canvas => canvas.closest('.scroller').clientWidth"  # what the diagram is laid out for
DRAWN_TWICE = """() => new Promise(
    done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""
PATIENCE = 30.0  # seconds that a test waits for what must happen


class Server:
    """`streamlit run playground` on a free port of this machine, its output kept in a file."""

    def __init__(
        self, log: Path, *, folder: Path = ROOT, environment: dict[str, str] | None = None
    ):
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [STREAMLIT, "run", "playground", f"--server.port={self.port}"],
                cwd=folder,
                env={**os.environ, "STREAMLIT_SERVER_HEADLESS": "true", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for_health(self, seconds: float = 60.0) -> None:
        """Return once the server answers. Raises RuntimeError with its output if it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if answers(f"{self.url}/_stcore/health"):
                return
            time.sleep(0.02)
        raise RuntimeError(f"The server did not start:\n{self.output()}")

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def cpu_seconds(self) -> float:
        """Processor time that the server's process has used so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def interrupt(self) -> None:
        """Ctrl-C in the server's terminal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        """End the server and whatever it started."""
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Visitor:
    """A person at one open page, who presses, chooses and reads by the words on the screen.

    reads_along: whether `live` follows the live channel, which costs the page some speed.
    """

    def __init__(self, page: Page, url: str, *, reads_along: bool = True):
        self.page = page
        self.url = url
        self.live = LiveTap(page) if reads_along else LiveTap(None)
        self.script = ScriptTap(page)
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("console", self._note_console)

    def _note_console(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    # -- coming and going

    def open(self, query: str = "", *, ready: str = "Reset") -> None:
        """Load the page and wait for the button `ready` and for the first exact picture."""
        self.page.goto(f"{self.url}/{query}")
        self._wait_for_picture(ready)

    def reload(self, *, ready: str = "Reset") -> None:
        self.page.reload()
        self._wait_for_picture(ready)

    def _wait_for_picture(self, ready: str) -> None:
        self.button(ready).wait_for(timeout=PATIENCE * 1000)
        self.wait_until(lambda: "maps" in self.live.frame()[1], "a picture of the network")

    # -- by the words on the screen

    def button(self, label: str) -> Locator:
        return self.page.get_by_role("button", name=label, exact=True).first

    def field(self, label: str) -> Locator:
        """The number field of that label; the first of them."""
        return self.page.get_by_role("spinbutton", name=label, exact=True).first

    def press(self, label: str) -> None:
        self.button(label).click(timeout=PATIENCE * 1000)
        self.settle()

    def choose(self, field: str, option: str) -> None:
        """Pick an option of a drop-down field by its label."""
        self._drop_down(field)
        found = self.page.get_by_role("option", name=option, exact=True).first
        try:
            found.wait_for(timeout=2000)
        except WaitedInVain:  # of a long menu only what is in sight is there
            self.page.keyboard.insert_text(option)
        found.click()
        self.settle()

    def write_in(self, field: str, text: object) -> None:
        """Type something that need not be among a drop-down's options, and confirm it."""
        self._drop_down(field)
        self.page.keyboard.type(str(text), delay=30)
        self.page.keyboard.press("Enter")
        self.settle()

    def box(self, field: str) -> Locator:
        return self.page.get_by_role("combobox", name=field, exact=True).first

    def _drop_down(self, field: str) -> None:
        """Open a drop-down field. It closes when the page still scrolls, hence the waiting."""
        box = self.box(field)
        box.scroll_into_view_if_needed()
        for _ in range(5):
            self.page.wait_for_timeout(200)
            if box.get_attribute("aria-expanded") == "true":
                return
            box.click()
        raise AssertionError(f"The field {field!r} does not open.")

    def type(self, field: str, value: object) -> None:
        """Write a value into a number field and confirm it."""
        box = self.field(field)
        box.fill(str(value))
        box.press("Enter")
        self.settle()

    def settle(self) -> None:
        """Wait until the page has been drawn anew after something was used.

        What is sent a while after it, such as a file or what follows a message of the live view, is
        to be waited for by what it brings.
        """
        self.page.evaluate(DRAWN_TWICE)  # what was used has been noticed, and is asked for
        self.wait_until(lambda: not self.script.is_waiting, "an answer to it", every=0.02)
        self.page.evaluate(DRAWN_TWICE)
        self.page.locator(f"{APP}[data-test-script-state=notRunning]").wait_for()

    def give(self, files: Any, place: Locator) -> None:
        """Choose files in the uploader inside `place`, once the page is drawn."""
        self.settle()  # until then the uploader may still be one that is about to go
        uploader = place.locator("input[type=file]")
        self.wait_until(lambda: uploader.count() == 1, "a single uploader")
        uploader.set_input_files(files)

    def look_at_chart(self, description: str) -> None:
        """Scroll to a chart, for only what is seen is drawn. description: part of its alt text."""
        self.page.get_by_role("img", name=description).first.scroll_into_view_if_needed()

    def set_learning_rate(self, rate: float) -> None:
        self.type("Learning rate", f"{rate:.10f}".rstrip("0"))

    def metric(self, label: str) -> str:
        """The text of the st.metric of that label."""
        metrics = self.page.get_by_test_id("stMetric")
        labelled = metrics.filter(has=self.page.get_by_text(label, exact=True))
        return labelled.get_by_test_id("stMetricValue").first.inner_text()

    def number(self, label: str) -> float:
        """The number in that metric; nan while it shows none."""
        digits = self.metric(label).replace(",", "").replace("\N{MINUS SIGN}", "-")
        found = re.search(r"-?\d+(\.\d+)?(e[+-]?\d+)?", digits)
        return float(found.group()) if found else float("nan")

    # -- on the diagram

    def click_node(self, column: int, row: int) -> None:
        """Click a neuron's or an input's picture."""
        self._click_diagram("plan.columns[column].nodes[row]", column=column, row=row)

    def click_bias(self, column: int, row: int) -> None:
        """Click the small square of a neuron's bias."""
        place = "diagram.biasPlace(plan.columns[column].nodes[row])"
        self._click_diagram(place, column=column, row=row)

    def click_edge(self, index: int) -> None:
        """Click the line of a weight, counted through all layers, row by row."""
        self._click_diagram("new edges.Edges(plan).pointOn(index)", index=index)

    def hover_node(self, column: int, row: int) -> None:
        """Lay the pointer on a neuron's or an input's picture."""
        self._hover_diagram("plan.columns[column].nodes[row]", column=column, row=row)

    def hover_edge(self, index: int) -> None:
        """Lay the pointer on the line of a weight, counted as in `click_edge`."""
        self._hover_diagram("new edges.Edges(plan).pointOn(index)", index=index)

    def hover_nothing(self) -> None:
        """Take the pointer off the diagram."""
        self.page.mouse.move(1, 1)

    def _hover_diagram(self, place: str, **names: int) -> None:
        point, box = self._point(place, **names), self.page.locator(DIAGRAM).bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + point["x"], box["y"] + point["y"], steps=3)

    def _click_diagram(self, place: str, **names: int) -> None:
        # By force: buttons lie over the canvas, and they are what is meant to be hit.
        self.page.locator(DIAGRAM).click(position=self._point(place, **names), force=True)

    def _point(self, place: str, **names: int) -> Any:
        """Where on the diagram's canvas something stands, by the component's own layout."""
        canvas = self.page.locator(DIAGRAM)
        canvas.scroll_into_view_if_needed()
        return self.page.evaluate(
            """async ([scene, width, {column, row, index}]) => {
                const [layout, diagram, edges] = await Promise.all(
                    ["layout", "diagram", "edges"].map(name => import(`/assets/live/${name}.js`)));
                const plan = layout.layOut(scene, width);
                const {x, y} = PLACE;
                return {x, y};
            }""".replace("PLACE", place),
            [self.live.scene, canvas.evaluate(WIDTH), names],
        )

    # -- waiting, and what went wrong

    def wait_until(
        self, holds: Callable[[], bool], what: str, *, seconds: float = PATIENCE, every: float = 0.1
    ) -> None:
        """Return once `holds` does. Raises AssertionError that says `what` was waited for."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"waited {seconds:.0f} s in vain: {what}"
            self.page.wait_for_timeout(every * 1000)

    def wait_for_text(self, text: str | re.Pattern[str], *, seconds: float = PATIENCE) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=seconds * 1000)

    def complaints(self) -> list[str]:
        """What went wrong so far: errors of the browser's console, exceptions on the page."""
        shown = self.page.get_by_test_id("stException")
        return self.problems + [f"on the page: {text}" for text in shown.all_inner_texts()]


@contextmanager
def server(log: Path, **options: Any) -> Iterator[Server]:
    """A server that answers, ended afterwards."""
    started = Server(log, **options)
    try:
        started.wait_for_health()
        yield started
    finally:
        started.stop()


@contextmanager
def browser(*arguments: str) -> Iterator[Browser]:
    """A headless Chromium. Raises RuntimeError where there is none."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.find(), args=[*chromium.ARGUMENTS, *arguments]
        )
        try:
            yield launched
        finally:
            launched.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except OSError:
        return False

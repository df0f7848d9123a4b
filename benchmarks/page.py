"""Measure the page as a visitor feels it: frames, steps, latencies, starts, many visitors.

    python benchmarks/page.py [--quick] [--json FILE]

Everything is measured in one run on one machine, alternating what is compared: a ratio tells more
than its two numbers. Needs what tests/requirements.txt names, a Chromium among it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page  # noqa: E402

from tests.browser import Server, Visitor, browser, server  # noqa: E402

PROBE = Path(__file__).with_name("live_probe.js")
ONE_LINE_PAGE = 'import streamlit as st; st.title("Hello")\n'
Row = tuple[str, float, str, str]  # what was measured, value, unit, target


def main() -> None:
    options = parse_arguments()
    rounds, seconds = (1, 2.0) if options.quick else (3, 5.0)
    folder = Path(tempfile.mkdtemp())
    rows: list[Row] = []
    with browser() as chromium:
        rows += measure_cold_start(chromium, folder)
        rows += measure_starts(chromium, folder, rounds)
        with server(folder / "page.txt") as ours:
            rows += measure_frames(chromium, ours, seconds)
            rows += measure_training(chromium, ours, rounds, seconds)
            rows += measure_latencies(chromium, ours, 3 * rounds)
    rows += measure_many_visitors(seconds)
    shutil.rmtree(folder, ignore_errors=True)
    print_table(rows)
    if options.json:
        write_json(rows, options.json)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of short measurements")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    return parser.parse_args()


# --- frames and steps ---------------------------------------------------------------------------


def measure_frames(chromium: Browser, ours: Server, seconds: float) -> list[Row]:
    """Frames painted at the default experiment and speed."""
    visitor = open_page(chromium, ours)
    visitor.press("Play")
    visitor.page.wait_for_timeout(1000)
    rate = painted_per_second(visitor.page, seconds)
    close(visitor)
    return [("frames, default experiment playing", rate, "1/s", ">= 25")]


def measure_training(chromium: Browser, ours: Server, rounds: int, seconds: float) -> list[Row]:
    """Steps flat out with one page open against the same training with none, alternating."""
    alone, watched, frames = [], [], []
    for _ in range(rounds):
        alone.append(steps_per_second_alone(seconds))
        visitor = open_page(chromium, ours)
        go_flat_out(visitor)
        visitor.press("Play")
        visitor.page.wait_for_timeout(1500)
        rate, steps = watch(visitor.page, seconds)
        watched.append(steps)
        frames.append(rate)
        close(visitor)
    without, with_page = statistics.median(alone), statistics.median(watched)
    return [
        ("steps, no page open", without, "1/s", ""),
        ("steps, flat out with the page open", with_page, "1/s", "> 200,000"),
        ("  of the speed without a page", 100 * with_page / without, "%", ">= 80"),
        ("frames, flat out", statistics.median(frames), "1/s", ">= 25"),
    ]


def steps_per_second_alone(seconds: float) -> float:
    """The default experiment trained through the library in a process of its own."""
    program = (
        "import time; from core import Experiment, Trainer\n"
        "trainer = Trainer(Experiment()); trainer.run_for(1.0)\n"
        f"end = time.perf_counter() + {seconds}; begun = time.perf_counter(); steps = 0\n"
        "while time.perf_counter() < end: steps += trainer.run_for(0.02)\n"
        "print(steps / (time.perf_counter() - begun))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def go_flat_out(visitor: Visitor) -> None:
    visitor.choose("Speed", "Flat out")


def painted_per_second(page: Page, seconds: float) -> float:
    return watch(page, seconds)[0]


def watch(page: Page, seconds: float) -> tuple[float, float]:
    """Frames painted and steps trained a second, by the page's own clock."""
    page.evaluate("probe.painted.length = probe.frames.length = 0")
    page.wait_for_timeout(seconds * 1000)
    frames, painted = page.evaluate("[probe.frames, probe.painted]")
    span = (painted[-1]["at"] - painted[0]["at"]) / 1000
    first, last = frames[0], frames[-1]
    steps = (last["step"] - first["step"]) / ((last["at"] - first["at"]) / 1000)
    return (len(painted) - 1) / span, steps


# --- latencies ----------------------------------------------------------------------------------


def measure_latencies(chromium: Browser, ours: Server, times: int) -> list[Row]:
    visitor = open_page(chromium, ours)
    to_play = [milliseconds_to_play(visitor) for _ in range(times)]
    visitor.press("Play")
    to_change = [milliseconds_to_change(visitor, 0.001 * (2 + i)) for i in range(times)]
    close(visitor)
    return [
        ("Play to the first moved frame", statistics.median(to_play), "ms", "< 300"),
        ("  slowest of them", max(to_play), "ms", ""),
        ("learning rate to its first frame", statistics.median(to_change), "ms", "< 250"),
        ("  slowest of them", max(to_change), "ms", ""),
    ]


def milliseconds_to_play(visitor: Visitor) -> float:
    """From the click on Play to the paint of the first frame of a later step; then Reset."""
    page = visitor.page
    visitor.press("Play")
    moved = first_painted(visitor, "frame.at > probe.pressed && frame.step > 0")
    visitor.press("Pause")
    visitor.press("Reset")
    first_painted(visitor, "frame.at > probe.pressed && frame.step === 0")
    page.wait_for_timeout(300)
    return moved


def milliseconds_to_change(visitor: Visitor, learning_rate: float) -> float:
    """From Enter in the field to the paint of the first frame trained at the new rate."""
    visitor.set_learning_rate(learning_rate)
    close_to = f"Math.abs(frame.learning_rate - {learning_rate}) < 1e-6"
    moved = first_painted(visitor, f"frame.at > probe.pressed && {close_to}")
    visitor.page.wait_for_timeout(300)
    return moved


def first_painted(visitor: Visitor, condition: str) -> float:
    """Milliseconds from the last press to the paint of the first frame that meets `condition`."""
    return float(
        visitor.page.wait_for_function(
            f"""() => {{
                const frame = probe.frames.find(frame => {condition});
                const paint = frame && probe.painted.find(paint => paint.seq === frame.seq);
                return paint ? paint.at - probe.pressed : null;
            }}""",
            polling=20,
            timeout=30_000,
        ).json_value()
    )


# --- starts -------------------------------------------------------------------------------------


def measure_starts(chromium: Browser, folder: Path, rounds: int) -> list[Row]:
    """First element after a warm start and after a reload, against a one-line Streamlit page."""
    one_line = one_line_project(folder)
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for name, root in (("ours", ROOT), ("one line", one_line)):
            start, reload = start_and_reload(chromium, folder / f"{name}{number}.txt", root)
            times.setdefault((name, "start"), []).append(start)
            times.setdefault((name, "reload"), []).append(reload)
    median = {key: statistics.median(values) for key, values in times.items()}
    rows: list[Row] = []
    for what, limit in (("start", 0.7), ("reload", 0.3)):
        later = median["ours", what] - median["one line", what]
        rows.append((f"{what} to the first element", median["ours", what], "s", ""))
        rows.append((f"  later than a one-line page ({what})", later, "s", f"<= {limit}"))
    return rows


def one_line_project(folder: Path) -> Path:
    """The same server settings around a page of one line."""
    project = folder / "one line"
    (project / "playground").mkdir(parents=True)
    (project / "playground" / "streamlit_app.py").write_text(ONE_LINE_PAGE)
    shutil.copytree(ROOT / ".streamlit", project / ".streamlit")
    return project


def start_and_reload(chromium: Browser, log: Path, root: Path) -> tuple[float, float]:
    """Seconds from starting the server, then from a reload (median of 3), to the first element."""
    spawned = time.time()
    with server(log, folder=root) as started:
        context = chromium.new_context()
        context.add_init_script(path=PROBE)
        page = context.new_page()
        page.goto(started.url)
        start = first_element(page) + page.evaluate("performance.timeOrigin") / 1000 - spawned
        reloads = []
        for _ in range(3):
            page.wait_for_timeout(1500)
            page.reload()
            reloads.append(first_element(page))
        context.close()
    return start, statistics.median(reloads)


def first_element(page: Page) -> float:
    """Seconds from the start of the navigation to the first element of the page."""
    page.wait_for_function("window.probe && probe.first", polling=20, timeout=60_000)
    return float(page.evaluate("probe.first")) / 1000


def measure_cold_start(chromium: Browser, folder: Path) -> list[Row]:
    """The very first start on a machine: no kernel is compiled yet."""
    empty = {"NEURAL_PLAYGROUND_CACHE": str(folder / "kernels")}
    spawned = time.time()
    with server(folder / "cold.txt", environment=empty) as started:
        visitor = open_page(chromium, started)
        page = visitor.page
        origin = page.evaluate("performance.timeOrigin") / 1000 - spawned
        element = origin + first_element(page)
        visitor.press("Play")
        page.wait_for_function("probe.frames.some(f => f.step > 0)", timeout=180_000)
        moved = origin + page.evaluate("probe.frames.find(f => f.step > 0).at") / 1000
        close(visitor)
    return [
        ("cold start to the first element", element, "s", ""),
        ("cold start to the first trained step", moved, "s", ""),
    ]


# --- many visitors ------------------------------------------------------------------------------


def measure_many_visitors(seconds: float, clients: int = 16) -> list[Row]:
    """Raw clients of the live channel, each with its own run playing, on one server."""
    program = str(Path(__file__).with_name("many_visitors.py"))
    done = subprocess.run(
        [sys.executable, program, str(clients), str(seconds)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    rates = json.loads(done.stdout.splitlines()[-1])
    return [
        (f"frames for each of {clients} visitors, slowest", min(rates), "1/s", ">= 8"),
        ("  median of them", statistics.median(rates), "1/s", ""),
    ]


# --- shared -------------------------------------------------------------------------------------


def open_page(chromium: Browser, of: Server) -> Visitor:
    """A visitor whose page shows its live view."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900}, locale="en-US")
    context.add_init_script(path=PROBE)
    visitor = Visitor(context.new_page(), of.url, reads_along=False)
    visitor.page.goto(of.url)
    visitor.button("Play").wait_for(timeout=60_000)
    visitor.page.wait_for_function("probe.painted.length > 0", timeout=60_000)
    visitor.page.wait_for_timeout(1000)
    return visitor


def close(visitor: Visitor) -> None:
    visitor.page.context.close()
    time.sleep(1)  # the server pauses a run whose visitor has left


def print_table(rows: list[Row]) -> None:
    width = max(len(row[0]) for row in rows)
    for name, value, unit, target in rows:
        print(f"{name:<{width}}  {number(value):>12} {unit:<4} {target}")


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def write_json(rows: list[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    measured = [dict(zip(("name", "value", "unit", "target"), row, strict=True)) for row in rows]
    path.write_text(json.dumps({"measured": measured, "machine": machine()}, indent=2))


def machine() -> dict[str, Any]:
    import os
    import platform

    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": sys.platform}


if __name__ == "__main__":
    main()

"""A closed page stops training; Ctrl-C ends the server, pages open or not.

These are promises about seconds, so they are the only tests that look at a clock. What a machine
that is busy with other things made slow is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser import Server, Visitor, server

Visit = Callable[..., Visitor]
TRIES = 3


def busy(server: Server, seconds: float = 2.0) -> float:
    """Cores that the server keeps busy just now."""
    before = server.cpu_seconds()
    time.sleep(seconds)
    return (server.cpu_seconds() - before) / seconds


def play_flat_out(visitor: Visitor) -> None:
    visitor.choose("Speed", "Flat out")
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 10, "it trains")


def test_a_closed_page_stops_training_within_ten_seconds(own_server: Server, visit: Visit) -> None:
    visitor = visit(own_server)
    play_flat_out(visitor)
    playing = busy(own_server)
    visitor.page.close()
    time.sleep(8)
    assert busy(own_server) < 0.3 * playing


def test_a_short_interruption_loses_nothing(own_server: Server, visit: Visit) -> None:
    visitor = visit(own_server)
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 2, "it trains")
    epoch = visitor.number("Epoch")
    visitor.page.context.set_offline(True)
    visitor.page.wait_for_timeout(2000)
    visitor.page.context.set_offline(False)
    visitor.wait_until(lambda: visitor.number("Epoch") > epoch, "it trains on")
    visitor.problems.clear()  # the browser's console notes the lost connection


@pytest.mark.parametrize("pages", [0, 2])
def test_ctrl_c_ends_the_server_within_three_seconds(
    compiled_kernels: None, visit: Visit, tmp_path: Path, pages: int
) -> None:
    took = []
    for number in range(TRIES):
        with server(tmp_path / f"output{number}.txt") as running:
            took.append(seconds_to_end(running, [visit(running) for _ in range(pages)]))
            assert "Traceback" not in running.output()
        if took[-1] < 3:
            return
    raise AssertionError(f"Ctrl-C took {took} seconds")


def seconds_to_end(running: Server, visitors: list[Visitor]) -> float:
    """From Ctrl-C to the end of the process, while all these pages train."""
    for visitor in visitors:
        play_flat_out(visitor)
    pressed = time.monotonic()
    running.interrupt()
    running.process.wait(30)
    took = time.monotonic() - pressed
    for visitor in visitors:
        visitor.page.close()  # its console notes the lost connection
    return took

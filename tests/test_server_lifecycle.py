"""A closed page stops training; Ctrl-C ends the server, pages open or not.

These are promises about seconds, so they are the only tests that look at a clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.browser import Server, Visitor

Visit = Callable[..., Visitor]


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
    assert busy(own_server) > 0.3
    visitor.page.close()
    time.sleep(8)
    assert busy(own_server) < 0.1


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
    own_server: Server, visit: Visit, pages: int
) -> None:
    visitors = [visit(own_server) for _ in range(pages)]
    for visitor in visitors:
        play_flat_out(visitor)
    own_server.interrupt()
    own_server.process.wait(3)
    assert "Traceback" not in own_server.output()
    for visitor in visitors:
        visitor.page.close()  # its console notes the lost connection

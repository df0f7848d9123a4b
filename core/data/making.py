"""What takes long to make, in pieces: each is done when whoever makes it has the time.

A `Making` yields the share that is done, 0 to 1, after every piece, and returns what was made.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

Made = TypeVar("Made")
Making: TypeAlias = Generator[float, None, Made]


def finished(making: Making[Made], told: Callable[[float], None] = lambda share: None) -> Made:
    """Make all of it now. told: is called with the share that is done; what it raises ends it."""
    while True:
        try:
            share = next(making)
        except StopIteration as end:
            made: Made = end.value
            return made
        told(share)


def between(start: float, end: float, making: Making[Made]) -> Making[Made]:
    """The same as a part of something larger, of which the shares from `start` to `end` are its."""
    while True:
        try:
            share = next(making)
        except StopIteration as stop:
            made: Made = stop.value
            return made
        yield start + (end - start) * share

"""Numbers within limits, as data, with the sentence that says so."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

from core.maths.registry import shown


@dataclass(frozen=True)
class Limits:
    """A number in [low, high], or in [low, high) if `open_high`; whole if `whole`."""

    low: float
    high: float
    whole: bool = False
    open_high: bool = False

    def check(self, name: str, value: object) -> float:
        """Return the value as a plain int or float.

        Raises ValueError for all else (flags, text, nan and infinity too), such as
        "units is 0; it must be a whole number between 1 and 65536.".
        """
        number = _plain(value)
        if number is not None and self._holds(number):
            return int(number) if self.whole else float(number)
        raise ValueError(f"{name} is {shown(value)}; it must be {self}.")

    def _holds(self, number: float) -> bool:
        if not self.low <= number <= self.high:
            return False
        return not (self.open_high and number == self.high) and not (self.whole and number % 1)

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        if self.open_high:
            return f"{kind} at least {_text(self.low)} and below {_text(self.high)}"
        return f"{kind} between {_text(self.low)} and {_text(self.high)}"


def _plain(value: object) -> float | None:
    """A Python int or finite float of any real number, NumPy's included; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    try:
        number = float(value)
    except OverflowError:  # a fraction of very long integers
        return None
    return number if math.isfinite(number) else None


def _text(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.12g}"

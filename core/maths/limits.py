"""Numbers within limits, as data, with the sentence that says so."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

from core.maths.registry import shown
from core.refusals import Refusal, Sentence


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
        raise Refusal(
            "{field} is {value}; it must be {limits}.",
            field=name,
            value=shown(value),
            limits=self.words(),
        )

    def _holds(self, number: float) -> bool:
        if not self.low <= number <= self.high:
            return False
        return not (self.open_high and number == self.high) and not (self.whole and number % 1)

    def words(self) -> Sentence:
        """What a number within these limits is, as part of a sentence."""
        low, high = _text(self.low), _text(self.high)
        if self.whole:
            return Sentence("a whole number between {low} and {high}", low=low, high=high)
        if self.open_high:
            return Sentence("a number at least {low} and below {high}", low=low, high=high)
        return Sentence("a number between {low} and {high}", low=low, high=high)


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

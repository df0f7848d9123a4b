"""The settings that a record of a registry may have, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.maths.limits import Limits
from core.maths.registry import check_name, shown
from core.refusals import Refusal

Value = float | bool | str  # of an option


@dataclass(frozen=True)
class Option:
    """One setting of a record: a flag if the default is one, else a number in [low, high].

    choices: if there are any, it is one of these words instead.
    The upper end is excluded if `open_high`; the number is whole if `whole`.
    live: whether it may change while a run goes on; else it is used up before the first step.
    """

    default: Value
    label: str
    low: float = 0.0
    high: float = 1.0
    open_high: bool = False
    whole: bool = False
    live: bool = True
    choices: tuple[str, ...] = ()

    @property
    def is_flag(self) -> bool:
        return isinstance(self.default, bool)

    def check(self, name: str, value: object) -> Value:
        """Return the value, or raise ValueError with a sentence that names the option."""
        if self.choices:
            check_name(self.choices, value, name)
            return str(value)
        if not self.is_flag:
            limits = Limits(self.low, self.high, whole=self.whole, open_high=self.open_high)
            return limits.check(name, value)
        if isinstance(value, bool):
            return value
        raise Refusal(
            "{field} is {value}; it must be true or false.", field=name, value=shown(value)
        )


def values(
    options: Mapping[str, Option], given: Mapping[str, Value] | None = None
) -> tuple[float, ...]:
    """Option values in order, defaults filled in, flags as 0.0 and 1.0."""
    given = given or {}
    return tuple(float(given.get(name, option.default)) for name, option in options.items())

"""Look a name up in a registry, and say in words when it is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from core.refusals import Refusal, Sentence

Record = TypeVar("Record")

LONGEST_SHOWN = 40  # characters of a wrong value that a sentence repeats


def get(registry: Mapping[str, Record], name: object, what: str = "activation") -> Record:
    """Return the record of that name.

    Raises ValueError with a sentence such as
    "Unknown activation 'rleu'. Did you mean 'relu'? Choose one of: linear, relu, ...".
    """
    check_name(registry, name, what)
    return registry[str(name)]


def check_name(choices: Iterable[str], name: object, what: str, owner: str = "") -> None:
    """Raise ValueError, with the nearest name and all names, unless `name` is one of `choices`.

    owner: whose names they are, "Dense", for the sentence.
    """
    choices = list(choices)
    if isinstance(name, str) and name in choices:
        return
    value, listed = shown(name), ", ".join(choices)
    unknown = Sentence("Unknown {what} {value}.", what=what, value=value)
    if owner:
        unknown = Sentence(
            "Unknown {what} {value} of {owner}.", what=what, value=value, owner=owner
        )
    guess = _nearest(name, choices)
    if guess is None:
        raise Refusal("{unknown} Choose one of: {choices}.", unknown=unknown, choices=listed)
    raise Refusal(
        "{unknown} Did you mean {guess}? Choose one of: {choices}.",
        unknown=unknown,
        guess=repr(guess),
        choices=listed,
    )


def _nearest(name: object, choices: list[str]) -> str | None:
    known = {choice.lower(): choice for choice in choices}
    wanted = name[:LONGEST_SHOWN].lower() if isinstance(name, str) else ""
    near = difflib.get_close_matches(wanted, known)
    near.sort(key=lambda choice: sorted(choice) != sorted(wanted))  # 'adma' is 'adam', not 'adamax'
    return known[near[0]] if near else None


def shown(value: object) -> str:
    """Return a value as a sentence shows it: its `repr`, cut short; never raises.

    A float that is whole is shown like an integer, as a person writes it: 1e9 is 1000000000.
    """
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 3] + "...")
    if isinstance(value, Mapping):
        return "{...}" if value else "{}"
    if isinstance(value, list | tuple):
        return "[...]" if value else "[]"
    if type(value) is float and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    try:
        text = repr(value)
    except Exception:  # an integer of more digits than Python is willing to print, say
        long = isinstance(value, int)
        return "a number of thousands of digits" if long else f"some {type(value).__name__}"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."

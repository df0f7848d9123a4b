"""What the page tells its widgets, and what they send back that nobody chose."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

ECHO_SECONDS = 1.5
"""How long a browser may still send back what a widget showed before it was told otherwise."""

AFTER_A_DIALOG = 4.0
"""So many times as long after a dialog, which the browser takes away at the same time."""

USUAL_DRAWING, SLOWEST = 0.4, 6.0
"""Seconds that a drawing takes at most where nothing else is done; where one takes longer, what is
told to the browser and sent by it does as well. So many times as long, no more."""


def _browser_has_widgets() -> bool:
    """Whether what the browser asked this drawing with brought any widget's value along."""
    context = get_script_run_ctx()
    # Streamlit has no other name for it: all that a page can ask for is merged with what it told.
    return context is None or len(context.session_state._state._new_widget_state.states) > 0


class EchoError(Exception):
    """A widget sent what nobody chose: nothing has happened."""


class Widgets:
    """The values that one page's widgets show.

    language: of the page now. ranges: what may be typed into the number fields as drawn, by key:
    the least and the most. had_dialog: whether a dialog was closed by what was just done.
    """

    def __init__(self, language: Callable[[], str]) -> None:
        self.ranges: dict[str, tuple[float, float | None]] = {}
        self.had_dialog = False
        self._language, self._told_in, self._has_drawn = language, "", False
        self._words: dict[str, str] = {}
        self._echoes: dict[str, tuple[list[Any], float]] = {}
        self._began: float | None = None  # when the page's drawing that goes on did
        self._unsent: set[str] = set()  # told since a drawing was finished
        self._again: set[str] | None = set()  # to be told again in this drawing; None: all
        self._told: set[str] = set()

    def begin(self) -> None:
        """At the start of a drawing: no field is drawn yet.

        Streamlit throws away what it has not sent yet when a drawing begins, and with it what the
        one before told: it is told again if that one was broken off, or if the browser shows that
        it has no widget yet. Else each would stand at its least or first value, and send that.
        """
        self._again = self._unsent.copy() if _browser_has_widgets() else None
        self._began, self.ranges = time.monotonic(), {}

    def finish(self) -> None:
        """At the end of a drawing: all that is shown was told to the browser."""
        for key in self._told:
            self._echoes[key] = self._echoes[key][0], self._patience()
        self._told.clear()
        self._unsent.clear()
        self._began = None
        self._told_in, self._has_drawn, self.had_dialog = self._language(), True, False

    def _patience(self) -> float:
        """Until when what was told in this drawing may still not be known to the browser."""
        now = time.monotonic()
        took = 0.0 if self._began is None else now - self._began
        slow = min(max(took / USUAL_DRAWING, 1.0), SLOWEST)
        return now + ECHO_SECONDS * max(slow, AFTER_A_DIALOG if self.had_dialog else 1.0)

    def seed(self, key: str, value: Any) -> None:
        """Make a widget show a value, without disturbing one that does so already.

        When the language changed, all are told again: a choice is known by its shown words.
        """
        state = st.session_state
        is_late = key not in state and self._has_drawn
        if is_late or (key in state and state[key] != value):
            shown = [] if is_late else [state[key]]
            self._echoes[key] = shown, self._patience()
            self._told.add(key)
        is_told = self._again is not None and key not in self._again
        is_told = is_told and self._told_in == self._language()
        if not is_told or key not in state or state[key] != value:
            self._unsent.add(key)
            state[key] = value

    def seed_words(self, key: str, value: Any, words: str) -> None:
        """Tell a menu again what it shows if the words for its value have changed."""
        if self._words.get(key) != words:
            self._words[key] = words
            st.session_state[key] = value

    def may_echo(self, key: str, value: Any) -> None:
        """Also expect this of a widget that was just told otherwise, or has just come.

        A field whose value the browser has not taken in yet, or cannot, stands at its least or
        first one, and a fast click brings that along.
        """
        if key in self._echoes:
            self._echoes[key][0].append(value)

    def chosen(self, key: str) -> Any:
        """What a widget was given. Raises EchoError if it is what it showed before.

        A click that comes before the browser has drawn a change brings the old values of all
        widgets along; nobody has chosen them.
        """
        value = st.session_state[key]
        old, until = self._echoes.get(key, ([], 0.0))
        if time.monotonic() < until and value in old:
            raise EchoError
        return value

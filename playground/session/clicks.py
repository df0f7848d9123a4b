"""What a browser sends and what is told to it: clicks, messages, drawings anew."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.refusals import Sentence, sentence_of
from playground.session.visit import Notice, Visit
from playground.session.widgets import EchoError

LOGGER = logging.getLogger("playground")

STOPS = ("diverged", "stopped", "failed")
"""Statuses of a run that stopped by itself."""

ONE_FLUSH = 0.1
"""Within so many seconds Streamlit has sent what it holds."""


def is_history() -> bool:
    """Whether the browser's Back or Forward brought this drawing, and no click or timer."""
    run = get_script_run_ctx()
    return run is not None and run.is_history_navigation


def is_fragment() -> bool:
    """Whether parts of the page are drawn now, and not all of it."""
    run = get_script_run_ctx()
    return run is not None and bool(run.fragment_ids_this_run)


class ClickedVisit(Visit):
    """A visit whose widgets and buttons are used."""

    # -- whatever is clicked goes through here ------------------------------------------------

    def act(self, action: Callable[..., None], *args: Any) -> None:
        """Do what a click asks for; whatever goes wrong becomes a sentence, nothing is lost."""
        before = self.notice, self.problems
        self.notice, self.problems = None, ()
        try:
            action(*args)
        except EchoError:
            self.notice, self.problems = before
        except ValueError as error:
            kept = Sentence("Nothing was changed: {problem}", problem=sentence_of(error))
            self.notice = Notice(kept, "warning")
        except Exception:
            LOGGER.exception("An action of the page failed.")
            self.notice = Notice(self.t("page.error"), "error")

    def press(self, action: Callable[..., None], *args: Any) -> None:
        """Do what a button asks for, as `act`, once a click.

        A fragment's timer that fires just before Streamlit's browser side sends a click brings
        the click along, and then the click comes by itself as well; the page's buttons stand in
        no fragment, so that what a fragment's run brings is the copy.
        """
        if not is_fragment():
            self.act(action, *args)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Draw a section; what fails in it becomes a sentence, the rest of the page is drawn."""
        try:
            yield
        except Exception:
            LOGGER.exception("A section of the page could not be drawn.")
            st.error(self.t("page.error"))

    # -- messages -----------------------------------------------------------------------------

    @property
    def remark(self) -> str:
        """The line beside the numbers: what the last action did, as long as it is still true."""
        found = self.notice
        if found is None or found.kind != "info":
            return ""
        return found.text if found.moment in (None, self.player.moment) else ""

    @property
    def can_dismiss(self) -> bool:
        """Whether there are messages that cover something."""
        has_notice = self.notice is not None and self.notice.kind != "info"
        return bool(self.problems) or has_notice or self.has_open_stop

    def dismiss(self) -> None:
        """Take them away; but for that of a stop they went when the action came, as always."""
        self._closed_stop = self.player.moment if self.status in STOPS else None

    @property
    def has_open_stop(self) -> bool:
        """Whether the run stopped by itself, and that is to be said."""
        return self.status in STOPS and self._closed_stop != self.player.moment

    @property
    def has_closed_stop(self) -> bool:
        """Whether the run stopped by itself, and what was said of it was closed."""
        return self.status in STOPS and not self.has_open_stop

    def show_stop(self) -> None:
        """Say again why the run stopped."""
        self._closed_stop = None

    # -- drawing anew -------------------------------------------------------------------------

    def look_again(self) -> None:
        """Draw the page anew if the run stopped, got ready, left the GPU or changed its settings by
        itself, or a GPU was found.

        A run that went back past an edit makes it again when it comes by.
        """
        if self.desk.is_bringing:
            return  # a run of the whole page would lose a file that is on its way
        if self._drawn != self._seen:
            st.rerun()
        if is_fragment() and time.monotonic() - self._fragment_ended < ONE_FLUSH:
            self._fragment_ended = -math.inf
            st.rerun()

    def fragment_ends(self) -> None:
        """Remember when a part of the page that is drawn by itself was last drawn.

        A run of the page that begins before the message of the last one's end has left makes it
        "finished early" (Streamlit 1.67, forward_msg_queue.py), and what a fragment no longer
        draws would stay on the page. `look_again`, drawn by a timer, begins such runs; so it looks
        whether it did, and draws everything anew.
        """
        if is_fragment():
            self._fragment_ended = time.monotonic()

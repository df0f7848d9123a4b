"""Read along on Streamlit's own channel: what the page asked of its script, and what is answered.

What the screen says of the script cannot tell this: between a click and the script's start, a busy
browser shows a page at rest.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from playwright.sync_api import Page, WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

TO_THE_END = {
    ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY,
    ForwardMsg.ScriptFinishedStatus.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.ScriptFinishedStatus.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
}
GONE = 3.0  # seconds after which a fragment that did not answer is one that there is no more


@dataclass(frozen=True)
class Request:
    """fragment: that it asks for; "" for the whole page."""

    fragment: str
    sent: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Run:
    """A run of the script, or of some of its fragments."""

    fragments: frozenset[str]
    answers: int  # requests that had been sent when it began


class ScriptTap:
    """Which of a person's requests are not answered yet. Attach it before the page is opened."""

    def __init__(self, page: Page) -> None:
        self._requests: list[Request] = []
        self._run: Run | None = None
        page.on("websocket", self._listen)

    @property
    def is_waiting(self) -> bool:
        """Whether something was asked for that no run has answered to its end.

        The server answers nothing where a fragment is asked for that there is no more.
        """
        latest = time.monotonic() - GONE
        return any(self._run or not r.fragment or r.sent > latest for r in self._requests)

    def _listen(self, socket: WebSocket) -> None:
        if "/_stcore/stream" in socket.url:
            self._requests, self._run = [], None  # a page that was loaded anew asks anew
            socket.on("framesent", self._sent)
            socket.on("framereceived", self._received)

    def _sent(self, payload: str | bytes) -> None:
        message = BackMsg.FromString(_binary(payload))
        asked = message.rerun_script
        clicked = any(state.trigger_value for state in asked.widget_states.widgets)
        # A timer's request counts if it brings a click along.
        if message.HasField("rerun_script") and (clicked or not asked.is_auto_rerun):
            self._requests.append(Request(asked.fragment_id))

    def _received(self, payload: str | bytes) -> None:
        message = ForwardMsg.FromString(_binary(payload))
        if message.HasField("new_session"):
            fragments = frozenset(message.metadata.run.fragment_ids)
            self._run = Run(fragments, len(self._requests))
        elif message.WhichOneof("type") == "script_finished" and self._run is not None:
            if message.script_finished in TO_THE_END:
                self._answered(self._run)
            self._run = None

    def _answered(self, run: Run) -> None:
        """The whole page draws every fragment."""
        before, after = self._requests[: run.answers], self._requests[run.answers :]
        left = [r for r in before if run.fragments and r.fragment not in run.fragments]
        self._requests = left + after


def _binary(payload: str | bytes) -> bytes:
    return payload if isinstance(payload, bytes) else payload.encode()

"""Read along on Streamlit's own channel: what the page asked of its script, and what is answered.

What the screen says of the script cannot tell this: between a click and the script's start, a busy
browser shows a page at rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page, WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

TO_THE_END = {
    ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY,
    ForwardMsg.ScriptFinishedStatus.FINISHED_WITH_COMPILE_ERROR,
    ForwardMsg.ScriptFinishedStatus.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
}


@dataclass
class Run:
    """A run of the script, or of some of its fragments."""

    fragments: set[str] = field(default_factory=set)
    answers: int = 0  # requests that had been sent when it began


class ScriptTap:
    """Which of a person's requests are not answered yet. Attach it before the page is opened."""

    def __init__(self, page: Page) -> None:
        self._requests: list[str] = []  # the fragment that each asks for; "" for the whole page
        self._run = Run()
        page.on("websocket", self._listen)

    @property
    def is_waiting(self) -> bool:
        """Whether something was asked for that no run has answered to its end."""
        return bool(self._requests)

    def _listen(self, socket: WebSocket) -> None:
        if "/_stcore/stream" in socket.url:
            self._requests, self._run = [], Run()  # a page that was loaded anew asks anew
            socket.on("framesent", self._sent)
            socket.on("framereceived", self._received)

    def _sent(self, payload: str | bytes) -> None:
        message = BackMsg.FromString(_binary(payload))
        asked = message.rerun_script
        clicked = any(state.trigger_value for state in asked.widget_states.widgets)
        # A timer's request counts if it brings a click along.
        if message.HasField("rerun_script") and (clicked or not asked.is_auto_rerun):
            self._requests.append(asked.fragment_id)

    def _received(self, payload: str | bytes) -> None:
        message = ForwardMsg.FromString(_binary(payload))
        if message.HasField("new_session"):
            self._run = Run(set(message.metadata.run.fragment_ids), len(self._requests))
        elif message.HasField("script_finished") and message.script_finished in TO_THE_END:
            before, after = self._requests[: self._run.answers], self._requests[self._run.answers :]
            drawn = self._run.fragments  # the whole page draws every fragment
            self._requests = [one for one in before if drawn and one not in drawn] + after


def _binary(payload: str | bytes) -> bytes:
    return payload if isinstance(payload, bytes) else payload.encode()

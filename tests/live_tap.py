"""Read along on a page's live channel: what the browser was sent, as scenes and arrays."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from playwright.sync_api import Page, WebSocket

DTYPES = {"u8": np.uint8, "f32": np.float32, "i32": np.int32}
Message = tuple[dict[str, Any], dict[str, np.ndarray]]


class LiveTap:
    """The newest message of each kind. Attach it before the page is opened."""

    def __init__(self, page: Page | None) -> None:
        self.scene: dict[str, Any] = {}
        self.latest: dict[str, bytes] = {}
        if page is not None:
            page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        if "/live/" in socket.url:
            socket.on("framereceived", self._take)

    def _take(self, payload: str | bytes) -> None:
        if isinstance(payload, str):
            message = json.loads(payload)
            if message.get("kind") == "scene":
                self.scene = message
        else:
            self.latest[header_of(payload)["kind"]] = payload

    def frame(self) -> Message:
        """Header and arrays of the newest frame; empty before the first."""
        return unpack(self.latest["frame"]) if "frame" in self.latest else ({}, {})

    def data(self) -> Message:
        """Header and arrays of what was sent with the scene: points and samples."""
        return unpack(self.latest["data"]) if "data" in self.latest else ({}, {})


def header_of(message: bytes) -> dict[str, Any]:
    return dict(json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")]))


def unpack(message: bytes) -> Message:
    """Header and arrays of a binary message of the channel."""
    header = header_of(message)
    start = 4 + int.from_bytes(message[:4], "little")
    arrays = {}
    for name, (kind, shape, offset) in header["arrays"].items():
        dtype, count = DTYPES[kind], int(np.prod(shape))
        arrays[name] = np.frombuffer(message, dtype, count, start + offset).reshape(shape)
    return header, arrays

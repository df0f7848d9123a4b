"""The browsers that watch a run: what each still has to get, and whether anyone looks at all."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time


class Viewer:
    """One open connection. Messages go out one frame at a time: the next when one was painted."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._wakened = asyncio.Event()
        self._lock = threading.Lock()
        self._scene: tuple[str, bytes] | None = None
        self._frame: bytes | None = None
        self.has_credit = True

    def post(self, *, scene: tuple[str, bytes] | None = None, frame: bytes | None = None) -> None:
        """Leave messages, from any thread; newer ones replace those that were not sent yet."""
        with self._lock:
            if scene is not None:
                # A frame that is dropped before it was sent is never acknowledged.
                self.has_credit = self.has_credit or self._frame is not None
                self._scene, self._frame = scene, None
            if frame is not None:
                self._frame = frame
                self.has_credit = False
        with contextlib.suppress(RuntimeError):  # the loop has ended: the server is closing
            self._loop.call_soon_threadsafe(self._wakened.set)

    async def messages(self) -> list[str | bytes]:
        """Wait for messages and take them, in the order in which they must be sent."""
        await self._wakened.wait()
        self._wakened.clear()
        with self._lock:
            waiting = [*(self._scene or ()), *([self._frame] if self._frame else [])]
            self._scene = self._frame = None
        return waiting


class Viewers:
    """All viewers of one run."""

    def __init__(self) -> None:
        self._all: list[Viewer] = []
        self._last_seen = time.monotonic()
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def waiting(self) -> bool:
        """Whether a viewer is ready for a frame."""
        return any(viewer.has_credit for viewer in self._all)

    def next_number(self) -> int:
        return next(self._numbers)

    def enter(self, viewer: Viewer) -> None:
        self._all = [*self._all, viewer]

    def leave(self, viewer: Viewer) -> None:
        self._all = [other for other in self._all if other is not viewer]
        self.seen()

    def seen(self) -> None:
        """Somebody asked for something just now."""
        self._last_seen = time.monotonic()

    @property
    def alone_seconds(self) -> float:
        """How long nobody has been looking; 0 while somebody is."""
        return 0.0 if self._all else time.monotonic() - self._last_seen

    def scene(self, text: str, data: bytes) -> None:
        for viewer in self._all:
            viewer.post(scene=(text, data))

    def frame(self, frame: bytes) -> None:
        for viewer in self._all:
            if viewer.has_credit:
                viewer.post(frame=frame)

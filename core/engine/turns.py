"""Turns at the cores: of many threads that train, only as many run at once as there are cores.

Left to the system, thirty threads on two cores take them from one another in the middle of their
chunks: caches grow cold, and every chunk seems slow, so that the next ones are made too small.
Whoever comes first has its turn first, so all get the same share.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from types import TracebackType
from typing import Any

from core.engine.crew import n_cores

_Ticket = threading.Lock  # held by whoever waits


class Turns:
    """A gate for so many threads at once; those that wait enter in the order in which they came.

    `with turns:` is one turn. Keep it short: the others wait meanwhile.
    """

    def __init__(self, places: int) -> None:
        self.reset(places)

    def reset(self, places: int) -> None:
        """Forget who is there and who waits."""
        self._lock = threading.Lock()
        self._free = places
        self._waiting: deque[Any] = deque()

    def __enter__(self) -> bool:
        """Returns whether it had to wait."""
        with self._lock:
            if self._free:
                self._free -= 1
                return False
            ticket = _Ticket()
            ticket.acquire()
            self._waiting.append(ticket)
        try:
            ticket.acquire()  # whoever leaves releases it, and so hands on its place
        except BaseException:  # Ctrl-C in the main thread
            self._give_up(ticket)
            raise
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

    def _give_up(self, ticket: Any) -> None:
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return
        self._leave()  # the place had just been handed to it


cores = Turns(n_cores())

if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads: nobody would leave
    os.register_at_fork(after_in_child=lambda: cores.reset(n_cores()))

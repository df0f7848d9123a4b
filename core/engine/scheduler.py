"""The pool that drives every run of the process: fair slices on as many threads as cores.

A run is anything with `work(seconds)`. The thread that is free takes the run that has had the
least time and lets it work for one slice; kernels release the GIL meanwhile. The pool holds runs
weakly: a run that nobody else holds is gone, whatever it was doing.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
import time
import weakref
from typing import Protocol

log = logging.getLogger(__name__)

CYCLE_SECONDS = 0.04
"""Every run that wants to work gets its turn within about this time, however many there are."""

LONGEST_SLICE, SHORTEST_SLICE = 0.006, 0.002
"""Seconds. Long enough that switching costs nothing, short enough to pause at once."""

MOST_CREDIT = 0.05
"""Seconds. A run that asked for little lately is served first, but cannot save up its claim."""

NICENESS = 2
"""Workers yield to the threads that serve pages when cores are short (Linux only)."""


class Run(Protocol):
    """What the pool drives. `work` runs in one thread at a time."""

    def work(self, seconds: float) -> float | None:
        """Work for about `seconds`; return when to be called again, in seconds, or None: not
        until `Scheduler.wake`."""

    def failed(self, error: Exception) -> None:
        """Told that `work` raised; the run is not called again until woken."""


class _Entry:
    """One run's place in the pool."""

    def __init__(self, run: Run) -> None:
        self.run = weakref.ref(run)
        self.used = 0.0
        """Thread seconds it has had, on the pool's clock of fairness."""
        self.due: float | None = None
        """When it wants to be called (perf_counter seconds), or None."""
        self.busy = False
        self.woken = False
        """Woken while it was working: it is to be called again, whatever `work` returns."""


class Scheduler:
    """Shares the machine's cores between runs. Threads start with the first run."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._entries: dict[str, _Entry] = {}
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._served = 0.0

    def add(self, key: str, run: Run) -> None:
        """Take a run in, idle until `wake`. key: an unguessable name to find it by."""
        with self._changed:
            self._entries[key] = _Entry(run)
            while len(self._threads) < self.workers:
                name = f"trainer-{len(self._threads)}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()

    def find(self, key: str) -> Run | None:
        """The run of that key, if it is still alive."""
        with self._changed:
            entry = self._entries.get(key)
            return entry.run() if entry else None

    def runs(self) -> list[Run]:
        """Every run that is still alive."""
        with self._changed:
            return [run for entry in self._entries.values() if (run := entry.run())]

    def remove(self, key: str) -> None:
        with self._changed:
            self._entries.pop(key, None)

    def wake(self, key: str) -> None:
        """Ask for a run to be called as soon as a thread is free."""
        with self._changed:
            if entry := self._entries.get(key):
                entry.woken = True
                entry.due = 0.0
                self._changed.notify()

    def wake_all(self) -> None:
        """Wake every run: something that all of them waited for is there."""
        with self._changed:
            keys = list(self._entries)
        for key in keys:
            self.wake(key)

    def _serve(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while True:
            entry, run, seconds = self._take()
            began = time.perf_counter()
            delay = _work(run, seconds)
            del run  # or the last reference would live on in this frame while it waits
            self._give_back(entry, time.perf_counter() - began, delay)

    def _take(self) -> tuple[_Entry, Run, float]:
        """Wait for the run that is due and has had least; returns it and its slice's length."""
        with self._changed:
            while True:
                self._bury_dead()
                now = time.perf_counter()
                waiting = [e for e in self._entries.values() if e.due is not None and not e.busy]
                ready = [e for e in waiting if e.due is not None and e.due <= now]
                if not ready:
                    next_due = min((e.due for e in waiting if e.due is not None), default=None)
                    self._changed.wait(None if next_due is None else next_due - now)
                    continue
                self._cancel_arrears(ready)
                entry = min(ready, key=lambda e: e.used)
                if run := entry.run():
                    entry.busy, entry.woken = True, False
                    return entry, run, self._slice(len(ready))

    def _cancel_arrears(self, ready: list[_Entry]) -> None:
        """The pool's clock is the least that any active run has had; none may be far behind it.

        Otherwise a run that slept, or ran slowly by its own wish, would shut all others out
        until it had made up for it.
        """
        active = [*ready, *(entry for entry in self._entries.values() if entry.busy)]
        self._served = max(self._served, min(entry.used for entry in active))
        for entry in ready:
            entry.used = max(entry.used, self._served - MOST_CREDIT)

    def _slice(self, n_ready: int) -> float:
        fair = CYCLE_SECONDS * self.workers / n_ready
        return min(max(fair, SHORTEST_SLICE), LONGEST_SLICE)

    def _give_back(self, entry: _Entry, used: float, delay: float | None) -> None:
        with self._changed:
            entry.used += used
            entry.busy = False
            if entry.woken:
                entry.due = 0.0
            else:
                entry.due = None if delay is None else time.perf_counter() + delay
            self._changed.notify()

    def _bury_dead(self) -> None:
        for key in [key for key, entry in self._entries.items() if entry.run() is None]:
            del self._entries[key]


def _work(run: Run, seconds: float) -> float | None:
    """One slice; an error is the run's own and must not take the thread with it."""
    try:
        return run.work(seconds)
    except Exception as error:  # whatever a run does, the others go on
        log.exception("A run failed and was stopped.")
        run.failed(error)
        return None


@functools.cache
def shared() -> Scheduler:
    """The one pool of this process."""
    return Scheduler()

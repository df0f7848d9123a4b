"""Threads that help with the steps of large networks, wherever a core of the machine is idle.

One small crew for the whole process, whoever trains: however many runs there are, no more threads
work at once than there are cores, so a run that is one of many gets no help.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numba

log = logging.getLogger(__name__)

ENVIRONMENT = "NEURAL_PLAYGROUND_THREADS"
"""Threads at most that share a step, if this variable is set."""

MOST_THREADS = 8
"""More of them would wait for one another at the sizes of a playground."""

NICENESS = 2
"""As in `scheduler`: pages are served first (Linux only)."""

Job = Callable[[int], None]
"""Told its number (1, 2, ...) among those that help with one call."""


def n_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def n_threads() -> int:
    """Threads at most that share a step; one where kernels run as plain Python."""
    if getattr(numba.config, "DISABLE_JIT", False):
        return 1
    chosen = os.environ.get(ENVIRONMENT, "")
    cores = int(chosen) if chosen.isdecimal() and int(chosen) else n_cores()
    return min(cores, MOST_THREADS)


@dataclass(frozen=True, eq=False)
class _Task:
    job: Job
    number: int


class Crew:
    """Idle threads that can be asked to help. They start when they are first needed.

    threads: that may work at once, leaders included.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._changed = threading.Condition()
        self._started = 0
        self._leaders = 0
        self._waiting: deque[_Task] = deque()
        self._begun: set[_Task] = set()

    @contextlib.contextmanager
    def leading(self) -> Iterator[int]:
        """Be one of the threads that work; yields how many more may be asked to."""
        with self._changed:
            self._leaders += 1
            idle = self.threads - self._leaders - len(self._waiting) - len(self._begun)
        try:
            yield max(idle, 0)
        finally:
            with self._changed:
                self._leaders -= 1

    @contextlib.contextmanager
    def doing(self, job: Job, count: int) -> Iterator[None]:
        """Have up to so many helpers do a job.

        At the end those who have not begun need not, and those who have count as idle: they are
        about to return, and the next call would else often be without them.
        """
        asked = [_Task(job, number) for number in range(1, count + 1)]
        try:
            with self._changed:
                self._start_threads()
                self._waiting.extend(asked)
                self._changed.notify(count)
            yield
        finally:
            with self._changed:
                self._waiting = deque(task for task in self._waiting if task not in asked)
                self._begun.difference_update(asked)

    def _start_threads(self) -> None:
        """Start those that are not there yet; where the system refuses, do with those that are."""
        with contextlib.suppress(RuntimeError):
            while self._started < self.threads - 1:
                name = f"helper-{self._started + 1}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()
                self._started += 1

    def _serve(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                task = self._waiting.popleft()
                self._begun.add(task)
            try:
                task.job(task.number)
            except Exception:  # the leader does without; the thread must live for the next one
                log.exception("A helper failed.")
            finally:
                with self._changed:
                    self._begun.discard(task)
                del task  # or its arrays would live on in this frame while it waits


@functools.cache
def shared() -> Crew:
    """The one crew of this process."""
    return Crew(n_threads())


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=shared.cache_clear)

"""How fast a run goes: the speed that a person asked for, and the speed that it reaches."""

from __future__ import annotations

import collections
import time

WINDOW = 1.0
"""Seconds over which the reached speed is measured."""

LONGEST_DEBT = 0.1
"""Seconds of steps that a run may be behind: a slow machine must not build up a debt."""


class Pace:
    """Steps a second, asked for and reached. speed: None for as many as the machine can."""

    def __init__(self, speed: float | None = None) -> None:
        self.speed = speed
        self.restart()

    def restart(self) -> None:
        """Begin to measure: one step is due at once."""
        self._owed = 1.0
        self._asked: float | None = None
        self._marks: collections.deque[tuple[float, int]] = collections.deque()

    def allowed(self, step: int) -> int | None:
        """How many steps are due now; None for no limit. step: where the run stands."""
        now = time.perf_counter()
        if not self._marks:
            self._marks.append((now, step))
        if self.speed is None:
            return None
        passed = 0.0 if self._asked is None else now - self._asked
        self._asked = now
        most = max(self.speed * LONGEST_DEBT, 1.0)
        self._owed = min(self._owed + passed * self.speed, most)
        return int(self._owed)

    def note(self, n: int, step: int) -> None:
        """n steps were run, up to `step`."""
        self._owed -= n
        now = time.perf_counter()
        self._marks.append((now, step))
        while len(self._marks) > 2 and now - self._marks[0][0] > WINDOW:
            self._marks.popleft()

    def delay(self, together: float = 0.0) -> float:
        """Seconds until the next step is due, or as many as are run in `together` seconds."""
        if self.speed is None:
            return 0.0
        wanted = max(min(together, LONGEST_DEBT) * self.speed, 1.0)
        return max((wanted - self._owed) / self.speed, 0.0)

    @property
    def per_second(self) -> float:
        """Steps a second that were reached lately."""
        marks = list(self._marks)
        if len(marks) < 2:
            return 0.0
        (began, first), (ended, last) = marks[0], marks[-1]
        return (last - first) / max(ended - began, 1e-9)

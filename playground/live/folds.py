"""A k-fold evaluation beside a page's run: the same pool drives both, in slices."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from core.engine.scheduler import Scheduler, shared
from core.refusals import Sentence, sentence_of
from playground.live.viewers import Viewers

if TYPE_CHECKING:
    from core.crossvalidation import CrossValidation

PAUSE_AFTER, FREE_AFTER = 6.0, 140.0
"""Seconds without a viewer until it rests, and until the fold under way is given up."""

LOOK_AGAIN = 1.0
"""Seconds between looks whether somebody came back."""

PREPARING, HAVE_PATIENCE = threading.Lock(), 0.005
"""Held by whoever prepares a fold's data, a column at a time: one thread of the pool at most, so
that the others go on training. Seconds until who has to wait looks again."""


class FoldsRun:
    """One k-fold evaluation, from its start until it is done, cancelled, or cannot go on.

    Only the pool's threads touch `validation` while it runs; its results and its share may be read
    at any time. viewers: of the page; without them it rests, and goes on when they come back.
    """

    def __init__(
        self, validation: CrossValidation, viewers: Viewers, pool: Scheduler | None = None
    ) -> None:
        self.validation = validation
        self.problem = ""
        """Why it could not go on, as a Sentence where it is one."""
        self.is_cancelled = False
        self._viewers = viewers
        self._ended = threading.Event()
        self._pool, self._key = pool or shared(), secrets.token_urlsafe(16)
        self._pool.add(self._key, self)
        self._pool.wake(self._key)

    @property
    def is_running(self) -> bool:
        """Whether it will do more."""
        return not (self.validation.is_done or self.is_cancelled or self.problem)

    def cancel(self) -> None:
        """Stop at the end of the slice that is under way; results so far stay."""
        self.is_cancelled = True
        self._pool.wake(self._key)

    def go_on(self) -> None:
        """Somebody looks: if it had been given up, go on."""
        if self.is_running:
            self._pool.wake(self._key)

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so many seconds."""
        self._ended.wait(seconds)

    def work(self, seconds: float) -> float | None:
        """One slice; see core.engine.scheduler.Run."""
        alone = self._viewers.alone_seconds
        if not self.is_running:
            self.validation.release()
            return None
        if alone > FREE_AFTER:
            self.validation.give_up_fold()
            return None
        if alone > PAUSE_AFTER:
            return LOOK_AGAIN
        if not self.validation.is_preparing:
            self._go_on(seconds)
        elif PREPARING.acquire(blocking=False):
            try:
                self._go_on(0.0)
            finally:
                PREPARING.release()
        else:
            return HAVE_PATIENCE
        return 0.0

    def _go_on(self, seconds: float) -> None:
        try:
            self.validation.run_for(seconds)
        except ValueError as error:
            self.problem = sentence_of(error)
        self._tell_who_waits()

    def _tell_who_waits(self) -> None:
        if not self.is_running:
            self._ended.set()

    def failed(self, error: Exception) -> None:
        """A slice raised what nobody expected: it ends here, and the page says so."""
        self.problem = Sentence("The evaluation failed and was stopped.")
        self.validation.release()  # it may have been memory that there was too little of
        self._ended.set()

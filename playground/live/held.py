"""A run that several threads share: who has it, and what follows where its GPU fails.

The page's script, the live channel and the pool's threads all hold it. Whatever touches the trainer
does so under its lock, and never for longer than a slice.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from core.engine.scheduler import Scheduler
from core.refusals import BackendRefusal, Refusal
from core.trainer import Trainer
from playground.live.backend import Backend
from playground.live.orders import Orders
from playground.live.presenter import Presenter
from playground.live.viewers import Viewers

if TYPE_CHECKING:
    from core.experiment import Experiment

Copied = TypeVar("Copied")


class HeldRun:
    """A trainer, its pictures and its orders, in many hands; see `DrivenRun`, which drives it."""

    _trainer: Trainer
    _presenter: Presenter

    def __init__(self, pool: Scheduler) -> None:
        self.token = secrets.token_urlsafe(16)
        self._pool = pool
        self._lock = threading.RLock()
        self._door = threading.Lock()
        self._visitors = 0
        """Threads that wait for the trainer: the pool lets them in before its next slice."""
        self._orders = Orders()
        self._playing = False
        self._left: Experiment | None = None
        """What a page was left with that nobody has looked at for long; its run is gone."""
        self._backend = Backend()

    @property
    def viewers(self) -> Viewers:
        """The browsers that watch."""
        return self._presenter.viewers

    # -- who has it ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def trainer(self) -> Iterator[Trainer]:
        """The trainer, for this thread alone; copy what is needed and leave quickly."""
        with self._alone():
            if self._left is not None:
                self.viewers.seen()
                self._start_again()
            yield self._trainer

    def read(self, copy: Callable[[Trainer], Copied]) -> Copied:
        """What a function copies out of the trainer, which it has for itself meanwhile.

        If the GPU fails to give it, the run is on the CPU from then on: it is asked again there.
        """
        with self.trainer() as trainer:
            try:
                self._backend.check()
                return copy(trainer)
            except BackendRefusal as refusal:
                if not self._give_up(refusal):
                    raise
                return copy(trainer)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Have the run to oneself, as soon as the slice that is under way has ended."""
        with self._door:
            self._visitors += 1
        try:
            with self._lock:
                yield
        finally:
            with self._door:
                self._visitors -= 1
            self.wake()

    def wake(self) -> None:
        """Something changed: have the pool look."""
        self._pool.wake(self.token)

    def revive(self) -> None:
        """Somebody asks for something; a page that was given up comes back to life."""
        with self._door:
            self.viewers.seen()
            is_left = self._left is not None
        if is_left:
            with self.trainer():
                pass

    def _start_again(self) -> None:
        """Make the run anew that was given up."""
        raise NotImplementedError

    # -- where the GPU refuses or fails -------------------------------------------------------

    def change_now(self, trainer: Trainer, fields: dict[str, Any]) -> None:
        """Change settings of the run, as Trainer.change; what the GPU refuses, on the CPU."""
        if self._backend.change(trainer, fields):
            self._wait_on_cpu()

    def _give_up(self, refusal: Refusal) -> bool:
        """Whether it is the GPU that failed: then the run stands on the CPU, and waits there."""
        if not self._backend.give_up(self._trainer, refusal):
            return False
        self._wait_on_cpu()
        return True

    def _wait_on_cpu(self) -> None:
        self._playing = False
        self._orders.drop()
        self._presenter.is_dirty = True
        self._pool.wake_all()  # other pages' runs may be on that GPU as well

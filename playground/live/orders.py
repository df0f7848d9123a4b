"""What a page asks its run for: orders, carried out in turn by the pool's threads, in slices."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.trainer import Trainer

if TYPE_CHECKING:
    from playground.live.driven import DrivenRun

MOST_ORDERS = 200
"""Orders that wait; a browser that sends more than the run can follow loses the rest."""

ORDER_SECONDS = 0.01
"""An order that takes longer than a slice goes on in the next one."""

Order = Callable[["DrivenRun", Trainer], bool]
"""Called with its player and the run, again and again until it returns True.

It must not hold the player itself: a circle of references would keep a left page's buffers until
the next garbage collection.
"""


class Orders:
    """Orders that wait for their turn, each with the event that says it is done."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Order, threading.Event]] = deque()
        self._current: Order | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def changes(self) -> list[dict[str, Any]]:
        """Changes of settings that are still to be made, in turn; for any thread."""
        return [order.fields for order in self._all if isinstance(order, Change)]

    @property
    def goal(self) -> int | None:
        """Where the journeys lead, as far as that is known; for any thread."""
        goals = [order.goal for order in self._all if isinstance(order, Journey)]
        return next((goal for goal in reversed(goals) if goal is not None), None)

    @property
    def _all(self) -> list[Order]:
        # The one being carried out may be back in the queue by now: twice is better than never.
        current = [] if (order := self._current) is None else [order]
        return current + [order for order, _ in self._waiting.copy()]

    def give(self, order: Order) -> threading.Event:
        """Put an order at the end of the queue."""
        done = threading.Event()
        self._waiting.append((order, done))
        return done

    def carry_out_first(self, player: DrivenRun, trainer: Trainer) -> None:
        """Work on the first order for about a slice; it stays the first until it is done.

        A run that is on its way from a failure arrives first: in between, a change would cut off
        what it has to replay.
        """
        if trainer.is_returning:
            trainer.run_for(max(ORDER_SECONDS, trainer.turn_seconds))
            return
        self._current = self._waiting[0][0]
        order, done = self._waiting.popleft()  # before it runs: one that fails must not come again
        try:
            if order(player, trainer):
                done.set()
            else:
                self._waiting.appendleft((order, done))
        finally:
            self._current = None

    def drop(self) -> None:
        """Forget every order: the run that they were meant for is gone."""
        self._waiting.clear()


class Journey:
    """An order: take the run to a step, back or forth, a slice at a time.

    goal_of: says which step, asked when it is this order's turn.
    """

    def __init__(self, goal_of: Callable[[Trainer], int]) -> None:
        self._goal_of = goal_of
        self.goal: int | None = None
        """The step, once it is known."""

    def start(self, trainer: Trainer) -> None:
        """Find out where it leads, and go back as far as that takes."""
        self.goal = max(self._goal_of(trainer), 0)
        trainer.rewind(self.goal)

    def __call__(self, player: DrivenRun, trainer: Trainer) -> bool:
        if self.goal is None:
            self.start(trainer)
        assert self.goal is not None
        left = self.goal - trainer.step_count
        if left > 0 and not trainer.is_over:
            trainer.run_for(max(ORDER_SECONDS, trainer.turn_seconds), max_steps=left)
        arrived = trainer.step_count >= self.goal or trainer.is_over
        if arrived:
            player.exact_numbers()
        return arrived


class Change:
    """An order: change settings, as Trainer.change; whoever gives it has seen that it is valid.

    What the GPU refuses, or fails at, is the player's to deal with.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __call__(self, player: DrivenRun, trainer: Trainer) -> bool:
        with contextlib.suppress(ValueError):
            player.change_now(trainer, self.fields)
        return True


def ahead(unit: str) -> Callable[[Trainer], int]:
    """Where one "batch" leads, or the rest of the "epoch" that is under way."""
    if unit == "batch":
        return lambda trainer: trainer.step_count + 1
    return lambda trainer: trainer.start_of_epoch(trainer.epoch_count + 1)


def back(unit: str) -> Callable[[Trainer], int]:
    """One "batch" back, or the beginning of the "epoch"; from there, of the one before."""

    def goal(trainer: Trainer) -> int:
        step, epoch = trainer.step_count, trainer.epoch_count
        if unit == "batch":
            return step - 1
        start = trainer.start_of_epoch(epoch)
        return start if start < step else trainer.start_of_epoch(max(epoch - 1, 0))

    return goal

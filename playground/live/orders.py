"""What a page asks its run for: orders, carried out in turn by the pool's threads, in slices."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.trainer import Trainer

if TYPE_CHECKING:
    from playground.live.player import Player

MOST_ORDERS = 200
"""Orders that wait; a browser that sends more than the run can follow loses the rest."""

ORDER_SECONDS = 0.01
"""An order that takes longer than a slice goes on in the next one."""

Order = Callable[["Player", Trainer], bool]
"""Called with its player and the run, again and again until it returns True.

It must not hold the player itself: a circle of references would keep a left page's buffers until
the next garbage collection.
"""


class Orders:
    """Orders that wait for their turn, each with the event that says it is done."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Order, threading.Event]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def give(self, order: Order) -> threading.Event:
        """Put an order at the end of the queue."""
        done = threading.Event()
        self._waiting.append((order, done))
        return done

    def carry_out_first(self, player: Player, trainer: Trainer) -> None:
        """Work on the first order for about a slice; it stays the first until it is done."""
        order, done = self._waiting.popleft()  # before it runs: one that fails must not come again
        if order(player, trainer):
            done.set()
        else:
            self._waiting.appendleft((order, done))

    def drop(self) -> None:
        """Forget every order: the run that they were meant for is gone."""
        self._waiting.clear()


class Journey:
    """An order: take the run to a step, back or forth, a slice at a time.

    goal_of: says which step, asked when it is this order's turn.
    """

    def __init__(self, goal_of: Callable[[Trainer], int]) -> None:
        self._goal_of = goal_of
        self._goal: int | None = None

    def __call__(self, player: Player, trainer: Trainer) -> bool:
        if self._goal is None:
            self._goal = max(self._goal_of(trainer), 0)
            trainer.rewind(self._goal)
        left = self._goal - trainer.step_count
        if left > 0 and trainer.diverged is None:
            trainer.run_for(ORDER_SECONDS, max_steps=left)
        arrived = trainer.step_count >= self._goal or trainer.diverged is not None
        if arrived:
            player.exact_numbers()
        return arrived


def ahead(unit: str) -> Callable[[Trainer], int]:
    """Where one "batch" leads, or the rest of the "epoch" that is under way."""
    return lambda t: t.step_count + (1 if unit == "batch" else t.steps_to_epoch_end)


def back(unit: str) -> Callable[[Trainer], int]:
    """One "batch" back, or the beginning of the "epoch"; from there, of the one before."""

    def goal(trainer: Trainer) -> int:
        into = trainer.steps_an_epoch - trainer.steps_to_epoch_end
        return trainer.step_count - (1 if unit == "batch" else into or trainer.steps_an_epoch)

    return goal

"""The k-fold evaluation of a page: what is asked for, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.live.folds import FoldsRun
    from playground.live.player import Player

USUAL_FOLDS, USUAL_EPOCHS = 5, 10
FEWEST_FOLDS, MOST_FOLDS = 2, 10
MOST_EPOCHS = 100_000
PATIENCE = 0.4
"""Seconds that a pressed button waits for the results; longer ones are shown as they come."""


class FoldsDesk:
    """The last k-fold evaluation that was started, and for how many epochs the next would be.

    run: None before the first. count: how many there were; a browser may send a click twice, and
    the second time it is about what is no longer there.
    """

    def __init__(self) -> None:
        self.run: FoldsRun | None = None
        self.count = 0
        self._chosen: int | None = None
        self._offered = 0

    @property
    def is_running(self) -> bool:
        """Whether one is under way."""
        return self.run is not None and self.run.is_running

    def epochs(self, so_far: int, *, is_moving: bool) -> int:
        """How many are offered: those chosen, else as many as the run has done.

        While the run moves the number stands still, or it could not be changed.
        """
        if self._chosen is not None:
            return self._chosen
        if not self._offered or not is_moving:
            self._offered = min(so_far, MOST_EPOCHS) or USUAL_EPOCHS
        return self._offered

    def choose_epochs(self, number: int) -> None:
        """Train every fold for so many epochs from now on."""
        self._chosen = number

    def start(self, count: int, player: Player, k: int, epochs: int) -> None:
        """Evaluate the page's experiment as it is set now; one that is under way goes on.

        count: as it was when the button was drawn.
        Raises ValueError if its data make no such folds.
        """
        from core.crossvalidation import CrossValidation  # as heavy as the player
        from playground.live.folds import FoldsRun

        if self.is_running or count != self.count:
            return
        player.revive()
        validation = CrossValidation(player.experiment, k, player.dataset, epochs=epochs)
        self.count += 1
        self.run = FoldsRun(validation, player.viewers)
        self.run.wait(PATIENCE)

    def cancel(self, count: int) -> None:
        """Stop the one under way. count: as for `start`."""
        if self.run is not None and count == self.count:
            self.run.cancel()

    def is_stale(self, player: Player) -> bool:
        """Whether the page's experiment is another by now than the one that was evaluated."""
        return self.run is not None and self.run.validation.experiment != player.experiment

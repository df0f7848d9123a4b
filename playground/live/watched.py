"""What those who watch a run ask of it through the live channel."""

from __future__ import annotations

from collections.abc import Callable

from core.refusals import BackendRefusal
from core.trainer import Trainer
from playground.live.driven import DrivenRun
from playground.live.orders import MOST_ORDERS

MOST_EDITS = 10_000
"""Edits by hand that one run remembers."""


class WatchedRun(DrivenRun):
    """A run whose picture is pointed at, and edited by hand."""

    @property
    def version(self) -> int:
        """Number of the scene that viewers see; grows with every other network or data."""
        return self._presenter.version

    def attached(self) -> None:
        """A viewer came: it needs everything."""
        self.revive()
        self._new_scene()

    def look_at(self, node: tuple[int, int] | None) -> None:
        """Enlarge a node, (layer, unit), layer -1 for inputs; or none."""
        presenter = self._presenter
        self._tell("hover", lambda: presenter.camera.look_at(node))

    def probe(self, point: tuple[float, float] | None) -> None:
        """Say what the network answers at a point of the plane; or stop saying it."""
        presenter = self._presenter
        self._tell("probe", lambda: presenter.camera.aim(point))

    def move_window(self, layer: int, start: int) -> None:
        """Draw another part of a layer that is too large to be drawn whole."""

        presenter = self._presenter

        def move() -> None:
            camera = presenter.camera
            if -1 <= layer < len(camera.trainer.layout.sizes) - 1:
                camera.starts[layer] = start
                presenter.renew()

        self._tell(f"window {layer}", move)

    def set_weight(self, layer: int, i: int, j: int, value: float) -> None:
        """Edit a weight by hand, as Trainer.set_weight; a place that is not there is ignored."""
        self._edit(lambda trainer: trainer.set_weight(layer, i, j, value))

    def set_bias(self, layer: int, j: int, value: float) -> None:
        """Edit a bias by hand, as Trainer.set_bias; a place that is not there is ignored."""
        self._edit(lambda trainer: trainer.set_bias(layer, j, value))

    def _tell(self, what: str, change: Callable[[], None]) -> None:
        """Change the camera from the pool's thread, which alone uses it; the newest wish counts."""
        if what in self._wishes or len(self._wishes) < MOST_ORDERS:
            self._wishes[what] = change
        self._refresh()

    def _edit(self, edit: Callable[[Trainer], None]) -> None:
        presenter = self._presenter

        def order(_: DrivenRun, trainer: Trainer) -> bool:
            if len(trainer.edits) < MOST_EDITS:
                try:
                    edit(trainer)
                except BackendRefusal:  # there is such a place, but the GPU failed
                    raise
                except ValueError:
                    return True
                presenter.camera.touch()
            return True

        if len(self._orders) < MOST_ORDERS:
            self._orders.give(order)
        self._refresh()

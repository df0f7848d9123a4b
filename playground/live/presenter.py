"""Shows a run to its viewers: when a picture is due, what goes with it, which numbers it had."""

from __future__ import annotations

import dataclasses
import json
import math
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.trainer import Trainer
from playground.live.camera import Camera
from playground.live.scene import Shown
from playground.live.viewers import Viewers
from playground.live.wire import pack

FRAME_SECONDS = 1 / 40
"""Frames are no closer together than this."""


@dataclass(frozen=True)
class Numbers:
    """What a page shows as numbers. Losses and metrics are nan until they have been computed."""

    step: int
    epoch: int
    status: str
    train_loss: float = math.nan
    test_loss: float = math.nan
    metric_name: str = ""
    train_metric: float = math.nan
    test_metric: float = math.nan
    steps_per_second: float = 0.0
    samples_per_second: float = 0.0


class ShowOptions(Shown):
    """View options; setting one redraws the page's view.

    changed: a method of the page's run, which holds these options in its turn. It is held weakly:
    a circle of references would keep a left page's buffers until the next garbage collection.
    """

    _changed: weakref.WeakMethod[Callable[[], None]]

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        object.__setattr__(self, "_changed", weakref.WeakMethod(changed))

    def __setattr__(self, name: str, value: Any) -> None:
        before = getattr(self, name, None)
        object.__setattr__(self, name, value)
        if "_changed" in self.__dict__ and before != value and (changed := self._changed()):
            changed()


class Presenter:
    """The pictures of one run. Used under its player's lock, except for the two flags.

    is_dirty: something that can be seen has changed; has_new_scene: viewers need everything anew.
    """

    def __init__(self, trainer: Trainer, show: Shown) -> None:
        self.viewers = Viewers()
        self.version = 0
        self.is_dirty = self.has_new_scene = True
        self._show = show
        self._next_frame = 0.0
        self._dropout: tuple[float, ...] = ()
        """Each hidden layer's dropout as viewers see it."""
        self.install(trainer)

    def install(self, trainer: Trainer) -> None:
        """Show another trainer from now on."""
        self.camera = Camera(trainer, self._show, self.version)
        self.latest = Numbers(0, 0, "paused")
        self.renew()

    def renew(self) -> None:
        """Have the viewers given everything anew."""
        self.has_new_scene = self.is_dirty = True

    def seconds_to_frame(self) -> float | None:
        """When the next frame is due; None while there is nothing new, or nobody ready for it."""
        if not (self.is_dirty and self.viewers.waiting):
            return None
        return max(self._next_frame - time.perf_counter(), 0.0)

    def present(
        self, header: dict[str, Any], *, exact: bool, ready: bool, can_evaluate: bool
    ) -> None:
        """Publish a frame if one is due; scene and data before it if they are new.

        header: status, speed and such, which the player knows. exact: renew every part of the
        picture; ready: kernels can run; can_evaluate: also where losses are computed.
        """
        self.camera.can_evaluate = can_evaluate
        if self.camera.trainer.dropout != self._dropout:  # by hand, or replayed on a journey
            self.has_new_scene = True
        if self.has_new_scene and self.viewers:
            self._publish_scene()
        if self.seconds_to_frame() != 0.0:
            return
        self.is_dirty = False
        self._next_frame = time.perf_counter() + FRAME_SECONDS
        self.viewers.frame(self.camera.frame(self._numbered(header), exact=exact, ready=ready))
        self.note_numbers(exact=False)

    def _publish_scene(self) -> None:
        self.has_new_scene = False
        self.is_dirty = True
        self.version += 1
        self.camera.version = self.version
        self._dropout = self.camera.trainer.dropout
        self.camera.set_scene()
        self.viewers.scene(json.dumps(self.camera.scene()), self.camera.data())

    def present_words(self, header: dict[str, Any]) -> None:
        """Publish a frame without a picture: the run has failed, there is only its status."""
        head = {"kind": "frame", "scene": self.version} | self._numbered(header)
        self.viewers.frame(pack(head, {}))

    def _numbered(self, header: dict[str, Any]) -> dict[str, Any]:
        trainer = self.camera.trainer
        problem = trainer.diverged
        return header | {
            "seq": self.viewers.next_number(),
            "step": trainer.step_count,
            "epoch": trainer.epoch_count,
            "learning_rate": trainer.learning_rate,
            "problem": None if problem is None else dataclasses.asdict(problem),
        }

    def note_numbers(self, *, exact: bool) -> None:
        """Remember the last picture's numbers, or, if exact, compute this step's."""
        self.camera.can_evaluate = self.camera.can_evaluate or exact
        found = self.camera.numbers(exact=exact)
        if found is not None:
            metric = found["metric"]
            self.latest = replace(
                self.latest,
                train_loss=found["train_loss"],
                test_loss=found["test_loss"],
                metric_name=metric["name"],
                train_metric=metric["train"],
                test_metric=metric["test"],
            )

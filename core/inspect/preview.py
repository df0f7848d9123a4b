"""Samples of the next step before and after augmentation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.inspect.augmented import Augmentation
from core.inspect.moment import next_batch

if TYPE_CHECKING:
    from core.data import Dataset
    from core.trainer import Trainer


@dataclass(frozen=True)
class Preview:
    """The first `count` samples of the next mini-batch, as they are and as the step has them.

    rows: training rows, int64: those samples and the one that the last of them is mixed with.
    """

    augmentation: Augmentation
    dataset: Dataset
    rows: np.ndarray
    count: int

    @cached_property
    def before(self) -> np.ndarray:
        """What the network would be fed as it is: float32 (count, n_inputs)."""
        return self.dataset.X_train[self.rows[: self.count]]

    @cached_property
    def after(self) -> np.ndarray:
        """What it is fed: (count, n_inputs)."""
        return self.augmentation.fed(self.dataset.X_train[self.rows])[: self.count]

    @cached_property
    def shares(self) -> np.ndarray | None:
        """How much of itself each keeps in a mixture, (count,); None where none are mixed."""
        shares = self.augmentation.shares(len(self.rows))
        return None if shares is None else shares[: self.count]

    def kept(self, k: int) -> float:
        """How much of itself sample k keeps."""
        return 1.0 if self.shares is None else float(self.shares[k])

    def pair(self, k: int) -> tuple[int, int]:
        """The training rows of sample k and of the one that it would be mixed with."""
        return int(self.rows[k]), int(self.rows[(k + 1) % len(self.rows)])


def preview_of(trainer: Trainer, most: int) -> Preview:
    """Up to so many samples of a run's next step."""
    training, batch = trainer.training, next_batch(trainer)
    seed, step = trainer.experiment.seed, trainer.step_count + 1
    augmentation = Augmentation.of(trainer.dataset, training, seed, step)
    return Preview(augmentation, trainer.dataset, batch[: most + 1], min(most, len(batch)))

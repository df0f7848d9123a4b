"""What augmentation makes of a batch, in plain NumPy: what a step is fed, shown before and after.

The same random numbers and the same scalar functions as the engine's, in float64.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data import Dataset
from core.data.augmentation import changes_images
from core.experiment import TrainingConfig
from core.maths import random
from core.maths.augmentation import (
    ANGLE,
    CUT_COLUMN,
    CUT_ROW,
    DOWN,
    N_DRAWS,
    N_SHARE_DRAWS,
    RADIANS,
    RIGHT,
    SCALE,
    between,
    blend,
    placing,
    share,
)


@dataclass(frozen=True)
class Augmentation:
    """What a step does to its samples before it learns from them. All results are float64.

    step: its number, from 1. planes: height, width and channels of images, None for other data.
    background: (channels,), what lies around images.
    """

    training: TrainingConfig
    seed: int
    step: int
    planes: tuple[int, int, int] | None = None
    background: np.ndarray | None = None

    @staticmethod
    def of(dataset: Dataset, training: TrainingConfig, seed: int, step: int) -> Augmentation:
        """What a step (from 1) of a run on a data set does under these settings."""
        if not changes_images(training):
            return Augmentation(training, seed, step)
        return Augmentation(training, seed, step, dataset.image_planes, dataset.background)

    def changed(self, X: np.ndarray) -> np.ndarray:
        """Samples (batch, n_inputs) as moved, turned, scaled and cut-out images."""
        training = self.training
        moves = training.translation or training.rotation or training.zoom
        if self.planes is None or not (moves or training.cutout):
            return X
        images = X.astype(np.float64).reshape(-1, *self.planes)
        numbers = self._uniforms(random.IMAGES, len(X), N_DRAWS)
        if moves:
            images = np.stack([self._moved(*pair) for pair in zip(images, numbers, strict=True)])
        for image, drawn in zip(images, numbers, strict=True):
            self._cut_out(image, drawn)
        return images.reshape(X.shape)

    def _moved(self, image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        """An image (height, width, channels) whose pixels come from other places of it."""
        (height, width, _), training = image.shape, self.training
        a, b, c, d = placing(
            between(drawn[ANGLE], training.rotation * RADIANS),
            1.0 + between(drawn[SCALE], training.zoom),
            between(drawn[DOWN], training.translation),
            between(drawn[RIGHT], training.translation),
            float(height),
            float(width),
        )
        rows, columns = np.mgrid[:height, :width]
        # One pixel of background before the image and two behind it, as in the engine.
        v = np.clip(a * rows - b * columns + c + 1.0, 0.0, height + 1.0)
        u = np.clip(b * rows + a * columns + d + 1.0, 0.0, width + 1.0)
        i, j = v.astype(np.int64), u.astype(np.int64)
        framed = np.empty((height + 3, width + 3, image.shape[2]))
        framed[:] = self.background
        framed[1 : height + 1, 1 : width + 1] = image
        corners = (framed[i, j], framed[i, j + 1], framed[i + 1, j], framed[i + 1, j + 1])
        blended = blend(*corners, (v - i)[..., None], (u - j)[..., None])
        return np.asarray(blended)

    def _cut_out(self, image: np.ndarray, drawn: np.ndarray) -> None:
        height, width, _ = image.shape
        side = self.training.cutout
        top = int(drawn[CUT_ROW] * height) - side // 2
        left = int(drawn[CUT_COLUMN] * width) - side // 2
        image[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = (
            self.background
        )

    def shares(self, batch: int) -> np.ndarray | None:
        """How much of itself each sample of a batch keeps, (batch,); None where none are mixed.

        The rest is of the next sample, the last one's of the first.
        """
        if not self.training.mixup:
            return None
        drawn = self._uniforms(random.MIXUP, batch, N_SHARE_DRAWS).tolist()
        return np.array([share(self.training.mixup, *three) for three in drawn])

    def mixed(self, values: np.ndarray) -> np.ndarray:
        """Each row of a batch (batch, ...) mixed with the next one."""
        shares = self.shares(len(values))
        if shares is None:
            return values
        kept = shares.reshape(-1, *[1] * (values.ndim - 1))
        return kept * values + (1.0 - kept) * np.roll(values, -1, axis=0)

    def noise(self, batch: int, inputs: int) -> np.ndarray:
        """What is added to each input: (batch, inputs)."""
        if not self.training.input_noise:
            return np.zeros((batch, inputs))
        counters = (self.seed, random.INPUT_NOISE, self.step)
        stream = random.key(*(np.array([counter], dtype=np.uint64) for counter in counters))
        numbers = random.normal(stream, np.arange(batch * inputs, dtype=np.uint64))
        return self.training.input_noise * np.asarray(numbers).reshape(batch, inputs)

    def fed(self, X: np.ndarray) -> np.ndarray:
        """What the network is fed of a batch (batch, n_inputs)."""
        return self.mixed(self.changed(X)) + self.noise(*X.shape)

    def _uniforms(self, purpose: int, batch: int, each: int) -> np.ndarray:
        drawn = random.uniforms(self.seed, purpose, self.step, batch * each)
        return drawn.reshape(batch, each)

"""Whether data can be augmented as training asks: see `core.maths.augmentation`."""

from __future__ import annotations

from core.experiment import TrainingConfig
from core.maths.augmentation import IMAGE_FIELDS
from core.maths.losses import LOSSES
from core.maths.registry import get
from core.refusals import Refusal


def changes_images(training: TrainingConfig) -> bool:
    """Whether images are moved, turned, scaled or cut out."""
    return any(getattr(training, name) for name in IMAGE_FIELDS)


def takes_mixtures(loss: str) -> bool:
    """Whether a loss takes targets between two classes: all but the hinges, which tell sides."""
    return get(LOSSES, loss, "loss").targets != "plus_minus"


def check_augmentation(training: TrainingConfig, *, is_image: bool, is_sparse: bool) -> None:
    """Raise a ValueError that says what cannot be augmented so, and why."""
    if is_sparse and training.input_noise:
        raise Refusal("Noise on the inputs is not possible where the data are sparse.")
    if is_sparse and (training.mixup or changes_images(training)):
        raise Refusal("Augmentation is not possible where the data are sparse.")
    for name in IMAGE_FIELDS if not is_image else ():
        if getattr(training, name):
            raise Refusal("{field} is for images, which these data are not.", field=name)
    if training.mixup and not takes_mixtures(training.loss):
        raise Refusal(
            "mixup makes targets between two classes, which the loss {loss!r} cannot take. "
            "A cross-entropy can.",
            loss=training.loss,
        )

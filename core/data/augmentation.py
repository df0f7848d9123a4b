"""Whether data can be augmented as training asks: see `core.maths.augmentation`."""

from __future__ import annotations

from core.experiment import TrainingConfig
from core.maths.augmentation import IMAGE_FIELDS
from core.maths.losses import LOSSES
from core.maths.registry import get
from core.refusals import Refusal, Sentence


def changes_images(training: TrainingConfig) -> bool:
    """Whether images are moved, turned, scaled or cut out."""
    return any(getattr(training, name) for name in IMAGE_FIELDS)


def augments(training: TrainingConfig) -> bool:
    """Whether training changes its samples before it learns from them."""
    return bool(changes_images(training) or training.mixup or training.input_noise)


def takes_mixtures(loss: str) -> bool:
    """Whether a loss takes targets between two classes: all but the hinges, which tell sides."""
    return get(LOSSES, loss, "loss").targets != "plus_minus"


def misfits(training: TrainingConfig, *, is_image: bool, is_sparse: bool) -> dict[str, Sentence]:
    """The settings that do not fit the data or the loss, by name, and why they do not."""
    found = {}
    if is_sparse and training.input_noise:
        found["input_noise"] = Sentence(
            "Noise on the inputs is not possible where the data are sparse."
        )
    for name in (*IMAGE_FIELDS, "mixup"):
        if not getattr(training, name):
            continue
        if is_sparse:
            found[name] = Sentence("Augmentation is not possible where the data are sparse.")
        elif name in IMAGE_FIELDS and not is_image:
            found[name] = Sentence("{field} is for images, which these data are not.", field=name)
        elif name == "mixup" and not takes_mixtures(training.loss):
            found[name] = Sentence(
                "{field} makes targets between two classes, which the loss {loss} cannot take. "
                "A cross-entropy can.",
                field=name,
                loss=training.loss,
            )
    return found


def check_augmentation(training: TrainingConfig, *, is_image: bool, is_sparse: bool) -> None:
    """Raise a ValueError that says what cannot be augmented so, and why."""
    for sentence in misfits(training, is_image=is_image, is_sparse=is_sparse).values():
        raise Refusal(sentence)

"""Whether a run can be had on a GPU, told before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine.cuda import devices
from core.engine.cuda.large.arrays import LargePlan
from core.engine.cuda.plan import Plan, check_built
from core.engine.layout import Layout
from core.experiment import TrainingConfig
from core.maths.augmentation import IMAGE_FIELDS
from core.maths.optimizers import OPTIMIZERS


def check(
    layout: Layout,
    training: TrainingConfig,
    dropout: Sequence[float],
    n_samples: int,
    *,
    is_sparse: bool,
    held: int = 0,
) -> None:
    """Raise a Refusal for what is not built yet, if there is no GPU, or if it is too small.

    held: bytes of its memory that the run has already, and gives back for what is asked for.
    """
    check_built(is_sparse=is_sparse)
    devices.check_available()
    optimizer = OPTIMIZERS[training.optimizer].under(training.optimizer_options)
    batch, matrices = min(training.batch_size, n_samples), optimizer.matrix_prepare is not None
    n_slots = len(optimizer.slots)
    augmented = any(getattr(training, name) for name in (*IMAGE_FIELDS, "mixup"))
    block = Plan(layout, batch, n_slots, any(dropout), matrices, augmented)
    if not block.fits(devices.shared_bytes()):
        devices.check_cublas()
        large = LargePlan(layout, n_samples, batch, n_slots, matrices)
        devices.check_memory(large.device_bytes - held)

"""Whether a run can be had on a GPU, told before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine.cuda import devices
from core.engine.cuda.large.arrays import Extent, n_entries
from core.engine.cuda.large.plan import LargePlan
from core.engine.cuda.plan import Plan
from core.engine.layout import Layout
from core.engine.memory import Rows
from core.experiment import TrainingConfig
from core.maths.augmentation import IMAGE_FIELDS
from core.maths.optimizers import OPTIMIZERS


def check(
    layout: Layout,
    training: TrainingConfig,
    dropout: Sequence[float],
    X: Rows,
    *,
    judged: tuple[Extent, ...] = (),
    held: int = 0,
) -> None:
    """Raise a Refusal if there is no GPU, or if it is too small.

    X: the training samples, whole rows or sparse.
    judged: see `CUDAEngine`.
    held: bytes of its memory that the run has already, and gives back for what is asked for.
    """
    devices.check_available()
    optimizer = OPTIMIZERS[training.optimizer].under(training.optimizer_options)
    batch, matrices = min(training.batch_size, len(X)), optimizer.matrix_prepare is not None
    n_slots = len(optimizer.slots)
    augmented = any(getattr(training, name) for name in (*IMAGE_FIELDS, "mixup"))
    block = Plan(layout, batch, n_slots, any(dropout), matrices, augmented)
    entries = n_entries(X)
    if entries is not None or not block.fits(devices.shared_bytes()):
        devices.check_cublas()
        large = LargePlan(layout, len(X), batch, n_slots, matrices, entries, judged)
        devices.check_memory(large.device_bytes - held)

"""Whether a run can be had on a GPU, told before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine.cuda import devices
from core.engine.cuda.large import checking as large
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
) -> None:
    """Raise a Refusal for what is not built yet, or if there is no GPU."""
    check_built(is_sparse=is_sparse)
    optimizer = OPTIMIZERS[training.optimizer].under(training.optimizer_options)
    batch, matrices = min(training.batch_size, n_samples), optimizer.matrix_prepare is not None
    augmented = any(getattr(training, name) for name in (*IMAGE_FIELDS, "mixup"))
    planned = Plan(layout, batch, len(optimizer.slots), any(dropout), matrices, augmented)
    if not planned.fits(devices.shared_bytes()):
        large.check_built(layout, optimizer, augmented=augmented)
    devices.check_available()

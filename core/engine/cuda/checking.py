"""Whether a run can be had on a GPU, told before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine.cuda import devices
from core.engine.cuda.plan import UNCOMMON, check_built
from core.engine.layout import Layout
from core.experiment import TrainingConfig


def check(
    layout: Layout,
    training: TrainingConfig,
    dropout: Sequence[float],
    n_samples: int,
    *,
    is_sparse: bool,
) -> None:
    """Raise a Refusal for what is not built yet, or if there is no GPU."""
    used = [name for name in UNCOMMON if getattr(training, name)]
    check_built(layout, training.optimizer, is_sparse=is_sparse, used=used)
    devices.check_available()

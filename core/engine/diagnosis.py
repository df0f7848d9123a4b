"""Where a run broke: the layer, and what was first not finite."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.engine.layout import ROW, UNITS, Layout


class LastStep(NamedTuple):
    """What a step left behind. The letters are those of `kernels`, a row for each unit."""

    Z: NDArray[np.float32]  # (n_units, samples), as A and D
    A: NDArray[np.float32]
    D: NDArray[np.float32]
    G: NDArray[np.float32]  # (n_parameters,), or more
    params: NDArray[np.float32]  # (n_numbers,)
    slots: NDArray[np.float32]  # (n_slots, n_parameters)


def first_nonfinite(layout: Layout, found: LastStep) -> tuple[int, str]:
    """Name the layer (0 is the first) and what was first not finite in a step.

    what: "activation", "loss", "gradient" or "update".
    """
    last = layout.n_layers - 1
    for layer, (units, row) in enumerate(layout.table[:, [UNITS, ROW]].tolist()):
        part = slice(row, row + units)
        if not (np.isfinite(found.Z[part]).all() and np.isfinite(found.A[part]).all()):
            return layer, "activation"
    if not np.isfinite(found.D[layout.table[last, ROW] :]).all():
        return last, "loss"
    for what, values in (("gradient", found.G), ("update", found.params)):
        for layer, part in reversed(list(enumerate(layout.slices()))):
            if not np.isfinite(values[part]).all():
                return layer, what
    for layer, arrays in enumerate(layout.normalization_views(found.params)):
        if not all(np.isfinite(array).all() for array in arrays.values()):
            return layer, "activation"
    for layer, part in enumerate(layout.slices()):
        if not np.isfinite(found.slots[:, part]).all():
            return layer, "update"
    return last, "loss"

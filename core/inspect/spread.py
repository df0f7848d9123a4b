"""How the numbers of a layer are spread: a histogram, quartiles and a few plain figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEW = 24  # values that are better looked at one by one than as a histogram
MOST = 20_000  # values read for histogram and quartiles: more would not move them visibly


@dataclass(frozen=True)
class Spread:
    """shares: (bins,) of the values read; edges: (bins + 1,); quartiles: (3,).

    mean, deviation and largest magnitude are over all values that are finite; not_finite counts
    the others. few: the values themselves, where there are no more than FEW.
    """

    shares: np.ndarray
    edges: np.ndarray
    quartiles: np.ndarray
    mean: float
    deviation: float
    largest: float
    count: int
    not_finite: int
    few: np.ndarray


def spread(values: np.ndarray, *, most_bins: int = 40) -> Spread:
    """Describe an array of any shape. Every k-th value stands for very many; few get few bins."""
    flat = np.asarray(values).ravel()
    bins = int(np.clip(2.0 * flat.size ** (1.0 / 3.0), 6, most_bins))
    finite = flat[np.isfinite(flat)].astype(np.float64)
    if not finite.size:
        nan = float("nan")
        edges = np.linspace(0.0, 1.0, bins + 1)
        return Spread(
            np.zeros(bins), edges, np.full(3, nan), nan, nan, nan, flat.size, flat.size, finite
        )
    read = finite[:: -(-finite.size // MOST)]
    low, high = float(read.min()), float(read.max())
    # Equal weights (all zeros at the start, say) still get a bin that can be seen.
    margin = max(1e-3, 1e-3 * abs(low)) if high - low < 1e-9 * max(abs(low), 1.0) else 0.0
    counts, edges = np.histogram(read, bins=bins, range=(low - margin, high + margin))
    return Spread(
        shares=counts / counts.sum(),
        edges=edges,
        quartiles=np.percentile(read, [25.0, 50.0, 75.0]),
        mean=float(finite.mean()),
        deviation=float(finite.std()),
        largest=float(np.abs(finite).max()),
        count=flat.size,
        not_finite=flat.size - finite.size,
        few=finite if finite.size <= FEW else finite[:0],
    )

"""Normalizations of a layer's weighted sums z before its activation: a = f(gamma n + beta).

    n = (z - mean) / sqrt(variance + EPSILON)

"batch": mean and variance of each unit over the samples of the mini-batch, in training; outside it
their running values moving_mean and moving_variance, so that what is predicted of a sample does
not depend on its company. "layer": mean and variance of each sample over the units of the layer,
in training and outside. The variance is the biased one, divided by how many there are.

Names, defaults and formulas are Keras 3's BatchNormalization and LayerNormalization. PyTorch
differs: its epsilon is 1e-5; its momentum is the share of the new value, 0.1, where Keras's is
that of the old, 0.99; its running variance is the unbiased one, divided by the number of samples
less one; and its BatchNorm refuses a mini-batch of one sample, whose z are all normalized to 0
here. gamma and beta are parameters like the biases: regularizers and max_norm leave them alone.

Scalar functions (see `core.maths.scalar`); but for `inverse_deviation`, they take arrays as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.maths.scalar import sqrt

EPSILON = 1e-3
MOMENTUM = 0.99

GAMMA, BETA = "gamma", "beta"
MOVING_MEAN, MOVING_VARIANCE = "moving_mean", "moving_variance"


@dataclass(frozen=True)
class Normalization:
    """over: what mean and variance are taken over, "batch" or "units"; "" where there are none.

    parameters: what the optimizer moves; statistics: what training keeps beside them. Each is
    (units,), by name, with the value it starts from.
    """

    name: str
    label: str
    latex: str
    over: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    statistics: dict[str, float] = field(default_factory=dict)

    @property
    def arrays(self) -> dict[str, float]:
        """Parameters and statistics with the values they start from, in the layout's order."""
        return {**self.parameters, **self.statistics}


def inverse_deviation(variance: float) -> float:
    """1 / sqrt(variance + epsilon)."""
    return 1.0 / sqrt(variance + EPSILON)


def scaled(n: float, gamma: float, beta: float) -> float:
    """What the activation reads."""
    return gamma * n + beta


def slope(d: float, n: float, mean_d: float, mean_dn: float, scale: float) -> float:
    """dE/dz = (d - mean of d - n mean of d n) / deviation, for d = dE/dn, with scale 1 / deviation:
    mean and variance move with each z, and the means are over what they are over.

    Over the batch gamma is the same for all, and may be in the scale instead of in d.
    """
    return scale * (d - mean_d - n * mean_dn)


def moved(running: float, latest: float) -> float:
    """A running statistic after one more mini-batch."""
    return MOMENTUM * running + (1.0 - MOMENTUM) * latest


PARAMETERS = {GAMMA: 1.0, BETA: 0.0}

NORMALIZATIONS: dict[str, Normalization] = {
    record.name: record
    for record in (
        Normalization("none", "None", "z"),
        Normalization(
            "batch",
            "Batch",
            r"\gamma \frac{z - \mu_B}{\sqrt{\sigma_B^{2} + 0.001}} + \beta",
            "batch",
            PARAMETERS,
            {MOVING_MEAN: 0.0, MOVING_VARIANCE: 1.0},
        ),
        Normalization(
            "layer",
            "Layer",
            r"\gamma \frac{z - \mu_L}{\sqrt{\sigma_L^{2} + 0.001}} + \beta",
            "units",
            PARAMETERS,
        ),
    )
}

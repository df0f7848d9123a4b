"""How one parameter moves, optimizer by optimizer. Rules and constants are Keras 3's.

`prepare(h, learning_rate, t)` is called once a step in double precision; `update` once a parameter.
h: option values in the order of the record; t: the step, from 1. `update` is a scalar function (see
`core.maths.scalar`) of one signature for all:

    update(w, g, s0, s1, s2, c0, c1, c2, c3, c4) -> (w, s0, s1, s2)

w: parameter, g: its gradient, s0, s1, s2: its slots (an unused slot passes through),
c0..c4: the constants that `prepare` made of the options.

The field disagrees on epsilon. Here, as in Keras: inside the root for RMSprop, Adagrad and
Adadelta (PyTorch: outside for the first two); outside for Adam and its kin, and in Adam, AdamW and
AMSGrad beside the raw, not the bias-corrected root (PyTorch: beside the corrected one).

Muon moves a matrix as a whole: see `core.maths.orthogonal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.maths.scalar import fabs, sign, sqrt

N_CONSTANTS = 5  # AdamW and Nadam need that many
N_SLOTS = 3  # AMSGrad and centered RMSprop need that many

Constants = tuple[float, float, float, float, float]
MatrixConstants = tuple[float, float, float, float, float, float, float, float, float]
Prepare = Callable[[Sequence[float], float, float], Constants]
PrepareMatrix = Callable[[Sequence[float], float, float, float], MatrixConstants]
Update = Callable[..., tuple[float, float, float, float]]


def sgd_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    momentum, nesterov = h[0], h[1]
    if nesterov > 0.5:
        return learning_rate, momentum, momentum, learning_rate, 0.0
    return learning_rate, momentum, 1.0, 0.0, 0.0


def sgd(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """velocity = momentum * velocity - learning_rate * g; w += velocity.

    With nesterov, w += momentum * velocity - learning_rate * g.
    """
    velocity = c1 * s0 - c0 * g
    return w + (c2 * velocity - c3 * g), velocity, s1, s2


def rmsprop_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    rho, momentum, epsilon = h[0], h[1], h[2]
    return learning_rate, 1.0 - rho, momentum, epsilon, 0.0


def rmsprop(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """mean_square = rho * mean_square + (1 - rho) * g^2
    velocity = momentum * velocity + learning_rate * g / sqrt(mean_square + epsilon); w -= velocity.
    """
    mean_square = s0 + c1 * (g * g - s0)
    velocity = c2 * s1 + c0 * g / sqrt(mean_square + c3)
    return w - velocity, mean_square, velocity, s2


def centered_rmsprop(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """RMSprop (Graves 2013) with the variance, mean_square - mean^2, in place of mean_square.

    mean = rho * mean + (1 - rho) * g. No variance is below 0; in float32 rounding can make it so,
    and Keras, which does not look, then takes the root of a negative number.
    """
    mean_square = s0 + c1 * (g * g - s0)
    mean = s2 + c1 * (g - s2)
    variance = mean_square - mean * mean
    variance = 0.0 if variance < 0.0 else variance
    velocity = c2 * s1 + c0 * g / sqrt(variance + c3)
    return w - velocity, mean_square, velocity, mean


def adagrad_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    return learning_rate, h[1], 0.0, 0.0, 0.0


def adagrad(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """accumulator += g^2; w -= learning_rate * g / sqrt(accumulator + epsilon)."""
    accumulator = s0 + g * g
    return w - c0 * g / sqrt(accumulator + c1), accumulator, s1, s2


def adadelta_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    return learning_rate, 1.0 - h[0], h[1], 0.0, 0.0


def adadelta(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Zeiler 2012. mean_square = rho * mean_square + (1 - rho) * g^2
    change = sqrt(mean_square_change + epsilon) / sqrt(mean_square + epsilon) * g
    mean_square_change = rho * mean_square_change + (1 - rho) * change^2
    w -= learning_rate * change.
    """
    mean_square = s0 + c1 * (g * g - s0)
    change = sqrt(s1 + c2) * g / sqrt(mean_square + c2)
    return w - c0 * change, mean_square, s1 + c1 * (change * change - s1), s2


def adam_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    beta_1, beta_2, epsilon = h[0], h[1], h[2]
    rate = learning_rate * (1.0 - beta_2**t) ** 0.5 / (1.0 - beta_1**t)
    return rate, 1.0 - beta_1, 1.0 - beta_2, epsilon, 1.0


def adamw_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    beta_1, beta_2, epsilon, weight_decay = h[0], h[1], h[2], h[3]
    rate = learning_rate * (1.0 - beta_2**t) ** 0.5 / (1.0 - beta_1**t)
    return rate, 1.0 - beta_1, 1.0 - beta_2, epsilon, 1.0 - learning_rate * weight_decay


def adam(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Kingma & Ba 2015, in the form whose epsilon stands outside the bias correction, as in Keras.

    m += (1 - beta_1) * (g - m);  v += (1 - beta_2) * (g^2 - v)
    w -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    AdamW (Loshchilov & Hutter 2019) first takes learning_rate * weight_decay * w off w.
    """
    m = s0 + c1 * (g - s0)
    v = s1 + c2 * (g * g - s1)
    return c4 * w - c0 * m / (sqrt(v) + c3), m, v, s2


def amsgrad(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Adam with the largest v so far in place of v (Reddi, Kale & Kumar 2018)."""
    m = s0 + c1 * (g - s0)
    v = s1 + c2 * (g * g - s1)
    largest = s2 if s2 > v else v
    return c4 * w - c0 * m / (sqrt(largest) + c3), m, v, largest


def adamax_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    beta_1, beta_2, epsilon = h[0], h[1], h[2]
    return learning_rate / (1.0 - beta_1**t), 1.0 - beta_1, beta_2, epsilon, 0.0


def adamax(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Kingma & Ba 2015, section 7.1. m += (1 - beta_1) * (g - m);  u = max(beta_2 * u, |g|)
    w -= learning_rate / (1 - beta_1^t) * m / (u + epsilon).
    """
    m = s0 + c1 * (g - s0)
    decayed, size = c2 * s1, fabs(g)
    u = decayed if decayed > size else size
    return w - c0 * m / (u + c3), m, u, s2


def nadam_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    """Keras's momentum at step i is u_i = beta_1 (1 - 0.96^i / 2); the rule asks for the product
    U_t of u_1 to u_t. Keras carries it along; here it follows from the step, so that a run can be
    taken to any step. With q = 0.96, by the series of the logarithm,

    U_t = beta_1^t exp(-sum over k > 0 of (q / 2)^k (1 - q^(k t)) / (k (1 - q^k))).

    50 terms leave an error of 1e-17.
    """
    beta_1, beta_2, epsilon = h[0], h[1], h[2]
    q_t, total, k = 0.96**t, 0.0, 1.0
    half_power, power, power_t = 1.0, 1.0, 1.0
    while k < 50.5:
        half_power, power, power_t = half_power * 0.48, power * 0.96, power_t * q_t
        total += half_power * (1.0 - power_t) / (k * (1.0 - power))
        k += 1.0
    u, next_u = beta_1 * (1.0 - 0.5 * q_t), beta_1 * (1.0 - 0.48 * q_t)
    product = beta_1**t * 2.718281828459045**-total
    scale = (1.0 - beta_2**t) ** 0.5  # epsilon stands beside the corrected root
    old = learning_rate * scale * next_u / (1.0 - product * next_u)
    new = learning_rate * scale * (1.0 - u) / (1.0 - product)
    return old, new, 1.0 - beta_1, 1.0 - beta_2, epsilon * scale


def nadam(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Dozat 2016, with the momentum schedule of `nadam_prepare`.

    m and v are Adam's, m_hat = u_(t+1) * m / (1 - U_(t+1)) + (1 - u_t) * g / (1 - U_t)
    w -= learning_rate * m_hat / (sqrt(v / (1 - beta_2^t)) + epsilon).
    """
    m = s0 + c2 * (g - s0)
    v = s1 + c3 * (g * g - s1)
    return w - (c0 * m + c1 * g) / (sqrt(v) + c4), m, v, s2


def lion_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    return learning_rate, h[0], 1.0 - h[0], h[1], 1.0 - h[1]


def lion(w, g, s0, s1, s2, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Chen et al. 2023. w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)
    m = beta_2 * m + (1 - beta_2) * g.
    """
    return w - c0 * sign(c1 * s0 + c2 * g), c3 * s0 + c4 * g, s1, s2


def muon_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    """Of `adam`, by which Muon moves what is no matrix of a hidden layer.

    As in Keras the decay goes by the learning rate itself, not by adam_lr_ratio of it.
    """
    ratio, beta_1, beta_2, weight_decay, epsilon = h[5], h[6], h[7], h[8], h[9]
    rate = ratio * learning_rate * (1.0 - beta_2**t) ** 0.5 / (1.0 - beta_1**t)
    return rate, 1.0 - beta_1, 1.0 - beta_2, epsilon, 1.0 - learning_rate * weight_decay


def muon_matrix(
    h: Sequence[float], learning_rate: float, inputs: float, units: float
) -> MatrixConstants:
    """What Muon (Jordan et al. 2024) does to a hidden layer's weights W (inputs, units).

    M = momentum * M + G;  N = G + momentum * M with nesterov, else M
    W = (1 - learning_rate * weight_decay) * W - rate * orthogonalized(N)

    rate = learning_rate * rms_rate * sqrt(max(inputs, units)) gives the update the size of an
    Adam's (Liu et al. 2025, as in Keras); with an rms_rate of 0, Keras's None, it is learning_rate.
    (PyTorch and Jordan have sqrt(max(1, units / inputs)) by default, in place of that root.)

    Returns rate, factor of W, momentum, N's shares of G and of M, muon_a, _b and _c, ns_steps.
    """
    momentum, nesterov, ns_steps, rms_rate, weight_decay = h[0], h[1], h[2], h[3], h[4]
    largest = inputs if inputs > units else units
    rate = learning_rate * rms_rate * largest**0.5 if rms_rate > 0.0 else learning_rate
    of_g = 1.0 if nesterov > 0.5 else 0.0
    of_m = momentum if nesterov > 0.5 else 1.0
    keep = 1.0 - learning_rate * weight_decay
    return rate, keep, momentum, of_g, of_m, h[10], h[11], h[12], ns_steps

"""Training, slow and plain, in float64: what the compiled engine is measured against.

Written from the formulas (Keras 3's), not from the registries, and with nothing shared with the
engine: batches are (samples, features), the random numbers are Python integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Array = NDArray[np.float64]


# ---- activations: value and slope of z ------------------------------------------------------


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def softplus(z: Array) -> Array:
    return np.logaddexp(0, z)


def normal_cdf(z: Array) -> Array:
    return (1 + erf(z / np.sqrt(2))) / 2


ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805

ACTIVATIONS = {
    "linear": (lambda z: z, lambda z: np.ones_like(z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.2 * z), lambda z: np.where(z > 0, 1, 0.2)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1, np.exp(z))),
    "selu": (
        lambda z: SCALE * np.where(z > 0, z, ALPHA * np.expm1(z)),
        lambda z: SCALE * np.where(z > 0, 1, ALPHA * np.exp(z)),
    ),
    "gelu": (
        lambda z: z * normal_cdf(z),
        lambda z: normal_cdf(z) + z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi),
    ),
    "silu": (
        lambda z: z * sigmoid(z),
        lambda z: sigmoid(z) + z * sigmoid(z) * (1 - sigmoid(z)),
    ),
    "mish": (
        lambda z: z * np.tanh(softplus(z)),
        lambda z: np.tanh(softplus(z)) + z * sigmoid(z) / np.cosh(softplus(z)) ** 2,
    ),
    "softplus": (softplus, sigmoid),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: (1 + abs(z)) ** -2.0),
    "tanh": (np.tanh, lambda z: np.cosh(z) ** -2.0),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "sine": (np.sin, np.cos),
    "gaussian": (lambda z: np.exp(-(z**2)), lambda z: -2 * z * np.exp(-(z**2))),
}


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# ---- losses: value and slope in p, summed over everything -----------------------------------

TINY = 1e-7
NEARLY_1 = float(np.float32(1 - 1e-7))  # Keras's bound as float32 has it: 1 - 1.19e-7


def inside(p: Array) -> Array:
    return np.clip(p, TINY, NEARLY_1)


def within(p: Array) -> Array:
    return (p > TINY) & (p < NEARLY_1)


LOSSES = {
    "mean_squared_error": (lambda y, p: (y - p) ** 2, lambda y, p: -2 * (y - p)),
    "mean_absolute_error": (lambda y, p: abs(y - p), lambda y, p: np.sign(p - y)),
    "huber": (
        lambda y, p: np.where(abs(y - p) < 1, (y - p) ** 2 / 2, abs(y - p) - 0.5),
        lambda y, p: np.where(abs(y - p) < 1, p - y, np.sign(p - y)),
    ),
    "log_cosh": (lambda y, p: np.log(np.cosh(p - y)), lambda y, p: np.tanh(p - y)),
    "binary_crossentropy": (
        lambda y, p: -y * np.log(inside(p)) - (1 - y) * np.log(1 - inside(p)),
        lambda y, p: within(p) * (-y / inside(p) + (1 - y) / (1 - inside(p))),
    ),
    "categorical_crossentropy": (
        lambda y, p: -y * np.log(inside(p)),
        lambda y, p: within(p) * -y / inside(p),
    ),
    "hinge": (lambda y, p: np.maximum(1 - y * p, 0), lambda y, p: np.where(y * p < 1, -y, 0)),
    "squared_hinge": (
        lambda y, p: np.maximum(1 - y * p, 0) ** 2,
        lambda y, p: np.where(y * p < 1, -2 * y * (1 - y * p), 0),
    ),
}

PENALTIES = {
    "none": (lambda w: 0 * w, lambda w: 0 * w),
    "l1": (lambda w: abs(w), np.sign),
    "l2": (lambda w: w**2, lambda w: 2 * w),
    "l1_l2": (lambda w: abs(w) + w**2, lambda w: np.sign(w) + 2 * w),
}


def terms(Y: Array, loss: str) -> int:
    """How many terms the mean of a loss is over."""
    return len(Y) if loss == "categorical_crossentropy" else Y.size


# ---- normalization of the sums before an activation -----------------------------------------

EPSILON, MOMENTUM = 1e-3, 0.99


@dataclass
class Norm:
    """kind: "batch" or "layer"; the rest: (units,)."""

    kind: str
    gamma: Array
    beta: Array
    mean: Array
    variance: Array

    @staticmethod
    def random(kind: str, units: int, seed: int) -> Norm:
        rng = np.random.default_rng(seed)
        return Norm(
            kind,
            rng.normal(1, 0.3, units),
            rng.normal(0, 0.3, units),
            rng.normal(0, 0.3, units),
            rng.uniform(0.5, 2, units),
        )

    def over(self, z: Array, training: bool) -> tuple[Array, Array]:
        """Mean and variance that z (samples, units) is normalized by."""
        if self.kind == "layer":
            return z.mean(axis=1, keepdims=True), z.var(axis=1, keepdims=True)
        return (z.mean(axis=0), z.var(axis=0)) if training else (self.mean, self.variance)

    def forward(self, z: Array, training: bool) -> Array:
        mean, variance = self.over(z, training)
        return self.gamma * (z - mean) / np.sqrt(variance + EPSILON) + self.beta

    def backward(self, z: Array, D: Array, training: bool) -> tuple[Array, Array, Array]:
        """From dE/dy of y = forward(z) to dE/dz, dE/dgamma, dE/dbeta.

        As the chain rule has it: y depends on z, on the variance and on the mean of z.
        """
        mean, variance = self.over(z, training)
        deviation = np.sqrt(variance + EPSILON)
        dgamma, dbeta = (D * (z - mean) / deviation).sum(axis=0), D.sum(axis=0)
        dn = D * self.gamma
        if self.kind == "batch" and not training:
            return dn / deviation, dgamma, dbeta
        axis = 0 if self.kind == "batch" else 1
        n = z.shape[axis]
        dvariance = (dn * (z - mean) * -0.5 * deviation**-3).sum(axis=axis, keepdims=True)
        dmean = (-dn / deviation).sum(axis=axis, keepdims=True)
        return dn / deviation + dvariance * 2 * (z - mean) / n + dmean / n, dgamma, dbeta

    def move(self, z: Array) -> None:
        """What one batch does to the running statistics."""
        if self.kind == "batch":
            self.mean[:] = MOMENTUM * self.mean + (1 - MOMENTUM) * z.mean(axis=0)
            self.variance[:] = MOMENTUM * self.variance + (1 - MOMENTUM) * z.var(axis=0)


# ---- one network ----------------------------------------------------------------------------


@dataclass
class Net:
    """weights: (inputs, units) by layer; biases: (units,); activations: one name a layer.

    norms: a Norm or None for each hidden layer; () for none.
    """

    weights: list[Array]
    biases: list[Array]
    activations: Sequence[str]
    norms: Sequence[Norm | None] = ()

    @staticmethod
    def random(
        sizes: Sequence[int],
        activations: Sequence[str],
        seed: int = 0,
        normalizations: Sequence[str] = (),
    ) -> Net:
        rng = np.random.default_rng(seed)
        pairs = list(pairwise(sizes))
        weights = [rng.normal(0, 0.9 / np.sqrt(i), (i, u)) for i, u in pairs]
        biases = [rng.normal(0, 0.3, u) for _, u in pairs]
        norms = [
            None if kind == "none" else Norm.random(kind, units, seed + layer)
            for layer, (kind, units) in enumerate(zip(normalizations, sizes[1:], strict=False))
        ]
        net = Net(weights, biases, activations, norms)
        net.read(net.flat.astype(np.float32))  # start from what float32 can hold
        for norm in filter(None, norms):
            for part in (norm.mean, norm.variance):
                part[:] = part.astype(np.float32)
        return net

    @property
    def normalizations(self) -> tuple[str, ...]:
        """Names, the output's "none" included."""
        return tuple(norm.kind if norm else "none" for norm in self.every_norm)

    @property
    def every_norm(self) -> list[Norm | None]:
        return [*self.norms, *[None] * (len(self.weights) - len(self.norms))]

    @property
    def parts(self) -> list[Array]:
        """Everything that is learnt, layer by layer."""
        found = []
        for W, b, norm in zip(self.weights, self.biases, self.every_norm, strict=True):
            found += [W, b] if norm is None else [W, b, norm.gamma, norm.beta]
        return found

    @property
    def flat(self) -> Array:
        return np.concatenate([part.ravel() for part in self.parts])

    @property
    def whole(self) -> Array:
        """Parameters and, from a multiple of 16 on, running statistics: as the layout has them."""
        moving = [(n.mean, n.variance) for n in self.every_norm if n and n.kind == "batch"]
        if not moving:
            return self.flat
        padding = np.zeros(-len(self.flat) % 16)
        return np.concatenate([self.flat, padding, *[part for pair in moving for part in pair]])

    def read(self, flat: NDArray) -> None:
        """Take all parameters from one flat array."""
        start = 0
        for part in self.parts:
            part[...] = flat[start : start + part.size].reshape(part.shape)
            start += part.size

    def read_statistics(self, flat: NDArray) -> None:
        """Take all running statistics from one flat array."""
        start = 0
        for norm in self.every_norm:
            for part in (norm.mean, norm.variance) if norm and norm.kind == "batch" else ():
                part[:] = flat[start : start + part.size]
                start += part.size

    def forward(
        self, X: Array, masks: Sequence[Array | None] = (), training: bool = False
    ) -> tuple[list, list, list]:
        """Pre-activations (normalized ones, where a layer is), activations, what feeds each layer.

        training: by the statistics of this very batch.
        """
        pre, post, fed = [], [], [np.asarray(X, dtype=np.float64)]
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            name, norm = self.activations[layer], self.every_norm[layer]
            z = fed[-1] @ W + b
            pre.append(z if norm is None else norm.forward(z, training))
            post.append(softmax(pre[-1]) if name == "softmax" else ACTIVATIONS[name][0](pre[-1]))
            mask = masks[layer] if layer < len(masks) else None
            fed.append(post[-1] if mask is None else post[-1] * mask)
        return pre, post, fed

    def loss(self, X: Array, Y: Array, loss: str) -> float:
        p = self.forward(X)[1][-1]
        if loss == "categorical_crossentropy":
            p = p / p.sum(axis=1, keepdims=True)
        return float(LOSSES[loss][0](Y, p).sum()) / terms(Y, loss)

    def gradients(
        self,
        X: Array,
        Y: Array,
        loss: str,
        masks: Sequence[Array | None] = (),
        weights: Array | None = None,
    ) -> tuple[float, list[Array], list[Array]]:
        """Mean loss, dW and db by backpropagation; weights: of the samples."""
        value, layers = self.all_gradients(X, Y, loss, masks, weights=weights)
        return value, [parts[0] for parts in layers], [parts[1] for parts in layers]

    def all_gradients(
        self,
        X: Array,
        Y: Array,
        loss: str,
        masks: Sequence[Array | None] = (),
        training: bool = False,
        weights: Array | None = None,
    ) -> tuple[float, list[list[Array]]]:
        """Mean loss, and for every layer dW, db and, if it is normalized, dgamma and dbeta."""
        pre, post, fed = self.forward(X, masks, training)
        value, D = output_delta(pre[-1], post[-1], Y, loss, self.activations[-1])
        if weights is not None:
            each = [
                output_delta(pre[-1][[n]], post[-1][[n]], Y[[n]], loss, self.activations[-1])[0]
                for n in range(len(Y))
            ]
            value, D = float(np.dot(weights, each)), D * np.asarray(weights)[:, None]
        D = D / terms(Y, loss)
        layers: list[list[Array]] = []
        for layer in range(len(self.weights) - 1, -1, -1):
            norm, more = self.every_norm[layer], []
            if norm:
                z = fed[layer] @ self.weights[layer] + self.biases[layer]
                D, *more = norm.backward(z, D, training)
            db = D.sum(axis=0)
            if norm and norm.kind == "batch" and training:
                assert np.allclose(db, 0.0, atol=1e-10)  # lost in the mean that is taken off
                db = np.zeros_like(db)
            layers.insert(0, [fed[layer].T @ D, db, *more])
            if layer:
                D = D @ self.weights[layer].T
                if layer - 1 < len(masks) and masks[layer - 1] is not None:
                    D = D * masks[layer - 1]
                D = D * ACTIVATIONS[self.activations[layer - 1]][1](pre[layer - 1])
        return value / terms(Y, loss), layers

    def move_statistics(self, X: Array, masks: Sequence[Array | None] = ()) -> None:
        """What a training step does to the running statistics. X: what feeds the network."""
        fed = self.forward(X, masks, training=True)[2]
        for layer, norm in enumerate(self.every_norm):
            if norm:
                norm.move(fed[layer] @ self.weights[layer] + self.biases[layer])


def output_delta(z: Array, p: Array, Y: Array, loss: str, activation: str) -> tuple[float, Array]:
    """Summed loss and its derivative by z of the output layer."""
    value, slope = LOSSES[loss]
    if (activation, loss) == ("sigmoid", "binary_crossentropy"):
        return float(value(Y, p).sum()), p - Y
    if (activation, loss) == ("softmax", "categorical_crossentropy"):
        return float(value(Y, p).sum()), p * Y.sum(axis=1, keepdims=True) - Y
    if loss == "categorical_crossentropy":
        total = p.sum(axis=1, keepdims=True)
        q = p / total
        d = slope(Y, q)
        d = (d - (d * q).sum(axis=1, keepdims=True)) / total
        return float(value(Y, q).sum()), d * ACTIVATIONS[activation][1](z)
    d = slope(Y, p)
    if activation == "softmax":
        jacobian = np.einsum("nk,kl->nkl", p, np.eye(p.shape[1])) - np.einsum("nk,nl->nkl", p, p)
        return float(value(Y, p).sum()), np.einsum("nk,nkl->nl", d, jacobian)
    return float(value(Y, p).sum()), d * ACTIVATIONS[activation][1](z)


# ---- random numbers as Python integers ------------------------------------------------------

WORD = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15
SHUFFLE, INPUT_NOISE, IMAGES, MIXUP, DROPOUT = 2, 6, 7, 8, 1000


def mix(x: int) -> int:
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & WORD
    return x ^ (x >> 31)


def bits(seed: int, purpose: int, step: int, index: int) -> int:
    stream = mix((seed + GOLDEN) & WORD)
    for counter in (purpose, step):
        stream = mix(((stream ^ counter) + GOLDEN) & WORD)
    return mix((stream + (index + 1) * GOLDEN) & WORD)


def permutation(seed: int, epoch: int, n: int) -> list[int]:
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = bits(seed, SHUFFLE, epoch, i) % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def dropout_mask(seed: int, layer: int, step: int, count: int, units: int, rate: float) -> Array:
    """Inverted dropout: float64 (count, units), 0 or 1 / (1 - rate)."""
    drawn = np.array(
        [
            [bits(seed, DROPOUT + layer, step, p * units + j) >> 12 for j in range(units)]
            for p in range(count)
        ]
    )
    return ((drawn + 0.5) * 2.0**-52 >= rate) / (1 - rate)


def noise(seed: int, step: int, count: int, inputs: int) -> Array:
    """Normal numbers (count, inputs) by Box and Muller, two uniform ones for each."""
    pairs = [
        [(bits(seed, INPUT_NOISE, step, 2 * k + half) >> 12) + 0.5 for half in (0, 1)]
        for k in range(count * inputs)
    ]
    length, angle = np.array(pairs).T * 2.0**-52
    return (np.sqrt(-2 * np.log(length)) * np.cos(2 * np.pi * angle)).reshape(count, inputs)


# ---- augmentation ---------------------------------------------------------------------------


def uniform(seed: int, purpose: int, step: int, index: int) -> float:
    return ((bits(seed, purpose, step, index) >> 12) + 0.5) * 2.0**-52


def pixel(image: Array, row: int, column: int, background: Array) -> Array:
    height, width = image.shape[:2]
    inside = 0 <= row < height and 0 <= column < width
    return image[row, column] if inside else background


def at(image: Array, row: float, column: float, background: Array) -> Array:
    """The value between four pixels of an image (height, width, channels)."""
    i, j = int(np.floor(row)), int(np.floor(column))
    down, right = row - i, column - j
    return (
        (1 - down) * (1 - right) * pixel(image, i, j, background)
        + (1 - down) * right * pixel(image, i, j + 1, background)
        + down * (1 - right) * pixel(image, i + 1, j, background)
        + down * right * pixel(image, i + 1, j + 1, background)
    )


def changed_image(image: Array, t: Training, step: int, p: int) -> Array:
    """Sample p of a batch, (height, width, channels), as a step has it."""
    height, width, _ = image.shape
    u = [uniform(t.seed, IMAGES, step, 8 * p + k) for k in range(6)]
    angle = np.radians(t.rotation) * (2 * u[0] - 1)
    scale = 1 + t.zoom * (2 * u[1] - 1)
    moved = t.translation * (2 * np.array(u[2:4]) - 1)
    centre, background = (np.array([height, width]) - 1) / 2, np.asarray(t.background)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    changed = np.empty_like(image)
    for row in range(height):
        for column in range(width):
            place = centre + turn @ (np.array([row, column]) - centre - moved)
            changed[row, column] = at(image, *place, background)
    top, left = int(u[4] * height) - t.cutout // 2, int(u[5] * width) - t.cutout // 2
    for row in range(height):
        for column in range(width):
            if 0 <= row - top < t.cutout and 0 <= column - left < t.cutout:
                changed[row, column] = background
    return changed


def beta(alpha: float, seed: int, step: int, p: int) -> float:
    """A number of Beta(alpha, alpha), of three uniform ones: Devroye 1996."""
    u, v, w = (uniform(seed, MIXUP, step, 3 * p + k) for k in range(3))
    half = 1 / (2 * np.sqrt(1 + 1 / ((u ** (-1 / alpha) - 1) * np.cos(2 * np.pi * v) ** 2)))
    return float(0.5 + half if w < 0.5 else 0.5 - half)


def mixed(values: Array, t: Training, step: int) -> Array:
    """Each sample of a batch mixed with the next one, the last with the first."""
    shares = [beta(t.mixup, t.seed, step, p) for p in range(len(values))]
    s = np.reshape(shares, (-1, *[1] * (values.ndim - 1)))
    return s * values + (1 - s) * np.roll(values, -1, axis=0)


# ---- training -------------------------------------------------------------------------------


@dataclass
class Training:
    """The settings of a run, named as the engine names them."""

    loss: str = "mean_squared_error"
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    options: Sequence[float] = ()  # in the registry's order
    batch_size: int = 32
    seed: int = 0
    dropout: Sequence[float] = ()
    regularizer: str = "none"
    regularization_rate: float = 0.0
    clip_value: float | None = None
    clip_norm: float | None = None
    global_clip_norm: float | None = None
    label_smoothing: float = 0.0
    max_norm: float | None = None
    input_noise: float = 0.0
    translation: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    cutout: int = 0
    mixup: float = 0.0
    shape: tuple[int, ...] = ()  # height, width and channels of images
    background: Sequence[float] = ()
    rates: Sequence[float] = ()  # of every step, in place of learning_rate
    weights: Sequence[float] = ()  # of every sample, () for 1


def rate_of(t: Training, step: int) -> float:
    return t.rates[step - 1] if t.rates else t.learning_rate


def momentum_of_nadam(beta_1: float, step: int) -> float:
    return beta_1 * (1 - 0.5 * 0.96**step)


def newton_schulz(x: Array, steps: int, a: float, b: float, c: float) -> Array:
    """Keras's iteration as Keras writes it: rows are the shorter side."""
    if x.shape[0] > x.shape[1]:
        return newton_schulz(x.T, steps, a, b, c).T
    x = x / (np.sqrt((x**2).sum()) + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


def optimize_by_muon(net: Net, g: Array, slots: list[Array], t: Training, step: int) -> Array:
    """All parameters after: hidden weights by their orthogonalized momentum, the rest by Adam."""
    momentum, nesterov, n, rms, decay, ratio, beta_1, beta_2, adam_decay, epsilon, *abc = t.options
    w, rate = net.flat, rate_of(t, step)
    if not slots:
        slots += [np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)]
    rest, start = np.ones(w.size, dtype=bool), 0
    for W, bias, norm in zip(net.weights[:-1], net.biases, net.every_norm, strict=False):
        part = slice(start, start + W.size)
        start, rest[part] = start + W.size + (3 if norm else 1) * bias.size, False
        M = slots[0][part]
        M[:] = momentum * M + g[part]
        N = (g[part] + momentum * M if nesterov else M).reshape(W.shape)
        scale = rms * np.sqrt(max(W.shape)) if rms else 1.0
        moved = W - rate * decay * W - rate * scale * newton_schulz(N, int(n), *abc)
        w[part] = moved.ravel()
    adam = Training(
        optimizer="adam", learning_rate=rate * ratio, options=(beta_1, beta_2, epsilon, 0)
    )
    others, memory = w[rest] - rate * adam_decay * w[rest], [slot[rest] for slot in slots]
    optimize(others, g[rest], memory, adam, step)
    w[rest] = others
    for slot, kept in zip(slots, memory, strict=True):
        slot[rest] = kept
    return w


def optimize(w: Array, g: Array, slots: list[Array], t: Training, step: int) -> None:
    """One update of all parameters w in place, as Keras's documentation has it."""
    rate, h = rate_of(t, step), t.options
    if not slots:
        start = h[0] if t.optimizer == "adagrad" else 0.0
        slots += [np.full_like(w, start), np.full_like(w, 0.0), np.full_like(w, 0.0)]
    if t.optimizer == "sgd":
        momentum, nesterov = h
        slots[0][:] = momentum * slots[0] - rate * g
        w += momentum * slots[0] - rate * g if nesterov else slots[0]
    elif t.optimizer == "rmsprop":
        rho, momentum, epsilon, centered = h
        slots[0][:] = rho * slots[0] + (1 - rho) * g**2
        slots[2][:] = rho * slots[2] + (1 - rho) * g
        spread = slots[0] - slots[2] ** 2 if centered else slots[0]
        slots[1][:] = momentum * slots[1] + rate * g / np.sqrt(spread + epsilon)
        w -= slots[1]
    elif t.optimizer == "adagrad":
        slots[0] += g**2
        w -= rate * g / np.sqrt(slots[0] + h[1])
    elif t.optimizer == "adadelta":
        rho, epsilon = h
        slots[0][:] = rho * slots[0] + (1 - rho) * g**2
        change = -np.sqrt(slots[1] + epsilon) / np.sqrt(slots[0] + epsilon) * g
        slots[1][:] = rho * slots[1] + (1 - rho) * change**2
        w += rate * change
    elif t.optimizer == "lion":
        beta_1, beta_2 = h
        w -= rate * np.sign(beta_1 * slots[0] + (1 - beta_1) * g)
        slots[0][:] = beta_2 * slots[0] + (1 - beta_2) * g
    else:
        optimize_by_moments(w, g, slots, t, step)


def optimize_by_moments(w: Array, g: Array, slots: list[Array], t: Training, step: int) -> None:
    """Adam and what was made of it."""
    rate, (beta_1, beta_2, epsilon) = rate_of(t, step), t.options[:3]
    if t.optimizer == "adamw":
        w -= rate * t.options[3] * w
    slots[0][:] = beta_1 * slots[0] + (1 - beta_1) * g
    if t.optimizer == "adamax":
        slots[1][:] = np.maximum(beta_2 * slots[1], abs(g))
        w -= rate / (1 - beta_1**step) * slots[0] / (slots[1] + epsilon)
        return
    slots[1][:] = beta_2 * slots[1] + (1 - beta_2) * g**2
    if t.optimizer == "nadam":
        momenta = [momentum_of_nadam(beta_1, i) for i in range(1, step + 2)]
        m_hat = momenta[-1] * slots[0] / (1 - np.prod(momenta))
        m_hat += (1 - momenta[-2]) * g / (1 - np.prod(momenta[:-1]))
        w -= rate * m_hat / (np.sqrt(slots[1] / (1 - beta_2**step)) + epsilon)
        return
    slots[2][:] = np.maximum(slots[2], slots[1])
    scaled = rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    w -= scaled * slots[0] / (np.sqrt(slots[2 if t.options[-1] else 1]) + epsilon)


def shortened(parts: list[Array], longest: float) -> list[Array]:
    """Scale arrays together down to a common norm of at most `longest`."""
    length = np.sqrt(sum((part**2).sum() for part in parts))
    return [part * min(1, longest / length) if length else part for part in parts]


def clipped(parts: list[Array], t: Training) -> list[Array]:
    if t.clip_value:
        parts = [np.clip(part, -t.clip_value, t.clip_value) for part in parts]
    if t.clip_norm:
        parts = [shortened([part], t.clip_norm)[0] for part in parts]
    return shortened(parts, t.global_clip_norm) if t.global_clip_norm else parts


def smoothed(Y: Array, t: Training) -> Array:
    if t.loss == "categorical_crossentropy":
        return Y * (1 - t.label_smoothing) + t.label_smoothing / Y.shape[1]
    if t.loss == "binary_crossentropy":
        return Y * (1 - t.label_smoothing) + 0.5 * t.label_smoothing
    return Y


def train(net: Net, X: Array, Y: Array, t: Training, n_steps: int) -> list[float]:
    """Run mini-batches from step 1 on, changing the net; returns each batch's loss."""
    losses: list[float] = []
    slots: list[Array] = []
    position, epoch, order = 0, 0, permutation(t.seed, 0, len(X))
    for step in range(1, n_steps + 1):
        batch = order[position : position + t.batch_size]
        masks = [
            dropout_mask(t.seed, layer, step, len(batch), W.shape[1], rate) if rate else None
            for layer, (W, rate) in enumerate(zip(net.weights, t.dropout, strict=False))
        ]
        fed, wanted = X[batch], smoothed(Y[batch], t)
        if t.shape:
            images = fed.reshape(-1, *t.shape)
            changed = [changed_image(image, t, step, p) for p, image in enumerate(images)]
            fed = np.reshape(changed, fed.shape)
        counts = np.asarray(t.weights, dtype=np.float64)[batch] if len(t.weights) else None
        if t.mixup:
            fed, wanted = mixed(fed, t, step), mixed(wanted, t, step)
            counts = counts if counts is None else mixed(counts, t, step)
        if t.input_noise:
            fed = fed + t.input_noise * noise(t.seed, step, len(batch), X.shape[1])
        value, layers = net.all_gradients(fed, wanted, t.loss, masks, training=True, weights=counts)
        net.move_statistics(fed, masks)
        slope = PENALTIES[t.regularizer][1]
        for gradients, W in zip(layers, net.weights, strict=True):
            gradients[0] = gradients[0] + t.regularization_rate * slope(W)
        parts = clipped([part for gradients in layers for part in gradients], t)
        flat, g = net.flat, np.concatenate([part.ravel() for part in parts])
        if t.optimizer == "muon":
            flat = optimize_by_muon(net, g, slots, t, step)
        else:
            optimize(flat, g, slots, t, step)
        net.read(flat)
        for W in net.weights if t.max_norm else []:
            norms = np.sqrt((W**2).sum(axis=0))
            W *= np.minimum(norms, t.max_norm) / (1e-7 + norms)
        losses.append(value)
        position += t.batch_size
        if position >= len(X):
            epoch, position = epoch + 1, 0
            order = permutation(t.seed, epoch, len(X))
    return losses

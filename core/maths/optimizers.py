"""Optimizers: how one parameter moves. Rules, defaults and option names are Keras 3's.

`prepare` is called once a step in double precision, `update` once a parameter. `update` is a scalar
function (see `core.maths.scalar`) of one signature for all:

    update(w, g, s0, s1, c0, c1, c2, c3, c4) -> (w, s0, s1)

w: parameter, g: its gradient, s0, s1: its slots (an unused slot passes through),
c0..c4: the constants that `prepare` made of the options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.maths.limits import Limits
from core.maths.registry import shown
from core.maths.scalar import sqrt
from core.refusals import Refusal

N_CONSTANTS = 5  # AdamW needs that many
N_SLOTS = 2

Constants = tuple[float, float, float, float, float]
Update = Callable[
    [float, float, float, float, float, float, float, float, float], tuple[float, float, float]
]


@dataclass(frozen=True)
class Option:
    """One setting of an optimizer: a flag if the default is one, else a number in [low, high].

    The upper end is excluded if `open_high`.
    """

    default: float | bool
    label: str
    low: float = 0.0
    high: float = 1.0
    open_high: bool = False

    @property
    def is_flag(self) -> bool:
        return isinstance(self.default, bool)

    def check(self, name: str, value: object) -> float | bool:
        """Return the value, or raise ValueError with a sentence that names the option."""
        if not self.is_flag:
            return Limits(self.low, self.high, open_high=self.open_high).check(name, value)
        if isinstance(value, bool):
            return value
        raise Refusal(
            "{field} is {value}; it must be true or false.", field=name, value=shown(value)
        )


@dataclass(frozen=True)
class Optimizer:
    """One optimizer.

    slots: names of its memories, in the order s0, s1.
    options: its settings, in the order in which `prepare` reads them.
    prepare(h, learning_rate, t) -> (c0, ..., c4); h: option values (`values`), t: step, from 1.
    slot_start: what every slot starts at, unless `slot_option` names an option that says so.
    learning_rate: Keras's default.
    """

    name: str
    label: str
    latex: str
    slots: tuple[str, ...]
    options: Mapping[str, Option]
    prepare: Callable[[Sequence[float], float, float], Constants]
    update: Update
    learning_rate: float = 0.001
    slot_start: float = 0.0
    slot_option: str | None = None

    def values(self, options: Mapping[str, float | bool] | None = None) -> tuple[float, ...]:
        """The `h` of `prepare`: option values in order, defaults filled in, flags as 0.0, 1.0."""
        given = options or {}
        return tuple(float(given.get(name, o.default)) for name, o in self.options.items())

    def starting_slot(self, options: Mapping[str, float | bool] | None = None) -> float:
        """What every slot starts at under these options."""
        if self.slot_option is None:
            return self.slot_start
        return float((options or {}).get(self.slot_option, self.options[self.slot_option].default))


def sgd_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    momentum, nesterov = h[0], h[1]
    if nesterov > 0.5:
        return learning_rate, momentum, momentum, learning_rate, 0.0
    return learning_rate, momentum, 1.0, 0.0, 0.0


def sgd(w, g, s0, s1, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """velocity = momentum * velocity - learning_rate * g; w += velocity.

    With nesterov, w += momentum * velocity - learning_rate * g.
    """
    velocity = c1 * s0 - c0 * g
    return w + (c2 * velocity - c3 * g), velocity, s1


def rmsprop_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    rho, momentum, epsilon = h[0], h[1], h[2]
    return learning_rate, 1.0 - rho, momentum, epsilon, 0.0


def rmsprop(w, g, s0, s1, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """mean_square = rho * mean_square + (1 - rho) * g^2
    velocity = momentum * velocity + learning_rate * g / sqrt(mean_square + epsilon); w -= velocity.
    """
    mean_square = s0 + c1 * (g * g - s0)
    velocity = c2 * s1 + c0 * g / sqrt(mean_square + c3)
    return w - velocity, mean_square, velocity


def adagrad_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    return learning_rate, h[1], 0.0, 0.0, 0.0


def adagrad(w, g, s0, s1, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """accumulator += g^2; w -= learning_rate * g / sqrt(accumulator + epsilon)."""
    accumulator = s0 + g * g
    return w - c0 * g / sqrt(accumulator + c1), accumulator, s1


def adam_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    beta_1, beta_2, epsilon = h[0], h[1], h[2]
    rate = learning_rate * (1.0 - beta_2**t) ** 0.5 / (1.0 - beta_1**t)
    return rate, 1.0 - beta_1, 1.0 - beta_2, epsilon, 1.0


def adamw_prepare(h: Sequence[float], learning_rate: float, t: float) -> Constants:
    beta_1, beta_2, epsilon, weight_decay = h[0], h[1], h[2], h[3]
    rate = learning_rate * (1.0 - beta_2**t) ** 0.5 / (1.0 - beta_1**t)
    return rate, 1.0 - beta_1, 1.0 - beta_2, epsilon, 1.0 - learning_rate * weight_decay


def adam(w, g, s0, s1, c0, c1, c2, c3, c4):  # type: ignore[no-untyped-def]
    """Kingma & Ba 2015, in the form whose epsilon stands outside the bias correction, as in Keras.

    m += (1 - beta_1) * (g - m);  v += (1 - beta_2) * (g^2 - v)
    w -= learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    AdamW (Loshchilov & Hutter 2019) first takes learning_rate * weight_decay * w off w.
    """
    m = s0 + c1 * (g - s0)
    v = s1 + c2 * (g * g - s1)
    return c4 * w - c0 * m / (sqrt(v) + c3), m, v


_EPSILON = Option(1e-7, "Epsilon", low=1e-12, high=10.0)
_MOMENTUM = Option(0.0, "Momentum", open_high=True)
_ADAM = {
    "beta_1": Option(0.9, "Beta 1", open_high=True),
    "beta_2": Option(0.999, "Beta 2", open_high=True),
    "epsilon": _EPSILON,
}

OPTIMIZERS: dict[str, Optimizer] = {
    record.name: record
    for record in (
        Optimizer(
            "sgd",
            "SGD",
            r"v \leftarrow \mu v - \eta g,\quad w \leftarrow w + v",
            slots=("velocity",),
            options={"momentum": _MOMENTUM, "nesterov": Option(False, "Nesterov")},
            prepare=sgd_prepare,
            update=sgd,
            learning_rate=0.01,
        ),
        Optimizer(
            "rmsprop",
            "RMSprop",
            r"s \leftarrow \rho s + (1 - \rho) g^{2},\quad"
            r" w \leftarrow w - \frac{\eta g}{\sqrt{s + \varepsilon}}",
            slots=("mean_square", "velocity"),
            options={
                "rho": Option(0.9, "Rho", open_high=True),
                "momentum": _MOMENTUM,
                "epsilon": _EPSILON,
            },
            prepare=rmsprop_prepare,
            update=rmsprop,
        ),
        Optimizer(
            "adagrad",
            "Adagrad",
            r"s \leftarrow s + g^{2},\quad w \leftarrow w - \frac{\eta g}{\sqrt{s + \varepsilon}}",
            slots=("accumulator",),
            options={
                "initial_accumulator_value": Option(0.1, "Initial accumulator", high=1000.0),
                "epsilon": _EPSILON,
            },
            prepare=adagrad_prepare,
            update=adagrad,
            slot_start=0.1,
            slot_option="initial_accumulator_value",
        ),
        Optimizer(
            "adam",
            "Adam",
            r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\quad"
            r" v \leftarrow \beta_2 v + (1 - \beta_2) g^{2},"
            r"\quad w \leftarrow w - \eta\,\frac{\sqrt{1 - \beta_2^{t}}}{1 - \beta_1^{t}}"
            r"\,\frac{m}{\sqrt{v} + \varepsilon}",
            slots=("m", "v"),
            options=_ADAM,
            prepare=adam_prepare,
            update=adam,
        ),
        Optimizer(
            "adamw",
            "AdamW",
            r"w \leftarrow (1 - \eta \lambda) w"
            r" - \eta\,\frac{\sqrt{1 - \beta_2^{t}}}{1 - \beta_1^{t}}"
            r"\,\frac{m}{\sqrt{v} + \varepsilon}",
            slots=("m", "v"),
            options={**_ADAM, "weight_decay": Option(0.004, "Weight decay")},
            prepare=adamw_prepare,
            update=adam,
        ),
    )
}

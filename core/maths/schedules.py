"""Learning-rate schedules: the rate at a step. Formulas are Keras 3's; those that Keras lacks
(`step`, `one_cycle`) are PyTorch's.

The learning rate of an experiment is what a schedule starts from (Keras's `initial_learning_rate`
or `warmup_target`), for `one_cycle` its highest value. Changed by hand in mid-run, it takes the
rest of the schedule along, as if it had been so from the start: twice the rate, twice every later
rate (but for `end_learning_rate`, which is a rate of its own, and for `reduce_on_plateau`, where it
is the rate from then on, as in Keras).

`reduce_on_plateau` follows the run: what the rate has come to is its state, kept by `core.monitor`.

Every schedule may be preceded by a warm-up, in which the rate climbs from 0 in a straight line,
as Keras's `CosineDecay` climbs from an initial rate of 0; the schedule's own steps begin after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.maths.options import Option, Value, values
from core.maths.scalar import cos

PI = math.pi

Rate = Callable[[Sequence[float], float, float], float]


@dataclass(frozen=True)
class Schedule:
    """function(h, learning_rate, t) -> the rate of a step, in double precision.

    h: option values in order, the first being `warmup_steps`, and after the last what plateaus
    have multiplied the rate by so far; t: steps done since the warm-up.
    """

    name: str
    label: str
    latex: str
    options: Mapping[str, Option]
    function: Rate

    def values(
        self, options: Mapping[str, Value] | None = None, reached: float = 1.0
    ) -> tuple[float, ...]:
        """The `h` of `function`: option values in order, defaults filled in, then `reached`."""
        return (*values(self.options, options), reached)

    def rate(
        self, options: Mapping[str, Value], learning_rate: float, step: int, reached: float = 1.0
    ) -> float:
        """The rate of a step, counted from 1, warm-up included.

        reached: what plateaus have multiplied it by so far, see `core.monitor`.
        """
        h, t = self.values(options, reached), float(step - 1)
        if t < h[0]:
            return warm_up(h, learning_rate, t)
        return self.function(h, learning_rate, t - h[0])


def warm_up(h: Sequence[float], learning_rate: float, t: float) -> float:
    """learning_rate * t / warmup_steps, for t < warmup_steps."""
    return learning_rate * (t / h[0])


def constant(h: Sequence[float], learning_rate: float, t: float) -> float:
    return learning_rate


def step(h: Sequence[float], learning_rate: float, t: float) -> float:
    """PyTorch's StepLR: learning_rate * gamma^floor(t / step_size)."""
    return learning_rate * h[2] ** (t // h[1])


def exponential(h: Sequence[float], learning_rate: float, t: float) -> float:
    """learning_rate * decay_rate^(t / decay_steps); a staircase takes the whole part of t / ..."""
    passed = t // h[1] if h[3] > 0.5 else t / h[1]
    return learning_rate * h[2] ** passed


def polynomial(h: Sequence[float], learning_rate: float, t: float) -> float:
    """(learning_rate - end) * (1 - t / decay_steps)^power + end, then end.

    With cycle, decay_steps becomes its next multiple whenever t has reached it.
    """
    decay_steps, end, power, cycle = h[1], h[2], h[3], h[4]
    if cycle > 0.5 and t > decay_steps:
        decay_steps *= -(-t // decay_steps)
    left = 1.0 - t / decay_steps if t < decay_steps else 0.0
    return (learning_rate - end) * left**power + end


def cosine(h: Sequence[float], learning_rate: float, t: float) -> float:
    """Loshchilov & Hutter 2017: half a cosine down to alpha * learning_rate, which then stays."""
    decay_steps, alpha = h[1], h[2]
    passed = t / decay_steps if t < decay_steps else 1.0
    return learning_rate * ((1.0 - alpha) * 0.5 * (1.0 + cos(PI * passed)) + alpha)


def cosine_restarts(h: Sequence[float], learning_rate: float, t: float) -> float:
    """`cosine` over and over: each time t_mul times as long, from m_mul times as high.

    The periods are counted, not found by a logarithm as in Keras, which in rounding may take the
    first step of a period for the last of the one before.
    """
    length, t_mul, m_mul, alpha = h[1], h[2], h[3], h[4]
    height = 1.0
    if t_mul == 1.0:
        height, t = m_mul ** (t // length), t % length
    while t >= length:
        t, length, height = t - length, length * t_mul, height * m_mul
    wave = 0.5 * height * (1.0 + cos(PI * (t / length)))
    return learning_rate * ((1.0 - alpha) * wave + alpha)


def one_cycle(h: Sequence[float], learning_rate: float, t: float) -> float:
    """PyTorch's OneCycleLR (Smith & Topin 2018), two phases of cosine: up to learning_rate in
    pct_start of total_steps, then down to 1 / (div_factor * final_div_factor) of it, which stays.
    """
    total_steps, pct_start, div_factor, final_div_factor = h[1], h[2], h[3], h[4]
    top, last = pct_start * total_steps - 1.0, total_steps - 1.0
    start = learning_rate / div_factor
    end = start / final_div_factor
    if t >= last:
        return end
    if top > 0.0 and t <= top:
        return learning_rate + (start - learning_rate) * 0.5 * (1.0 + cos(PI * (t / top)))
    return end + (learning_rate - end) * 0.5 * (1.0 + cos(PI * ((t - top) / (last - top))))


def reduce_on_plateau(h: Sequence[float], learning_rate: float, t: float) -> float:
    """Keras's ReduceLROnPlateau: learning_rate times what plateaus have brought it to (h[6]), but
    not under min_lr by that.
    """
    min_lr, rate = h[5], learning_rate * h[6]
    if rate > min_lr:
        return rate
    return learning_rate if learning_rate < min_lr else min_lr


def _steps(default: int, label: str, low: int = 1) -> Option:
    return Option(default, label, low=low, high=1_000_000_000, whole=True)


_WARM_UP = {"warmup_steps": _steps(0, "Warm-up steps", low=0)}
_DECAY_STEPS = {"decay_steps": _steps(1000, "Decay steps")}
_ALPHA = {"alpha": Option(0.0, "Alpha")}

SCHEDULES: dict[str, Schedule] = {
    record.name: record
    for record in (
        Schedule("constant", "Constant", r"\eta", _WARM_UP, constant),
        Schedule(
            "step",
            "Step",
            r"\eta\, \gamma^{\lfloor t / T \rfloor}",
            {
                **_WARM_UP,
                "step_size": _steps(1000, "Step size"),
                "gamma": Option(0.1, "Gamma"),
            },
            step,
        ),
        Schedule(
            "exponential",
            "Exponential",
            r"\eta\, d^{\,t / T}",
            {
                **_WARM_UP,
                **_DECAY_STEPS,
                "decay_rate": Option(0.96, "Decay rate", high=2.0),
                "staircase": Option(False, "Staircase"),
            },
            exponential,
        ),
        Schedule(
            "polynomial",
            "Polynomial",
            r"(\eta - \eta_{end}) \left(1 - \tfrac{t}{T}\right)^{p} + \eta_{end}",
            {
                **_WARM_UP,
                **_DECAY_STEPS,
                "end_learning_rate": Option(0.0001, "End learning rate", high=1000.0),
                "power": Option(1.0, "Power", high=10.0),
                "cycle": Option(False, "Cycle"),
            },
            polynomial,
        ),
        Schedule(
            "cosine",
            "Cosine",
            r"\eta \left(\tfrac{1 - \alpha}{2} \left(1 + \cos\tfrac{\pi t}{T}\right)"
            r" + \alpha\right)",
            {**_WARM_UP, **_DECAY_STEPS, **_ALPHA},
            cosine,
        ),
        Schedule(
            "cosine_restarts",
            "Cosine with restarts",
            r"\eta \left(\tfrac{1 - \alpha}{2}\, m^{i} \left(1 + \cos\tfrac{\pi t_i}{T_i}\right)"
            r" + \alpha\right)",
            {
                **_WARM_UP,
                "first_decay_steps": _steps(1000, "First decay steps"),
                "t_mul": Option(2.0, "Length factor", low=1.0, high=10.0),
                "m_mul": Option(1.0, "Height factor", high=2.0),
                **_ALPHA,
            },
            cosine_restarts,
        ),
        Schedule(
            "one_cycle",
            "One cycle",
            r"\tfrac{\eta}{25} \nearrow \eta \searrow \tfrac{\eta}{250000}",
            {
                **_WARM_UP,
                "total_steps": _steps(5000, "Total steps"),
                "pct_start": Option(0.3, "Share of the climb"),
                "div_factor": Option(25.0, "Initial divisor", low=1.0, high=1e9),
                "final_div_factor": Option(1e4, "Final divisor", low=1.0, high=1e9),
            },
            one_cycle,
        ),
        Schedule(
            "reduce_on_plateau",
            "Reduce on plateau",
            r"\max(\eta\, f^{k},\; \eta_{min})",
            {
                **_WARM_UP,
                "factor": Option(0.1, "Factor", open_high=True),
                "patience": Option(10, "Patience (epochs)", low=1, high=1_000_000, whole=True),
                "min_delta": Option(1e-4, "Smallest improvement", high=1e6),
                "cooldown": Option(0, "Cooldown (epochs)", high=1_000_000, whole=True),
                "min_lr": Option(0.0, "Lowest learning rate", high=1000.0),
            },
            reduce_on_plateau,
        ),
    )
}

"""The lines of one step's derivation, as LaTeX: what a trace's numbers say in formulas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.experiment import TrainingConfig
from core.inspect.trace import LayerTrace, Place, Trace, is_fused, is_normalized
from core.inspect.update import Update
from core.maths.activations import OUTPUT_ACTIVATIONS, SOFTMAX
from core.maths.losses import LOSSES
from core.maths.normalizations import EPSILON, GAMMA, PARAMETERS
from core.maths.regularizers import REGULARIZERS
from playground.views import formulas
from playground.views.formulas import SCALED, factor, number
from playground.views.lines import aligned


@dataclass(frozen=True)
class Focus:
    """What is looked at, counted from 0. i: the weight's input, None for the bias, "gamma" or
    "beta". row: the sample of the batch. name: what the page calls the layer. more: how it says
    that a sum has more terms."""

    layer: int
    unit: int
    i: Place
    row: int
    name: str
    more: str = formulas.MORE

    @property
    def place(self) -> str:
        """The neuron's index in formulas, counted from 1."""
        return str(self.unit + 1)


def weighted_sum(traced: Trace, focus: Focus) -> str:
    """The neuron's inputs, weighed and added up."""
    layer = traced.layers[focus.layer]
    return formulas.weighted_sum(
        focus.place,
        layer.inputs[focus.row],
        layer.weights[:, focus.unit],
        float(layer.biases[focus.unit]),
        float(layer.z[focus.row, focus.unit]),
        focus.more,
    )


def activated(traced: Trace, focus: Focus) -> str:
    """The sum through the activation."""
    layer = traced.layers[focus.layer]
    z, a = layer.read[focus.row], float(layer.activations[focus.row, focus.unit])
    if layer.activation == SOFTMAX:
        return formulas.softmax(focus.place, z, focus.unit, a)
    latex = OUTPUT_ACTIVATIONS[layer.activation].latex
    return formulas.activated(focus.place, latex, float(z[focus.unit]), a, letter_of(layer))


def letter_of(layer: LayerTrace) -> str:
    """What the activation's argument is called: z with a tilde where it was normalized."""
    return SCALED if layer.normalizing.arrays else "z"


def normalized(traced: Trace, focus: Focus) -> list[str]:
    """The sum normalized, then scaled and shifted."""
    layer, place = traced.layers[focus.layer], (focus.row, focus.unit)
    mean, variance = (float(s[place]) for s in layer.normalizing.statistics(layer.z))
    gamma, beta = (float(layer.normalizing.arrays[name][focus.unit]) for name in PARAMETERS)
    n = float(layer.normalized[place])
    return [
        formulas.normalized(focus.place, float(layer.z[place]), mean, variance, n),
        formulas.scaled(focus.place, n, gamma, beta, float(layer.read[place])),
    ]


def dropped(kept: float, a: float, focus: Focus) -> str:
    """The activation times dropout's factor."""
    symbols = rf"q_{{{focus.place}}}\, a_{{{focus.place}}}"
    numbers = rf"{number(kept)} \cdot {factor(a)}"
    return aligned(rf"h_{{{focus.place}}}", symbols, numbers, number(kept * a))


def sample_loss(traced: Trace, row: int) -> list[str]:
    """The loss of one sample; where it is a mean over outputs, the first output's before it, where
    the sample has a weight, the product after it."""
    if traced.weights is None:
        return _plain_loss(traced, row, "L", float(traced.sample_losses[row]))
    elements, weight = traced.element_losses[row], float(traced.weights[row])
    per_sample = LOSSES[traced.loss_name].mean_over == "samples"
    plain = float(elements.sum() if per_sample else elements.mean())
    numbers, total = rf"{number(weight)} \cdot {factor(plain)}", float(traced.sample_losses[row])
    lines = _plain_loss(traced, row, r"\ell", plain)
    return [*lines, aligned("L", r"c\, \ell", numbers, number(total))]


def _plain_loss(traced: Trace, row: int, symbol: str, total: float) -> list[str]:
    """A sample's loss without its weight. symbol: what it is called."""
    record = LOSSES[traced.loss_name]
    y, p = traced.targets[row], traced.predictions[row]
    if record.mean_over == "samples":
        if is_normalized(traced.loss_name, traced.layers[-1].activation):
            p = p / p.sum()
        return [aligned(symbol, record.latex, f"-({_logarithms(y, p)})", number(total))]
    elements = traced.element_losses[row]
    numbers = formulas.substituted(record.latex, {"y": float(y[0]), "p": float(p[0])})
    if len(elements) == 1:
        return [aligned(symbol, record.latex, numbers, number(total))]
    first = aligned(rf"{symbol}_1", record.latex, numbers, number(float(elements[0])))
    return [first, aligned(symbol, formulas.mean(list(elements)), number(total))]


def _logarithms(y: np.ndarray, p: np.ndarray) -> str:
    """The sum of y ln p over the outputs whose target is not 0."""
    chosen = np.flatnonzero(y)
    terms = [rf"{factor(float(y[k]))} \ln {number(float(p[k]))}" for k in chosen]
    more = r" + \ldots" if len(chosen) > formulas.TERMS else ""
    return " + ".join(terms[: formulas.TERMS]) + more


def batch_loss(traced: Trace) -> str:
    """The mean of the samples' losses."""
    return aligned(r"\bar L", formulas.mean(list(traced.sample_losses)), number(traced.loss))


def delta(traced: Trace, focus: Focus) -> str:
    """The neuron's error dL/dz."""
    if focus.layer < len(traced.layers) - 1:
        return _hidden_delta(traced, focus)
    layer, row, unit = traced.layers[-1], focus.row, focus.unit
    arriving = float(layer.output_gradients[row, unit])
    symbol = rf"\frac{{\partial L}}{{\partial p_{{{focus.place}}}}}"
    if is_fused(traced.loss_name, layer.activation):
        steps = _fused_delta(traced, focus)
    elif layer.slopes is None:
        steps = _softmax_delta(traced, focus, symbol)
    else:
        slope = float(layer.slopes[row, unit])
        steps = (
            rf"{symbol} \cdot f'(z_{{{focus.place}}})",
            rf"{factor(arriving)} \cdot {factor(slope)}",
        )
    return aligned(rf"\delta_{{{focus.place}}}", *steps, number(float(layer.deltas[row, unit])))


def _fused_delta(traced: Trace, focus: Focus) -> tuple[str, str]:
    """Sigmoid or softmax under its cross-entropy: p - y, times the sample's weight."""
    y = float(traced.targets[focus.row, focus.unit])
    p = float(traced.predictions[focus.row, focus.unit])
    outputs = traced.targets.shape[1]
    of_all = LOSSES[traced.loss_name].mean_over == "outputs" and outputs > 1
    share = rf"\tfrac{{1}}{{{outputs}}}" if of_all else ""
    symbol = value = ""
    if traced.weights is not None:
        symbol, value = r"c\, ", rf"{number(float(traced.weights[focus.row]))} \cdot "
    return (
        rf"{share}{symbol}(p_{{{focus.place}}} - y_{{{focus.place}}})",
        rf"{share}{value}({number(p)} - {factor(y)})",
    )


def _softmax_delta(traced: Trace, focus: Focus, symbol: str) -> tuple[str, str]:
    """A softmax under any other loss: its units share what the loss asks of each."""
    gradients, p = traced.layers[-1].output_gradients[focus.row], traced.predictions[focus.row]
    common = float((p * gradients).sum())
    return (
        rf"p_{{{focus.place}}} \Big({symbol}"
        r" - \sum_k p_k \frac{\partial L}{\partial p_k}\Big)",
        rf"{factor(float(p[focus.unit]))} \cdot"
        rf" ({number(float(gradients[focus.unit]))} - {factor(common)})",
    )


def _hidden_delta(traced: Trace, focus: Focus) -> str:
    layer, later, place = traced.layers[focus.layer], traced.layers[focus.layer + 1], focus.place
    sums = formulas.products(later.weights[focus.unit], later.deltas[focus.row], focus.more)
    slope = 1.0 if layer.slopes is None else float(layer.slopes[focus.row, focus.unit])
    left, letter = rf"\delta_{{{place}}}", letter_of(layer)
    if layer.normalizing.arrays:
        left = _by_scaled(place)
    mask = times = ""
    if layer.mask is not None:
        mask = rf" \cdot q_{{{place}}}"
        times = rf" \cdot {number(float(layer.mask[focus.row, focus.unit]))}"
    return aligned(
        left,
        rf"\Big(\sum_k w_{{{place}k}}\, \delta_k\Big){mask} \cdot f'({letter}_{{{place}}})",
        rf"\big({sums}\big){times} \cdot {factor(slope)}",
        number(float(layer.read_deltas[focus.row, focus.unit])),
    )


def _by_scaled(place: str) -> str:
    return rf"\frac{{\partial L}}{{\partial {SCALED}_{{{place}}}}}"


def through_normalization(traced: Trace, focus: Focus) -> list[str]:
    """From the loss's slope by what the activation reads to the neuron's error dL/dz.

    Between them delta with a hat, the slope by z with a hat.
    """
    layer, place, j = traced.layers[focus.layer], (focus.row, focus.unit), focus.place
    how = layer.normalizing
    _, variance = how.statistics(layer.z)
    root = rf"\sqrt{{{number(float(variance[place]))} + {number(EPSILON)}}}"
    d = layer.read_deltas * how.arrays[GAMMA]
    gamma, slope = float(how.arrays[GAMMA][focus.unit]), float(layer.read_deltas[place])
    numbers = rf"{factor(gamma)} \cdot {factor(slope)}"
    by_hat = aligned(
        rf"\hat\delta_{{{j}}}",
        rf"\gamma\, {_by_scaled(j)}",
        numbers,
        number(float(d[place])),
    )
    error = number(float(layer.deltas[place]))
    if not how.over:
        symbols = rf"\frac{{\hat\delta_{{{j}}}}}{{\sqrt{{\sigma^{{2}} + \varepsilon}}}}"
        numbers = rf"\frac{{{number(float(d[place]))}}}{{{root}}}"
        return [by_hat, aligned(rf"\delta_{{{j}}}", symbols, numbers, error)]
    axis, at = (0, focus.unit) if how.over == "batch" else (1, focus.row)
    mean_d, mean_dn = (float(part.mean(axis=axis)[at]) for part in (d, d * layer.normalized))
    numbers = f"{number(float(d[place]))} - {factor(mean_d)}"
    through = aligned(
        rf"\delta_{{{j}}}",
        rf"\frac{{\hat\delta_{{{j}}} - \overline{{\hat\delta}}"
        rf" - \hat z_{{{j}}}\, \overline{{\hat\delta\,\hat z}}}}"
        rf"{{\sqrt{{\sigma^{{2}} + \varepsilon}}}}",
        rf"\frac{{{numbers} - {factor(float(layer.normalized[place]))}"
        rf" \cdot {factor(mean_dn)}}}{{{root}}}",
        error,
    )
    return [by_hat, through]


def gradient(traced: Trace, focus: Focus) -> tuple[str, float]:
    """The chosen weight's gradient by the chain rule: its formula, and the number."""
    layer, unit = traced.layers[focus.layer], focus.place
    deltas = layer.deltas[:, focus.unit]
    if isinstance(focus.i, str):
        deltas, inputs = layer.read_deltas[:, focus.unit], np.ones(len(deltas))
        factors, parameter = [_by_scaled(unit)], rf"\{focus.i}"
        if focus.i == GAMMA:
            inputs, factors = layer.normalized[:, focus.unit], [rf"\hat z_{{{unit}}}", *factors]
    elif focus.i is None:
        inputs, parameter, factors = np.ones(len(deltas)), f"b_{{{unit}}}", [rf"\delta_{{{unit}}}"]
    else:
        inputs, parameter = layer.inputs[:, focus.i], f"w_{{{focus.i + 1},{unit}}}"
        factors = [f"x_{{{focus.i + 1}}}", rf"\delta_{{{unit}}}"]
    exact = float((inputs * deltas).mean())
    if focus.i is None:
        exact = float(layer.bias_gradients[focus.unit])
    numbers, loss = formulas.products(inputs, deltas, focus.more), "L"
    if len(deltas) > 1:  # a sum over the samples j
        share, loss = rf"\tfrac{{1}}{{{len(deltas)}}}", r"\bar L"
        factors = [rf"{share} \sum_j", *(f"{each}^{{(j)}}" for each in factors)]
        numbers = rf"{share} \big({numbers}\big)"
    left = rf"\frac{{\partial {loss}}}{{\partial {parameter}}}"
    return aligned(left, r"\, ".join(factors), numbers, number(exact)), exact


def penalized(update: Update, training: TrainingConfig, *, several: bool) -> str | None:
    """The data's gradient and the penalty's; None where there is no penalty.

    several: whether the gradient is the mean over a batch.
    """
    if not update.penalty_gradient:
        return None
    penalty, loss = REGULARIZERS[training.regularizer].latex, r"\bar L" if several else "L"
    symbols = rf"\frac{{\partial {loss}}}{{\partial w}}"
    symbols += rf" + \frac{{\partial}}{{\partial w}}\Big({penalty}\Big)"
    numbers = f"{number(update.gradient)} + {factor(update.penalty_gradient)}"
    return aligned("g", symbols, numbers, number(update.gradient + update.penalty_gradient))


def clipped(update: Update) -> str | None:
    """The gradient before and after clipping; None where clipping leaves it as it is."""
    total = update.gradient + update.penalty_gradient
    if np.isclose(total, update.clipped, rtol=1e-9, atol=0.0, equal_nan=True):
        return None
    return rf"g = {number(total)} \;\to\; {number(update.clipped)}"


def moved(update: Update, held: str) -> str:
    """The parameter before and after. held: the words for a weight that the largest norm holds."""
    before, after = number(update.before, 6), number(update.after, 6)
    if update.after != update.unconstrained:
        before += rf" \;\to\; {number(update.unconstrained, 6)}"
        after += rf" \; (\text{{{held}}})"
    return rf"{before} \;\to\; {after} \qquad \Delta w = {number(update.change)}"

"""The registry's formulas with a step's own numbers in them, as LaTeX."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from core.inspect.update import Entry, Update
from core.maths.normalizations import EPSILON
from core.maths.optimizers import OPTIMIZERS
from playground.views.lines import aligned, broken, gathered, in_rows

TERMS = 6  # of a long sum, this many of the largest are written out
MORE = "{count} more"
"""Under what a shortened sum leaves out; the page has other words for it in other languages."""

SCALED = r"\tilde z"
"""What the activation reads where z was normalized."""

# How the optimizers' formulas call what the registry calls by its full name.
SYMBOLS = {
    "momentum": r"\mu",
    "rho": r"\rho",
    "beta_1": r"\beta_1",
    "beta_2": r"\beta_2",
    "epsilon": r"\varepsilon",
    "weight_decay": r"\lambda",
    "adam_beta_1": r"\beta_1",
    "adam_beta_2": r"\beta_2",
    "adam_weight_decay": r"\lambda_A",
    "adam_lr_ratio": "r",
    "rms_rate": r"\rho",
    "velocity": "v",
    "mean_square": "s",
    "accumulator": "s",
    "mean": "m",
    "mean_square_change": "d",
    "m": "m",
    "v": "v",
    "largest_v": r"\hat{v}",
    "u": "u",
}

# Forms that the short formula of the registry leaves out.
NESTEROV = r"v \leftarrow \mu v - \eta g,\quad w \leftarrow w + \mu v - \eta g"
RMSPROP_MOMENTUM = (
    r"s \leftarrow \rho s + (1 - \rho) g^{2},\quad"
    r" v \leftarrow \mu v + \frac{\eta g}{\sqrt{s + \varepsilon}},\quad w \leftarrow w - v"
)

# What Muon does to a parameter that is in no hidden layer's matrix.
MUON_BY_ADAM = (
    r"w \leftarrow (1 - \eta \lambda_A) w"
    r" - r \eta\,\frac{\sqrt{1 - \beta_2^{t}}}{1 - \beta_1^{t}}\,\frac{m}{\sqrt{v} + \varepsilon}"
)


def number(value: float, digits: int = 4) -> str:
    """Write a number in LaTeX with so many significant digits: 0.1234, -1.5 \\times 10^{-7}.

    What is nearly 1 has more of them, since 1 - p is as telling as p.
    """
    if math.isnan(value):
        return r"\mathrm{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == 0.0:
        return "0"
    short_of_one = abs(abs(value) - 1.0)
    if 1e-12 < short_of_one < 10.0 ** (1 - digits):
        return f"{value:.{math.ceil(-math.log10(short_of_one)) + 1}f}"
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.{digits}g}" if abs(value) < 10 ** (digits - 1) else f"{value:.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"


def factor(value: float) -> str:
    """Write a number so that it can stand in a product: negative ones in brackets."""
    text = number(value)
    return rf"({text})" if text.startswith("-") else text


def substituted(latex: str, values: Mapping[str, float]) -> str:
    """Replace the symbols of a formula by numbers, in brackets wherever they touch a factor.

    values: by symbol, "z" or r"\\eta". A letter inside a command or with an index stays.
    """
    names = sorted(values, key=len, reverse=True)
    pattern = "|".join(
        re.escape(name) + "(?![A-Za-z])" if name.startswith("\\") else f"{name}(?![A-Za-z_])"
        for name in names
    )
    found = re.compile(rf"(?<![A-Za-z\\])({pattern})")

    def replaced(match: re.Match[str]) -> str:
        text = number(values[match.group(1)])
        before = latex[: match.start()].rstrip()[-1:]
        after = latex[match.end() :].lstrip()[:1]
        alone = before in "([{|-+=,&>" and after in ")]}|+-=,^&"
        needs = text.startswith("-") or not alone or (after == "^" and "times" in text)
        return rf"({text})" if needs and latex.strip() != match.group(1) else text

    return found.sub(replaced, latex)


def occurs(symbol: str, latex: str) -> bool:
    """Whether a symbol stands in a formula, not merely in the name of a command."""
    place = rf"(?<![A-Za-z\\]){re.escape(symbol)}(?![A-Za-z_])"
    return bool(symbol) and re.search(place, latex) is not None


def products(left: np.ndarray, right: np.ndarray, more: str = MORE) -> str:
    """Write the sum of products left_k right_k, (n,) each; of a long one the largest terms."""
    terms = left * right
    if len(terms) <= TERMS:
        chosen = np.arange(len(terms))
    else:
        order = np.argsort(-np.abs(np.where(np.isfinite(terms), terms, 0.0)), kind="stable")
        chosen = np.sort(order[:TERMS])
    written = [rf"{factor(float(left[k]))} \cdot {factor(float(right[k]))}" for k in chosen]
    rest = np.delete(terms, chosen)
    if len(rest):
        written.append(remainder(rest, more))
    return in_rows(written)


def remainder(rest: np.ndarray, more: str = MORE) -> str:
    """Write what a shortened sum leaves out: how many terms, and what they add up to."""
    words = rf"\text{{{more.format(count=len(rest))}}}"
    return rf"\underbrace{{{factor(float(rest.sum()))}}}_{{{words}}}"


def weighted_sum(
    place: str, inputs: np.ndarray, weights: np.ndarray, bias: float, z: float, more: str = MORE
) -> str:
    """Write z = sum of weight times input, plus bias. place: the neuron's index."""
    return aligned(
        rf"z_{{{place}}}",
        r"\sum_i w_{i" + place + r"}\, x_i + b_{" + place + "}",
        f"{products(weights, inputs, more)} + {factor(bias)}",
        number(z),
    )


def activated(place: str, latex: str, z: float, a: float, letter: str = "z") -> str:
    """Write a = f(z), the registry's formula first, then with the number in it.

    letter: what stands for z where z was normalized.
    """
    symbol = substituted_symbol(latex, place, letter)
    return aligned(rf"a_{{{place}}}", symbol, substituted(latex, {"z": z}), number(a))


def substituted_symbol(latex: str, place: str, letter: str = "z") -> str:
    """Give the z of an activation's formula its letter, and the index of its neuron."""
    return re.sub(r"(?<![A-Za-z\\])z(?![A-Za-z_])", lambda _: f"{letter}_{{{place}}}", latex)


def normalized(place: str, z: float, mean: float, variance: float, n: float) -> str:
    """Write z with a hat: (z - mean) / sqrt(variance + epsilon)."""
    epsilon = number(EPSILON)
    above = f"{number(z)} - {factor(mean)}"
    return aligned(
        rf"\hat z_{{{place}}}",
        rf"\frac{{z_{{{place}}} - \bar z}}{{\sqrt{{\sigma^{{2}} + \varepsilon}}}}",
        rf"\frac{{{above}}}{{\sqrt{{{number(variance)} + {epsilon}}}}}",
        number(n),
    )


def scaled(place: str, n: float, gamma: float, beta: float, read: float) -> str:
    """Write z with a tilde: gamma times z with a hat (n), plus beta.

    Both without the neuron's index: beta_1 is Adam's.
    """
    symbols = rf"\gamma\, \hat z_{{{place}}} + \beta"
    numbers = rf"{factor(gamma)} \cdot {factor(n)} + {factor(beta)}"
    return aligned(rf"{SCALED}_{{{place}}}", symbols, numbers, number(read))


def softmax(place: str, z: np.ndarray, own: int, a: float) -> str:
    """Write one unit of a softmax with the numbers z (units,) of all of them. own: its index."""
    order = np.argsort(-z, kind="stable")[:TERMS]
    terms = [f"e^{{{number(float(z[k]))}}}" for k in np.sort(order)]
    if len(z) > TERMS:
        terms.append(r"\ldots")
    return aligned(
        rf"a_{{{place}}}",
        rf"\frac{{e^{{z_{{{place}}}}}}}{{\sum_k e^{{z_k}}}}",
        rf"\frac{{e^{{{number(float(z[own]))}}}}}{{{gathered(terms)}}}",
        number(a),
    )


def mean(terms: Sequence[float]) -> str:
    """Write a mean of numbers; of a long one the first terms."""
    shown = [factor(float(term)) for term in terms[:TERMS]]
    if len(terms) > TERMS:
        shown.append(r"\ldots")
    return rf"\tfrac{{1}}{{{len(terms)}}}\big({in_rows(shown)}\big)"


def optimizer_lines(update: Update, options: Mapping[str, float]) -> list[str]:
    """Write the optimizer's rule with the numbers of this update, one assignment a line."""
    values = {SYMBOLS[name]: float(value) for name, value in options.items() if name in SYMBOLS}
    values |= {r"\eta": update.learning_rate, "t": float(update.step), "g": update.clipped}
    values["w"] = update.before
    after = {SYMBOLS[name]: value for name, value in update.slots_after.items()}
    before = {SYMBOLS[name]: value for name, value in update.slots_before.items()}
    if update.matrix is not None:
        rule = _matrix_rule(update.matrix, options)
        after |= {"n": update.matrix.read, "o": update.matrix.direction}
    else:
        rule = _rule(update.optimizer, options)
    lines = []
    for assignment in rule.split(r",\quad"):
        target, rule = (part.strip() for part in assignment.split(r"\leftarrow"))
        result = after.get(target, update.unconstrained)
        numbers = substituted(rule, {**after, **before, **values})
        forms = [broken(form) for form in dict.fromkeys((rule, numbers))]
        lines.append(aligned(target, *forms, number(result, 6), sign=r"\leftarrow"))
        before.pop(target, None)  # later lines read what this one made
    return lines


def _matrix_rule(entry: Entry, options: Mapping[str, float]) -> str:
    """Muon's rule for one weight w of a matrix; N is the matrix of all n, and o a number of O."""
    i, j = entry.place
    read = r"g + \mu m" if options["nesterov"] else "m"
    scale = rf" \rho \sqrt{{{max(entry.shape)}}}" if options["rms_rate"] else ""
    return r",\quad".join(
        (
            r"m \leftarrow \mu m + g",
            rf"n \leftarrow {read}",
            rf"o \leftarrow \operatorname{{orthogonal}}(N)_{{{i + 1},{j + 1}}}",
            rf"w \leftarrow (1 - \eta \lambda) w - \eta{scale} o",
        )
    )


def _rule(name: str, options: Mapping[str, float]) -> str:
    if name == "sgd" and options.get("nesterov"):
        return NESTEROV
    if name == "rmsprop" and options.get("momentum") and not options.get("centered"):
        return RMSPROP_MOMENTUM
    if name == "adamw" and not options.get("amsgrad"):
        moments = OPTIMIZERS["adam"].latex.split(r",\quad")[:2]
        return r",\quad".join([*moments, OPTIMIZERS["adamw"].latex])
    if name == "muon":
        moments = OPTIMIZERS["adam"].latex.split(r",\quad")[:2]
        return r",\quad".join([*moments, MUON_BY_ADAM])
    return OPTIMIZERS[name].under(options).latex

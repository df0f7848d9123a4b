"""Optimizers: names, options and defaults of the rules in `core.maths.rules`. All are Keras 3's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.maths import options as settings
from core.maths import rules
from core.maths.options import Option, Value


@dataclass(frozen=True)
class Optimizer:
    """One optimizer.

    slots: names of its memories, in the order s0, s1, s2.
    options: its settings, in the order in which `prepare` reads them.
    prepare(h, learning_rate, t) -> (c0, ..., c4); h: option values (`values`), t: step, from 1.
    slot_start: what every slot starts at, unless `slot_option` names an option that says so.
    learning_rate: Keras's default.
    variants: by the name of a flag, what the optimizer becomes where it is set: see `under`.
    matrix_prepare(h, learning_rate, inputs, units): set if the weights of hidden layers are moved
    as whole matrices, not by `update`, which then moves the rest; see `core.maths.orthogonal`.
    """

    name: str
    label: str
    latex: str
    slots: tuple[str, ...]
    options: Mapping[str, Option]
    prepare: rules.Prepare
    update: rules.Update
    learning_rate: float = 0.001
    slot_start: float = 0.0
    slot_option: str | None = None
    variants: Mapping[str, Optimizer] = field(default_factory=dict)
    matrix_prepare: rules.PrepareMatrix | None = None

    def under(self, options: Mapping[str, Value] | None = None) -> Optimizer:
        """This optimizer, or the variant of it that a flag among these options asks for."""
        for flag, variant in self.variants.items():
            if (options or {}).get(flag):
                return variant
        return self

    def values(self, options: Mapping[str, Value] | None = None) -> tuple[float, ...]:
        """The `h` of `prepare`: option values in order, defaults filled in, flags as 0.0, 1.0."""
        return settings.values(self.options, options)

    def starting_slot(self, options: Mapping[str, Value] | None = None) -> float:
        """What every slot starts at under these options."""
        if self.slot_option is None:
            return self.slot_start
        return float((options or {}).get(self.slot_option, self.options[self.slot_option].default))


_EPSILON = Option(1e-7, "Epsilon", low=1e-12, high=10.0)
_MOMENTUM = Option(0.0, "Momentum", open_high=True)
_RHO = Option(0.9, "Rho", open_high=True)
_BETAS = {
    "beta_1": Option(0.9, "Beta 1", open_high=True),
    "beta_2": Option(0.999, "Beta 2", open_high=True),
    "epsilon": _EPSILON,
}
_AMSGRAD = Option(
    False, "AMSGrad", live=False
)  # its third slot holds what was largest since step 1

_ADAM_MOMENTS = (
    r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\quad"
    r" v \leftarrow \beta_2 v + (1 - \beta_2) g^{2},\quad"
)
_ADAM_RATE = r"\eta\,\frac{\sqrt{1 - \beta_2^{t}}}{1 - \beta_1^{t}}"
_LARGEST = r" \hat{v} \leftarrow \max(\hat{v}, v),\quad"


def _with_amsgrad(record: Optimizer) -> Optimizer:
    """The optimizer, with its AMSGrad variant."""
    moments, step = _ADAM_MOMENTS + _LARGEST, record.latex.rpartition(r"\quad")[2]
    variant = replace(
        record,
        latex=moments + step.replace(r"\sqrt{v}", r"\sqrt{\hat{v}}"),
        slots=("m", "v", "largest_v"),
        update=rules.amsgrad,
    )
    return replace(record, variants={"amsgrad": variant})


_SGD = Optimizer(
    "sgd",
    "SGD",
    r"v \leftarrow \mu v - \eta g,\quad w \leftarrow w + v",
    slots=("velocity",),
    options={"momentum": _MOMENTUM, "nesterov": Option(False, "Nesterov")},
    prepare=rules.sgd_prepare,
    update=rules.sgd,
    learning_rate=0.01,
)
_RMSPROP = Optimizer(
    "rmsprop",
    "RMSprop",
    r"s \leftarrow \rho s + (1 - \rho) g^{2},\quad"
    r" w \leftarrow w - \frac{\eta g}{\sqrt{s + \varepsilon}}",
    slots=("mean_square", "velocity"),
    options={
        "rho": _RHO,
        "momentum": _MOMENTUM,
        "epsilon": _EPSILON,
        "centered": Option(False, "Centered", live=False),
    },
    prepare=rules.rmsprop_prepare,
    update=rules.rmsprop,
)
_CENTERED_RMSPROP = replace(
    _RMSPROP,
    latex=r"s \leftarrow \rho s + (1 - \rho) g^{2},\quad m \leftarrow \rho m + (1 - \rho) g,\quad"
    r" v \leftarrow \mu v + \frac{\eta g}{\sqrt{s - m^{2} + \varepsilon}},\quad"
    r" w \leftarrow w - v",
    slots=("mean_square", "velocity", "mean"),
    update=rules.centered_rmsprop,
)
_ADAGRAD = Optimizer(
    "adagrad",
    "Adagrad",
    r"s \leftarrow s + g^{2},\quad w \leftarrow w - \frac{\eta g}{\sqrt{s + \varepsilon}}",
    slots=("accumulator",),
    options={
        "initial_accumulator_value": Option(0.1, "Initial accumulator", high=1000.0, live=False),
        "epsilon": _EPSILON,
    },
    prepare=rules.adagrad_prepare,
    update=rules.adagrad,
    slot_start=0.1,
    slot_option="initial_accumulator_value",
)
_ADADELTA = Optimizer(
    "adadelta",
    "Adadelta",
    r"s \leftarrow \rho s + (1 - \rho) g^{2},\quad"
    r" w \leftarrow w - \eta g\,\frac{\sqrt{d + \varepsilon}}{\sqrt{s + \varepsilon}},\quad"
    r" d \leftarrow \rho d + (1 - \rho) g^{2}\,\frac{d + \varepsilon}{s + \varepsilon}",
    slots=("mean_square", "mean_square_change"),
    options={"rho": replace(_RHO, default=0.95), "epsilon": _EPSILON},
    prepare=rules.adadelta_prepare,
    update=rules.adadelta,
)
_ADAM = Optimizer(
    "adam",
    "Adam",
    _ADAM_MOMENTS + r" w \leftarrow w - " + _ADAM_RATE + r"\,\frac{m}{\sqrt{v} + \varepsilon}",
    slots=("m", "v"),
    options={**_BETAS, "amsgrad": _AMSGRAD},
    prepare=rules.adam_prepare,
    update=rules.adam,
)
_ADAMW = Optimizer(
    "adamw",
    "AdamW",
    r"w \leftarrow (1 - \eta \lambda) w"
    r" - " + _ADAM_RATE + r"\,\frac{m}{\sqrt{v} + \varepsilon}",
    slots=("m", "v"),
    options={**_BETAS, "weight_decay": Option(0.004, "Weight decay"), "amsgrad": _AMSGRAD},
    prepare=rules.adamw_prepare,
    update=rules.adam,
)
_ADAMAX = Optimizer(
    "adamax",
    "Adamax",
    r"m \leftarrow \beta_1 m + (1 - \beta_1) g,\quad u \leftarrow \max(\beta_2 u, |g|),\quad"
    r" w \leftarrow w - \frac{\eta}{1 - \beta_1^{t}}\,\frac{m}{u + \varepsilon}",
    slots=("m", "u"),
    options=_BETAS,
    prepare=rules.adamax_prepare,
    update=rules.adamax,
)
_NADAM = Optimizer(
    "nadam",
    "Nadam",
    _ADAM_MOMENTS + r" w \leftarrow w - \eta \left("
    r"\frac{\mu_{t+1} m}{1 - \prod_{i \le t+1} \mu_i}"
    r" + \frac{(1 - \mu_{t}) g}{1 - \prod_{i \le t} \mu_i}\right)"
    r"\Big/ \left(\sqrt{\tfrac{v}{1 - \beta_2^{t}}} + \varepsilon\right)"
    r";\quad \mu_i = \beta_1 \left(1 - \tfrac{1}{2}\, 0.96^{i}\right)",
    slots=("m", "v"),
    options=_BETAS,
    prepare=rules.nadam_prepare,
    update=rules.nadam,
)
_LION = Optimizer(
    "lion",
    "Lion",
    r"w \leftarrow w - \eta\,\operatorname{sign}(\beta_1 m + (1 - \beta_1) g),\quad"
    r" m \leftarrow \beta_2 m + (1 - \beta_2) g",
    slots=("m",),
    options={"beta_1": _BETAS["beta_1"], "beta_2": replace(_BETAS["beta_2"], default=0.99)},
    prepare=rules.lion_prepare,
    update=rules.lion,
)

# Which parameters are matrices for it: `core.maths.orthogonal`. An rms_rate of 0 is Keras's None.
_MUON = Optimizer(
    "muon",
    "Muon",
    r"M \leftarrow \mu M + G,\quad N \leftarrow G + \mu M,\quad"
    r" O \leftarrow \operatorname{orthogonal}(N),\quad"
    r" W \leftarrow (1 - \eta \lambda) W"
    r" - \eta \rho \sqrt{\max(n_{\text{in}}, n_{\text{out}})}\, O",
    slots=("m", "v"),
    options={
        "momentum": replace(_MOMENTUM, default=0.95),
        "nesterov": Option(True, "Nesterov"),
        "ns_steps": Option(5, "Newton-Schulz steps", low=1, high=20, whole=True),
        "rms_rate": Option(0.2, "RMS rate", high=10.0),
        "weight_decay": Option(0.004, "Weight decay"),
        "adam_lr_ratio": Option(1.0, "Adam rate ratio", high=100.0),
        "adam_beta_1": Option(0.9, "Adam beta 1", open_high=True),
        "adam_beta_2": Option(0.999, "Adam beta 2", open_high=True),
        "adam_weight_decay": Option(0.004, "Adam weight decay"),
        "epsilon": _EPSILON,
        "muon_a": Option(3.4445, "Muon a", low=-10.0, high=10.0),
        "muon_b": Option(-4.775, "Muon b", low=-10.0, high=10.0),
        "muon_c": Option(2.0315, "Muon c", low=-10.0, high=10.0),
    },
    prepare=rules.muon_prepare,
    update=rules.adam,
    matrix_prepare=rules.muon_matrix,
)

OPTIMIZERS: dict[str, Optimizer] = {
    record.name: record
    for record in (
        _SGD,
        replace(_RMSPROP, variants={"centered": _CENTERED_RMSPROP}),
        _ADAGRAD,
        _ADADELTA,
        _with_amsgrad(_ADAM),
        _with_amsgrad(_ADAMW),
        _ADAMAX,
        _NADAM,
        _LION,
        _MUON,
    )
}

# All rules that an engine compiles; the place in this list is a rule's code.
RULES: tuple[Optimizer, ...] = (
    *OPTIMIZERS.values(),
    *(variant for record in OPTIMIZERS.values() for variant in record.variants.values()),
)

AT_THE_START = frozenset(
    name for record in OPTIMIZERS.values() for name, o in record.options.items() if not o.live
)
"""Options that are used up before the first step: they cannot change while a run goes on."""

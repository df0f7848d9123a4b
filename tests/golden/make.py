"""Run Keras 3 in float64 and write down what it finds: `tests/golden/keras.npz`.

It needs keras and torch, which the project does not; in an environment of its own:

    pip install keras torch numpy
    python tests/golden/make.py

A case is one training run of a small network by full batches. Its settings are JSON, in the words
of `core`; arrays are float64, flat, in the order of the layout (W, b, W, b, ...; with a
normalization gamma and beta after its b, and its running statistics apart). What Keras lacks (the
activations sine and gaussian, the schedules step and one_cycle) is PyTorch's. Beside the cases,
what Keras's callbacks make of losses that are given: when they stop, and which rates follow.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

keras.backend.set_floatx("float64")
torch.set_default_dtype(torch.float64)

HERE = Path(__file__).resolve().parent
SIZES = (3, 5, 4, 3)
N_SAMPLES = 12

Case = dict[str, Any]

ACTIVATIONS: Mapping[str, Any] = {
    "linear": "linear",
    "relu": "relu",
    "leaky_relu": keras.layers.LeakyReLU(negative_slope=0.2),
    "elu": "elu",
    "selu": "selu",
    "gelu": lambda z: keras.activations.gelu(z, approximate=False),
    "silu": "silu",
    "mish": "mish",
    "softplus": "softplus",
    "softsign": "softsign",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "sine": torch.sin,
    "gaussian": lambda z: torch.exp(-z * z),
    "softmax": "softmax",
}
LOSSES: Mapping[str, Any] = {
    "mean_squared_error": keras.losses.MeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "huber": keras.losses.Huber,
    "log_cosh": keras.losses.LogCosh,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "hinge": keras.losses.Hinge,
    "squared_hinge": keras.losses.SquaredHinge,
}
OUTPUTS = {"binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax"}
OPTIMIZERS: Mapping[str, Any] = {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
    "lion": keras.optimizers.Lion,
    "muon": functools.partial(keras.optimizers.Muon, exclude_layers=["output"]),
}
SCHEDULES: Mapping[str, Any] = {
    "exponential": keras.optimizers.schedules.ExponentialDecay,
    "polynomial": keras.optimizers.schedules.PolynomialDecay,
    "cosine": keras.optimizers.schedules.CosineDecay,
    "cosine_restarts": keras.optimizers.schedules.CosineDecayRestarts,
}
PENALTIES: Mapping[str, Callable[[float], Any]] = {
    "none": lambda rate: None,
    "l1": keras.regularizers.L1,
    "l2": keras.regularizers.L2,
    "l1_l2": lambda rate: keras.regularizers.L1L2(rate, rate),
}
NORMALIZATIONS: Mapping[str, Any] = {
    "batch": keras.layers.BatchNormalization,
    "layer": keras.layers.LayerNormalization,
}
CLIPS = {"clip_value": "clipvalue", "clip_norm": "clipnorm", "global_clip_norm": "global_clipnorm"}


def cases() -> dict[str, Case]:
    """Every case by its name; what a case leaves out is in `run`."""
    found: dict[str, Case] = {}
    for name in ACTIVATIONS:
        if name != "softmax":
            found[f"activation {name}"] = {"activation": name}
    for loss in LOSSES:
        found[f"loss {loss}"] = {"loss": loss}
    found["loss of softmax"] = {"loss": "mean_squared_error", "output": "softmax"}
    found["loss not normalized"] = {"loss": "categorical_crossentropy", "output": "sigmoid"}
    for regularizer in PENALTIES:
        found[f"regularizer {regularizer}"] = {"regularizer": regularizer, "rate": 0.03}
    for clip, bound in (("clip_value", 0.05), ("clip_norm", 0.2), ("global_clip_norm", 0.3)):
        found[f"clipping {clip}"] = {clip: bound}
    for loss in OUTPUTS:
        found[f"smoothing {loss}"] = {"loss": loss, "label_smoothing": 0.1}
    found["constraint max_norm"] = {"max_norm": 0.8}
    for loss in LOSSES:
        found[f"weights {loss}"] = {"loss": loss, "weighted": True}
    found["weights of classes"] = {
        "loss": "categorical_crossentropy",
        "class_weight": [0.5, 3.0, 1.25],
    }
    found["weights and smoothing"] = {
        "loss": "binary_crossentropy",
        "weighted": True,
        "label_smoothing": 0.1,
    }
    found["weights not normalized"] = {
        "loss": "categorical_crossentropy",
        "output": "sigmoid",
        "weighted": True,
    }
    for number, (name, options, steps) in enumerate(OPTIMIZER_CASES):
        rate = 1.0 if name == "adadelta" else 0.02
        case = {"optimizer": name, "options": options, "learning_rate": rate, "steps": steps}
        found[f"optimizer {number} {name}"] = case
    for number, (name, options) in enumerate(SCHEDULE_CASES):
        case = {"schedule": name, "schedule_options": options, "learning_rate": 0.05}
        found[f"schedule {number} {name}"] = case
    # Keras normalizes batches in float32, whatever its floatx: the gradient of a bias that the mean
    # takes out again, 0 here, is its rounding, 1e-8. Adam's usual epsilon would make steps of it.
    for name in NORMALIZATIONS:
        for optimizer, options in (("sgd", {"momentum": 0.9}), ("adam", {"epsilon": 1e-3})):
            case = {"normalization": name, "optimizer": optimizer, "options": options}
            found[f"normalization {name} {optimizer}"] = {**case, "learning_rate": 0.05}
    return found


# How many steps: 100 where an error does not grow from step to step. With a short memory these
# rules tremble around a minimum, and a rounding of 1e-8 becomes 1e-3 within 100 steps. So
# does Muon with an `a` that is not Keras's.
OPTIMIZER_CASES: list[tuple[str, dict[str, Any], int]] = [
    ("sgd", {}, 100),
    ("sgd", {"momentum": 0.9}, 100),
    ("sgd", {"momentum": 0.8, "nesterov": True}, 100),
    ("rmsprop", {}, 10),
    ("rmsprop", {"rho": 0.8, "momentum": 0.5, "epsilon": 1e-5}, 10),
    ("rmsprop", {"rho": 0.8, "centered": True, "epsilon": 1e-3}, 10),
    ("rmsprop", {"rho": 0.7, "centered": True, "momentum": 0.4, "epsilon": 1e-2}, 100),
    ("adagrad", {}, 100),
    ("adagrad", {"initial_accumulator_value": 0.3, "epsilon": 1e-4}, 100),
    ("adadelta", {}, 100),
    ("adadelta", {"rho": 0.8, "epsilon": 1e-4}, 10),
    ("adam", {}, 100),
    ("adam", {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-4}, 10),
    ("adam", {"beta_2": 0.8, "amsgrad": True, "epsilon": 1e-5}, 100),
    ("adamw", {}, 100),
    ("adamw", {"weight_decay": 0.3, "beta_1": 0.8}, 100),
    ("adamw", {"weight_decay": 0.2, "amsgrad": True, "beta_2": 0.9, "epsilon": 1e-4}, 100),
    ("adamax", {}, 100),
    ("adamax", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}, 10),
    ("nadam", {}, 100),
    ("nadam", {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4}, 10),
    ("lion", {}, 10),
    ("lion", {"beta_1": 0.8, "beta_2": 0.9}, 10),
    ("muon", {}, 100),
    ("muon", {"nesterov": False, "momentum": 0.8, "ns_steps": 3, "rms_rate": 0.0}, 100),
    (
        "muon",
        {"adam_lr_ratio": 0.3, "weight_decay": 0.2, "adam_weight_decay": 0.1, "rms_rate": 0.1},
        100,
    ),
    ("muon", {"adam_beta_1": 0.8, "adam_beta_2": 0.9, "epsilon": 1e-4, "muon_a": 2.0}, 10),
    ("muon", {"muon_a": 1.5, "muon_b": -0.5, "muon_c": 0.0, "ns_steps": 8}, 100),
]
SCHEDULE_CASES: list[tuple[str, dict[str, Any]]] = [
    ("constant", {}),
    ("constant", {"warmup_steps": 6}),
    ("step", {"step_size": 4, "gamma": 0.5}),
    ("exponential", {"decay_steps": 5, "decay_rate": 0.8}),
    ("exponential", {"decay_steps": 5, "decay_rate": 0.8, "staircase": True}),
    ("polynomial", {"decay_steps": 8, "end_learning_rate": 0.001, "power": 1.5}),
    ("polynomial", {"decay_steps": 8, "end_learning_rate": 0.002, "power": 2.0, "cycle": True}),
    ("cosine", {"decay_steps": 15, "alpha": 0.1}),
    ("cosine", {"decay_steps": 15, "alpha": 0.1, "warmup_steps": 4}),
    ("cosine_restarts", {"first_decay_steps": 7, "t_mul": 2.0, "m_mul": 0.8, "alpha": 0.05}),
    ("cosine_restarts", {"first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.9}),
    ("one_cycle", {"total_steps": 30}),
    ("one_cycle", {"total_steps": 25, "pct_start": 0.4, "div_factor": 10.0}),
]
N_RATES = 40
STOPPING_CASES: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 4},
    {"patience": 3, "min_delta": 0.05},
    {"patience": 2, "start_from_epoch": 9},
    {"patience": 3, "min_delta": 0.02, "start_from_epoch": 5},
]
PLATEAU_CASES: list[dict[str, Any]] = [
    {"patience": 2},
    {"factor": 0.5, "patience": 3, "min_delta": 0.05},
    {"factor": 0.3, "patience": 2, "cooldown": 3, "min_delta": 0.0},
    {"factor": 0.5, "patience": 1, "min_lr": 0.004, "cooldown": 1},
]


def problem(loss: str, seed: int, normalized: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starting parameters, inputs and targets; parameters and inputs fit into float32."""
    rng = np.random.default_rng(seed)
    params = []
    for layer, (inputs, units) in enumerate(pairwise(SIZES)):
        params += [rng.normal(0, 0.9 / np.sqrt(inputs), inputs * units), rng.normal(0, 0.3, units)]
        if normalized and layer < len(SIZES) - 2:
            params += [rng.normal(1, 0.3, units), rng.normal(0, 0.3, units)]
    X = rng.normal(size=(N_SAMPLES, SIZES[0]))
    Y = rng.normal(size=(N_SAMPLES, SIZES[-1]))
    if "crossentropy" in loss or "hinge" in loss:
        Y = np.eye(SIZES[-1])[rng.integers(0, SIZES[-1], N_SAMPLES)]
    if "hinge" in loss:
        Y = 2 * Y - 1
    return tuple(a.astype(np.float32).astype(np.float64) for a in (np.concatenate(params), X, Y))


def build(case: Case) -> keras.Model:
    activation = ACTIVATIONS[case.get("activation", "tanh")]
    last = case.get("output") or OUTPUTS.get(case["loss"], "linear")
    penalty = PENALTIES[case.get("regularizer", "none")](case.get("rate", 0.0))
    shared: Case = {"kernel_regularizer": penalty}
    if "max_norm" in case:
        shared["kernel_constraint"] = keras.constraints.MaxNorm(case["max_norm"])
    layers: list[Any] = [keras.Input((SIZES[0],))]
    for units in SIZES[1:-1]:
        if "normalization" in case:
            layers.append(keras.layers.Dense(units, **shared))
            layers.append(NORMALIZATIONS[case["normalization"]]())
            layers.append(keras.layers.Activation(activation))
        else:
            layers.append(keras.layers.Dense(units, activation, **shared))
    layers.append(keras.layers.Dense(SIZES[-1], last, name="output", **shared))
    return keras.Sequential(layers)


def weights_of(case: Case, Y: np.ndarray, seed: int) -> np.ndarray | None:
    """What the loss of each sample is multiplied by."""
    if "class_weight" in case:
        from keras.src.trainers.data_adapters import data_adapter_utils

        of_class = dict(enumerate(case["class_weight"]))
        found = data_adapter_utils.class_weight_to_sample_weights(Y, of_class)
        return keras.ops.convert_to_numpy(found).astype(np.float64)
    if "weighted" not in case:
        return None
    return np.random.default_rng(1000 + seed).uniform(0, 3, len(Y)).astype(np.float32) * 1.0


def flat(arrays: list[Any]) -> np.ndarray:
    return np.concatenate([keras.ops.convert_to_numpy(a).ravel() for a in arrays])


def assign(model: keras.Model, params: np.ndarray) -> None:
    start = 0
    for weight in model.trainable_weights:
        size = int(np.prod(weight.shape))
        weight.assign(params[start : start + size].reshape(weight.shape))
        start += size


def statistics_to_start(case: Case, seed: int) -> list[np.ndarray]:
    """moving_mean and moving_variance of each layer that has them; they fit into float32."""
    rng, found = np.random.default_rng(1000 + seed), []
    for units in SIZES[1:-1] if case.get("normalization") == "batch" else ():
        found += [rng.normal(0, 0.3, units), rng.uniform(0.5, 2.0, units)]
    return [a.astype(np.float32).astype(np.float64) for a in found]


def at_rest(model: keras.Model, loss: Any, inputs: Any, targets: Any) -> dict[str, np.ndarray]:
    """Loss and gradient outside training: by the running statistics."""
    value = loss(targets, model(inputs, training=False))
    gradients = torch.autograd.grad(value, [w.value for w in model.trainable_weights])
    return {
        "loss at rest": np.array(float(value.detach())),
        "gradient at rest": flat([g.detach() for g in gradients]),
    }


def rate_of(case: Case) -> Any:
    """The learning rate as Keras takes it: a number or a schedule."""
    name, options = case.get("schedule", "constant"), dict(case.get("schedule_options", {}))
    rate = case.get("learning_rate", 0.1)
    if name not in SCHEDULES:
        return rate
    warm_up = options.pop("warmup_steps", 0)
    if warm_up:
        return SCHEDULES[name](0.0, warmup_target=rate, warmup_steps=warm_up, **options)
    return SCHEDULES[name](rate, **options)


def rates(case: Case) -> np.ndarray:
    """The rates of the first steps; those of PyTorch where Keras has no such schedule."""
    name, options = case["schedule"], dict(case["schedule_options"])
    found = rate_of(case)
    if callable(found):
        return np.array([float(found(step)) for step in range(N_RATES)])
    warm_up = options.pop("warmup_steps", 0)
    if name == "constant":
        return np.array([found * min(1.0, t / warm_up if warm_up else 1.0) for t in range(N_RATES)])
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=found)
    steps = options.get("total_steps", N_RATES)
    if name == "step":
        schedule: Any = torch.optim.lr_scheduler.StepLR(optimizer, **options)
    else:
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=found, cycle_momentum=False, **options
        )
    values = []
    for _ in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(values) < steps:
            schedule.step()
    return np.array((values + [values[-1]] * N_RATES)[:N_RATES])


def run(case: Case, seed: int) -> dict[str, np.ndarray]:
    """Loss, gradient and penalty at the start; parameters after 1, 10 and maybe 100 steps."""
    params, X, Y = problem(case["loss"], seed, "normalization" in case)
    model = build(case)
    assign(model, params)
    statistics = statistics_to_start(case, seed)
    moving = [w for w in model.non_trainable_weights if w.path.split("/")[-1].startswith("moving")]
    for weight, value in zip(moving, statistics, strict=True):
        weight.assign(value)
    smoothing = {"label_smoothing": case["label_smoothing"]} if "label_smoothing" in case else {}
    loss = LOSSES[case["loss"]](**smoothing)
    clip = {CLIPS[name]: case[name] for name in CLIPS if name in case}
    options = dict(case.get("options", {}))
    if options.get("rms_rate") == 0.0:
        options["rms_rate"] = None  # as Keras says it
    optimizer = OPTIMIZERS[case.get("optimizer", "sgd")](
        learning_rate=rate_of(case), **options, **clip
    )
    inputs, targets = torch.tensor(X), torch.tensor(Y)
    by_hand = rates(case) if case.get("schedule") in ("step", "one_cycle", "constant") else None
    found: dict[str, np.ndarray] = {"params": params, "X": X, "Y": Y}
    weights = weights_of(case, Y, seed)
    counts = {} if weights is None else {"sample_weight": torch.tensor(weights.astype(np.float64))}
    if weights is not None:
        found["weights"] = weights
    if "schedule" in case:
        found["rates"] = rates(case)
    if statistics:
        found["statistics"] = np.concatenate(statistics)
    if "normalization" in case:
        found |= at_rest(model, loss, inputs, targets)
    for step in range(1, case.get("steps", 10) + 1):
        model.zero_grad()
        value = loss(targets, model(inputs, training=True), **counts)
        total = value + sum(model.losses) if model.losses else value
        if step == 1:
            alone = torch.autograd.grad(
                value, [w.value for w in model.trainable_weights], retain_graph=True
            )
            found["gradient"] = flat([g.detach() for g in alone])
            found["loss"] = np.array(float(value.detach()))
        total.backward()
        gradients = [w.value.grad for w in model.trainable_weights]
        if by_hand is not None:
            optimizer.learning_rate = float(by_hand[step - 1])
        with torch.no_grad():
            optimizer.apply(gradients, model.trainable_weights)
        if step in (1, 10, 100):
            found[f"after {step}"] = flat([w.value.detach() for w in model.trainable_weights])
        if step in (1, 10, 100) and moving:
            found[f"statistics after {step}"] = flat([w.value.detach() for w in moving])
    return found


def callbacks() -> dict[str, Any]:
    """Losses of the ends of epochs, and what Keras's callbacks make of them."""
    rng = np.random.default_rng(7)
    losses = np.round(1.0 / np.arange(1, N_RATES + 1) + rng.uniform(0, 0.3, N_RATES), 3).tolist()
    found: dict[str, Any] = {"losses": losses, "stopping": [], "plateau": []}
    for options in STOPPING_CASES:
        found["stopping"].append({"options": options, **stopping(losses, options)})
    for options in PLATEAU_CASES:
        found["plateau"].append({"options": options, "rates": plateau(losses, options)})
    return found


def watched_model(callback: keras.callbacks.Callback) -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    callback.set_model(model)
    callback.on_train_begin()
    return model


def stopping(losses: list[float], options: dict[str, Any]) -> dict[str, int]:
    """The epoch (0 first) after which it stops, and the one whose weights come back."""
    callback = keras.callbacks.EarlyStopping(restore_best_weights=True, **options)
    model = watched_model(callback)
    for epoch, loss in enumerate(losses):
        model.layers[-1].kernel.assign([[float(epoch)]])
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            callback.on_train_end()
            return {"stopped": epoch, "best": int(flat(model.weights)[0])}
    raise AssertionError(f"{options} never stops")


def plateau(losses: list[float], options: dict[str, Any]) -> list[float]:
    """The rate after every epoch, from 0.05 on."""
    callback = keras.callbacks.ReduceLROnPlateau(**options)
    model, found = watched_model(callback), []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        found.append(float(model.optimizer.learning_rate))
    return found


def main() -> None:
    arrays: dict[str, np.ndarray] = {}
    settings: dict[str, Case] = {}
    for seed, (name, case) in enumerate(cases().items()):
        case = {"loss": "mean_squared_error", **case}
        settings[name] = case
        for key, array in run(case, seed).items():
            is_small = key in ("params", "X", "Y", "weights", "statistics")
            small = array.astype(np.float32) if is_small else array
            arrays[f"{name}/{key}"] = small
    about = {"sizes": SIZES, "keras": keras.__version__, "torch": torch.__version__}
    about |= {"cases": settings, "callbacks": callbacks()}
    arrays["about"] = np.array(json.dumps(about))
    np.savez_compressed(HERE / "keras.npz", **arrays)
    print(f"{len(settings)} cases, {(HERE / 'keras.npz').stat().st_size} bytes.")


if __name__ == "__main__":
    main()

"""One step traced in plain NumPy: by hand, against central differences, against the engine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.inspect.moment import moment_of
from core.inspect.trace import trace
from core.inspect.update import Rule, trace_update
from core.maths.activations import ACTIVATIONS, SOFTMAX
from core.maths.losses import LOSSES
from core.maths.normalizations import PARAMETERS
from core.maths.optimizers import OPTIMIZERS
from core.trainer import Trainer


def test_a_step_worked_by_hand() -> None:
    # 2-2-1, linear hidden units and a linear output, squared error, one sample x = (1, 2), y = 1.
    W1, b1 = np.array([[0.5, -1.0], [0.25, 0.5]]), np.array([0.0, 0.5])
    W2, b2 = np.array([[2.0], [-1.0]]), np.array([0.5])
    traced = trace(
        [(W1, b1, "linear"), (W2, b2, "linear")],
        np.array([[1.0, 2.0]]),
        np.array([[1.0]]),
        "mean_squared_error",
    )
    # z1 = (0.5 + 0.5 + 0, -1 + 1 + 0.5) = (1, 0.5); p = 2 - 0.5 + 0.5 = 2; L = (2 - 1)^2 = 1.
    assert traced.layers[0].z.tolist() == [[1.0, 0.5]]
    assert traced.predictions.tolist() == [[2.0]]
    assert traced.loss == 1.0
    # delta2 = 2 (2 - 1) = 2; dW2 = (1, 0.5) * 2; delta1 = 2 * (2, -1) = (4, -2).
    assert traced.layers[1].deltas.tolist() == [[2.0]]
    assert traced.layers[1].weight_gradients.tolist() == [[2.0], [1.0]]
    assert traced.layers[0].deltas.tolist() == [[4.0, -2.0]]
    # dW1 = outer(x, delta1), db1 = delta1.
    assert traced.layers[0].weight_gradients.tolist() == [[4.0, -2.0], [8.0, -4.0]]
    assert traced.layers[0].bias_gradients.tolist() == [4.0, -2.0]


def example(activation: str, output: str, loss: str, outputs: int = 2) -> tuple:
    """Return layers, inputs and targets of a small random network, away from kinks."""
    rng = np.random.default_rng(7)
    sizes = (3, 4, outputs)
    layers = [
        (rng.normal(size=(n, m)), rng.normal(size=m), name)
        for n, m, name in zip(sizes[:-1], sizes[1:], (activation, output), strict=True)
    ]
    classes = (np.arange(5)[:, None] % outputs == np.arange(outputs)).astype(float)
    targets = {
        "zero_one": classes,
        "plus_minus": 2.0 * classes - 1.0,
        "value": rng.normal(size=(5, outputs)),
    }
    return layers, rng.normal(size=(5, 3)), targets[LOSSES[loss].targets]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_agree_with_central_differences(activation: str, loss: str) -> None:
    layers, X, targets = example(activation, LOSSES[loss].output_activation, loss)
    traced = trace(layers, X, targets, loss)
    for layer, i, j in [(0, 0, 1), (0, None, 2), (1, 3, 0), (1, None, 1)]:
        found = traced.layers[layer]
        exact = found.bias_gradients[j] if i is None else found.weight_gradients[i, j]
        assert traced.numeric_gradient(layer, i, j) == pytest.approx(exact, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("output", [*ACTIVATIONS, SOFTMAX])
def test_any_output_activation_can_be_traced(output: str) -> None:
    layers, X, targets = example("tanh", output, "mean_squared_error")
    traced = trace(layers, X, targets, "mean_squared_error")
    exact = traced.layers[0].weight_gradients[1, 1]
    assert traced.numeric_gradient(0, 1, 1) == pytest.approx(exact, rel=1e-5, abs=1e-8)


def test_outputs_that_are_no_probabilities_are_normalized_for_the_cross_entropy() -> None:
    layers, X, targets = example("tanh", "sigmoid", "categorical_crossentropy", outputs=3)
    traced = trace(layers, X, targets, "categorical_crossentropy")
    q = traced.predictions / traced.predictions.sum(axis=1, keepdims=True)
    assert traced.loss == pytest.approx(-np.log((q * targets).sum(axis=1)).mean())
    exact = traced.layers[0].weight_gradients[1, 1]
    assert traced.numeric_gradient(0, 1, 1) == pytest.approx(exact, rel=1e-5, abs=1e-8)


def test_weights_of_samples_reach_every_gradient() -> None:
    for loss, output in (("binary_crossentropy", "sigmoid"), ("mean_squared_error", "softmax")):
        layers, X, targets = example("tanh", output, loss)
        weights = np.linspace(0.0, 2.0, len(X))
        traced = trace(layers, X, targets, loss, weights=weights)
        plain = trace(layers, X, targets, loss)
        assert traced.sample_losses == pytest.approx(plain.sample_losses * weights)
        exact = traced.layers[0].weight_gradients[1, 1]
        assert traced.numeric_gradient(0, 1, 1) == pytest.approx(exact, rel=1e-5, abs=1e-8)


def test_dropped_units_pass_nothing_on_in_either_direction() -> None:
    layers, X, targets = example("tanh", "sigmoid", "binary_crossentropy")
    mask = np.tile([0.0, 2.0, 2.0, 0.0], (5, 1))
    traced = trace(layers, X, targets, "binary_crossentropy", masks=[mask, None])
    assert not traced.layers[0].outputs[:, [0, 3]].any()
    assert not traced.layers[0].weight_gradients[:, [0, 3]].any()
    exact = traced.layers[0].weight_gradients[2, 1]
    assert traced.numeric_gradient(0, 2, 1) == pytest.approx(exact, rel=1e-6)


def test_a_diverged_network_gives_nan_not_an_exception() -> None:
    layers, X, targets = example("relu", "sigmoid", "binary_crossentropy")
    layers[0][0][:] = math.inf
    traced = trace(layers, X, targets, "binary_crossentropy")
    assert not math.isfinite(traced.loss)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_update_goes_downhill_and_keeps_the_slots(name: str) -> None:
    record = OPTIMIZERS[name]
    slots = [record.starting_slot()] * len(record.slots)
    update = trace_update(Rule(name, {}, 0.1), 1.0, 0.5, slots, step=1)
    assert update.change < 0.0
    assert list(update.slots_after) == list(record.slots)


def test_an_adam_step_worked_by_hand() -> None:
    # m = 0.1 * 0.5, v = 0.001 * 0.25; corrected m = 0.5, v = 0.25: the step is -0.1 * 0.5 / 0.5.
    update = trace_update(Rule("adam", {}, 0.1), 1.0, 0.5, [0.0, 0.0], step=1)
    assert update.slots_after["m"] == pytest.approx(0.05)
    assert update.slots_after["v"] == pytest.approx(0.00025)
    assert update.change == pytest.approx(-0.1, rel=1e-4)


def test_the_penalty_acts_on_weights_only() -> None:
    rule = Rule("sgd", {}, 0.1, "l2", 0.01)
    assert trace_update(rule, 2.0, 0.0, [0.0], step=1).penalty_gradient == pytest.approx(0.04)
    bias = trace_update(rule, 2.0, 0.0, [0.0], step=1, is_weight=False)
    assert bias.penalty_gradient == 0.0


def trained(steps: int, network: NetworkConfig | None = None, **training: object) -> Trainer:
    """Return a small run on the circle after so many steps; batches of 7 leave a partial one."""
    trainer = Trainer(
        Experiment(
            DataConfig("circle", n_samples=60),
            network or NetworkConfig((Dense(4, "tanh"), Dense(3, "relu"))),
            TrainingConfig(batch_size=7, **training),  # type: ignore[arg-type]
            seed=3,
        )
    )
    trainer.step(steps)
    return trainer


CASES = {
    "adam": {"optimizer": "adam", "learning_rate": 0.01},
    "nesterov": {"optimizer": "sgd", "optimizer_options": {"momentum": 0.9, "nesterov": True}},
    "rmsprop": {"optimizer": "rmsprop", "optimizer_options": {"momentum": 0.5}},
    "centered": {"optimizer": "rmsprop", "optimizer_options": {"centered": True}},
    "adagrad": {"optimizer": "adagrad", "learning_rate": 0.1},
    "adadelta": {"optimizer": "adadelta", "learning_rate": 1.0},
    "amsgrad": {"optimizer": "adam", "optimizer_options": {"amsgrad": True, "beta_2": 0.5}},
    "adamax": {"optimizer": "adamax", "learning_rate": 0.01},
    "nadam": {"optimizer": "nadam", "learning_rate": 0.01},
    "lion": {"optimizer": "lion", "learning_rate": 0.01},
    "adamw": {"optimizer": "adamw", "learning_rate": 0.01},
    "muon": {"optimizer": "muon", "learning_rate": 0.01},
    "muon of all kinds": {
        "optimizer": "muon",
        "learning_rate": 0.01,
        "optimizer_options": {"nesterov": False, "rms_rate": 0.0, "weight_decay": 0.5},
        "regularizer": "l2",
        "regularization_rate": 0.1,
        "global_clip_norm": 0.1,
        "max_norm": 0.8,
    },
    "schedule": {
        "optimizer": "sgd",
        "schedule": "cosine",
        "schedule_options": {"decay_steps": 8, "warmup_steps": 3},
    },
    "l2": {"optimizer": "sgd", "regularizer": "l2", "regularization_rate": 0.1},
    "l1_l2": {"optimizer": "sgd", "regularizer": "l1_l2", "regularization_rate": 0.1},
    "clip_value": {"optimizer": "sgd", "clip_value": 0.01},
    "clip_norm": {"optimizer": "sgd", "clip_norm": 0.01, "regularizer": "l1"},
    "global_clip_norm": {"optimizer": "sgd", "global_clip_norm": 0.01},
    "input_noise": {"optimizer": "sgd", "input_noise": 0.3},
    "mixup": {"optimizer": "sgd", "mixup": 0.7, "input_noise": 0.1, "class_weight": (0.5, 3.0)},
    "max_norm": {"optimizer": "sgd", "max_norm": 0.5},
    "smoothing": {"optimizer": "sgd", "label_smoothing": 0.2},
    "class weights": {"optimizer": "sgd", "class_weight": (0.5, 3.0)},
    "balanced": {"optimizer": "sgd", "class_weight": "balanced", "loss": "mean_squared_error"},
    "plateau": {
        "optimizer": "sgd",
        "schedule": "reduce_on_plateau",
        "schedule_options": {"patience": 1, "min_delta": 10.0},
    },
    "squared error": {"optimizer": "sgd", "loss": "mean_squared_error"},
    "hinge": {"optimizer": "sgd", "loss": "hinge"},
}


@pytest.mark.parametrize("steps", [0, 4, 5, 9])
@pytest.mark.parametrize("case", CASES)
def test_the_traced_update_is_the_step_that_the_engine_takes(case: str, steps: int) -> None:
    settings = {"learning_rate": 0.1, **CASES[case]}
    assert_next_step_is_foretold(trained(steps, **settings))


@pytest.mark.parametrize("steps", [0, 2])  # batches of 12, and of 6 at the end of an epoch
def test_the_traced_update_is_of_the_images_that_the_step_has(steps: int) -> None:
    every = {"translation": 1.5, "rotation": 30.0, "zoom": 0.2, "cutout": 3, "mixup": 0.5}
    training = TrainingConfig("categorical_crossentropy", "sgd", batch_size=12, **every)
    network, data = NetworkConfig((Dense(4),)), DataConfig("digits", n_samples=60)
    trainer = Trainer(Experiment(data, network, training, seed=3))
    trainer.step(steps)
    assert_next_step_is_foretold(trainer)


@pytest.mark.parametrize("steps", [0, 6])
def test_the_traced_update_knows_which_units_are_dropped(steps: int) -> None:
    network = NetworkConfig((Dense(6, "tanh", dropout=0.5), Dense(5, "gelu", dropout=0.3)))
    trainer = trained(steps, network, optimizer="sgd", learning_rate=0.1)
    traced = moment_of(trainer).trace(moment_of(trainer).batch, as_step=True)
    assert (traced.layers[0].mask == 0.0).any()
    assert_next_step_is_foretold(trainer)


NORMALIZED = NetworkConfig(
    (
        Dense(6, "tanh", 0.3, "batch"),
        Dense(5, "gelu", normalization="layer"),
        Dense(3, "relu", normalization="batch"),
    )
)


@pytest.mark.parametrize("steps", [0, 8, 12])  # batches of 7, and of 4 at the end of an epoch
@pytest.mark.parametrize("case", ["adam", "l2", "clip_norm", "global_clip_norm"])
def test_the_traced_update_of_a_normalized_network(case: str, steps: int) -> None:
    settings = {"learning_rate": 0.1, **CASES[case]}
    assert_next_step_is_foretold(trained(steps, NORMALIZED, **settings))


@pytest.mark.parametrize("as_step", [True, False])
def test_gradients_through_normalizations_agree_with_central_differences(as_step: bool) -> None:
    moment = moment_of(trained(8, NORMALIZED))
    traced = moment.trace(np.arange(11), as_step=as_step)
    for layer, found in enumerate(traced.layers):
        places: list[int | str | None] = [0, None, *found.scale_gradients]
        for place in places:
            if isinstance(place, str):
                exact = found.scale_gradients[place][1 % len(found.biases)]
            else:
                rows = found.bias_gradients[None] if place is None else found.weight_gradients
                exact = rows[0, 1 % len(found.biases)]
            measured = traced.numeric_gradient(layer, place, 1 % len(found.biases))
            assert measured == pytest.approx(exact, rel=1e-5, abs=1e-9)


def test_at_rest_a_trace_is_what_the_network_predicts() -> None:
    trainer = trained(20, NORMALIZED)
    traced = moment_of(trainer).trace(np.arange(11))
    predicted = trainer.predict(trainer.dataset.X_train[:11])
    np.testing.assert_allclose(traced.predictions, predicted, rtol=1e-4, atol=1e-6)


def assert_next_step_is_foretold(trainer: Trainer) -> None:
    """Compare every parameter's traced update with the step that the engine takes."""
    moments = [moment_of(trainer, layer) for layer in range(trainer.layout.n_layers)]
    traced = moments[0].trace(moments[0].batch, as_step=True)
    trainer.step(1)
    weights, biases = trainer.layout.views(trainer.params)
    for layer, moment in enumerate(moments):
        for j in range(len(biases[layer])):
            foretold = moment.update(traced, None, j)
            assert foretold.after == pytest.approx(float(biases[layer][j]), rel=1e-4, abs=1e-6)
            scales = trainer.layout.normalization_views(trainer.params)[layer]
            for name in PARAMETERS if scales else ():
                found = float(scales[name][j])
                foretold = moment.update(traced, name, j)
                assert foretold.after == pytest.approx(found, rel=1e-4, abs=1e-6)
            for i in range(len(weights[layer])):
                foretold = moment.update(traced, i, j)
                found = float(weights[layer][i, j])
                assert foretold.after == pytest.approx(found, rel=1e-4, abs=1e-6)
    assert traced.loss == pytest.approx(trainer.history["batch_loss"][-1], rel=1e-5)

"""What each input contributes to an output: exact where that is known, else by differences."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiment import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig
from core.inspect.importance import class_verdict, input_importance, value_verdict
from core.network import Network
from core.trainer import Trainer

LAYERS = {
    "tanh": (Dense(5, "tanh"), Dense(4, "tanh")),
    "gelu, dropout": (Dense(6, "gelu", dropout=0.3),),
    "normalized": (Dense(5, "silu", normalization="batch"), Dense(4, normalization="layer")),
    "softplus": (Dense(3, "softplus"), Dense(3, "elu"), Dense(3, "sigmoid")),
}


def trained(layers: tuple[Dense, ...], steps: int = 40) -> Network:
    experiment = Experiment(
        DataConfig("wine", 178, train_fraction=0.7),
        NetworkConfig(layers),
        TrainingConfig("categorical_crossentropy", "adam", 0.01, 16),
    )
    trainer = Trainer(experiment)
    trainer.step(steps)
    return trainer.network


def pre_activation(network: Network, x: np.ndarray, output: int) -> float:
    """What the output's activation reads, but for its bias."""
    a = x[None] if not network.config.layers else hidden(network, x)
    return float(a[0] @ network.weights[-1].astype(np.float64)[:, output])


def hidden(network: Network, x: np.ndarray) -> np.ndarray:
    return network.layer_outputs(x[None])[-2].astype(np.float64)


def test_a_linear_network_is_weight_times_input() -> None:
    network, x = trained(()), np.linspace(-2.0, 2.0, 13)
    for output in range(3):
        found = input_importance(network, x, output)
        np.testing.assert_allclose(found, network.weights[0][:, output] * x, rtol=1e-6)


def test_of_linear_layers_it_adds_up_to_what_x_changed() -> None:
    network, x = trained((Dense(4, "linear"), Dense(3, "linear"))), np.linspace(-2.0, 2.0, 13)
    change = pre_activation(network, x, 1) - pre_activation(network, 0.0 * x, 1)
    assert input_importance(network, x, 1).sum() == pytest.approx(change, rel=1e-4)


@pytest.mark.parametrize("name", LAYERS)
def test_it_is_x_times_the_measured_slope(name: str) -> None:
    network = trained(LAYERS[name])
    x, step = np.random.default_rng(3).normal(size=13), 0.02
    for output in (0, 2):
        found = input_importance(network, x, output)
        for i in (0, 5, 12):
            up, down = x.copy(), x.copy()
            up[i], down[i] = x[i] + step, x[i] - step
            rise = pre_activation(network, up, output) - pre_activation(network, down, output)
            assert found[i] == pytest.approx(x[i] * rise / (2 * step), rel=0.02, abs=2e-3)


def test_an_input_of_zero_contributes_nothing() -> None:
    assert not input_importance(trained(LAYERS["tanh"]), np.zeros(13), 0).any()


def test_what_does_not_fit_is_said() -> None:
    network = trained((), 1)
    with pytest.raises(ValueError, match="13 numbers"):
        input_importance(network, np.zeros((1, 13)), 0)
    with pytest.raises(ValueError, match="no output 3"):
        input_importance(network, np.zeros(13), 3)


def test_a_class_is_told_with_its_shares() -> None:
    network, x = trained(LAYERS["tanh"]), np.linspace(-1.0, 1.0, 13)
    verdict = class_verdict(network, x, "categorical_crossentropy")
    outputs = network.predict(x[None])[0]
    assert verdict.winner == verdict.output == int(outputs.argmax())
    assert verdict.shares is not None
    np.testing.assert_array_equal(verdict.shares, outputs)
    np.testing.assert_array_equal(
        verdict.contributions, input_importance(network, x, verdict.output)
    )


@pytest.mark.parametrize(("loss", "are_shares"), [("binary_crossentropy", True), ("hinge", False)])
def test_a_single_output_speaks_for_two_classes(loss: str, are_shares: bool) -> None:
    trainer = Trainer(Experiment(training=TrainingConfig(loss, learning_rate=0.1)))
    trainer.step(100)
    for x in trainer.dataset.X_test[:20]:
        verdict = class_verdict(trainer.network, x, loss)
        p = float(trainer.network.predict(x[None])[0, 0])
        assert verdict.output == 0
        assert verdict.winner == int(p > (0.5 if are_shares else 0.0))
        assert verdict.scores[1] == pytest.approx(p)
        assert verdict.scores[0] == pytest.approx(1.0 - p if are_shares else -p)
        assert (verdict.shares is not None) is are_shares


def test_a_value_is_told_and_a_broken_network_is_not_sound() -> None:
    trainer = Trainer(Experiment(DataConfig("sine"), training=TrainingConfig("mean_squared_error")))
    assert value_verdict(trainer.network, np.ones(1)).winner is None
    assert value_verdict(trainer.network, np.ones(1)).is_sound
    trainer.engine.params[:] = np.nan
    assert not value_verdict(trainer.network, np.ones(1)).is_sound

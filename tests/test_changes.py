"""What applies at once, what needs a new network, and what suits other data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.experiment import Experiment
from playground import changes
from tests.apptest import DEFAULT


@pytest.mark.parametrize(
    ("path", "value", "live"),
    [
        (("training", "learning_rate"), 0.3, {"learning_rate": 0.3}),
        (("training", "batch_size"), 30, {"batch_size": 30}),
        (("training", "regularizer"), "l2", {"regularizer": "l2"}),
        (("training", "regularization_rate"), 0.01, {"regularization_rate": 0.01}),
        (("training", "optimizer_options", "beta_1"), 0.8, {"beta_1": 0.8}),
        (("network", "layers", 1, "dropout"), 0.5, {"dropout": (0.0, 0.5)}),
    ],
)
def test_what_applies_at_once_is_told_to_the_running_trainer(
    path: changes.Path, value: object, live: dict[str, object]
) -> None:
    change = changes.compare(DEFAULT, changes.write(DEFAULT, path, value))
    assert change == changes.Change(live, (path,), rebuild=False)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("training", "optimizer_options", "amsgrad"), True),
        (("seed",), 1),
        (("data", "seed"), 1),
        (("data", "name"), "spiral"),
        (("data", "noise"), 0.1),
        (("data", "features"), ("x1",)),
        (("network", "layers", 0, "units"), 5),
        (("network", "layers", 0, "activation"), "relu"),
        (("network", "layers", 0, "normalization"), "batch"),
        (("network", "initializer"), "he_normal"),
        (("training", "loss"), "hinge"),
        (("training", "optimizer"), "sgd"),
    ],
)
def test_everything_else_needs_a_new_network(path: changes.Path, value: object) -> None:
    change = changes.compare(DEFAULT, changes.write(DEFAULT, path, value))
    assert change.rebuild
    assert change.live == {}
    assert path in change.paths


def test_a_mixed_change_needs_a_new_network_and_tells_nothing_live() -> None:
    new = changes.write(DEFAULT, ("training", "learning_rate"), 0.3)
    assert changes.compare(DEFAULT, replace(new, seed=2)).live == {}


def test_layers_that_come_or_go_need_a_new_network() -> None:
    more = changes.with_layer_added(DEFAULT)
    assert [layer.units for layer in more.network.layers] == [4, 2, 2]
    assert changes.compare(DEFAULT, more).rebuild
    fewer = changes.with_layer_removed(DEFAULT, 0)
    assert [layer.units for layer in fewer.network.layers] == [2]
    assert changes.compare(DEFAULT, fewer).rebuild
    none = changes.with_layer_removed(changes.with_layer_removed(fewer, -1), -1)
    assert none.network.layers == ()


def test_nothing_changed_is_no_change() -> None:
    assert changes.compare(DEFAULT, Experiment()) == changes.Change()
    written = changes.write(DEFAULT, ("training", "optimizer_options", "beta_1"), 0.9)
    assert changes.compare(DEFAULT, written) == changes.Change()  # Keras's default, spelled out


def test_another_data_set_brings_a_loss_that_suits_and_its_usual_samples() -> None:
    plane = changes.edited(DEFAULT, ("data", "name"), "plane")
    assert (plane.training.loss, plane.data.n_samples) == ("mean_squared_error", 1200)
    digits = changes.edited(DEFAULT, ("data", "name"), "digits")
    assert (digits.training.loss, digits.data.n_samples) == ("categorical_crossentropy", 1797)
    back = changes.edited(digits, ("data", "name"), "circle")
    assert (back.training.loss, back.data.n_samples) == ("binary_crossentropy", 500)
    chosen = changes.write(DEFAULT, ("data", "n_samples"), 900)
    assert changes.edited(chosen, ("data", "name"), "spiral").data.n_samples == 900
    assert changes.edited(chosen, ("data", "name"), "iris").data.n_samples == 150


def test_a_loss_chosen_by_hand_stays_where_it_suits() -> None:
    hinge = changes.edited(DEFAULT, ("training", "loss"), "hinge")
    assert changes.edited(hinge, ("data", "name"), "blobs").training.loss == "hinge"
    assert changes.edited(hinge, ("data", "name"), "sine").training.loss == "mean_squared_error"


def test_another_optimizer_drops_the_options_of_the_old_one() -> None:
    tuned = changes.write(DEFAULT, ("training", "optimizer_options", "beta_1"), 0.8)
    assert (
        dict(changes.edited(tuned, ("training", "optimizer"), "sgd").training.optimizer_options)
        == {}
    )

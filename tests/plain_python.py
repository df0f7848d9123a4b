"""More tests for the pass without a compiler: `tests/test_plain_python.py` runs them, in a child.

What a compiled kernel has built in can be changed here: how tall a tile is, and from which size on
a layer takes another path. So small networks reach every line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numba
import numpy as np
import pytest

from core.engine import assist, cpu, norms, products, scalars, signals, team
from core.engine.layout import Layout
from core.maths import scalar
from core.maths.losses import LOSSES
from tests import naive, test_normalization
from tests.test_engine import CCE, classes, compare


def test_nothing_is_compiled() -> None:
    assert numba.config.DISABLE_JIT
    assert not hasattr(products.product, "py_func")


@pytest.mark.parametrize("tall", [4, 8])
@pytest.mark.parametrize("cached", [100, 10_000])
@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_every_way_through_a_layer(
    monkeypatch: pytest.MonkeyPatch, tall: int, cached: int, optimizer: str
) -> None:
    """Sums over units or over samples, gradients by dots or by columns, tiles of either height."""
    monkeypatch.setattr(products, "TALL", tall)
    monkeypatch.setattr(products, "CACHED", cached)
    monkeypatch.setattr(products, "FAR", 18)
    monkeypatch.setattr(products, "DEEP", 32)
    t = replace(CCE, optimizer=optimizer, learning_rate=0.003, batch_size=20)
    compare(t, (17, 19, 18, 3), n=30, n_steps=3)
    compare(t, (12, 9, 3), n=30, n_steps=3)
    compare(t, (17, 10, 3), n=30, n_steps=3)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_losses_gradients_and_outputs(loss: str, activation: str) -> None:
    """Of a network at rest, in more than one batch."""
    X, Y = classes(30)
    if "hinge" in loss:
        Y = 2 * Y - 1
    net = naive.Net.random((2, 4, 3), ("relu", activation))
    layout, params = Layout((2, 4, 3), ("relu", activation)), net.flat.astype(np.float32)
    scratch = cpu.scratch_for(layout, 7, loss)
    scratch = replace(scratch, order=np.arange(30))
    total, found = cpu.loss_sums(layout, params, X, Y, loss, scratch)
    assert total / naive.terms(Y, loss) == pytest.approx(net.loss(X, Y, loss), rel=1e-5)
    np.testing.assert_allclose(found, net.forward(X)[1][-1], rtol=1e-5)
    value, gradient = cpu.loss_and_gradients(layout, params, X, Y, loss)
    expected, dW, db = net.gradients(X, Y, loss)
    assert value == pytest.approx(expected, rel=1e-5)
    together = [part.ravel() for pair in zip(dW, db, strict=True) for part in pair]
    np.testing.assert_allclose(gradient, np.concatenate(together), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", scalars.PRIMITIVES)
def test_the_fast_scalars(name: str) -> None:
    """Against the primitives that they stand for, in double."""
    low = 0.0 if name in ("sqrt", "log") else -0.9 if name == "log1p" else -3.0
    for x in np.linspace(low, 3.0, 41, dtype=np.float32):
        expected = getattr(scalar, name)(float(x))
        found = float(scalars.PRIMITIVES[name](x))
        assert found == pytest.approx(expected, rel=2e-6, abs=1e-7)
    assert np.isnan(scalars.PRIMITIVES[name](np.float32(np.nan)))


class HasNoMoreToDoError(Exception):
    """Raised where a helper would wait."""


Engines = list[cpu.CPUEngine]


@pytest.fixture(params=["is quick", "is slow"])
def engines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engines]:
    """Engines as they are made, with a helper. One thread plays both: a quick helper takes every
    part of a piece, a slow one leaves them all."""
    publish, make, is_quick = team.publish, cpu.CPUEngine.__init__, request.param == "is quick"
    made: Engines = []

    def published(given, operation, layer, items, cost):  # type: ignore[no-untyped-def]
        size = publish(given, operation, layer, items, cost)
        if size < items and is_quick:
            with pytest.raises(HasNoMoreToDoError):
                replace(made[-1].helper(), team=given)(0)
        return size

    def stop(looks: int) -> int:
        raise HasNoMoreToDoError

    def with_a_helper(self, *arguments, **named):  # type: ignore[no-untyped-def]
        make(self, *arguments, **named)
        self._alone.signals[team.HELPED] = 1
        made.append(self)

    monkeypatch.setattr(team, "PART_COST", 1)
    monkeypatch.setattr(products, "CACHED", 100)
    monkeypatch.setattr(team, "publish", published)
    monkeypatch.setattr(assist, "rest", stop)
    monkeypatch.setattr(cpu.CPUEngine, "__init__", with_a_helper)
    yield made
    helps = made[-1]._alone.signals[team.HELPS]
    assert helps > 0 if is_quick else helps == 0


@pytest.mark.parametrize("sizes", [(17, 40, 20, 3), (2, 40, 3)])
@pytest.mark.parametrize("settings", [{"optimizer": "adam"}, {"dropout": (0.3, 0.2)}])
def test_a_step_that_threads_share(engines: Engines, sizes: tuple, settings: dict) -> None:
    settings = {**settings, "dropout": settings.get("dropout", ())[: len(sizes) - 2]}
    compare(replace(CCE, batch_size=40, **settings), sizes, n=50, n_steps=3)


def test_images_that_threads_share(engines: Engines) -> None:
    t = replace(CCE, batch_size=40, shape=(17, 1, 1), background=(0.5,), rotation=40.0, cutout=3)
    compare(t, (17, 40, 20, 3), n=50, n_steps=3)


@pytest.mark.parametrize("kinds", [("batch", "layer"), ("layer", "batch")])
def test_normalized_layers_that_threads_share(engines: Engines, kinds: tuple[str, ...]) -> None:
    t = replace(CCE, batch_size=40)
    test_normalization.compare(t, (*kinds, "none"), (17, 40, 20, 3), n_steps=3)


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
@pytest.mark.parametrize("size", [1, 15, 16, 33, 100])
def test_distances(scale: float, size: int) -> None:
    a, b = (np.random.default_rng((2, size)).normal(size=(2, size)) * scale).astype(np.float32)
    expected = ((a.astype(np.float64) - b) ** 2).sum()
    assert norms.squared_distance(a, b, 0, size) == pytest.approx(expected, rel=1e-6)
    expected = (a.astype(np.float64) ** 2).sum()
    assert norms.squares(a, 0, size) == pytest.approx(expected, rel=1e-6)


def test_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert team.rest(0) == 1
    assert team.rest(team.PATIENCE) == team.PATIENCE
    given = cpu.memory.team_of(helped=True)
    monkeypatch.setattr(
        team, "rest", lambda looks: signals.add_to(given.signals, team.DONE, 1) or looks
    )
    team.finish(given, 1, 2)
    assert given.signals[team.DONE] == 2
    assert not signals.swap(given.signals, team.WORD, 7, 8)
    signals.post(given.signals, team.WORD, team.END)
    assert assist.assist(*[None] * 7, given, None) is None

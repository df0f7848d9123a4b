"""More tests for the pass without a compiler: `tests/test_plain_python.py` runs them, in a child.

What a compiled kernel has built in can be changed here: how tall a tile is, and from which size on
a layer takes another path. So small networks reach every line.
"""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest

from core.engine import cpu, products, scalars
from core.engine.layout import Layout
from core.maths import scalar
from core.maths.losses import LOSSES
from tests import naive
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
    t = replace(CCE, optimizer=optimizer, learning_rate=0.003, batch_size=20)
    compare(t, (17, 19, 18, 3), n=30, n_steps=3)
    compare(t, (12, 9, 3), n=30, n_steps=3)


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

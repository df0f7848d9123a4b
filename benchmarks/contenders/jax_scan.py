"""JAX: a whole epoch compiled, its mini-batches in a scan."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import KEPT_ORDERS, Workload

LABEL, NEEDS = "JAX, jit and scan", "jax"


def prepare(
    workload: Workload, optimizer: str, rate: float
) -> tuple[Callable[[int], None], Callable[[], float]]:
    import jax
    import jax.numpy as jnp

    X, y = (jnp.asarray(a) for a in workload.data())
    params = [(jnp.asarray(w), jnp.asarray(b)) for w, b in workload.weights()]
    m, v = (jax.tree.map(jnp.zeros_like, params) for _ in range(2))
    state: list[Any] = [(params, m, v, jnp.float32(0))]
    epoch = jax.jit(epoch_of(workload, optimizer, rate, X, y), donate_argnums=0)
    epochs = iter(range(10**9))

    def train(count: int) -> None:
        for _ in range(count):
            state[0] = epoch(state[0], *padded(workload, next(epochs) % KEPT_ORDERS))
        jax.block_until_ready(state[0])

    def loss() -> float:
        ones = jnp.ones(len(X), jnp.float32)
        return float(mean_loss(workload, state[0][0], X, y, ones))

    return train, loss


@functools.cache
def padded(workload: Workload, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (steps, batch), and 1 where there is a row, 0 where the last batch has none."""
    shape = workload.steps_an_epoch, workload.batch
    rows, there = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
    rows.flat[: workload.samples] = workload.order(epoch)
    there.flat[: workload.samples] = 1
    return rows, there


def mean_loss(workload: Workload, params: Any, X: Any, y: Any, there: Any) -> Any:
    import jax
    import jax.numpy as jnp

    a = X
    for w, b in params[:-1]:
        z = a @ w + b
        a = jnp.tanh(z) if workload.activation == "tanh" else jax.nn.relu(z)
    w, b = params[-1]
    z = a @ w + b
    if workload.sizes[-1] == 1:
        each = jax.nn.softplus(z[:, 0]) - z[:, 0] * y
    else:
        each = -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)[:, 0]
    return jnp.sum(each * there) / jnp.sum(there)


def epoch_of(workload: Workload, optimizer: str, rate: float, X: Any, y: Any) -> Callable[..., Any]:
    import jax
    import jax.numpy as jnp

    def step(state: Any, batch: Any) -> tuple[Any, None]:
        params, m, v, t = state
        rows, there = batch
        find = jax.grad(lambda p: mean_loss(workload, p, X[rows], y[rows], there))
        g, t = find(params), t + 1
        if optimizer == "sgd":
            return (jax.tree.map(lambda p, d: p - rate * d, params, g), m, v, t), None
        m = jax.tree.map(lambda s, d: s + 0.1 * (d - s), m, g)
        v = jax.tree.map(lambda s, d: s + 0.001 * (d * d - s), v, g)
        alpha = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        moved = jax.tree.map(lambda p, a, b: p - alpha * a / (jnp.sqrt(b) + 1e-7), params, m, v)
        return (moved, m, v, t), None

    def epoch(state: Any, rows: Any, there: Any) -> Any:
        return jax.lax.scan(step, state, (rows, there))[0]

    return epoch

"""The engine's float32 primitives against float64, in units in the last place."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy import special

from core.engine import jit, scalars
from core.maths import scalar

REFERENCE = {name: getattr(np, name, None) for name in scalar.PRIMITIVES} | {"erf": special.erf}

ULPS = {
    "exp": 1.0,
    "expm1": 1.5,
    "log": 1.0,
    "log1p": 2.0,
    "tanh": 4.5,
    "erf": 6.0,
    "sin": 2.0,
    "cos": 2.0,
    "sqrt": 0.5,
    "fabs": 0.0,
}

EACH = pytest.mark.parametrize("name", ULPS)


@pytest.fixture(scope="module")
def apply():
    """Call primitive number `code` on every element, in a loop such as the kernels have."""
    from core.engine.compile import choose

    def over(primitive):
        @jit.kernel
        def loop(x, y):
            for k in range(x.size):
                y[k] = primitive(x[k])

        return loop

    pick = choose([over(scalars.PRIMITIVES[name]) for name in ULPS])

    @numba.njit
    def run(code, x, y):
        pick(code, x, y)

    def call(name, x):
        x = np.asarray(x, dtype=np.float32)
        y = np.empty_like(x)
        run(list(ULPS).index(name), x, y)
        return y

    return call


def test_every_primitive_has_a_fast_version():
    assert set(scalars.PRIMITIVES) == set(scalar.PRIMITIVES) == set(ULPS)


@EACH
def test_error_in_ulps(name, apply):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, s, 50_000) for s in (1e-30, 1e-6, 1e-3, 0.1, 1, 4, 30)])
    x = x.astype(np.float32)
    if name in ("log", "sqrt"):
        x = abs(x)
    if name == "log1p":
        x = x[x > -1]
    with np.errstate(all="ignore"):
        exact = REFERENCE[name](x.astype(np.float64))
        rounded = exact.astype(np.float32)
    normal = np.isfinite(rounded) & (abs(rounded) > 1.2e-38)
    error = abs(apply(name, x) - exact)[normal] / np.spacing(abs(rounded[normal]))
    assert error.max() <= ULPS[name]


@EACH
def test_special_values(name, apply):
    """nan, infinities, zero, overflow and underflow come out as in NumPy."""
    x = np.array([np.nan, np.inf, -np.inf, 0, 88.8, -110, 1e10, -3e38, 3e38], dtype=np.float32)
    with np.errstate(all="ignore"):
        expected = REFERENCE[name](x)
    if name in ("sin", "cos"):  # beyond 1e8 a float32 no longer says where in a turn it is
        x, expected = x[:6], expected[:6]
    np.testing.assert_allclose(apply(name, x), expected, rtol=1e-6, atol=1e-37)


def test_loops_are_vectorised(apply):
    """The hot loops work on whole vectors, and call no library."""
    apply("exp", [0.0])
    (run,) = [cell.cell_contents for cell in apply.__closure__]
    (assembly,) = run.inspect_asm().values()
    names = (
        "exp",
        "expm1",
        "log",
        "log1p",
        "tanh",
        "tanhf",
        "expf",
        "logf",
        "erff",
        "sinf",
        "cosf",
    )
    calls = {line.split()[-1].split("@")[0] for line in assembly.splitlines() if "call" in line}
    assert not calls & set(names)

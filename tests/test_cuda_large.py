# ruff: noqa: N802, N815 - the driver's own names
"""What large networks ask of NVIDIA's libraries, asked of stand-ins: there is no GPU here.

The stand-ins read and refuse as the libraries' documentation says that those do.
"""

from __future__ import annotations

import ctypes
import inspect
import itertools
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.engine.cuda.large import machine
from core.engine.cuda.large.graphs import Stream
from core.engine.cuda.large.products import CuBLAS, Matrix, NumPyProducts, seen

BOTH = list(itertools.product([False, True], repeat=2))

# ---- cuBLAS ---------------------------------------------------------------------------------


class Memory:
    """The GPU's memory, and cuBLAS over it: matrices lie column by column, as BLAS has them."""

    Operation = SimpleNamespace(N=0, T=1)
    Math = SimpleNamespace(DEFAULT_MATH=0, TF32_TENSOR_OP_MATH=3)

    def __init__(self) -> None:
        self.arrays: dict[int, np.ndarray] = {}
        self.told: list[tuple[Any, ...]] = []

    def array(self, values: np.ndarray) -> Any:
        """An array as numba-cuda has it: where it begins is all that a library can ask."""
        begin = 0x7F0000000000 + 0x100000 * len(self.arrays)
        self.arrays[begin] = values
        return SimpleNamespace(__cuda_array_interface__={"data": (begin, False)})

    def matrix(self, address: int, rows: int, columns: int, leading: int) -> np.ndarray:
        """Numbers from an address on, column by column, `leading` from one column to the next."""
        begin = max(known for known in self.arrays if known <= address)
        values = self.arrays[begin][(address - begin) // 4 :]
        assert rows <= leading
        assert len(values) >= leading * (columns - 1) + rows, "beyond the array's end"
        strides = 4, 4 * leading
        return np.lib.stride_tricks.as_strided(values, (rows, columns), strides)

    def create(self) -> int:
        return 77

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("set_", "destroy")):
            raise AttributeError(name)
        return lambda *arguments: self.told.append((name, *arguments))

    def sgemm(
        self, handle: int, transa: int, transb: int, m: int, n: int, k: int, alpha: int, a: int,
        lda: int, b: int, ldb: int, beta: int, c: int, ldc: int,
    ) -> None:  # fmt: skip
        assert handle == 77
        one, zero = (ctypes.c_float.from_address(at).value for at in (alpha, beta))
        left = self.matrix(a, *((k, m) if transa else (m, k)), lda)
        right = self.matrix(b, *((n, k) if transb else (k, n)), ldb)
        out = self.matrix(c, m, n, ldc)
        out[...] = one * (left.T if transa else left) @ (right.T if transb else right) + zero * out


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    memory, package = Memory(), ModuleType("nvmath.bindings")
    package.cublas = memory  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nvmath", ModuleType("nvmath"))
    monkeypatch.setitem(sys.modules, "nvmath.bindings", package)
    return memory


@pytest.mark.parametrize(("turn_a", "turn_b"), BOTH)
def test_products_are_asked_of_cublas_as_it_reads_them(
    library: Memory, turn_a: bool, turn_b: bool
) -> None:
    rng = np.random.default_rng(2)
    rows, inner, columns = 3, 4, 5
    shapes = [(rows, columns), (inner, rows) if turn_a else (rows, inner),
              (columns, inner) if turn_b else (inner, columns)]  # fmt: skip
    hosts = [rng.normal(size=2 + a * b).astype(np.float32) for a, b in shapes]
    expected = [Matrix(host.copy(), 2, *shape) for host, shape in zip(hosts, shapes, strict=True)]
    NumPyProducts().multiply(*expected, turn_a=turn_a, turn_b=turn_b)
    products = CuBLAS(5, (1234, 99), tf32=False)
    there = [
        Matrix(library.array(host), 2, *shape) for host, shape in zip(hosts, shapes, strict=True)
    ]
    products.multiply(*there, turn_a=turn_a, turn_b=turn_b)
    np.testing.assert_allclose(hosts[0][2:], seen(expected[0]).ravel(), rtol=1e-5)
    assert np.array_equal(hosts[0][:2], expected[0].array[:2])


@pytest.mark.parametrize(("tf32", "mode"), [(False, 0), (True, 3)])
def test_what_cublas_is_told(library: Memory, tf32: bool, mode: int) -> None:
    products = CuBLAS(5, (1234, 99), tf32=tf32)
    # Setting the stream takes the workspace away again, so it comes first.
    assert library.told == [
        ("set_stream", 77, 5), ("set_workspace", 77, 1234, 99), ("set_math_mode", 77, mode),
    ]  # fmt: skip
    for _ in range(2):
        products.free()
    assert library.told[3:] == [("destroy", 77)]


# ---- the machine ----------------------------------------------------------------------------


def test_what_stands_for_a_gpu_has_its_members() -> None:
    def members(kind: type) -> dict[str, object]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {name: inspect.signature(m) for name, m in methods if not name.startswith("_")}

    assert members(machine.Simulated) == members(machine.GPU)


# ---- graphs ---------------------------------------------------------------------------------


class Driver:
    """A driver that keeps what it is asked for: a stream does nothing itself while captured."""

    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_RELAXED="relaxed")

    def __init__(self, failing: str = "") -> None:
        self.failing, self.there, self.captured = failing, set(), None  # type: Any, Any, Any
        self.done: list[str] = []

    def launch(self, name: str) -> None:
        (self.done if self.captured is None else self.captured).append(name)

    def _answer(self, name: str, *found: Any) -> tuple[Any, ...]:
        return (1, *[None for _ in found]) if name == self.failing else (0, *found)

    def _made(self, what: Any) -> Any:
        self.there.add(what)
        return what

    def cuStreamCreate(self, flags: int) -> tuple[Any, ...]:
        assert flags == 1
        return self._answer("create", self._made(11))

    def cuStreamBeginCapture(self, stream: int, mode: str) -> tuple[Any, ...]:
        assert (stream, mode, self.captured) == (11, "relaxed", None)
        self.captured = []
        return self._answer("begin")

    def cuStreamEndCapture(self, stream: int) -> tuple[Any, ...]:
        calls, self.captured = self.captured, None
        return self._answer("end", self._made(("graph", *calls)))

    def cuGraphInstantiate(self, graph: Any, flags: int) -> tuple[Any, ...]:
        assert (graph in self.there, flags) == (True, 0)
        if self.failing == "instantiate":
            return (1, None)
        return (0, self._made(("launchable", *graph[1:])))

    def cuGraphLaunch(self, launchable: Any, stream: int) -> tuple[Any, ...]:
        assert launchable in self.there
        self.done += launchable[1:]
        return self._answer("launch")

    def _destroy(self, what: Any) -> tuple[Any, ...]:
        self.there.remove(what)
        return (0,)

    cuGraphDestroy = cuGraphExecDestroy = cuStreamDestroy = _destroy


def test_what_is_captured_runs_when_it_is_launched() -> None:
    driver = Driver()
    stream = Stream(driver)
    launch = stream.captured([lambda: driver.launch("a"), lambda: driver.launch("b")])
    assert driver.done == []
    launch()
    launch()
    assert driver.done == ["a", "b"] * 2
    assert driver.there == {11, ("launchable", "a", "b")}
    stream.forget()
    assert driver.there == {11}
    stream.free()
    assert driver.there == set()


@pytest.mark.parametrize("failing", ["instantiate", "call"])
def test_what_cannot_be_captured_leaves_nothing(failing: str) -> None:
    driver = Driver(failing)
    stream = Stream(driver)

    def call() -> None:
        driver.launch("a")
        if failing == "call":
            raise RuntimeError("this may not be captured")

    with pytest.raises(RuntimeError, match=r"driver answers 1|not be captured"):
        stream.captured([call])
    assert driver.captured is None
    assert driver.there == {11}
    assert driver.done == []

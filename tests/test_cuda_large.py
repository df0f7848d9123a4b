# ruff: noqa: N802, N815 - the driver's own names
"""What large networks ask of NVIDIA's libraries, asked of stand-ins: there is no GPU here.

The stand-ins read and refuse as the libraries' documentation says that those do.
"""

from __future__ import annotations

import contextlib
import ctypes
import inspect
import itertools
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from core.engine.cuda import devices
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


class Line:
    """A stream as numba-cuda has it, and an array of the GPU: they note what is asked of them."""

    def __init__(self, values: np.ndarray | None = None, told: list[Any] | None = None) -> None:
        self.values, self.told = values, [] if told is None else told
        self.shape = None if values is None else values.shape
        self.dtype = None if values is None else values.dtype

    def synchronize(self) -> None:
        self.told.append("wait")

    def __getitem__(self, part: slice) -> Line:
        assert self.values is not None
        return Line(self.values[part], self.told)

    def copy_to_device(self, values: Any, stream: Any) -> None:
        assert self.values is not None
        self.told.append(("to it", stream))
        self.values[...] = values.values if isinstance(values, Line) else values

    def copy_to_host(self, host: np.ndarray | None = None, *, stream: Any) -> Any:
        assert self.values is not None
        self.told.append(("to host", stream))
        if host is None:
            return self.values.copy()
        host[...] = self.values
        return host


class NumbaCUDA:
    """What `machine` asks of `numba.cuda`."""

    def __init__(self, told: list[Any], memory: Memory) -> None:
        self.told, self.memory = told, memory
        self.stream = Line(told=told)
        self.current_context = lambda: None
        self.defer_cleanup = contextlib.nullcontext

    def external_stream(self, handle: int) -> Line:
        assert handle == 11
        return self.stream

    def device_array(self, shape: Any, kind: Any) -> Any:
        if kind is np.uint8:  # the workspace, whose address is asked for
            return self.memory.array(np.zeros(1, np.float32))
        return Line(np.full(shape, -77, kind), self.told)

    def pinned_array(self, shape: Any, kind: Any) -> np.ndarray:
        return np.full(shape, -77, kind)


class Outfit(NamedTuple):
    """A GPU of stand-ins, the driver behind it, and what was asked of arrays and streams."""

    gpu: machine.GPU
    driver: Driver
    told: list[Any]
    stream: Line


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    driver, bindings = Driver(), ModuleType("cuda.bindings")
    bindings.driver = driver  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cuda", ModuleType("cuda"))
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    return driver


@pytest.fixture
def outfit(monkeypatch: pytest.MonkeyPatch, library: Memory, driver: Driver) -> Outfit:
    told: list[Any] = []
    numba = NumbaCUDA(told, library)
    monkeypatch.setattr(machine, "cuda", numba)
    monkeypatch.setattr(machine.devices, "free_pending", lambda: told.append("all freed"))
    return Outfit(machine.GPU(), driver, told, numba.stream)


def test_a_gpu_waits_where_the_host_goes_on(outfit: Outfit) -> None:
    gpu, _, told, stream = outfit
    array = gpu.empty((2, 3), np.float32)
    gpu.send(array, np.arange(6))  # other numbers, in another shape
    assert told == [("to it", stream), "wait"]  # the values may change as soon as it returns
    assert array.values.tolist() == [[0, 1, 2], [3, 4, 5]]
    told.clear()
    assert gpu.fetch(array, 1, 2).tolist() == [[3, 4, 5]]
    assert told == [("to host", stream), "wait"]
    told.clear()
    room = gpu.room_on_host((2, 3))
    gpu.begin_fetch(room, array)
    assert told == [("to host", stream)]
    gpu.fetch_to(room, array)
    assert told[1:] == [("to host", stream), "wait"]
    assert np.array_equal(room, array.values)
    told.clear()
    gpu.copy(gpu.empty((2, 3), np.float32), array)
    assert told == [("to it", stream)]


def test_a_gpu_launches_on_its_stream(outfit: Outfit) -> None:
    launched: list[Any] = []

    class Kernel:
        def __getitem__(self, grid: tuple[Any, ...]) -> Any:
            return lambda *arguments: launched.append((grid, arguments))

    outfit.gpu.call(Kernel(), 7, 32, "x")()
    outfit.gpu.share(Kernel(), 10**6, 64, "y")()
    assert launched == [
        ((7, 32, outfit.stream), ("x",)),
        ((machine.MOST_BLOCKS, 64, outfit.stream), ("y",)),
    ]


@pytest.mark.parametrize("failing", ["", "instantiate"])
def test_what_cannot_be_captured_is_launched_one_by_one(outfit: Outfit, failing: str) -> None:
    gpu, driver = outfit.gpu, outfit.driver
    driver.failing = failing
    launch = gpu.captured([lambda: driver.launch("a"), lambda: driver.launch("b")])
    assert driver.done == []
    launch()
    assert driver.done == ["a", "b"]
    assert bool(gpu.not_captured) is bool(failing)
    assert any("launchable" in str(what) for what in driver.there) is not bool(failing)


def test_a_gpu_gives_everything_back(outfit: Outfit, library: Memory) -> None:
    outfit.gpu.captured([lambda: outfit.driver.launch("a")])
    outfit.gpu.free()
    assert outfit.driver.there == set()
    assert library.told[-1] == ("destroy", 77)
    assert outfit.told == ["all freed"]


@pytest.mark.parametrize("failing", ["wait", "destroy", "cublas"])
def test_a_gpu_that_fails_gives_back_what_it_can(
    monkeypatch: pytest.MonkeyPatch, outfit: Outfit, failing: str
) -> None:
    gpu, driver = outfit.gpu, outfit.driver
    for name in "ab":
        gpu.captured([lambda name=name: driver.launch(name)])()  # type: ignore[misc]
    driver.failing = failing

    def broken(self: CuBLAS) -> None:
        raise RuntimeError("cuBLAS does not answer")

    if failing == "cublas":
        monkeypatch.setattr(CuBLAS, "free", broken)
    with pytest.raises(RuntimeError, match="answer"):
        gpu.free()
    assert driver.there == set()
    assert outfit.told == ["all freed"]
    assert "_workspace" not in vars(gpu)


def test_what_another_thread_frees_meanwhile_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def clear() -> None:
        [].pop()

    manager = SimpleNamespace(deallocations=SimpleNamespace(clear=clear))
    context = SimpleNamespace(memory_manager=manager)
    monkeypatch.setattr("numba.cuda.current_context", lambda: context)
    devices.free_pending()


def test_a_gpu_without_cublas_leaves_no_stream(
    monkeypatch: pytest.MonkeyPatch, library: Memory, driver: Driver
) -> None:
    monkeypatch.setattr(machine, "cuda", NumbaCUDA([], library))
    monkeypatch.setattr(library, "create", None)
    with pytest.raises(TypeError):
        machine.GPU()
    assert driver.there == set()


# ---- graphs ---------------------------------------------------------------------------------


class Driver:
    """A driver that keeps what it is asked for: a stream does nothing itself while captured."""

    CUstream_flags = SimpleNamespace(CU_STREAM_NON_BLOCKING=1)
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_RELAXED="relaxed")

    def __init__(self, failing: str = "") -> None:
        self.failing, self.there, self.captured = failing, set(), None  # type: Any, Any, Any
        self.done: list[str] = []
        self.under_way = False  # whether what was launched may still run

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
        self.under_way = True
        return self._answer("launch")

    def cuStreamSynchronize(self, stream: int) -> tuple[Any, ...]:
        self.under_way = False
        return self._answer("wait")

    def _destroy(self, what: Any) -> tuple[Any, ...]:
        assert what == 11 or "launchable" not in what or not self.under_way
        self.there.remove(what)
        return self._answer("destroy")

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

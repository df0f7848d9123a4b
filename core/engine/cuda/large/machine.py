"""The GPU as a large network sees it: arrays, launches, products. Or what stands for it.

Both machines have the same members. `Simulated` keeps arrays as NumPy's, and the simulator runs
the kernels; `GPU` has never run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from core.engine.cuda import devices
from core.engine.cuda.large.arrays import WORKSPACE
from core.engine.cuda.large.graphs import Call, Stream
from core.engine.cuda.large.products import CuBLAS, NumPyProducts

MOST_BLOCKS = 2048  # of a launch: enough to keep every GPU busy


class Simulated:
    """What stands for a GPU in Numba's simulator.

    grid: the most blocks, and threads of one, of a launch by `share`; no result depends on it.
    """

    grid = 1, 1
    not_captured = ""

    def __init__(self, *, tf32: bool = False) -> None:
        self.products = NumPyProducts()
        self._under_way: list[tuple[NDArray, NDArray]] = []

    def empty(self, shape: tuple[int, ...], kind: type) -> Any:
        """An array of the GPU: here, of nonsense."""
        return np.full(shape, -77, kind)

    def send(self, array: Any, values: NDArray) -> None:
        """Write to an array of the GPU."""
        array[...] = values.reshape(array.shape)

    def copy(self, to: Any, array: Any) -> None:
        """Write an array of the GPU to another one there."""
        to[...] = array

    def fetch(self, array: Any, first: int = 0, last: int | None = None) -> NDArray:
        """An array of the GPU, or rows first to last of it; what was launched has run by then."""
        self._arrive()
        return array[first:last].copy()

    def fetch_to(self, host: NDArray, array: Any) -> None:
        """Write an array of the GPU to one of the host; what was launched has run by then."""
        self._arrive()
        host[...] = array

    def _arrive(self) -> None:
        """What is copied without waiting is there once something else was waited for."""
        arrived, self._under_way = self._under_way, []
        for host, values in arrived:
            host[...] = values

    def room_on_host(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Memory of the host that the GPU writes to by itself: here, full of nonsense."""
        return np.full(shape, -77, np.float32)

    def begin_fetch(self, host: NDArray, array: Any) -> None:
        """`fetch_to` an array of `room_on_host`, without waiting: whoever `fetch`es next does."""
        self._under_way.append((host, array.copy()))

    def call(self, kernel: Any, blocks: int, threads: int, *arguments: Any) -> Call:
        """What launches a kernel."""
        return partial(launch, kernel, blocks, threads, *arguments)

    def share(self, kernel: Any, blocks: int, threads: int, *arguments: Any) -> Call:
        """What launches a kernel whose work may be shared out otherwise."""
        most_blocks, most_threads = self.grid
        return self.call(kernel, min(blocks, most_blocks), min(threads, most_threads), *arguments)

    def captured(self, calls: Sequence[Call]) -> Call:
        """What launches all of these calls together; they have run once before."""
        return lambda: run(calls)

    def forget(self) -> None:
        """Give back what was captured."""

    def free(self) -> None:
        """Give everything back."""


class GPU:
    """A real one. What it is given to do, it does in order, on a stream of its own.

    tf32: whether products may round their factors to TF32's ten bits.
    not_captured: why calls are launched one by one; "" where they are captured.
    """

    not_captured = ""

    def __init__(self, *, tf32: bool = False) -> None:
        from cuda.bindings import driver

        cuda.current_context()  # NVIDIA's libraries take the context that is there
        self._stream = Stream(driver)
        try:
            self._numba_stream = cuda.external_stream(self._stream.handle)
            self._workspace = cuda.device_array(WORKSPACE, np.uint8)
            address = self._workspace.__cuda_array_interface__["data"][0]
            self.products = CuBLAS(self._stream.handle, (address, WORKSPACE), tf32=tf32)
        except BaseException:
            self._stream.free()
            raise

    def empty(self, shape: tuple[int, ...], kind: type) -> Any:
        """An array of the GPU: of what was there."""
        return cuda.device_array(shape, kind)

    def send(self, array: Any, values: NDArray) -> None:
        """Write to an array of the GPU."""
        values = np.require(values, array.dtype, ["C"]).reshape(array.shape)
        array.copy_to_device(values, stream=self._numba_stream)
        self._numba_stream.synchronize()  # the values may go or change now

    def copy(self, to: Any, array: Any) -> None:
        """Write an array of the GPU to another one there."""
        to.copy_to_device(array, stream=self._numba_stream)

    def fetch(self, array: Any, first: int = 0, last: int | None = None) -> NDArray:
        """An array of the GPU, or rows first to last of it; what was launched has run by then."""
        part = array if (first, last) == (0, None) else array[first:last]
        found: NDArray = part.copy_to_host(stream=self._numba_stream)
        self._numba_stream.synchronize()
        return found

    def fetch_to(self, host: NDArray, array: Any) -> None:
        """Write an array of the GPU to one of the host; what was launched has run by then."""
        self.begin_fetch(host, array)
        self._numba_stream.synchronize()

    def room_on_host(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Memory of the host that the GPU writes to by itself, page-locked."""
        room: NDArray[np.float32] = cuda.pinned_array(shape, np.float32)
        return room

    def begin_fetch(self, host: NDArray, array: Any) -> None:
        """`fetch_to` an array of `room_on_host`, without waiting: whoever `fetch`es next does."""
        array.copy_to_host(host, stream=self._numba_stream)

    def call(self, kernel: Any, blocks: int, threads: int, *arguments: Any) -> Call:
        """What launches a kernel."""
        # No function of ours: of one that fails, its error would keep all these arrays.
        return partial(kernel[blocks, threads, self._numba_stream], *arguments)

    def share(self, kernel: Any, blocks: int, threads: int, *arguments: Any) -> Call:
        """What launches a kernel whose work may be shared out otherwise."""
        return self.call(kernel, min(blocks, MOST_BLOCKS), threads, *arguments)

    def captured(self, calls: Sequence[Call]) -> Call:
        """What launches all of these calls together; they have run once before.

        Where they cannot be captured they are launched one by one: slower, but the same numbers.
        """
        try:
            with cuda.defer_cleanup():  # nothing may be freed meanwhile
                return self._stream.captured(calls)
        except Exception as error:  # of a GPU that is broken the launches will tell
            self.not_captured = " ".join(str(error).split())
            return lambda: run(calls)

    def forget(self) -> None:
        """Give back what was captured."""
        self._stream.forget()

    def free(self) -> None:
        """Give all back, even where some fails; the arrays are gone once nobody knows them."""
        cuda.current_context()
        with contextlib.ExitStack() as last_first:
            last_first.callback(devices.free_pending)
            last_first.callback(self.__dict__.pop, "_workspace", None)
            last_first.callback(self._stream.free)
            last_first.callback(self.products.free)


Machine = Simulated | GPU


def launch(kernel: Any, blocks: int, threads: int, *arguments: Any) -> None:
    """Launch a kernel of the simulator, which keeps how it is to be launched but once."""
    kernel[blocks, threads](*arguments)


def run(calls: Sequence[Callable[[], None]]) -> None:
    """One after another."""
    for call in calls:
        call()

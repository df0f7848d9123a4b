"""CUDA graphs through the driver's own interface. This has never run: there was no GPU."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

Call = Callable[[], None]


class Stream:
    """A stream that waits for no other, and what is captured on it.

    driver: NVIDIA's `cuda.bindings.driver`, whose functions return an error and what they found.
    """

    def __init__(self, driver: Any) -> None:
        self._driver, self._graphs = driver, []  # type: tuple[Any, list[Any]]
        # A stream that waits for the default one could not be captured while that one works.
        flags = driver.CUstream_flags.CU_STREAM_NON_BLOCKING
        self._stream = self._found(driver.cuStreamCreate(int(flags)))

    @property
    def handle(self) -> int:
        return int(self._stream)

    def captured(self, calls: Sequence[Call]) -> Call:
        """What launches all of these calls together. They launch kernels that have run before."""
        driver = self._driver
        # Relaxed: nothing here allocates, and other threads may do what they like.
        mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
        self._found(driver.cuStreamBeginCapture(self._stream, mode))
        try:
            for call in calls:
                call()
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                self._destroy(self._found(driver.cuStreamEndCapture(self._stream)))
            raise
        graph = self._found(driver.cuStreamEndCapture(self._stream))
        try:
            launchable = self._found(driver.cuGraphInstantiate(graph, 0))
        finally:
            self._destroy(graph)
        self._graphs.append(launchable)
        return lambda: self._found(driver.cuGraphLaunch(launchable, self._stream))

    def forget(self) -> None:
        """Give back all that was captured, once what was launched of it has run.

        Of a GPU that has failed all is tried all the same; the first error is raised then.
        """
        graphs, self._graphs = self._graphs, []
        driver = self._driver
        with contextlib.ExitStack() as last_first:
            for graph in graphs:
                last_first.callback(self._ask, driver.cuGraphExecDestroy, graph)
            if graphs:
                last_first.callback(self._ask, driver.cuStreamSynchronize, self._stream)

    def free(self) -> None:
        """Give back the stream, and what was captured on it."""
        try:
            self.forget()
        finally:
            self._found(self._driver.cuStreamDestroy(self._stream))

    def _ask(self, function: Callable[[Any], tuple[Any, ...]], what: Any) -> None:
        self._found(function(what))

    def _destroy(self, graph: Any) -> None:
        self._found(self._driver.cuGraphDestroy(graph))

    def _found(self, answer: tuple[Any, ...]) -> Any:
        """What a function of the driver found, or the error that it returned."""
        error, *found = answer
        if int(error) != 0:
            raise RuntimeError(f"the CUDA driver answers {getattr(error, 'name', error)}")
        return found[0] if found else None

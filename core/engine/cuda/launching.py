"""Launches, of blocks that may need more shared memory than they get unasked.

numba-cuda does not ask (its issue 94): the driver has to be told, of the function as it is loaded
on the GPU. What is used for that are inner parts of its 0.30, and nothing else uses them.
"""

from __future__ import annotations

from typing import Any

from core.engine.cuda import devices


def launch(kernel: Any, blocks: int, threads: int, shared_bytes: int, *arguments: Any) -> None:
    """Launch a kernel. shared_bytes: what each block needs, up to `devices.shared_bytes()`."""
    if shared_bytes > devices.UNASKED_BYTES and not devices.is_simulated():
        _ask_for(kernel, arguments, devices.shared_bytes())
    kernel[blocks, threads, 0, shared_bytes](*arguments)


def _ask_for(kernel: Any, arguments: tuple[Any, ...], most: int) -> None:
    """Allow the kernel's blocks that much; it is compiled now, if it was not.

    Always the same number, the GPU's limit: threads may launch side by side.
    """
    from numba.cuda.cudadrv import driver

    compiled = kernel.compile(tuple(kernel.typeof_pyval(argument) for argument in arguments))
    function = compiled._codelibrary.get_cufunc()
    names = driver.binding.CUfunction_attribute
    which = names.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    driver.driver.cuKernelSetAttribute(which, most, function.handle, function.device.id)

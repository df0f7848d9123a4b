"""Whether there is a GPU that can be used, and if not, why. Nothing of CUDA is imported before."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import os
import re
import sys
import traceback
from collections.abc import Iterator
from typing import Protocol

from core.refusals import BackendRefusal, Refusal, Sentence

UNASKED_BYTES = 48 * 1024
"""Shared memory of a block that every GPU gives without being asked for more."""

H200_BYTES = 227 * 1024  # what an H200 gives where it is asked

FOLDERS = ("/usr/lib", "/usr/lib64")
"""Where a driver may lie that the system's linker does not know of."""

FATAL = (
    *("ECC_UNCORRECTABLE", "NVLINK_UNCORRECTABLE", "CONTAINED", "EXTERNAL_DEVICE"),
    *("ILLEGAL_ADDRESS", "MISALIGNED_ADDRESS", "INVALID_ADDRESS_SPACE", "INVALID_PC"),
    *("ILLEGAL_INSTRUCTION", "HARDWARE_STACK_ERROR", "TENSOR_MEMORY_LEAK", "ASSERT"),
    *("LAUNCH_FAILED", "LAUNCH_TIMEOUT", "CONTEXT_IS_DESTROYED", "MPS_CLIENT_TERMINATED"),
)
"""Errors, each CUDA_ERROR_..., after which the driver answers a process with nothing else: "any
further CUDA work will return the same error" (CUDA driver API, CUresult)."""

_fatal: list[Sentence] = []
"""The first of them that this process met: of the GPU, so of whoever asks for it."""


def is_simulated() -> bool:
    """Whether Numba's simulator stands for a GPU."""
    from numba import config

    return bool(getattr(config, "ENABLE_CUDASIM", False))


def is_tf32_allowed() -> bool:
    """Whether products of large networks may round their factors to TF32's ten bits."""
    return os.environ.get("NEURAL_PLAYGROUND_TF32") == "1"


def why_not() -> Sentence | None:
    """Why no GPU can be used; None if one can, or if the simulator stands for one."""
    if _fatal:
        return _fatal[0]
    return None if is_simulated() else _missing()


@functools.cache
def _missing() -> Sentence | None:
    """What is missing; it stays so while a process lives."""
    if not _has_driver():
        return Sentence("no CUDA driver found")
    try:
        from numba import cuda
        from numba.cuda.cudadrv import nvvm

        if cuda.is_available():  # which asks the driver: before, it knows of no error
            return None
        error, has_compiler = cuda.cuda_error(), nvvm.is_available()
    except ImportError as missing:
        return Sentence("Numba's CUDA part cannot be imported ({problem})", problem=_line(missing))
    except Exception as broken:  # whatever a driver does, there is a CPU
        error, has_compiler = broken, True
    if error is not None and "cannot be found" in str(error):
        return Sentence("no CUDA driver found")
    if error is not None and "NO_DEVICE" not in str(error):
        return Sentence("the CUDA driver reports an error ({problem})", problem=_line(error))
    if error is None and not has_compiler:
        return Sentence("no CUDA compiler found; requirements-cuda.txt brings it")
    return Sentence("no CUDA device found")


def _has_driver() -> bool:
    """Whether the system has a driver at all, looked for where Numba does.

    Where it has none nothing of CUDA need be imported, which takes a fifth of a second.
    """
    if os.environ.get("NUMBA_CUDA_DRIVER"):
        return True
    names = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so", "libcuda.so.1")
    for path in (*names, *(f"{folder}/{name}" for folder in FOLDERS for name in names)):
        with contextlib.suppress(OSError):
            ctypes.CDLL(path)
            return True
    return False


def shared_bytes() -> int:
    """The most shared memory that a block can have. Without a GPU, and simulated: an H200's."""
    return H200_BYTES if is_simulated() or _missing() is not None else _shared_bytes()


@functools.cache
def _shared_bytes() -> int:
    """What the GPU says of itself; asked once. Raises a Refusal if it fails."""
    from numba import cuda

    if importlib.util.find_spec("numba_cuda") is None:  # Numba's own cannot ask: see `launching`
        return UNASKED_BYTES
    try:
        return int(cuda.get_current_device().MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
    except Exception as error:
        raise failed(error) from error


def _line(error: object) -> str:
    """An error in one line."""
    return " ".join(str(error).split())[:200]


def check_available() -> None:
    """Raise a BackendRefusal that says why no GPU can be used, if none can."""
    reason = why_not()
    if reason is not None:
        raise BackendRefusal("Backend 'cuda' cannot be used here: {reason}.", reason=reason)


def check_cublas() -> None:
    """Raise a BackendRefusal if what calls cuBLAS is missing, which large networks need."""
    if not is_simulated() and importlib.util.find_spec("nvmath") is None:
        missing = Sentence(
            "a network of this size needs nvmath-python; requirements-cuda.txt brings it"
        )
        raise BackendRefusal("Backend 'cuda' cannot be used here: {reason}.", reason=missing)


def free_bytes() -> float:
    """What the GPU has left. Raises a Refusal if it fails."""
    from numba import cuda

    try:
        free: float = cuda.current_context().get_memory_info()[0]
    except Exception as error:
        raise failed(error) from error
    return free


def check_memory(needed: int) -> None:
    """Raise a BackendRefusal if the GPU has less memory left."""
    free = free_bytes()
    if needed > free:
        raise BackendRefusal(
            "The networks and their data need {needed} bytes of the GPU's memory, but {free} "
            "are free.",
            needed=needed,
            free=int(free),
        )


def failed(error: Exception) -> BackendRefusal:
    """What a run ends with when the GPU reports an error; a fatal one is remembered."""
    problem = _line(error) or type(error).__name__
    told = problem if _names(error) else _line(_asked_again() or "")
    if not _fatal and any(name in FATAL for name in _names(told)):
        _fatal.append(
            Sentence("it failed ({problem}); a new process can use it again", problem=told)
        )
    return BackendRefusal(
        "The GPU stopped with an error ({problem}). The run stands where it was before, or at its "
        "last checkpoint; backend 'cpu' can take it on.",
        problem=problem,
    )


def _names(error: object) -> list[str]:
    """Of the driver's errors in a text."""
    return re.findall(r"CUDA_ERROR_(\w+)", str(error))


def _asked_again() -> Exception | None:
    """What the driver says of a failure that a library met first and told in words of its own."""
    from numba import cuda

    try:
        cuda.synchronize()
    except Exception as error:
        return error
    return None


def forget_failure() -> None:
    """For tests: no GPU has failed."""
    _fatal.clear()


class Freed(Protocol):
    """What gives the GPU's memory back."""

    def free(self) -> None: ...


@contextlib.contextmanager
def one_sentence(owner: Freed) -> Iterator[None]:
    """Whatever goes wrong on the GPU becomes a Refusal, and the owner's memory is given back."""
    try:
        yield
    except Refusal as refusal:
        give_back(owner, refusal)
        raise
    except Exception as error:
        give_back(owner, error)
        raise failed(error) from error


def give_back(owner: Freed, error: BaseException | None = None) -> None:
    """Free, of a GPU that may have failed: then nothing more is asked of it.

    error: because of which; it is told later on, and what it still knew of the calls that it came
    through would keep their arrays.
    """
    if error is not None:
        traceback.clear_frames(error.__traceback__)
    with contextlib.suppress(Exception):
        owner.free()


def enter() -> None:
    """Have a context in this thread: whoever drops arrays of a GPU may have to free them."""
    from numba import cuda

    with contextlib.suppress(Exception):  # of a GPU that failed nothing can be freed
        cuda.current_context()


def free_pending() -> None:
    """Free memory of the GPU that nobody knows any more: Numba would do so some time later."""
    from numba import cuda

    # Numba's list has no lock: another thread may have taken the last one away meanwhile.
    with contextlib.suppress(IndexError):
        cuda.current_context().memory_manager.deallocations.clear()

"""Compiling the kernels without holding up the page.

Numba's compiler holds the GIL for seconds. A child process compiles into the disk cache; then
this process only has to load what it finds there.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path

from playground.live import gpu

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent.parent

_ready = threading.Event()
_started = threading.Lock()


def ready() -> bool:
    """Whether kernels can run at once."""
    return _ready.is_set()


def wait(seconds: float | None = None) -> bool:
    """Wait until kernels can run."""
    return _ready.wait(seconds)


def warm_up() -> None:
    """Begin making the kernels ready, once a process; returns at once."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_warm, name="kernels", daemon=True).start()


def _warm() -> None:
    try:
        command = [sys.executable, "-m", "core.engine.warm"]
        quiet = subprocess.DEVNULL
        subprocess.run(command, cwd=ROOT, check=False, stdin=quiet, stdout=quiet)
        from core.engine.warm import warm

        warm()
    except Exception:  # a page without ahead-of-time kernels is slow at first, not broken
        log.exception("Kernels could not be compiled ahead; the first step will compile them.")
    _ready.set()
    from core.engine.scheduler import shared

    shared().wake_all()
    gpu.look_for_one()  # here, since it begins with an import of numba

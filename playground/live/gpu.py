"""The GPU: looked for once a process, and made ready when a page first wants it.

Neither holds up a page: a driver may take seconds to answer, and Numba to compile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from core.engine.cuda.devices import is_simulated
from core.engine.cuda.devices import why_not as missing
from core.refusals import Sentence

log = logging.getLogger(__name__)

NOT_YET = Sentence("it is still being looked for")

_is_known = threading.Event()
_is_ready = threading.Event()
_started = threading.Lock()


def look_for_one() -> None:
    """Find out whether there is one; for a thread that nobody waits for."""
    missing()
    _is_known.set()


def is_known() -> bool:
    """Whether it was found out."""
    return _is_known.is_set()


def why_not() -> Sentence | None:
    """Why none can be used, None if one can; at once."""
    return missing() if is_known() else NOT_YET


def is_ready() -> bool:
    """Whether kernels can run at once."""
    return _is_ready.is_set()


def prepare() -> None:
    """Begin making its kernels ready, once a process; returns at once."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_prepare, name="gpu kernels", daemon=True).start()


def _prepare() -> None:
    """Child processes compile into the cache, since a compiler holds the GIL for minutes; then this
    one has only to load what it finds there.
    """
    from core.engine.cuda.warm import compile_all, warm
    from core.engine.scheduler import shared

    steps: list[Callable[[], object]] = [warm, partial(warm, large=True)]
    if not is_simulated():
        steps.insert(0, compile_all)
    try:
        for step in steps:
            _try(step)
    finally:  # or the pages that wait for it would do so for ever
        _is_ready.set()
        shared().wake_all()


def _try(step: Callable[[], object]) -> None:
    try:
        step()
    except Exception:  # a run that is to learn there meets it again, and says so on its page
        log.exception("The GPU could not be made ready.")

"""Where compiled kernels are kept between runs, so that a warm start compiles nothing.

The folder's name is a digest of the sources: after any edit of the maths or the kernels, and after
an upgrade of numba, another folder is used, so stale code can never run. (Numba alone looks only
at the file of the cached function, not at what it calls.) A folder that cannot be written falls
back to the temporary folder; a damaged file, told by its checksum, is compiled again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    _CacheLocator,
)

ENVIRONMENT = "NEURAL_PLAYGROUND_CACHE"

_CORE = Path(__file__).resolve().parent.parent
SOURCES = ("engine", "maths")
_NOT_COMPILED = {
    *("cache.py", "cpu.py", "crew.py", "diagnosis.py", "scheduler.py", "settings.py", "turns.py"),
    "warm.py",
    *("checking.py", "devices.py", "engine.py", "launching.py", "network.py", "population.py"),
}


def _user_folder() -> Path:
    """Where this system keeps a user's caches."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get(ENVIRONMENT):
        yield Path(chosen)
    with contextlib.suppress(RuntimeError):  # no home folder can be determined
        yield _user_folder() / "neural-playground"
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    yield Path(tempfile.gettempdir()) / f"neural-playground-{user}"


def digest(sources: tuple[str, ...] = SOURCES) -> str:
    """Digest of everything that the compiled code is made from. sources: folders of the core."""
    made_from = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for folder in sources:
        for path in sorted((_CORE / folder).glob("*.py")):
            if path.name in _NOT_COMPILED:
                continue
            made_from.update(path.name.encode() + b"\0" + path.read_bytes())
    return made_from.hexdigest()[:16]


@functools.cache
def folder(sources: tuple[str, ...] = SOURCES) -> Path | None:
    """The folder for this version of the sources; None if no folder can be written."""
    for candidate in _candidates():
        try:
            candidate.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = candidate / digest(sources)
            path.mkdir(exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=path).close()
            if _is_ours(candidate) and _is_ours(path):
                return path
        except OSError:
            continue
    return None


def _is_ours(path: Path) -> bool:
    """Whether nobody else can put files there: what lies in the cache is loaded and run."""
    if not hasattr(os, "getuid"):
        return True
    state = path.stat()
    return state.st_uid == os.getuid() and not state.st_mode & 0o022


class Locator(_CacheLocator):
    """Tells numba to use our folder; its name already stands for the state of the sources."""

    sources: ClassVar[tuple[str, ...]] = SOURCES

    def __init__(self, function: Callable[..., Any], path: Path) -> None:
        self._function, self._path = function, path

    def get_cache_path(self) -> str:
        return str(self._path)

    def get_source_stamp(self) -> str:
        return self._path.name

    def get_disambiguator(self) -> str:
        return self._function.__module__

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> Locator | None:
        path = folder(cls.sources)
        return None if path is None else cls(function, path)


def checked(file: Any) -> Any:
    """Numba's file of machine code, with a checksum beside it: damaged code would crash Python."""

    class CheckedFile(file):
        def _checksum_of(self, name: str) -> tuple[Path, str]:
            path = Path(self._data_path(name))
            checksum = hashlib.sha256(path.read_bytes()).hexdigest()
            return path.with_suffix(".sha256"), checksum

        def _save_data(self, name: str, data: Any) -> None:
            super()._save_data(name, data)
            path, checksum = self._checksum_of(name)
            path.write_text(checksum)

        def _load_data(self, name: str) -> Any:
            path, checksum = self._checksum_of(name)
            if path.read_text() != checksum:
                raise ValueError(f"{name} is damaged.")
            return super()._load_data(name)

    return CheckedFile


def forgiving(cache: Any, impl: Any, file: Any) -> Any:
    """Numba's cache on disk, except that no file in it can stop a run.

    impl: what it is made of, with our `Locator`; file: a kind of its files.
    """
    checked_file = checked(file)

    class ForgivingCache(cache):
        _impl_class = impl

        def __init__(self, function: Callable[..., Any]) -> None:
            super().__init__(function)
            where = self._impl.locator
            self._cache_file = checked_file(
                where.get_cache_path(), self._impl.filename_base, where.get_source_stamp()
            )

        def load_overload(self, signature: Any, context: Any) -> Any:
            try:
                return super().load_overload(signature, context)
            except Exception:  # whatever a damaged file makes the reader raise
                self._drop()
                return None

        def save_overload(self, signature: Any, result: Any) -> None:
            try:
                super().save_overload(signature, result)
            except Exception:  # a full disk, a folder taken away: the code in memory is as good
                self._drop()

        def _drop(self) -> None:
            try:
                self.flush()
            except OSError:
                self.disable()

    return ForgivingCache


class _Kept(CompileResultCacheImpl):
    _locator_classes = [Locator]  # noqa: RUF012 (numba's own attribute)


_Cache = forgiving(FunctionCache, _Kept, IndexDataCacheFile)


def keep(dispatcher: Any) -> Any:
    """Have a compiled function's code read from, and written to, the folder."""
    if folder() is not None:
        dispatcher._cache = _Cache(dispatcher.py_func)
    return dispatcher

"""Numba's compiler, with what these kernels need of it, for an entry and for its parts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from numba.core.compiler import Compiler, Flags
from numba.core.compiler_machinery import PassManager
from numba.core.typed_passes import (
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    TranslateByteCode,
)

from core.engine.libraries import Part, Whole

# What is left out looks for closures, object mode, literals, exceptions and array expressions, of
# which the kernels have none.
_PASSES = (
    TranslateByteCode,
    FixupArgs,
    IRProcessing,
    GenericRewrites,
    ReconstructSSA,
    NopythonTypeInference,
    PreLowerStripPhis,
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
)


class _QuickFlags(Flags):
    """Numba's flags, quick to compare: it looks every function up by them, thousands of times."""

    __slots__ = ()
    _defaults: Mapping[str, Any] = MappingProxyType(Flags().values())
    _hash = hash(Flags())  # numba's own is the same for all flags

    def values(self) -> dict[str, Any]:
        return {**self._defaults, **self._values}

    __eq__ = Flags.__eq__

    def __hash__(self) -> int:
        return self._hash


class EntryCompiler(Compiler):
    """Numba's compiler, with a `Whole` for its result."""

    def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
        if library is None:
            library = Whole(target.codegen(), "entry")
            library.enable_object_caching()
        super().__init__(typing, target, library, *rest)


class PartCompiler(Compiler):
    """Numba's compiler, with a `Part` for its result, in as few passes as do."""

    def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
        super().__init__(typing, target, library or Part(target.codegen(), "part"), *rest)
        self.state.flags = _QuickFlags(self.state.flags)
        self.state.flags.no_cpython_wrapper = True
        self.state.flags.no_cfunc_wrapper = True

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("part")
        for step in _PASSES:
            passes.add_pass(step, step.__name__)
        passes.finalize()
        return [passes]

"""How functions are compiled: the one place with compiler switches, each with its reason.

`entry` is for what Python calls, `kernel` and `exact` for the parts that an entry is made of.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any

import numba
from llvmlite.binding import Linkage, parse_assembly
from numba.core.cgutils import normalize_ir_text
from numba.core.codegen import JITCodeLibrary, get_host_cpu_features
from numba.core.compiler import Compiler

from core.engine import cache

# Sums may be reordered (vector lanes), products fused, divisions turned into products with a
# reciprocal, and the sign of zero is of no consequence. `nnan` and `ninf` stay out: with them
# (or fastmath=True) the compiler drops the checks that notice a diverged run.
FAST = {"reassoc", "contract", "arcp", "nsz"}

# For the scalars: `reassoc` would cancel their rounding tricks and two-part constants.
EXACT = {"contract", "nsz"}

# error_model="numpy": a division by zero gives inf or nan, not a Python exception (which would also
# keep a loop from being vectorised).
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "_nrt": False}


# Whether there are 32 registers of 16 floats, so that a tall tile fits.
HAS_WIDE_REGISTERS = "+avx512f" in (
    getattr(numba.config, "CPU_FEATURES", None) or get_host_cpu_features()
)

_LABEL = re.compile(r'^"?([^\s"]+)"?:')
_JUMP = re.compile(r'^\s*br label %"?([^\s"]+)"?$')
_HINTS = """
!900000 = !{!"llvm.loop.interleave.count", i32 1}
!900001 = !{!"llvm.loop.unroll.disable"}"""


def _loops_marked(ir: str) -> str:
    """LLVM code in which every jump back, the end of a loop, carries hints for the loop.

    One vector at a time: a batch of the usual sizes is one or two vectors of 16, and a loop that
    takes four at once would leave them all to its scalar rest. And no unrolling, which costs
    compile time and gains nothing where tiles are written out.
    """
    lines = ir.splitlines()
    seen: set[str] = set()
    loops: list[str] = []
    for number, line in enumerate(lines):
        if line.startswith("define"):
            seen.clear()
        elif label := _LABEL.match(line):
            seen.add(label[1])
        elif (jump := _JUMP.match(line)) and jump[1] in seen:
            loop = f"!{900_002 + len(loops)}"
            lines[number] = f"{line}, !llvm.loop {loop}"
            loops.append(f"{loop} = distinct !{{{loop}, !900000, !900001}}")
    return "\n".join([*lines, _HINTS, *loops])


# What Python gets if it calls a part all the same: a C function that raises TypeError.
_REFUSAL = ctypes.cast(ctypes.pythonapi.PyErr_BadArgument, ctypes.c_void_p).value or 0


class _Part(JITCodeLibrary):
    """Code of a function that only other compiled functions call.

    Numba would optimise each function, and all that it calls, by itself, and make machine code and
    a Python wrapper for it: three quarters of the time of a first start. A part is left as it is
    until it is linked into an entry, which is optimised whole.
    """

    def add_ir_module(self, module: Any) -> None:
        self.add_llvm_module(parse_assembly(_loops_marked(normalize_ir_text(str(module)))))

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return _REFUSAL

    @property
    def codegen(self) -> _Part:
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Nothing to set: a part holds no Python objects."""


class _Whole(JITCodeLibrary):
    """Code of an entry, parts and all: nothing else can call its parts.

    Knowing that, LLVM inlines what is called once and passes on only the arguments that are used
    (of an array, numba passes seven).
    """

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal
        super()._optimize_final_module()


class _EntryCompiler(Compiler):
    """Numba's compiler, with a `_Whole` for its result."""

    def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
        if library is None:
            library = _Whole(target.codegen(), "entry")
            library.enable_object_caching()
        super().__init__(typing, target, library, *rest)


class _PartCompiler(Compiler):
    """Numba's compiler, with a `_Part` for its result."""

    def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
        super().__init__(typing, target, library or _Part(target.codegen(), "part"), *rest)
        self.state.flags.no_cpython_wrapper = True
        self.state.flags.no_cfunc_wrapper = True


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function for use by other kernels; Python cannot call it."""
    return numba.njit(fastmath=FAST, pipeline_class=_PartCompiler, **_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """A kernel that becomes part of whatever calls it."""
    return numba.njit(fastmath=FAST, pipeline_class=_PartCompiler, forceinline=True, **_OPTIONS)(
        function
    )


def exact(function: Callable[..., Any]) -> Any:
    """A kernel whose arithmetic is done in the order in which it is written."""
    return numba.njit(fastmath=EXACT, pipeline_class=_PartCompiler, **_OPTIONS)(function)


def entry(function: Callable[..., Any]) -> Any:
    """A kernel that Python calls: compiled at its first call, kept on disk."""
    compiled = numba.njit(fastmath=FAST, pipeline_class=_EntryCompiler, **_OPTIONS)(function)
    return cache.keep(compiled) if hasattr(compiled, "py_func") else compiled

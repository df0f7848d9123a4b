"""Where LLVM code is kept while an entry is compiled: parts as they are written, the whole at once.

Numba would optimise each function, and all that it calls, by itself, and make machine code and a
Python wrapper for it: three quarters of the time of a first start. Here a part is left as it is
until it is linked into an entry, which is optimised whole.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any

from llvmlite.binding import Linkage, parse_assembly
from numba.core.cgutils import normalize_ir_text
from numba.core.codegen import JITCodeLibrary

_LABEL = re.compile(r'^"?([^\s"]+)"?:')
_JUMP = re.compile(r'^\s*br label %"?([^\s"]+)"?$')
_HINTS = """
!900000 = !{!"llvm.loop.interleave.count", i32 1}
!900001 = !{!"llvm.loop.unroll.disable"}"""

# What Python gets if it calls a part all the same: a C function that raises TypeError.
_REFUSAL = ctypes.cast(ctypes.pythonapi.PyErr_BadArgument, ctypes.c_void_p).value or 0


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


class Part(JITCodeLibrary):
    """Code of a function that only other compiled functions call: its own, not what it calls."""

    def add_ir_module(self, module: Any) -> None:
        code = parse_assembly(_loops_marked(normalize_ir_text(str(module))))
        self.add_llvm_module(code)

    def finalize(self) -> None:
        self._raise_if_finalized()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.external:
                function.linkage = Linkage.linkonce_odr  # linked where it is called
        self._finalize_dynamic_globals()
        self._finalized = True

    @property
    def own_code(self) -> Any:
        """LLVM's module of this function alone."""
        self._ensure_finalized()
        return self._final_module

    def _get_module_for_linking(self) -> Any:
        """With all that it calls, for whoever is no `Whole`: numba links only what it names."""
        if self._shared_module is None:
            module = self.own_code.clone()
            _link_parts(module, self)
            self._shared_module = module
        return self._shared_module

    def get_pointer_to_function(self, name: str) -> int:
        return _REFUSAL

    @property
    def codegen(self) -> Part:
        return self

    def set_env(self, name: str, environment: Any) -> None:
        """Nothing to set: a part holds no Python objects."""


class Whole(JITCodeLibrary):
    """Code of an entry, parts and all: nothing else can call its parts.

    Knowing that, LLVM inlines what is called once and passes on only the arguments that are used
    (of an array, numba passes seven).
    """

    def finalize(self) -> None:
        _link_parts(self._final_module, self)
        self._linking_libraries = []
        super().finalize()

    def _optimize_final_module(self) -> None:
        missing = [f.name for f in self._final_module.functions if _is_lost(f)]
        if missing:
            raise AssertionError(f"Not linked: {missing}")
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = Linkage.internal
        super()._optimize_final_module()


def _link_parts(module: Any, library: Any) -> None:
    """Link everything that a library calls, once."""
    for used in _all_parts(library):
        library._reload_init.update(used._reload_init)
        code = used.own_code if isinstance(used, Part) else used._get_module_for_linking()
        module.link_in(code, preserve=True)


def _is_lost(function: Any) -> bool:
    """Whether a compiled function is called, but is not there: Python would crash in the call."""
    return function.is_declaration and function.name.startswith("_ZN")


def _all_parts(library: Any) -> list[Any]:
    """What a library calls, and what that calls; callers first, for only what is called links."""
    called_last: dict[Any, None] = {}

    def visit(user: Any) -> None:
        for used in user._linking_libraries:
            if used not in called_last:
                if isinstance(used, Part):  # numba's own libraries bring what they call
                    visit(used)
                called_last[used] = None

    visit(library)
    return list(reversed(called_last))

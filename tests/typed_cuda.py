"""The GPU kernels through Numba's compiler for CUDA, as far as it goes without a driver: types and
LLVM code. `tests/test_cuda.py` runs this, in a process of its own.

The simulator runs plain Python, and so does not notice what device code lacks.
"""

from __future__ import annotations

import importlib
from types import ModuleType, SimpleNamespace
from typing import Any

import numba.cuda.dispatcher
import numpy as np
from numba import boolean as b
from numba import float32 as f
from numba import float64 as d
from numba import int32 as i
from numba import int64 as n
from numba import types
from numba.cuda import compiler
from numba.cuda.cudadrv import nvvm

H100 = (9, 0)

RUN = (
    *(i[:, ::1], n[::1], f[::1], f[::1], f[::1], f[::1], i[:, :, ::1], n[:, ::1]),
    *(n[:, ::1], d[:, ::1], f[:, ::1], f[:, :, ::1], n[:, ::1]),
    *(d[:, :, ::1], n[:, ::1], f[:, ::1], n[::1], n[::1], n),
)
SIGNATURES = {
    "shuffle": (i[:, :, ::1], n[:, ::1], n[:, ::1], n[:, ::1], n),
    "run": RUN,
    "run_plain": RUN,
}


class NVVM:
    """What the compiler asks of NVIDIA's before it hands the code over."""

    data_layout = (
        "e-p:64:64:64-i1:8:8-i8:8:8-i16:16:16-i32:32:32-i64:64:64-i128:128:128-f32:32:32-f64:64:64"
        "-v16:16:16-v32:32:32-v64:64:64-v128:128:128-n16:32:64"
    )

    def get_ir_version(self) -> tuple[int, ...]:
        return 2, 0, 3, 1


def main() -> None:
    numba.cuda.dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=H100)
    nvvm.NVVM = NVVM
    from core.engine.cuda import augment, kernels, maths, normalize

    for name, signature in SIGNATURES.items():
        kernel = getattr(kernels, name).py_func
        compiler.compile_cuda(kernel, types.void, signature, cc=H100)
    compile_large()
    singles = (
        *(maths.activate, maths.slope, maths.loss_of, maths.loss_slope, maths.penalty_slope),
        *(normalize.inverse_deviation, normalize.scaled, normalize.slope, normalize.moved),
        augment.blend,
    )
    for function, wanted in (*((s, f) for s in singles), (maths.updated, types.UniTuple(f, 4))):
        (compiled,) = function.overloads.values()
        assert compiled.signature.return_type == wanted, (function, compiled.signature)
    print("typed")


LARGE = {
    "forward": {
        "begin": (n,), "fetch": (n, b, n), "fetch_entries": (n, b, n), "draw_changes": (n,),
        "change": (n,), "mix_batch": (n, b, n), "disturb": (n,), "activate": (n, n),
        "add_biases": (n, n), "activate_normalized": (n, n), "settle": (n, n),
    },
    "outputs": {"judge_outputs": (n, n), "judge_at_rest": (f[::1], f[::1], n, n)},
    "backward": {"sum_slopes": (n, n), "put_back_layer": (n, n)},
    "normalizing": {
        "measure_sums": (n, n), "measure_scales": (n, n), "put_back_normalized": (n, n),
    },
    "update": {
        "finish_gradient": (b,), "square_gradient": (), "measure_segments": (),
        "shorten_segments": (), "shorten_all": (), "move_all": (n, b), "hold_norms": (n,),
        "move_all_statistics": (n,), "measure_moves": (), "write_row": (n, n),
    },
    "muon": {
        "take_momentum": (n,), "square_momentum": (n,), "to_length_1": (n,),
        "make_polynomial": (n, n, n, n), "move_matrix": (n, n, b),
    },
}  # fmt: skip


def compile_large() -> None:
    """The kernels of a large network, as `steps` and `moves` call them."""
    from core.engine.cuda.large.arrays import Arrays
    from core.engine.cuda.large.plan import LargePlan
    from core.engine.layout import Layout

    of = {np.int32: i, np.int64: n, np.float32: f, np.float64: d}
    shapes = LargePlan(Layout((2, 1), ("tanh",)), 4, 2, 1).shapes
    kinds = {name: types.Array(of[kind], len(shape), "C") for name, (shape, kind) in shapes.items()}
    kinds["across"] = n
    m = types.NamedTuple([kinds[name] for name in Arrays._fields], Arrays)
    for file, kernels in LARGE.items():
        module = importlib.import_module(f"core.engine.cuda.large.{file}")
        written = {name for name, what in vars(module).items() if is_kernel_of(what, module)}
        assert written == set(kernels), written ^ set(kernels)
        for name, arguments in kernels.items():
            kernel = getattr(module, name).py_func
            compiler.compile_cuda(kernel, types.void, (m, *arguments), cc=H100)


def is_kernel_of(what: Any, module: ModuleType) -> bool:
    """Whether it is launched, and written in this file."""
    options = getattr(what, "targetoptions", None)
    return options is not None and what.__module__ == module.__name__ and not options["device"]


if __name__ == "__main__":
    main()

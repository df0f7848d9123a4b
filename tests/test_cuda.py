"""The GPU engine without a GPU: the simulator, the compiler's types, and what a person is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from benchmarks import gpu
from benchmarks.gpu_checks import Findings
from core import Trainer
from core.engine import cache
from core.engine.cuda import devices, jit, warm
from core.engine.cuda.launching import launch
from core.engine.cuda.plan import Plan
from core.engine.layout import Layout
from core.refusals import Sentence
from tests.test_engine import ROOT, run_python

SIMULATED = (
    *("tests/simulated_cuda.py", "tests/simulated_large.py", "tests/simulated_runs.py"),
    *("tests/simulated_losses.py", "tests/simulated_page.py", "tests/simulated_failures.py"),
    *("tests/simulated_judging.py", "tests/simulated_benchmark.py"),
)

EVERY_BACKEND = (
    *("tests/test_engine.py", "tests/test_normalization.py", "tests/test_augmentation.py"),
    "tests/test_trainer.py",
)


def simulated(*arguments: str) -> None:
    """Run tests in the simulator; none may fail, or be skipped."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "-W", "ignore::RuntimeWarning", *arguments],
        cwd=ROOT, env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.timeout(600)  # Python is slow where other tests run beside it
def test_everything_in_the_simulator() -> None:
    simulated(*SIMULATED)


@pytest.mark.timeout(600)
def test_what_every_backend_has_to_do() -> None:
    simulated("-m", "every_backend", *EVERY_BACKEND)


@pytest.mark.timeout(600)
def test_the_kernels_have_types() -> None:
    assert run_python("from tests.typed_cuda import main; main()") == "typed"


def test_nothing_of_it_is_imported_when_it_is_not_used() -> None:
    code = (
        "import sys; from core import Trainer, Experiment; Trainer(Experiment()).step(1)\n"
        "unwanted = ('numba.cuda.cudadrv', 'numba.cuda.simulator')\n"
        "found = lambda *more: [m for m in sys.modules if m.startswith((*unwanted, *more))]\n"
        "print(found('core.engine.cuda'))\n"
        "from core.engine.cuda import devices\n"  # where there is no driver, to say so, either
        "devices._has_driver = lambda: False\n"
        "print(devices.why_not(), found())"
    )
    assert run_python(code).splitlines() == ["[]", "no CUDA driver found []"]


def test_without_a_gpu_the_reason_is_told() -> None:
    if devices.why_not() is None:
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match=r"Backend 'cuda' cannot be used here: .*\."):
        Trainer(backend="cuda")
    assert Trainer(backend="auto").backend == "cpu"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("CUDA driver library cannot be found.\nIf you", "no CUDA driver found"),
        ("cuInit failed: 999", "the CUDA driver reports an error (cuInit failed: 999)"),
        ("cuInit results in CUDA_ERROR_NO_DEVICE (100)", "no CUDA device found"),
    ],
)
def test_reasons(monkeypatch: pytest.MonkeyPatch, found: str, reason: str) -> None:
    monkeypatch.setattr("numba.cuda.cuda_error", lambda: Exception(found))
    monkeypatch.setattr(devices, "_has_driver", lambda: True)
    devices._missing.cache_clear()
    try:
        assert devices.why_not() == reason
    finally:
        devices._missing.cache_clear()


def test_more_memory_than_every_gpu_gives_is_asked_for() -> None:
    """Of a driver that is none, in the order in which numba-cuda's functions come about."""
    told: list[object] = []
    names = SimpleNamespace(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES="most")
    driver = ModuleType("driver")
    driver.binding = SimpleNamespace(CUfunction_attribute=names)  # type: ignore[attr-defined]
    driver.driver = SimpleNamespace(  # type: ignore[attr-defined]
        cuKernelSetAttribute=lambda *given: told.append(given)
    )

    class Kernel:
        typeof_pyval = staticmethod(type)

        def compile(self, types: tuple[type, ...]) -> object:
            assert types == (int, str)
            function = SimpleNamespace(handle="handle", device=SimpleNamespace(id=3))
            return SimpleNamespace(_codelibrary=SimpleNamespace(get_cufunc=lambda: function))

        def __getitem__(self, configuration: object) -> Callable[..., None]:
            return lambda *arguments: told.append((configuration, arguments))

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numba.cuda.cudadrv.driver", driver)
        patch.setattr("numba.cuda.cudadrv.driver", driver)
        launch(Kernel(), 2, 32, devices.UNASKED_BYTES, 1, "b")
        launch(Kernel(), 2, 32, devices.UNASKED_BYTES + 4, 1, "b")
    plain, asked, raised = told
    assert plain == ((2, 32, 0, 48 * 1024), (1, "b"))
    assert asked == ("most", devices.shared_bytes(), "handle", 3)
    assert raised == ((2, 32, 0, 48 * 1024 + 4), (1, "b"))


def test_compiled_kernels_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself; a damaged one is compiled anew."""
    from numba.cuda import dispatcher

    from core.engine.cuda.kernels import run, run_plain

    monkeypatch.setattr(cache, "folder", lambda sources: tmp_path)
    monkeypatch.setattr(dispatcher._Kernel, "_rebuild", staticmethod(dict))
    codegen = SimpleNamespace(magic_tuple=lambda: ("sm_90",))
    context = SimpleNamespace(refresh=lambda: None, codegen=lambda: codegen)
    compiled = SimpleNamespace(codegen=codegen, _reduce_states=lambda: {"cubin": b"code"})

    def loaded(kernel: Any) -> dict[str, bytes] | None:
        return jit.keep(SimpleNamespace(py_func=kernel.py_func))._cache.load_overload((), context)

    jit.keep(SimpleNamespace(py_func=run.py_func))._cache.save_overload((), compiled)
    assert loaded(run) == {"cubin": b"code"}
    assert loaded(run_plain) is None
    (path,) = tmp_path.glob("*.nbc")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert loaded(run) is None
    # Processes compile both at once, and a file that two of them write loses what one wrote.
    kept = [jit.keep(SimpleNamespace(py_func=each.py_func))._cache for each in (run, run_plain)]
    assert len({each._impl.filename_base for each in kept}) == 2


@pytest.mark.parametrize("broken", [(), ("all blocks",)])
def test_a_part_that_could_not_be_compiled_is_told(
    broken: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def started(command: list[str], **settings: object) -> SimpleNamespace:
        return SimpleNamespace(wait=lambda: int(command[-1] in broken))

    monkeypatch.setattr(devices, "why_not", lambda: None)
    monkeypatch.setattr(warm.subprocess, "Popen", started)
    assert warm.main([]) == len(broken)
    told = capsys.readouterr()
    assert ("are ready" in told.out) is (not broken)
    assert told.err == "".join(
        f"The GPU's kernels for {part} could not be made ready.\n" for part in broken
    )
    found = Findings()
    gpu.compile_parts(found)
    assert found.wrong == [f"Compiling {part}: the process failed" for part in broken]


def test_without_a_gpu_nothing_is_said_to_be_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "why_not", lambda: Sentence("no CUDA device found"))
    monkeypatch.setattr(warm.subprocess, "Popen", None)
    for arguments in ([], ["plain blocks"]):
        assert warm.main(arguments) == 1
        told = capsys.readouterr()
        assert (told.out, "no CUDA device found" in told.err) == ("", True)


def test_an_edit_for_the_gpu_asks_for_another_folder_for_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("engine", "maths"):
        shutil.copytree(ROOT / "core" / folder, tmp_path / folder)
    monkeypatch.setattr(cache, "_CORE", tmp_path)
    seen = [(cache.digest(), cache.digest(jit.SOURCES))]
    for name in ("cuda/stages.py", "cuda/large/update.py", "cuda/population.py", "products.py"):
        with (tmp_path / "engine" / name).open("a") as source:
            source.write("# other words\n")
        seen.append((cache.digest(), cache.digest(jit.SOURCES)))
    cpu, gpu = zip(*seen, strict=True)
    assert [cpu.index(digest) for digest in cpu] == [0, 0, 0, 0, 4]
    assert [gpu.index(digest) for digest in gpu] == [0, 1, 2, 2, 4]


@pytest.mark.parametrize(
    ("sizes", "batch", "n_slots"), [((64, 32, 10), 32, 2), ((64, 64, 64, 10), 32, 2)]
)
def test_what_fits_a_block_of_an_h200(sizes: tuple[int, ...], batch: int, n_slots: int) -> None:
    layout = Layout(sizes, ("relu",) * (len(sizes) - 1))
    plan = Plan(layout, batch, n_slots, dropout=False)
    assert plan.shared_bytes > devices.UNASKED_BYTES
    plan.check(devices.H200_BYTES)


def test_where_things_lie_in_a_block() -> None:
    plan = Plan(
        Layout((2, 4, 2, 1), ("tanh", "tanh", "sigmoid")), batch=10, n_slots=2, dropout=True
    )
    starts = dict(zip(plan.sizes, plan.places.tolist(), strict=False))
    ends = {name: starts[name] + size for name, size in plan.sizes.items()}
    first = 2 * plan.n_doubles + plan.n_integers
    assert [first, *ends.values()] == [*starts.values(), plan.shared_bytes // 4]
    assert plan.sizes["P"] == 25
    assert plan.sizes["Z"] == 7 * 11
    assert plan.width % 2 == 1
    assert plan.threads % plan.lanes == 0

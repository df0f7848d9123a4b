"""A second pass: the kernels as plain Python, under coverage, which cannot see into compiled code.

NUMBA_DISABLE_JIT=1 leaves every kernel as it is written (and vectors become NumPy arrays, see
`core.engine.lanes`). Chosen tests of small networks run so in a child process, against the same
references; then every line of every kernel must have run.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_golden import CASES

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ROOT / "core" / "engine"

# Files of kernels; a new one is found by its decorators, and must be listed here.
FILES = (
    *("assist.py", "augment.py", "backward.py", "batches.py", "entries.py", "forward.py"),
    *(
        "kernels.py",
        "lanes.py",
        "loops.py",
        "normalize.py",
        "norms.py",
        "orthogonal.py",
        "products.py",
    ),
    *("recording.py", "scalars.py", "signals.py", "team.py", "update.py", "weighting.py"),
)
FACTORIES = {"compile.py"}  # their kernels only pass on what they are given
TOLD = {"lanes.py", "signals.py"}
DECORATORS = {"kernel", "inlined", "exact", "entry"}

CHOSEN = (
    "tests/plain_python.py",
    *(
        f"tests/test_engine.py::test_{name}"
        for name in (
            "every_optimizer",
            "every_setting",
            "dropout",
            "label_smoothing_of_a_single_output",
            "rows_stop_when_full",
            "epochs_in_rows",
            "a_diverging_run_stops_at_once",
            "norms_of_gradients_whose_squares_leave_float32",
        )
    ),
    "tests/test_augmentation.py::test_all_of_it_together",
    "tests/test_sparse.py::test_gradients_and_outputs_of_a_network_at_rest",
    "tests/test_sparse.py::test_a_run_over_sparse_rows_is_that_over_whole_ones[training0-17]",
    *(
        f"tests/test_golden.py::test_the_kernels[{name}]"
        for name in CASES
        if "optimizer" not in name
    ),
)

# Lines that need not run, by the function, each with its reason.
EXCUSED: dict[str, str] = {}


@pytest.mark.timeout(600)  # Python is slow where other tests run beside it
def test_every_line_of_every_kernel_runs_as_plain_python(tmp_path: Path) -> None:
    data, report = tmp_path / "coverage", tmp_path / "report.json"
    coverage = [sys.executable, "-m", "coverage"]
    where = [f"--data-file={data}", f"--include={ENGINE}/*"]
    flags = ["-q", "-p", "no:cacheprovider", "-W", "ignore::RuntimeWarning"]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [*coverage, "run", *where, "-m", "pytest", *flags, *CHOSEN],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert not re.search(r"skipped|xfailed", done.stdout), done.stdout[-2000:]
    subprocess.run([*coverage, "json", where[0], "-q", "-o", str(report)], cwd=ROOT, check=True)
    covered = json.loads(report.read_text())["files"]
    missed = {
        f"{name}::{function}": lines
        for name in FILES
        for function, body in kernels(ENGINE / name)
        if (lines := sorted(body & set(covered[f"core/engine/{name}"]["missing_lines"])))
    }
    assert missed.keys() == EXCUSED.keys(), missed


def test_every_file_of_kernels_is_listed() -> None:
    found = {path.name for path in ENGINE.glob("*.py") if any(True for _ in kernels(path))}
    assert found - FACTORIES == set(FILES)


def kernels(path: Path) -> Iterator[tuple[str, set[int]]]:
    """Every function that is compiled, by name, and the lines of its body.

    In files that tell the compiler themselves what it is to make, these are the public ones.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        names = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
        told_how = "builder" in {argument.arg for argument in node.args.args}
        is_told = path.name in TOLD and not told_how and not node.name.startswith("_")
        if names & DECORATORS or is_told:
            yield node.name, set(range(node.body[0].lineno, (node.end_lineno or 0) + 1))

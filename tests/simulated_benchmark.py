"""`benchmarks/gpu.py` in Numba's simulator: see `tests/simulated_large.py`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import gpu
from benchmarks.gpu_checks import Findings
from benchmarks.in_torch import Torch
from benchmarks.workloads import WORKLOADS
from core.engine.cuda.plan import Plan
from tests.simulated_large import direct

assert direct  # a fixture


@pytest.mark.usefixtures("direct")
def test_the_benchmark_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it that needs no GPU, on toys."""
    monkeypatch.setattr(Plan, "threads", property(lambda self: 1))
    assert gpu.main(["--toy"]) == 0
    printed = capsys.readouterr().out
    assert "All checks passed." in printed
    for what in ("W1, 2 networks, GPU", "W2 alone, GPU", "W4, float32, GPU", "W6, TF32, GPU"):
        assert what in printed
    assert ("PyTorch is not installed" in printed) is (find_spec("torch") is None)
    assert printed.count("not measured") == len(gpu.TARGETS)


def test_what_the_benchmark_could_not_measure_is_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Findings()
    for what in list(gpu.TARGETS)[1:]:
        gpu.line(found, what, 2.0, gpu=1.0)
    gpu.tell_unmeasured(found, matters=True)
    printed = capsys.readouterr().out
    assert (printed.count("10x: MISSED"), printed.count("1x: met")) == (1, 1)
    assert found.told() == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["WRONG:", f"{gpu.TOGETHER}: not measured"]
    gpu.line(found, gpu.TOGETHER, 300.0, gpu=1.0)
    again = Findings()
    again.measured = found.measured
    gpu.tell_unmeasured(again, matters=True)
    assert again.told() == 0


def test_pytorch_may_be_another_environments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of which a script stands in, that answers two orders and ends."""
    python, workload = tmp_path / "python", WORKLOADS["W4"]
    python.write_text(
        f"""#!{sys.executable}
import json, sys
assert sys.argv[1].endswith("gpu_torch.py") and sys.argv[2] == "cuda"
print(json.dumps({{"why_not": None, "version": "9.9"}}), flush=True)
asked = json.loads(input())
print(json.dumps({{"seconds": {{"PyTorch CUDA graph": asked["workload"]["batch"] / 1e6}}}}))
print(json.dumps({{"problem": "no memory"}}), flush=True)
input()
"""
    )
    python.chmod(0o700)
    found = Findings()
    with Torch(str(python), "cuda") as torch:
        assert (torch.why_not, torch.version) == (None, "9.9")
        for _ in range(4):
            gpu.against_torch(found, workload, 1, 32.0, torch)
        assert torch.why_not is not None
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[-4:] == ["15,625", "2.00", "1x:", "met"]
    assert printed[1:] == [
        "W4, float32, PyTorch: no memory",
        "W4, float32, PyTorch: PyTorch's process ended, or gave no answer in time",
    ]
    with Torch(str(tmp_path / "nowhere"), "cuda") as torch:
        assert "cannot be started" in str(torch.why_not)

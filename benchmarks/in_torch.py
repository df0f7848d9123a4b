"""PyTorch in a process of its own, told what to time by JSON lines: see `benchmarks/gpu_torch.py`.

Its interpreter may be another environment's: most releases of PyTorch want libraries of CUDA in
other versions than ours.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.workloads import Workload

HERE = Path(__file__).resolve().parent

PATIENCE = 120.0  # seconds for an answer; a process that takes longer is ended


class Torch:
    """One such process, until the `with` ends.

    python: its interpreter. device: "cuda" or "cpu".
    why_not: why nothing can be timed there, None if something can. version: of PyTorch.
    """

    def __init__(self, python: str, device: str) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.why_not: str | None = None
        self.version = ""
        command = [python, str(HERE / "gpu_torch.py"), device]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
        except OSError as error:
            self.why_not = f"{python} cannot be started ({error})"
        else:
            self.version = str(self._answer().get("version", ""))

    def __enter__(self) -> Torch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def seconds_a_step(
        self, workload: Workload, n_steps: int, *, tf32: bool = False
    ) -> tuple[dict[str, float], str]:
        """See `gpu_torch.seconds_a_step`; and what went wrong, or ""."""
        order = {"workload": asdict(workload), "n_steps": n_steps, "tf32": tf32}
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # of a process that has ended
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        answer = self._answer()
        return answer.get("seconds", {}), answer.get("problem", "")

    def _answer(self) -> dict[str, Any]:
        """The next line; without one, PyTorch is given up."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        if not line:
            self.why_not = "PyTorch's process ended, or gave no answer in time"
            return {"problem": self.why_not}
        answer: dict[str, Any] = json.loads(line)
        self.why_not = answer.get("why_not")
        return answer

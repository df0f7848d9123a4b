"""What the README says is true: its example runs, its files and commands are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_library_example_runs_and_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core import exchange

    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    trainer = names["trainer"]
    assert trainer.evaluate("test")["accuracy"] > 0.9  # type: ignore[attr-defined]
    network = exchange.load(tmp_path / "spiral.safetensors")
    assert network.run == trainer.run  # type: ignore[attr-defined]
    assert (names["again"].params == trainer.params).all()  # type: ignore[attr-defined]


def test_everything_it_points_to_exists() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert linked
    missing = [path for path in linked if not (ROOT / path).exists()]
    assert not missing


def test_the_map_shows_what_is_there() -> None:
    (house,) = [block for block in blocks("text") if "core/" in block]
    parents: list[str] = []
    for line in house.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        parents[depth:] = [name]
        assert (ROOT / "".join(parents)).exists(), "".join(parents)


def test_its_commands_run_files_that_exist() -> None:
    commands = " ".join(blocks("sh"))
    for path in re.findall(r"python (\S+\.py)", commands):
        assert (ROOT / path).exists(), path
    assert "pip install -r requirements.txt && streamlit run playground" in commands

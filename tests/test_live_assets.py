"""The live view's browser files, read as text: their words, their imports, nothing foreign."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from playground.charts import style

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "playground" / "live" / "assets"
MODULES = sorted(ASSETS.glob("*.js"))
FILES = [*MODULES, *sorted(ASSETS.glob("*.css"))]
LANGUAGES = ("en", "zh")

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
"""A name, not an address: nothing is ever loaded from it."""


def listed(name: str) -> list[str]:
    """An exported list of colours.js, its names of colours replaced by what they stand for."""
    text = (ASSETS / "colours.js").read_text(encoding="utf-8")
    found = re.search(rf"const {name} = \[(.*?)\];", text, re.DOTALL)
    assert found
    values = dict(re.findall(r'const (\w+) = "(#\w+)";', text))
    items = [item.strip() for item in found[1].split(",") if item.strip()]
    return [values.get(item, item.strip('"')) for item in items]


def test_classes_look_alike_in_the_live_view_and_in_charts() -> None:
    assert listed("CLASS_COLOURS") == list(style.CLASS_COLOURS)
    names = {"triangle": "triangle-up", "plus": "x"}
    markers = [names.get(marker, marker) for marker in listed("CLASS_MARKERS")]
    assert markers == list(style.CLASS_SYMBOLS)


def catalogue(language: str) -> dict[str, str]:
    path = ROOT / "playground" / "locales" / language / "live.json"
    return json.loads(path.read_text(encoding="utf-8"))


def code(path: Path) -> str:
    """A file without its comments."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"^\s*//.*$|(?<=[;{},\s])// .*$", "", text, flags=re.MULTILINE)


def keys_used(text: str) -> set[str]:
    """Catalogue keys in a module: "live.x" anywhere, and "x" as the first argument of t(...)."""
    keys = set(re.findall(r'"(live\.(?!(?:css|js)")\w+)"', text))
    for argument in re.findall(r"(?<![\w$])t\(((?:[^(),]|\([^()]*\))*)", text):
        compared = re.sub(r'[!=]==\s*"[^"]*"', "", argument)
        keys |= {f"live.{key}" for key in re.findall(r'"(\w+)"', compared)}
    return keys


def prefixes_used(text: str) -> set[str]:
    """Beginnings of keys that are put together: t(`status_${status}`)."""
    return {f"live.{start}" for start in re.findall(r"(?<![\w$])t\(`(\w+)\$\{", text)}


def test_the_reader_of_keys_finds_them() -> None:
    text = 't("a"); this.t(n === "x" ? "b" : "c", { n }); say("live.d"); t(`e_${f}`); "live.css"'
    assert keys_used(text) == {"live.a", "live.b", "live.c", "live.d"}
    assert prefixes_used(text) == {"live.e_"}


def test_there_are_files() -> None:
    assert {"live.js", "output.js", "output.css"} <= {path.name for path in FILES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_on_the_live_view_is_in_the_catalogue(language: str) -> None:
    known = catalogue(language)
    used = set().union(*(keys_used(code(path)) for path in MODULES))
    assert len(used) > 60
    assert used - known.keys() == set()
    for start in set().union(*(prefixes_used(code(path)) for path in MODULES)):
        assert any(key.startswith(start) for key in known), start


def test_every_word_of_the_output_panel_is_used() -> None:
    used = set().union(*(keys_used(code(path)) for path in MODULES))
    mine = {key for key in catalogue("en") if key.startswith("live.output_")}
    assert mine - used == set()


def test_places_in_sentences_are_the_same_in_every_language() -> None:
    english, *others = (catalogue(language) for language in LANGUAGES)
    for other in others:
        assert english.keys() == other.keys()
        for key, sentence in english.items():
            places = re.findall(r"\{\w+\}", sentence)
            assert sorted(re.findall(r"\{\w+\}", other[key])) == sorted(places), key


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_loaded_from_another_host(path: Path) -> None:
    text = code(path).replace(SVG_NAMESPACE, "")
    assert re.findall(r"""["'`(]\s*(?:https?:|wss?:)?//[\w.]""", text) == []
    assert re.findall(r"@import|url\(\s*(?!#)", text) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_import_what_their_neighbours_export(path: Path) -> None:
    imports = re.findall(r'import\s*(?:\{([^}]*)\}\s*from\s*)?"([^"]+)"', code(path))
    for names, source in imports:
        assert source.startswith("./"), f"{path.name} imports {source}"
        neighbour = ASSETS / source
        assert neighbour.is_file(), f"{path.name} imports {source}"
        exported = set(
            re.findall(
                r"export\s+(?:async\s+)?(?:class|function\*?|const|let)\s+(\w+)", code(neighbour)
            )
        )
        wanted = {name.split(" as ")[0].strip() for name in names.split(",")} - {""}
        assert wanted <= exported, f"{path.name} wants {wanted - exported} of {source}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_names_from_peoples_files_never_become_markup(path: Path) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", code(path)
    )

"""Both catalogues say everything: same keys, same placeholders, every registry entry and option."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data import DATASETS, DRAWINGS
from core.data.baselines import BASELINES
from core.data.features import FEATURES
from core.experiment import OPTIONS_OF
from core.maths.activations import OUTPUT_ACTIVATIONS
from core.maths.initializers import INITIALIZERS
from core.maths.losses import LOSSES
from core.maths.normalizations import NORMALIZATIONS
from core.maths.optimizers import OPTIMIZERS
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES
from core.presets import PRESETS
from playground.locales import CATALOGUES, LANGUAGES, catalogue, language_of, translate

PAGE = Path(__file__).resolve().parent.parent / "playground"

AREAS = {
    "activation": OUTPUT_ACTIVATIONS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "schedule": SCHEDULES,
    "normalization": NORMALIZATIONS,
    "feature": FEATURES,
    "dataset": DATASETS | DRAWINGS,
}
ENTRIES = [(area, name) for area, registry in AREAS.items() for name in registry]
OPTIONED = [record for owner in OPTIONS_OF.values() for record in owner.registry.values()]
OPTIONS = sorted({name for record in OPTIONED for name in record.options})
CHOICES = sorted({c for record in OPTIONED for o in record.options.values() for c in o.choices})


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("part", CATALOGUES)
def test_every_language_has_the_same_entries_with_the_same_placeholders(part: str) -> None:
    english = catalogue("en", part)
    for language in LANGUAGES:
        other = own_entries(language, part)
        assert other.keys() == english.keys(), f"{language}/{part}.json"
        for key, text in english.items():
            assert placeholders(other[key]) == placeholders(text), key
            assert other[key].strip(), key


def own_entries(language: str, part: str) -> dict[str, str]:
    """A language's entries without English ones standing in."""
    import json

    path = PAGE / "locales" / language / f"{part}.json"
    pairs = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs), f"{path} says something twice"
    return dict(pairs)


@pytest.mark.parametrize(("area", "name"), ENTRIES)
def test_every_registry_entry_has_label_formula_and_translations(area: str, name: str) -> None:
    record = AREAS[area][name]
    key = f"{area}.{name}"
    assert translate("en", key) == record.label
    assert all(key in own_entries(language, "registry") for language in LANGUAGES)
    if area == "dataset":
        assert translate("en", f"{key}.about") == record.description
        assert all(f"{key}.about" in own_entries(lang, "registry") for lang in LANGUAGES)
    elif area != "schedule":
        assert record.latex


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_told_in_every_language(name: str) -> None:
    preset = PRESETS[name]
    assert translate("en", f"preset.{name}") == preset.label
    assert translate("en", f"preset.{name}.source").replace("55%", "0.55") == preset.source
    for language in LANGUAGES:
        entries = own_entries(language, "registry") | own_entries(language, "page")
        assert {f"preset.{name}", f"preset.{name}.known", f"preset.{name}.source"} <= {*entries}
        assert {f"page.use.{preset.use}", *(f"page.preset.{b}" for b in BASELINES)} <= {*entries}
    shares = re.findall(r"0\.(\d+)", preset.known)
    written = r"(\d+)%" if preset.measure == "accuracy" else r"0\.(\d+)"
    assert re.findall(written, translate("en", f"preset.{name}.known")) == shares
    assert re.findall(written, translate("zh", f"preset.{name}.known")) == shares


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_has_label_and_translations(name: str) -> None:
    labels = {o.options[name].label for o in OPTIONED if name in o.options}
    assert labels == {translate("en", f"option.{name}")}
    assert all(f"option.{name}" in own_entries(language, "registry") for language in LANGUAGES)


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_of_an_option_has_translations(name: str) -> None:
    assert all(f"choice.{name}" in own_entries(language, "registry") for language in LANGUAGES)


def used_keys() -> Iterator[tuple[str, str]]:
    """Every complete catalogue key that the page's sources name, with its file."""
    for path in sorted(PAGE.rglob("*.py")):
        for key in re.findall(r'"((?:page|views)\.[a-z0-9_.]+)"', path.read_text(encoding="utf-8")):
            if not key.endswith((".", ".css", ".py")):
                yield key, path.name


def test_every_key_that_the_page_names_is_in_the_catalogue() -> None:
    missing = [
        f"{key} ({file})"
        for key, file in used_keys()
        if key not in catalogue("en", key.partition(".")[0])
    ]
    assert not missing


def test_no_entry_of_the_page_is_left_over() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PAGE.rglob("*.py"))
    stems = {"page.metric.", "page.diverged.", "page.step_unit.", "page.edges.", "page.projection."}
    stems |= {"page.tab.", "page.help.", "page.stopped.", "page.preset.", "page.use.", "page.own."}
    stems |= {"page.drawing."}
    for key in catalogue("en", "page"):
        built = any(key.startswith(stem) for stem in stems)
        name = key.removeprefix("page.").removesuffix(".help")
        assert built or key in sources or f'"{name}"' in sources, key


def test_a_browsers_language_is_recognized() -> None:
    assert [language_of(code) for code in ("zh-TW", "zh_CN", "zh", "en-GB", "fr", "", None)] == [
        *("zh", "zh", "zh"),
        *("en", "en", "en", "en"),
    ]


def test_what_is_not_translated_is_shown_in_english_and_else_by_its_key() -> None:
    assert translate("xx", "page.play") == "Play"
    assert translate("zh", "page.nothing_of_this_name") == "page.nothing_of_this_name"

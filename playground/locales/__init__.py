"""The page's words: one folder per language, one flat JSON catalogue per part of the page."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = {"en": "English", "zh": "简体中文"}
"""Language code -> the language's own name. English is what a missing entry falls back to."""

CATALOGUES = ("page", "registry", "live", "views")
"""The parts; a key's first word names its part, except for registry keys ("activation.relu")."""


def language_of(locale: str | None) -> str:
    """The language to greet a browser with: 'zh-TW' -> 'zh', anything unknown -> 'en'."""
    code = (locale or "").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else "en"


def catalogue(language: str, part: str) -> dict[str, str]:
    """All entries of one part; English ones stand in for those that are missing."""
    return {**_read("en", part), **_read(language, part)}


def translate(language: str, key: str, **values: Any) -> str:
    """The text of a key, with its {placeholders} filled in; the key itself if there is none."""
    part = key.split(".", 1)[0]
    part = part if part in CATALOGUES else "registry"
    text = _read(language, part).get(key) or _read("en", part).get(key, key)
    return text.format(**values) if values else text


@lru_cache(maxsize=32)
def _read(language: str, part: str) -> dict[str, str]:
    if language not in LANGUAGES:
        return {}
    path = Path(__file__).parent / language / f"{part}.json"
    if not path.exists():
        return {}
    entries: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return entries

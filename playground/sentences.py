"""What the core says about things it cannot use, in the page's language and with its labels.

A Sentence is looked up by its English template in the catalogue `refusals`; one that is not there,
and text that is no Sentence, stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from core.exchange.links import OPTION_KEYS
from core.refusals import Sentence
from playground import link
from playground.fields import FIELDS, LAYER_FIELDS
from playground.locales import catalogue, translate

FIELD = "field"
"""The place for a setting's name, which is shown with the label that it has on the page."""

NAMES = {"loss": "loss", "usual": "loss", "dataset": "dataset"}
"""Places for a name of the registry, and the area where its label is."""

NUMBERS = ("value", "low", "high", "most")
"""Places for a number, or for what somebody wrote where one should be."""


WORD_JOINER = "\N{WORD JOINER}"
"""Unseen, without width, and enough for a text not to be taken for an address."""


def said(text: str, language: str) -> str:
    """A text in the page's words."""
    if not isinstance(text, Sentence):
        return text
    words = catalogue(language, "refusals")
    template = words.get(text.template, text.template)
    values = {name: _value(name, value, language) for name, value in text.values.items()}
    return template.format(**values) if values else template


def _value(name: str, value: Any, language: str) -> str:
    """One value of a sentence, as it is shown in that place."""
    if isinstance(value, Sentence):
        return said(value, language)
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    if name == FIELD:
        key = labels().get(text, "")
        words = catalogue(language, "refusals").get(text, text)
        return _with_label(translate(language, key) if key else words, text, language)
    if name in NAMES:
        return _with_label(translate(language, f"{NAMES[name]}.{text}"), text, language)
    if name in NUMBERS and text.lstrip("-").isdecimal():
        return f"{int(text):,}"
    return catalogue(language, "refusals").get(text, text)


def _with_label(label: str, name: str, language: str) -> str:
    """A label, and the name that links and files have for it where that says more."""
    if language == "en" and label.lower().replace(" ", "_") == name:
        return label
    return translate(language, "page.label_and_name", label=label, name=name)


@lru_cache(maxsize=1)
def labels() -> dict[str, str]:
    """The catalogue key of every setting's label, by its name in links and files."""
    fields = {str(path[-1]): field for path, field in FIELDS.items()} | LAYER_FIELDS
    keys = {name: f"page.{field.label}" for name, field in fields.items() if name != "name"}
    keys |= {name: f"page.{key.field}" for name, key in link.KEYS.items()}
    return keys | {name: f"option.{name}" for name in OPTION_KEYS}


def plain(text: str) -> str:
    """Text that may quote what a stranger wrote: nothing in it is markup, nor becomes a link."""
    for mark in "\\`*_{}[]<>#$:|~&":
        text = text.replace(mark, f"\\{mark}")
    return re.sub(r"(?<=www)(?=\.)|(?<=@)|(?=//)", WORD_JOINER, text, flags=re.IGNORECASE)

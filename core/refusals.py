"""Sentences about what cannot be used: English text that can be said in other languages as well."""

from __future__ import annotations

from typing import Any


class Sentence(str):
    """An English text that remembers how it was made: a template and the values in it.

    It is the text, `Sentence("{field} is {value}.", field="noise", value="2") == "noise is 2."`;
    who speaks another language looks the template up in a catalogue. Values may be Sentences.
    """

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Sentence:
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template, made.values = template, values
        return made


class Refusal(ValueError):  # noqa: N818 - named for what it says to a person
    """A ValueError in a person's words; `sentence` is what `str` gives, as a Sentence."""

    sentence: Sentence

    def __init__(self, template: str, /, **values: Any) -> None:
        self.sentence = template if isinstance(template, Sentence) else Sentence(template, **values)
        super().__init__(self.sentence)


class BackendRefusal(Refusal):
    """What one backend refuses, and another can do."""


def sentence_of(error: Exception) -> str:
    """What an error says, as a Sentence where it is one."""
    return error.sentence if isinstance(error, Refusal) else str(error)

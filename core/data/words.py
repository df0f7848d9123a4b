"""Texts as bags of words: a preprocessing whose raw rows are texts, and which knows its words.

A text becomes one number for each word of a vocabulary, tf-idf as scikit-learn's TfidfVectorizer
with sublinear_tf has it: a word that comes c times weighs (1 + ln c) * idf, and each row is divided
by its length. Order, other words, case and punctuation are lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.data.preprocessing import Preprocessing, read_numbers
from core.maths.registry import shown
from core.refusals import Refusal

WORD = r"[a-z]+(?:'[a-z]+)?"
"""What counts as a word: "don't", "tea", but neither "5" nor "é"."""

MOST_WORDS = 10_000
LONGEST_WORD = 60
TELLING = 1000
"""Words that are kept of a training set."""

FEWEST_TEXTS = 4
"""A word that stands in fewer training texts is not looked at, where there are MANY texts."""
MANY = 100


@dataclass(frozen=True)
class Words(Preprocessing):
    """Inputs are the weights of known words in a text.

    vocabulary: distinct lower-case words, the most telling first. weights: the idf of each,
    ln((1 + n) / (1 + texts with the word)) + 1 over n training texts, to four decimals.
    """

    vocabulary: tuple[str, ...]
    weights: tuple[float, ...]
    kind: ClassVar[str] = "words"

    def __post_init__(self) -> None:
        count = len(self.vocabulary)
        if not 1 <= count <= MOST_WORDS or len(set(self.vocabulary)) < count:
            raise Refusal(
                "The preprocessing's vocabulary must be 1 to {most} different words.",
                most=MOST_WORDS,
            )
        for word in self.vocabulary:
            if len(word) > LONGEST_WORD or not re.fullmatch(WORD, word):
                raise Refusal(
                    "The preprocessing's vocabulary holds {word}, which is no plain word of small "
                    "letters, {most} at most.",
                    word=shown(word),
                    most=LONGEST_WORD,
                )
        if len(self.weights) != count or not all(0.0 < w < math.inf for w in self.weights):
            raise Refusal("The preprocessing's words must have a finite weight above 0 each.")

    @classmethod
    def fit(cls, texts: Sequence[str], classes: NDArray[np.int64], most: int = TELLING) -> Words:
        """Learn the words of training texts that tell their classes apart best, by chi-squared.

        classes: (n_texts,). most: how many words are kept. Raises ValueError if there are none.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.feature_selection import chi2

        if not any(words_of(text) for text in texts):
            raise Refusal("There is no word in the training texts.")
        vectorizer = TfidfVectorizer(
            tokenizer=words_of,
            token_pattern=None,
            lowercase=False,  # words_of does
            sublinear_tf=True,
            min_df=FEWEST_TEXTS if len(texts) >= MANY else 1,
            dtype=np.float64,
        )
        table = vectorizer.fit_transform(texts)
        telling = np.nan_to_num(chi2(table, classes)[0])
        kept = np.argsort(-telling, kind="stable")[:most]
        names = vectorizer.get_feature_names_out()
        weights = tuple(round(float(vectorizer.idf_[column]), 4) for column in kept)
        return cls(tuple(str(names[column]) for column in kept), weights)

    @property
    def n_inputs(self) -> int:
        return len(self.vocabulary)

    def transform(self, raw: ArrayLike) -> NDArray[np.float32]:
        """Make network inputs of texts.

        raw: texts (n_texts,). Returns float32 (n_texts, n_words), zeros for a text without a known
        word. Raises ValueError if it is no list of texts.
        """
        texts = _texts(raw)
        numbers = {word: number for number, word in enumerate(self.vocabulary)}
        idf = np.array(self.weights)
        X = np.zeros((len(texts), len(numbers)), dtype=np.float32)
        for row, text in zip(X, texts, strict=True):
            known = [numbers[word] for word in words_of(text) if word in numbers]
            if known:
                columns, counts = np.unique(known, return_counts=True)
                values = (1.0 + np.log(counts)) * idf[columns]
                row[columns] = values / np.linalg.norm(values)
        return X

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "vocabulary": list(self.vocabulary),
            "weights": list(self.weights),
        }


def words_of(text: str) -> list[str]:
    """The words of a text in their order, in small letters; a curved apostrophe counts as one."""
    return re.findall(WORD, text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def read_words(record: Mapping[str, Any]) -> Words:
    """Read what `Words.to_dict` wrote."""
    words = record.get("vocabulary")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise Refusal("The preprocessing's 'vocabulary' must be a list of words.")
    return Words(tuple(words), read_numbers(record, "weights"))


def _texts(raw: Any) -> list[str]:
    texts = [raw] if isinstance(raw, str) or not hasattr(raw, "__iter__") else list(raw)
    if isinstance(raw, str) or not all(isinstance(text, str) for text in texts):
        raise Refusal("This network was trained on texts: raw data must be a list of them.")
    return [str(text) for text in texts]

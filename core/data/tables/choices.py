"""What is to be learnt from a table: target, features, task, split and preparation, as a config."""

from __future__ import annotations

import json
from typing import Annotated, Any

from core.data.tables.configs import Text, from_plain, read_json, to_plain
from core.data.tables.limits import MAX_COLUMNS
from core.experiment.config import SEED
from core.experiment.fields import Flag, Instance, OneOf, TupleOf, Within, config
from core.maths.limits import Limits
from core.maths.registry import shown
from core.refusals import Refusal

TASKS = ("binary", "multiclass", "regression", "multi_output_regression")
TREATMENTS = ("auto", "number", "category", "date", "text")
SCALINGS = ("standardize", "min_max", "none")
SPLITS = ("share", "stratified", "group", "time", "column")
DATE_PARTS = ("days", "year", "month", "day", "weekday", "hour")
MOST_TARGETS = 64


@config
class Feature:
    """A column that the network sees.

    treatment: what it is taken for; "auto" follows its kind. scaling: of its numbers, or parts of
    its dates; "as_all" is that of `PreparationChoices`.
    """

    column: Annotated[str, Text()] = ""
    treatment: Annotated[str, OneOf("treatment", TREATMENTS)] = "auto"
    scaling: Annotated[str, OneOf("scaling", ("as_all", *SCALINGS))] = "as_all"


@config
class SplitChoices:
    """Which rows are for training and which for the test.

    how: "share" (at random), "stratified" (at random, every class in proportion), "group" (rows of
    one value of `column` stay together), "time" (the last rows by `column` are the test) or
    "column" (those whose `column` is one of `test_values` are the test).
    train_fraction: the training rows' share, but for "column". validation_fraction: the share of
    them that is held back for validation, by the same rule; for "column", those whose `column` is
    one of `validation_values` are.
    """

    how: Annotated[str, OneOf("split", SPLITS)] = "share"
    train_fraction: Annotated[float, Within(Limits(0.1, 0.99))] = 0.8
    column: Annotated[str, Text()] = ""
    test_values: Annotated[tuple[str, ...], TupleOf(Text(), 1, 100, distinct=True)] = ("test",)
    validation_fraction: Annotated[float, Within(Limits(0.0, 0.5))] = 0.0
    validation_values: Annotated[tuple[str, ...], TupleOf(Text(), 0, 100, distinct=True)] = ()

    @property
    def marks_validation(self) -> bool:
        """Whether the column says which rows are for validation, too."""
        return self.how == "column" and bool(self.validation_values)


@config
class PreparationChoices:
    """How features become the network's inputs; scikit-learn's names where it has them.

    impute_number: what stands for a missing number, or `number_fill`; impute_category: the most
    frequent one, or a category of its own. indicator: one more input that says what was missing.
    scaling: of numbers and parts of dates. min_frequency: the share of training rows below which a
    category is rare; rare ones, and all beyond max_categories, are one category, "other", and so is
    one that training never saw. date_parts: those that vary in training are used. text: a hashed
    bag of words, or TF-IDF of the most frequent ones, of text_size columns; tokens: of "characters"
    where words are not written apart, as in Chinese. standardize_target: of a regression.
    """

    impute_number: Annotated[str, OneOf("imputer", ("median", "mean", "constant"))] = "median"
    number_fill: Annotated[float, Within(Limits(-1e12, 1e12))] = 0.0
    impute_category: Annotated[str, OneOf("imputer", ("most_frequent", "own"))] = "most_frequent"
    indicator: Annotated[bool, Flag()] = False
    scaling: Annotated[str, OneOf("scaling", SCALINGS)] = "standardize"
    max_categories: Annotated[int, Within(Limits(2, 1000, whole=True))] = 20
    min_frequency: Annotated[float, Within(Limits(0.0, 0.5))] = 0.005
    date_parts: Annotated[
        tuple[str, ...], TupleOf(OneOf("part of a date", DATE_PARTS), 1, 6, distinct=True)
    ] = DATE_PARTS
    text: Annotated[str, OneOf("treatment of texts", ("hashed", "tf_idf"))] = "hashed"
    text_size: Annotated[int, Within(Limits(2, 4096, whole=True))] = 256
    tokens: Annotated[str, OneOf("tokens", ("words", "characters"))] = "words"
    standardize_target: Annotated[bool, Flag()] = True


@config
class TableChoices:
    """Everything that makes a data set of a table. seed: of the split.

    targets: one column, or several numbers for "multi_output_regression".
    """

    targets: Annotated[tuple[str, ...], TupleOf(Text(), 1, MOST_TARGETS, distinct=True)] = ("",)
    features: Annotated[tuple[Feature, ...], TupleOf(Instance(Feature), 1, MAX_COLUMNS)] = (
        Feature(),
    )
    task: Annotated[str, OneOf("task", TASKS)] = "binary"
    split: Annotated[SplitChoices, Instance(SplitChoices)] = SplitChoices()
    preparation: Annotated[PreparationChoices, Instance(PreparationChoices)] = PreparationChoices()
    seed: Annotated[int, SEED] = 0

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values; `from_mapping` reads them back."""
        return to_plain(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """The choices as JSON."""
        return json.dumps(self.to_mapping(), indent=indent)

    @classmethod
    def from_mapping(cls, record: object) -> TableChoices:
        """Read what `to_mapping` made. Raises ValueError that names what does not fit."""
        return from_plain(
            cls,
            record,
            features=_features,
            split=lambda part: from_plain(SplitChoices, part),
            preparation=lambda part: from_plain(PreparationChoices, part),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> TableChoices:
        """Read what `to_json` wrote. Raises ValueError that names what does not fit."""
        return cls.from_mapping(read_json(text))


def _features(record: object) -> tuple[Feature, ...]:
    if not isinstance(record, list):
        raise Refusal(
            "{field} is {value}; it must be a list.", field="features", value=shown(record)
        )
    return tuple(from_plain(Feature, part) for part in record)

"""Measure a preparation by scikit-learn, and keep only numbers and words of what it measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.data.making import Making, between, finished
from core.data.tables.choices import Feature, PreparationChoices
from core.data.tables.limits import MAX_INPUTS
from core.data.tables.preparation import TablePreparation
from core.data.tables.raw import as_dates, as_numbers, as_texts
from core.data.tables.steps import (
    LARGEST,
    CategoryStep,
    DatePart,
    DateStep,
    NumberStep,
    Scaling,
    Step,
    Target,
    TextStep,
    analysis,
    part_of,
)
from core.data.tables.table import KIND_OF
from core.maths.registry import shown
from core.refusals import Refusal

MISSING = "(missing)"  # the category of its own
LETTERS_AT_ONCE = 500_000  # of texts whose words are counted in one piece, or one text
Numbers = NDArray[np.float64]


def fit_preparation(
    train: pl.DataFrame, features: Sequence[Feature], choices: PreparationChoices
) -> TablePreparation:
    """`fitting`, all of it now."""
    return finished(fitting(train, features, choices))


def fitting(
    train: pl.DataFrame,
    features: Sequence[Feature],
    choices: PreparationChoices,
    targets: Sequence[Target] = (),
    *,
    day_first: bool = False,
) -> Making[TablePreparation]:
    """Measure how these columns become inputs, by the training rows, and by nothing else.

    train: training rows. day_first: how dates are meant that are still texts, as the table was
    read. A column is a piece, and texts are several. Raises ValueError for a column that is empty
    in all of them, or that cannot be taken for what it should be.
    """
    steps: list[Step] = []
    for each in features:
        column = train[each.column]
        if each.treatment == "date" and column.dtype == pl.String and day_first:
            column = as_dates(column, day_first=True)
        done = len(steps)
        fit = _fitting(column, each, choices)
        step = yield from between(done / len(features), (done + 1) / len(features), fit)
        steps.append(replace(step, day_first=day_first) if isinstance(step, DateStep) else step)
    count = sum(len(step.names) for step in steps)
    if count > MAX_INPUTS:
        raise Refusal(
            "The columns become {count} inputs; at most {most} are possible. Fewer categories or "
            "words may do.",
            count=count,
            most=MAX_INPUTS,
        )
    return TablePreparation(tuple(steps), tuple(targets))


def _fitting(column: pl.Series, feature: Feature, choices: PreparationChoices) -> Making[Step]:
    treatment = feature.treatment
    if feature.scaling != "as_all":
        choices = replace(choices, scaling=feature.scaling)
    if column.null_count() == len(column):
        raise Refusal("{column} is empty in every training row.", column=shown(column.name))
    if treatment == "auto":
        treatment = AUTOMATIC[KIND_OF[type(column.dtype)]]
    if treatment == "text":
        return (yield from _fitting_text(column, choices))
    step = FITTERS[treatment](column, choices)
    yield 1.0
    return step


def fit_scaling(numbers: Numbers, name: str, choices: PreparationChoices) -> Scaling:
    """SimpleImputer, then StandardScaler or MinMaxScaler, of numbers (nan: missing)."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    if np.isnan(numbers).all():
        raise Refusal("{column} is empty in every training row.", column=shown(name))
    if np.nanmax(np.abs(numbers)) > LARGEST:  # scikit-learn would take such a column for constant
        raise Refusal("{column} holds numbers too large to be scaled.", column=shown(name))
    imputer = SimpleImputer(strategy=choices.impute_number, fill_value=choices.number_fill)
    with np.errstate(all="ignore"):
        filled = imputer.fit_transform(numbers[:, None])
        shift, scale = 0.0, 1.0
        if choices.scaling == "standardize":
            scaler = StandardScaler().fit(filled)
            shift, scale = scaler.mean_[0], scaler.scale_[0]
        elif choices.scaling == "min_max":
            scaler = MinMaxScaler().fit(filled)
            shift, scale = scaler.data_min_[0], 1.0 / scaler.scale_[0]
    made = Scaling(float(imputer.statistics_[0]), float(shift), float(scale))
    if not np.isfinite([made.fill, made.shift, made.scale]).all() or made.scale <= 0.0:
        raise Refusal("{column} holds numbers too large to be scaled.", column=shown(name))
    return made


def _fit_number(column: pl.Series, choices: PreparationChoices) -> Step:
    scaling = fit_scaling(as_numbers(column), column.name, choices)
    return NumberStep(column.name, scaling, choices.indicator)


def _fit_category(column: pl.Series, choices: PreparationChoices) -> Step:
    """SimpleImputer, then OneHotEncoder with rare categories grouped.

    They see the categories' numbers: a million texts take a fraction of the time so, and most of
    that without the GIL.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    texts = as_texts(column)
    if choices.impute_category == "own":
        texts = texts.fill_null(MISSING)
    names = texts.drop_nulls().unique().sort()
    numbers = pl.int_range(1, len(names) + 1, eager=True)
    codes = texts.replace_strict(names, numbers, default=0).to_numpy()[:, None]
    imputer = SimpleImputer(missing_values=0, strategy="most_frequent")
    encoder = OneHotEncoder(
        max_categories=choices.max_categories,
        min_frequency=choices.min_frequency or None,
        handle_unknown="infrequent_if_exist",
    ).fit(imputer.fit_transform(codes))
    rare = encoder.infrequent_categories_[0]
    kept = np.setdiff1d(encoder.categories_[0], [] if rare is None else rare) - 1
    fill = MISSING if choices.impute_category == "own" else names[int(imputer.statistics_[0]) - 1]
    return CategoryStep(column.name, tuple(names[kept].to_list()), rare is not None, fill)


def _fit_date(column: pl.Series, choices: PreparationChoices) -> Step:
    """Those parts that differ between training rows, the first one if none does."""
    dates = as_dates(column)
    numbers = {part: part_of(dates, part) for part in choices.date_parts}
    differ = [part for part, of in numbers.items() if np.nanmin(of) < np.nanmax(of)]
    parts = tuple(
        DatePart(part, fit_scaling(numbers[part], column.name, choices))
        for part in differ or choices.date_parts[:1]
    )
    return DateStep(column.name, parts, choices.indicator)


def _fitting_text(column: pl.Series, choices: PreparationChoices) -> Making[Step]:
    """The words of TfidfVectorizer and their idf, which it would measure in one piece."""
    if choices.text == "hashed":
        yield 1.0
        return TextStep(column.name, choices.text_size, choices.tokens)
    occur, are_in = yield from _counting(as_texts(column).fill_null(""), choices.tokens)
    if not occur:
        raise Refusal("There are no words in {column}.", column=shown(column.name))
    words = sorted(occur)
    if len(words) > choices.text_size:  # the most frequent; of equals, those that it would take
        counts = np.array([occur[word] for word in words], dtype=np.float64)
        kept = np.sort((-counts).argsort()[: choices.text_size])
        words = [words[number] for number in kept]
    texts = np.array([are_in[word] for word in words], dtype=np.float64)
    idf = np.log((len(column) + 1.0) / (texts + 1.0)) + 1.0
    return TextStep(column.name, len(words), choices.tokens, tuple(words), tuple(idf.tolist()))


def _counting(texts: pl.Series, tokens: str) -> Making[tuple[Counter[str], Counter[str]]]:
    """How often each word occurs, and in how many texts."""
    from sklearn.feature_extraction.text import CountVectorizer

    words_of = CountVectorizer(**analysis(tokens)).build_analyzer()
    occur: Counter[str] = Counter()
    are_in: Counter[str] = Counter()
    letters = 0
    for number, text in enumerate(texts, start=1):
        words = words_of(text)
        occur.update(words)
        are_in.update(set(words))
        letters += len(text)
        if letters >= LETTERS_AT_ONCE or number == len(texts):
            letters = 0
            yield number / len(texts)
    return occur, are_in


FITTERS: dict[str, Callable[[pl.Series, PreparationChoices], Step]] = {
    "number": _fit_number,
    "category": _fit_category,
    "date": _fit_date,
}
AUTOMATIC = {"number": "number", "boolean": "number", "date": "date", "text": "category"}


def fit_targets(values: Numbers, names: Sequence[str]) -> tuple[Target, ...]:
    """Mean and standard deviation of each target, (n, n_values), by StandardScaler."""
    from sklearn.preprocessing import StandardScaler

    large = np.abs(values).max(axis=0) > LARGEST
    if large.any():
        column = names[int(np.argmax(large))]
        raise Refusal("{column} holds numbers too large to be scaled.", column=shown(column))
    scaler = StandardScaler().fit(values)
    made = zip(names, scaler.mean_.tolist(), scaler.scale_.tolist(), strict=True)
    return tuple(Target(name, mean, scale) for name, mean, scale in made)

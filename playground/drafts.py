"""A person's own table that is looked at, before anything is used of it: choices, nothing drawn.

Polars and scikit-learn, which take a second to load, are imported when a table comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.experiment import OwnTable
from core.maths.registry import shown
from core.refusals import Refusal, Sentence
from playground.tables import Progress, Taken, taken

if TYPE_CHECKING:
    from core.data.tables import ColumnReport, ReadOptions, Table, TableChoices

PREVIEW_ROWS = 50


class UnreadError(Exception):
    """A choice came before the table was read: it belongs to what the page showed before."""


class Draft:
    """A table that is looked at, before anything is used of it.

    name, data: the file; data is None for the table in use, of which only choices change.
    chosen: ways of reading that were settled by hand; options: those and what is recognized.
    choices: what would be made of it; None until it is read. wanted: what a link asked for.
    """

    def __init__(self, name: str, data: bytes | None, wanted: OwnTable | None = None) -> None:
        self.name, self.data = name, data
        self.digest = ""
        self.chosen: dict[str, Any] = {}
        self.options: ReadOptions | None = None
        self.table: Table | None = None
        self.choices: TableChoices | None = None
        self.wanted = wanted
        self.remark: Sentence | None = None
        self.treated = 0
        """How often a single column was told how to be taken."""
        self._sheets: list[str] | None = None
        self._reports: tuple[tuple[str, ...], tuple[ColumnReport, ...]] | None = None

    @classmethod
    def of(cls, used: Taken) -> Draft:
        """The table in use, to choose otherwise."""
        draft = cls(used.table.name, None)
        draft.digest, draft.table, draft.options = used.digest, used.table, used.table.options
        draft.choices = used.choices
        return draft

    # -- reading -----------------------------------------------------------------------------

    def recognize(self) -> ReadOptions:
        """How the file is read: what was settled by hand, the rest by what is in it."""
        from core.data.tables import digest_of, options_of, recognize

        if self.options is None:
            assert self.data is not None
            self.digest = self.digest or digest_of(self.data)
            if not self.chosen and self.wanted is not None and self.wanted.digest == self.digest:
                self.options = options_of(self.wanted)
            else:
                self.options = recognize(self.data, self.name, **self.chosen)
        return self.options

    def choose(self, field: str, value: Any) -> None:
        """Settle a way of reading; what follows from it is recognized anew.

        Raises ValueError if nothing can be recognized that way; then it stays as it was.
        """
        before = self.chosen, self.options
        self.chosen, self.options = {**self.chosen, field: value}, None
        try:
            self.recognize()
        except Refusal:
            self.chosen, self.options = before
            raise
        self.table, self._reports = None, None

    def preview(self) -> Table:
        """The first rows, quickly. Raises ValueError that says why there are none."""
        from core.data.tables import preview_table

        if self.table is not None:
            return self.table
        assert self.data is not None
        return preview_table(self.data, self.name, self.recognize(), PREVIEW_ROWS)

    def sheets(self) -> list[str]:
        """Names of a workbook's sheets; none of another file."""
        from core.data.tables import sheet_names

        if self._sheets is None:
            is_book = self.data is not None and self.recognize().format == "xlsx"
            self._sheets = sheet_names(self.data) if is_book and self.data else []
        return self._sheets

    def read(self, progress: Progress) -> Table:
        """The whole table, once. progress: as of `taken`."""
        from core.data.tables import read_table

        if self.table is None:
            assert self.data is not None
            self.table = read_table(self.data, self.name, self.recognize(), progress)
            self._keep_or_suggest_choices(self.table)
        return self.table

    def _keep_or_suggest_choices(self, table: Table) -> None:
        """Choices made so far stay, as long as the table has their columns."""
        from core.data.tables import choices_of, suggest_choices

        if self.choices is None and self.wanted is not None and self.wanted.choices:
            missing = [name for name in self.wanted.columns if name not in table.columns]
            if missing:
                template = "The link's table has a column {column}, which this one lacks."
                self.remark = Sentence(template, column=shown(missing[0]))
            else:
                self.choices = choices_of(self.wanted)
        if self.choices is None or not set(_columns(self.choices)) <= set(table.columns):
            self.choices = None  # in case there is nothing to suggest
            self.choices = suggest_choices(table)

    # -- choosing ----------------------------------------------------------------------------

    @property
    def both(self) -> tuple[Table, TableChoices]:
        """The table and what would be made of it. Raises UnreadError before it is read."""
        if self.table is None or self.choices is None:
            raise UnreadError
        return self.table, self.choices

    def reports(self) -> tuple[ColumnReport, ...]:
        """What the columns hold, and what should be known of them."""
        from core.data.tables import describe

        table, choices = self.both
        if self._reports is None or self._reports[0] != choices.targets:
            self._reports = choices.targets, describe(table, choices.targets)
        return self._reports[1]

    def findings(self) -> Iterator[Sentence]:
        """What a person should know, in words."""
        if self.remark:
            yield self.remark
        for report in self.reports():
            yield from (finding.sentence for finding in report.findings)

    def aim(self, target: str) -> None:
        """Choose what is to be told; task, features and split are suggested anew."""
        self._suggest_for((target,))

    def aim_at_several(self, targets: Sequence[str]) -> None:
        """Choose the values that are to be told; at least one stays."""
        if not targets:
            raise Refusal("A network needs a target.")
        self._suggest_for(tuple(targets))
        self.choices = replace(self.both[1], task="multi_output_regression")

    def _suggest_for(self, targets: tuple[str, ...]) -> None:
        from core.data.tables import suggest_choices

        made, split = suggest_choices(self.both[0], targets), self.both[1].split
        keeps = split.column and split.column not in targets
        self.choices = replace(made, split=split if keeps else made.split)

    def use(self, columns: Sequence[str]) -> None:
        """Choose the features."""
        from core.data.tables import Feature

        table, choices = self.both
        if not columns:
            raise Refusal("A network needs a column to tell the target by.")
        before = {each.column: each for each in choices.features}
        treatment = {report.name: report.treatment for report in self.reports()}
        ordered = [name for name in table.columns if name in set(columns)]
        features = tuple(before.get(n) or Feature(n, treatment[n]) for n in ordered)
        self.choices = replace(choices, features=features)

    def treat(self, row: int, **fields: str) -> None:
        """Choose what the feature of a row is taken for, or how its numbers are scaled."""
        features = list(self.both[1].features)
        features[row] = replace(features[row], **fields)
        self.choices = replace(self.both[1], features=tuple(features))
        self.treated += 1

    def prepare(self, **fields: Any) -> None:
        """Choose how features become inputs."""
        choices = self.both[1]
        self.choices = replace(choices, preparation=replace(choices.preparation, **fields))

    def do(self, task: str) -> None:
        """Choose the task; classes are split in proportion, unless a column says otherwise."""
        split, targets = self.both[1].split, self.both[1].targets
        if task != "multi_output_regression" and len(targets) > 1:
            self._suggest_for(targets[:1])
        if split.how in ("share", "stratified"):
            how = "stratified" if task in ("binary", "multiclass") else "share"
            split = replace(split, how=how)
        self.choices = replace(self.both[1], task=task, split=split)

    def split(self, **fields: Any) -> None:
        """Choose which rows are for the test; another way of splitting brings a fitting column."""
        choices = self.both[1]
        split = replace(choices.split, **fields)
        if "how" in fields:
            split = replace(split, column=self._column_for(split.how))
        if {"how", "column"} & fields.keys():  # values of another column say nothing of this one
            split = replace(split, validation_values=())
        if split.how == "column" and not set(split.test_values) & set(self.values_of(split.column)):
            split = replace(split, test_values=tuple(self.values_of(split.column)[-1:]))
        self.choices = replace(choices, split=split)

    def _column_for(self, how: str) -> str:
        """A column to split by: of the kind that is usual for it, else the first that is no target.

        Raises ValueError if there is none.
        """
        if how not in SPLIT_BY:
            return ""
        kinds = [*SPLIT_BY[how], "number", "category", "boolean", "date", "identifier", "text"]
        free = [r for r in self.reports() if r.name not in self.both[1].targets]
        fitting = [r.name for kind in kinds for r in free if r.kind == kind]
        if not fitting:
            raise Refusal("There is no column to split the rows by.")
        return fitting[0]

    def values_of(self, column: str, most: int = 100) -> list[str]:
        """Different values of a column, as texts, in the order of their first rows."""
        from core.data.tables import texts_of

        return texts_of(self.both[0], column, most)

    def made(self, progress: Progress | None = None) -> Taken:
        """The data set of these choices; see `taken`."""
        table, choices = self.both
        return taken(table, self.digest, choices, progress)


SPLIT_BY: dict[str, tuple[str, ...]] = {
    "group": ("category", "identifier"),
    "time": ("date",),
    "column": ("boolean", "category"),
}
"""Ways of splitting that ask for a column, and the kinds of column that are usual for them."""


def _columns(choices: TableChoices) -> Iterator[str]:
    yield from choices.targets
    yield from (feature.column for feature in choices.features)
    if choices.split.column:
        yield choices.split.column

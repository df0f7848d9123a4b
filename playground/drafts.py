"""A person's own table that is looked at, before anything is used of it: choices, nothing drawn.

Polars and scikit-learn, which take a second to load, are imported when a table comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.experiment import OwnTable
from core.maths.registry import shown
from core.refusals import Refusal, Sentence
from playground.byhand import ByHand
from playground.marking import at_random, column_for, mark_of, marked
from playground.tables import Progress, Taken, taken

if TYPE_CHECKING:
    from core.data.tables import ColumnReport, Feature, ReadOptions, Table, TableChoices

MOST_NAMED = 8  # columns with missing values
PREVIEW_ROWS = 50


class UnreadError(Exception):
    """A choice came before the table was read: it belongs to what the page showed before."""


class Draft:
    """A table that is looked at, before anything is used of it.

    name, data: the file; data is None for the table in use, of which only choices change.
    chosen: ways of reading that were settled by hand; options: those and what is recognized.
    choices: what would be made of it; None until it is read, or if nothing can be: refused says
    why. wanted: what a link asked for.
    """

    def __init__(self, name: str, data: bytes | None, wanted: OwnTable | None = None) -> None:
        self.name, self.data = name, data
        self.digest = ""
        self.chosen: dict[str, Any] = {}
        self.options: ReadOptions | None = None
        self.table: Table | None = None
        self.choices: TableChoices | None = None
        self.refused: Sentence | None = None
        self.wanted = wanted
        self.remark: Sentence | None = None
        self.treated = 0
        """How often a single column was told how to be taken."""
        self._hand = ByHand()
        self._aside = ""  # the feature that was taken out because it marks the test rows
        self._sheets: list[str] | None = None
        self._reports: tuple[tuple[str, ...], tuple[ColumnReport, ...]] | None = None

    @classmethod
    def of(cls, used: Taken) -> Draft:
        """The table in use, to choose otherwise."""
        draft = cls(used.table.name, None)
        draft.digest, draft.table, draft.options = used.digest, used.table, used.table.options
        draft.choices = used.choices
        draft._hand = ByHand.of(used.choices, used.table.columns)
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
            self._suggest_choices(self.table)
        return self.table

    def _suggest_choices(self, table: Table) -> None:
        """Choices for a table as it was just read; what was chosen by hand stays if it fits."""
        is_first, self.choices, self.refused = self.choices is None, None, None
        if is_first and self.wanted is not None and self.wanted.choices:
            self.choices = self._choices_of(self.wanted, table)
        if self.choices is None:
            targets = self._hand.targets if {*self._hand.targets} <= {*table.columns} else ()
            try:
                self.choices = self._suggested(targets, self._hand)
            except Refusal as refusal:
                self.refused = refusal.sentence

    def _choices_of(self, wanted: OwnTable, table: Table) -> TableChoices | None:
        """What a link chose; None, with a remark, if the table lacks a column of it."""
        from core.data.tables import choices_of

        choices = choices_of(wanted)
        named = (*wanted.columns, *_columns(choices))
        missing = [name for name in named if name not in table.columns]
        if missing:
            template = "The link's table has a column {column}, which this one lacks."
            self.remark = Sentence(template, column=shown(missing[0]))
            return None
        self._hand = ByHand.of(choices, table.columns)
        return choices

    # -- choosing ----------------------------------------------------------------------------

    @property
    def both(self) -> tuple[Table, TableChoices]:
        """The table and what would be made of it.

        Raises UnreadError before it is read, and Refusal if nothing can be made of it.
        """
        if self.table is not None and self.refused is not None:
            raise Refusal(self.refused)
        if self.table is None or self.choices is None:
            raise UnreadError
        return self.table, self.choices

    def reports(self) -> tuple[ColumnReport, ...]:
        """What the columns hold, and what should be known of them."""
        return self._reports_for(self.both[1].targets)

    def _reports_for(self, targets: tuple[str, ...]) -> tuple[ColumnReport, ...]:
        from core.data.tables import describe

        assert self.table is not None
        if self._reports is None or self._reports[0] != targets:
            self._reports = targets, describe(self.table, targets)
        return self._reports[1]

    def findings(self) -> Iterator[Sentence]:
        """What a person should know, in words."""
        if self.remark:
            yield self.remark
        for report in self.reports():
            yield from (finding.sentence for finding in report.findings)
        yield from self._filled()

    def _filled(self) -> Iterator[Sentence]:
        """Which inputs have gaps, and that these are filled; one sentence, or none."""
        features = {feature.column for feature in self.both[1].features}
        gaps = [report for report in self.reports() if report.missing and report.name in features]
        if gaps:
            named = [f"{shown(each.name)} ({each.missing:,})" for each in gaps[:MOST_NAMED]]
            template = "Missing values are filled in, as chosen below: {columns}."
            more = ["…"] * (len(gaps) > MOST_NAMED)
            yield Sentence(template, columns=", ".join((*named, *more)))

    def mixed(self) -> Iterator[tuple[str, str]]:
        """Columns of one kind but for some cells, each with that kind; none of what was read."""
        if self.data is None:
            return
        from core.data.tables import kind_named

        for report in self.reports():
            for finding in report.findings:
                if finding.code == "mixed":
                    yield finding.column, kind_named(finding.values["kind"])

    def read_as(self, column: str, kind: str) -> None:
        """Take a column for one of a kind: what is none is missing."""
        self.choose("kinds", {**self.recognize().kinds, column: kind})

    def aim(self, target: str) -> None:
        """Choose what is to be told; what was not chosen by hand is suggested anew for it."""
        self._aim_at((target,), "")

    def aim_at_several(self, targets: Sequence[str]) -> None:
        """Choose the values that are to be told; at least one stays."""
        if not targets:
            raise Refusal("A network needs a target.")
        self._aim_at(tuple(targets), "multi_output_regression")

    def _aim_at(self, targets: tuple[str, ...], task: str) -> None:
        hand = replace(self._hand, targets=targets, task=task)
        self.choices = self._suggested(targets, hand)
        self._hand, self.refused = hand, None

    def _suggested(self, targets: tuple[str, ...], hand: ByHand) -> TableChoices:
        """What is suggested for targets, or with them, and what was chosen by hand.

        Raises UnreadError before the table is read, and Refusal if there is nothing to suggest.
        """
        from core.data.tables import suggest_choices

        if self.table is None:
            raise UnreadError
        made = suggest_choices(self.table, targets)

        def treatment_of(column: str) -> str:
            return self._treatments(made.targets)[column]

        return hand.on(self.table, made, treatment_of)

    def _treatments(self, targets: tuple[str, ...]) -> dict[str, str]:
        """What every column is usually taken for."""
        return {report.name: report.treatment for report in self._reports_for(targets)}

    def use(self, columns: Sequence[str]) -> None:
        """Choose the features."""
        choices = self.both[1]
        if not columns:
            raise Refusal("A network needs a column to tell the target by.")
        self._hand = self._hand.using([each.column for each in choices.features], columns)
        self.choices = replace(choices, features=self._features(columns))

    def _features(self, columns: Iterable[str]) -> tuple[Feature, ...]:
        """Columns as features in the table's order, those that are features already as they are."""
        (table, choices), wanted = self.both, set(columns)
        before = {each.column: each for each in choices.features}
        usual = self._treatments(choices.targets)
        return tuple(
            before.get(name) or self._hand.feature(name, usual[name])
            for name in table.columns
            if name in wanted
        )

    def treat(self, row: int, **fields: str) -> None:
        """Choose what the feature of a row is taken for, or how its numbers are scaled."""
        features = list(self.both[1].features)
        features[row] = replace(features[row], **fields)
        self._hand = self._hand.treating(features[row].column, **fields)
        self.choices = replace(self.both[1], features=tuple(features))
        self.treated += 1

    def prepare(self, **fields: Any) -> None:
        """Choose how features become inputs."""
        choices = self.both[1]
        self.choices = replace(choices, preparation=replace(choices.preparation, **fields))
        self._hand = replace(self._hand, preparation={**self._hand.preparation, **fields})

    def do(self, task: str) -> None:
        """Choose the task; classes are split in proportion, unless a column says otherwise."""
        targets = self.both[1].targets
        if task != "multi_output_regression" and len(targets) > 1:
            self._aim_at(targets[:1], task)
        choices = self.both[1]
        split = choices.split
        if split.how in ("share", "stratified"):
            split = replace(split, how=at_random(task))
        self.choices = replace(choices, task=task, split=split)
        self._hand = replace(self._hand, targets=choices.targets, task=task)

    def split(self, **fields: Any) -> None:
        """Choose which rows are for the test; another way of splitting brings a fitting column.

        A column that marks the test rows is no feature meanwhile.
        """
        choices = self.both[1]
        split = replace(choices.split, **fields)
        if "how" in fields:
            split = replace(split, column=column_for(split.how, self.reports(), choices.targets))
        if {"how", "column"} & fields.keys():  # values of another column say nothing of this one
            values = self.values_of(split.column) if mark_of(split) else []
            split = replace(marked(split, values), **fields)
        features = self._features_beside(mark_of(split))
        self.choices = replace(choices, split=split, features=features)
        self._hand = replace(self._hand, split=split)

    def _features_beside(self, mark: str) -> tuple[Feature, ...]:
        """The features but for a column that marks the test rows; one that did before is back."""
        choices = self.both[1]
        before = mark_of(choices.split)
        if mark == before:
            return choices.features
        names = {each.column for each in choices.features}
        if self._aside and self._aside not in choices.targets:
            names.add(self._aside)
        self._aside = mark if mark in names and len(names) > 1 else ""
        return self._features(names - {self._aside})

    def values_of(self, column: str, most: int = 100) -> list[str]:
        """Different values of a column, as texts, in the order of their first rows."""
        from core.data.tables import texts_of

        return texts_of(self.both[0], column, most)

    def made(self, progress: Progress | None = None) -> Taken:
        """The data set of these choices; see `taken`."""
        table, choices = self.both
        return taken(table, self.digest, choices, progress)


def _columns(choices: TableChoices) -> Iterator[str]:
    yield from choices.targets
    yield from (feature.column for feature in choices.features)
    if choices.split.column:
        yield choices.split.column

"""What a person chose of a table by hand: it stays when all else is suggested anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from playground.marking import CLASSES, at_random, mark_of

if TYPE_CHECKING:
    from core.data.tables import Feature, SplitChoices, Table, TableChoices


@dataclass(frozen=True)
class ByHand:
    """Choices that were made by hand; what is empty was only suggested.

    used, out: columns that were made features, and that are none any more. treated: fields of
    features, by column. split: as it was left. preparation: fields of it.
    """

    targets: tuple[str, ...] = ()
    task: str = ""
    used: frozenset[str] = frozenset()
    out: frozenset[str] = frozenset()
    treated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    split: SplitChoices | None = None
    preparation: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    @classmethod
    def of(cls, choices: TableChoices, columns: Iterable[str]) -> ByHand:
        """All choices of a table with these columns, as somebody made them before."""
        used = frozenset(feature.column for feature in choices.features)
        return cls(
            choices.targets,
            choices.task,
            used,
            frozenset(columns) - used - {*choices.targets},
            {f.column: {"treatment": f.treatment, "scaling": f.scaling} for f in choices.features},
            choices.split,
            {
                each.name: getattr(choices.preparation, each.name)
                for each in fields(choices.preparation)
            },
            choices.seed,
        )

    def using(self, before: Iterable[str], now: Iterable[str]) -> ByHand:
        """These features instead of those before."""
        added, removed = frozenset(now) - {*before}, frozenset(before) - {*now}
        return replace(self, used=(self.used | added) - removed, out=(self.out | removed) - added)

    def treating(self, column: str, **changes: str) -> ByHand:
        """A column that is taken for something else, or scaled otherwise."""
        treated = {**self.treated.get(column, {}), **changes}
        return replace(self, treated={**self.treated, column: treated})

    def feature(self, column: str, treatment: str) -> Feature:
        """A column as a feature, that is taken for a treatment if nobody said otherwise."""
        from core.data.tables import Feature

        return replace(Feature(column, treatment), **self.treated.get(column, {}))

    def on(
        self, table: Table, suggested: TableChoices, treatment_of: Callable[[str], str]
    ) -> TableChoices:
        """What is suggested for a table, but what was chosen by hand where that still fits.

        treatment_of: what a column is usually taken for.
        """
        task = self.task if self._task_fits(table, suggested) else suggested.task
        split = self._split_on(table, suggested)
        if split.how in ("share", "stratified"):
            split = replace(split, how=at_random(task))
        return replace(
            suggested,
            features=self._features_on(table, suggested, split, treatment_of),
            task=task,
            split=split,
            preparation=replace(suggested.preparation, **self.preparation),
            seed=self.seed,
        )

    def _task_fits(self, table: Table, suggested: TableChoices) -> bool:
        """Whether a task was chosen, of these targets, and they can still be told so."""
        numbers = all(table.kinds[name] in ("number", "boolean") for name in suggested.targets)
        is_of_these = bool(self.task) and self.targets == suggested.targets
        return is_of_these and (self.task in CLASSES or numbers)

    def _split_on(self, table: Table, suggested: TableChoices) -> SplitChoices:
        """The split by hand if the table bears it, or else at least how large its parts are."""
        if self.split is None:
            return suggested.split
        if not self.split.column or _can_split(table, self.split, suggested.targets):
            return self.split
        shares = ("train_fraction", "validation_fraction")
        return replace(suggested.split, **{name: getattr(self.split, name) for name in shares})

    def _features_on(
        self,
        table: Table,
        suggested: TableChoices,
        split: SplitChoices,
        treatment_of: Callable[[str], str],
    ) -> tuple[Feature, ...]:
        treatments = {each.column: each.treatment for each in suggested.features}
        left_out = (self.out | {*suggested.targets, mark_of(split)}) - self.used
        names = [name for name in table.columns if name in {*treatments, *self.used} - left_out]
        return (
            tuple(
                self.feature(name, treatments.get(name) or treatment_of(name))
                for name in names
                if name not in suggested.targets
            )
            or suggested.features
        )


def _can_split(table: Table, split: SplitChoices, targets: Iterable[str]) -> bool:
    from core.data.tables import has_values

    if split.column not in table.columns or split.column in targets:
        return False
    return split.how != "column" or has_values(table, split.column, split.test_values)

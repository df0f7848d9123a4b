"""A person's own table in use: what experiments, links and files call it. Nothing is drawn here.

Polars and scikit-learn, which take a second to load, are imported when a table comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from core.experiment import OWN_PICTURES, OWN_TABLE, DataConfig, OwnTable
from core.maths.registry import shown
from core.refusals import Sentence

if TYPE_CHECKING:
    from core.data import Dataset
    from core.data.tables import Table, TableChoices

Progress = Callable[[float, float], None]

MAX_MEGABYTES = 200  # core/data/tables/limits.py has the same
LONGEST_LINK = 2500  # characters of a table's choices in the address; servers take 8000 or so
SUFFIXES = ("csv", "tsv", "txt", "xlsx", "parquet", "jsonl", "ndjson")
"""What the uploader offers."""

MOST_NAMED = 12  # columns that a sentence names


@dataclass(frozen=True, eq=False)
class Taken:
    """A table in use. data: what experiments call it; digest: of its file."""

    table: Table
    dataset: Dataset
    digest: str
    data: DataConfig

    @property
    def name(self) -> str:
        """The file's."""
        return self.table.name

    @property
    def choices(self) -> TableChoices:
        """What is made of the table."""
        assert self.dataset.table is not None
        return self.dataset.table.choices

    def serving(self, data: DataConfig) -> Taken | None:
        """The same table as another experiment wants it; None if that is another table.

        Raises ValueError if the choices do not fit.
        """
        from core.data.tables import choices_of, options_of

        if data.name != OWN_TABLE:
            return None
        wanted, mine = own(data), own(self.data)
        if data == self.data or not wanted.file or wanted == mine.in_short:
            return self
        if wanted.digest != self.digest or options_of(wanted) != self.table.options:
            return None
        return taken(
            self.table, self.digest, choices_of(wanted) if wanted.choices else self.choices
        )


def own(data: DataConfig) -> OwnTable:
    """Which table a configuration names."""
    return OwnTable.from_json(data.table) if data.table else OwnTable()


def taken(
    table: Table, digest: str, choices: TableChoices, progress: Progress | None = None
) -> Taken:
    """Make a data set of a table. Raises ValueError that says what does not fit.

    progress: told what is done and the total, now and then; what it raises ends the making.
    """
    from core.data.tables import named, table_dataset

    dataset = table_dataset(table, choices, progress)
    text = named(dataset, digest).to_json()
    return Taken(table, dataset, digest, DataConfig(OWN_TABLE, table=text))


def is_missing(data: DataConfig) -> Sentence:
    """What is said where an experiment's table is not here."""
    wanted = own(data)
    if data.name == OWN_PICTURES:
        return Sentence(
            "It learns from the pictures of {file}, which are not here: bring them under “Your "
            "data…”.",
            file=shown(wanted.file),
        )
    if not wanted.file:
        return Sentence("It learns from somebody's own table. Bring a table under “Your data…”.")
    if not wanted.columns:
        return Sentence(
            "It learns from the table {file}, which is not here: bring it under “Your data…”.",
            file=shown(wanted.file),
        )
    names = ", ".join(map(shown, wanted.columns[:MOST_NAMED]))
    more = ", ..." if len(wanted.columns) > MOST_NAMED else ""
    return Sentence(
        "It learns from the table {file} with the columns {columns}, which is not here: bring it "
        "under “Your data…”.",
        file=shown(wanted.file),
        columns=names + more,
    )


def stem(data: DataConfig) -> str:
    """What files of a network that learns from these data are called, without a suffix."""
    name = own(data).file if data.is_own else ""
    kept = "".join(c if c.isalnum() or c in "-_. " else "_" for c in PurePath(name).stem)
    return kept.strip(" .")[:60] or data.name


def in_units(preprocessing: Any, outputs: NDArray) -> NDArray:
    """What a network tells, (n_samples, n_outputs), in its table's units where those differ.

    preprocessing: of any kind; that of a table knows its targets where they were standardized.
    """
    standardized = getattr(preprocessing, "targets", ())
    return preprocessing.values(outputs) if standardized else outputs


def scales_of(preprocessing: Any) -> tuple[float, ...]:
    """What one standardized unit of each value is in the table's; () where they are the same."""
    return tuple(target.scale for target in getattr(preprocessing, "targets", ()))


def in_link(text: str) -> str:
    """A table as the address names it: without its choices where they would be too long."""
    return text if len(text) <= LONGEST_LINK else OwnTable.from_json(text).in_short.to_json()

"""What a visitor has brought to learn from: decisions only, nothing drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.experiment import DataConfig, Experiment
from core.refusals import Refusal, Sentence
from playground import changes
from playground.drafts import Draft
from playground.tables import Taken, is_missing, own

if TYPE_CHECKING:
    from core.data import Dataset


class Desk:
    """What a visitor has brought: the table in use, the one looked at, and the one asked for.

    used: stays while other data are learnt from, to go back to. wanted: an experiment whose table
    is not here; stand_in: what is shown in its place. problem: why the last choice was refused.
    uploads: how many files came; the uploader is a new one each time.
    """

    def __init__(self) -> None:
        self.used: Taken | None = None
        self.draft: Draft | None = None
        self.wanted: Experiment | None = None
        self.stand_in: Experiment | None = None
        self.problem: Sentence | None = None
        self.is_open = False
        self.uploads = 0

    def open(self) -> None:
        """Open the dialog: on the table in use, or on an empty desk."""
        self.close()
        self.is_open = True
        if self.used is not None and self.wanted is None:
            self.draft = Draft.of(self.used)

    def close(self) -> None:
        """Close the dialog; what was only looked at is gone."""
        self.is_open, self.draft, self.problem = False, None, None
        self.uploads += 1

    def bring(self, name: str, data: bytes) -> None:
        """Look at a file."""
        self.uploads += 1
        self.problem = None
        self.draft = Draft(name, data, None if self.wanted is None else own(self.wanted.data))

    def put_away(self) -> None:
        """Look at another file."""
        self.draft, self.problem = None, None

    def change(self, how: Callable[..., None], *values: Any) -> None:
        """Choose something about the table that is looked at; a refusal is kept to be said."""
        self.problem = None
        if self.draft is None:
            return
        try:
            how(self.draft, *values)
        except Refusal as refusal:
            self.problem = refusal.sentence

    def dataset_for(self, new: Experiment) -> tuple[Experiment, Dataset | None]:
        """An experiment and the data set of its table; none where its data are no table.

        Raises ValueError if its table is not here, and remembers what was asked for.
        """
        if not new.data.is_own:
            return new, None
        served = None if self.used is None else self.used.serving(new.data)
        if served is None:
            self.wanted = new
            raise Refusal(is_missing(new.data))
        self.used = served
        return replace(new, data=served.data), served.dataset

    def stand_in_for(self, experiment: Experiment) -> Experiment:
        """What is shown until the table that an experiment asks for is here."""
        self.wanted = experiment
        self.stand_in = changes.edited(experiment, ("data", "name"), DataConfig().name)
        return self.stand_in

    def experiment_on(self, table: Taken, current: Experiment) -> Experiment:
        """What is run on a table that was taken: as it was asked for, or as the page is set."""
        if self.wanted is None:
            return changes.with_table(current, table.data)
        if own(self.wanted.data).classes == own(table.data).classes:
            return replace(self.wanted, data=table.data)
        return changes.with_table(self.wanted, table.data)

"""What a visitor has brought to learn from: decisions only, nothing drawn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.experiment import OWN_PICTURES, DataConfig, Experiment
from core.refusals import Refusal, Sentence
from playground import changes
from playground.albums import PictureDraft, TakenPictures, are_pictures, is_unread
from playground.drafts import Draft, UnreadError
from playground.tables import MAX_MEGABYTES, Progress, Taken, is_missing, own

if TYPE_CHECKING:
    from core.data import Dataset


class Desk:
    """What a visitor has brought: the data in use, those looked at, and those asked for.

    used: stays while other data are learnt from, to go back to. wanted: an experiment whose data
    are not here; stand_in: what is shown in its place. problem: why the last choice was refused.
    uploads: how many files came; the uploader is a new one each time.
    """

    def __init__(self) -> None:
        self.used: Taken | TakenPictures | None = None
        self.draft: Draft | PictureDraft | None = None
        self.wanted: Experiment | None = None
        self.stand_in: Experiment | None = None
        self.problem: Sentence | None = None
        self.is_open = False
        self.uploads = 0

    def open(self, kind: str = "") -> None:
        """Open the dialog: on the data in use, as they are or as asked for, or on an empty desk.

        kind: only on data of this name, such as OWN_PICTURES.
        """
        self.close()
        self.is_open = True
        used, wanted = self.used, None if self.wanted is None else self.wanted.data
        if isinstance(used, TakenPictures) and wanted is not None and used.is_of(wanted):
            self.draft = PictureDraft.of(used, own(wanted))
        elif used is None or wanted is not None or kind not in ("", used.data.name):
            return
        elif isinstance(used, TakenPictures):
            self.draft = PictureDraft.of(used)
        else:
            self.draft = Draft.of(used)

    @property
    def is_bringing(self) -> bool:
        """Whether the dialog waits for files, the first ones or more pictures and their labels."""
        return self.is_open and (self.draft is None or self._unclear is not None)

    @property
    def _unclear(self) -> PictureDraft | None:
        """Pictures that need more files to be told by."""
        draft = self.draft
        return draft if isinstance(draft, PictureDraft) and draft.is_unclear else None

    def close(self) -> None:
        """Close the dialog; what was only looked at is gone."""
        self.is_open, self.draft, self.problem = False, None, None
        self.uploads += 1

    def bring(self, *files: tuple[str, bytes]) -> None:
        """Look at files, each a name and bytes: a table, or pictures, by what they are called.

        Pictures that could not be told alone stay, and are looked at together with these.
        """
        if not files:
            return
        self.uploads += 1
        self.problem = None
        if self._unclear is not None:
            self.draft = self._unclear.with_files(files)
            return
        if len(files) > 1 and not are_pictures([name for name, _ in files]):
            self.problem = Sentence(
                "These are {count} files, and no pictures: bring one table at a time.",
                count=len(files),
            )
            return
        wanted = None if self.wanted is None else self.wanted.data
        is_album = are_pictures([name for name, _ in files])
        asked = None if wanted is None or is_album != (wanted.name == OWN_PICTURES) else own(wanted)
        self.draft = PictureDraft(files, asked) if is_album else Draft(*files[0], asked)

    def has_room(self, size: int) -> bool:
        """Whether files of so many bytes together are taken; if not, why is kept to be said."""
        if self._unclear is not None:
            size += sum(len(data) for _, data in self._unclear.files)
        if size <= MAX_MEGABYTES << 20:
            return True
        self.uploads += 1
        self.problem = Sentence(
            "The files have {size} MB; at most {most} MB are possible.",
            size=size >> 20,
            most=MAX_MEGABYTES,
        )
        return False

    def put_away(self) -> None:
        """Look at another file."""
        self.draft, self.problem = None, None

    def change(self, how: Callable[..., None], *values: Any) -> None:
        """Choose something about the table that is looked at; a refusal is kept to be said."""
        self.problem = None
        if self.draft is None:
            return
        try:
            with suppress(UnreadError):
                how(self.draft, *values)
        except Refusal as refusal:
            self.problem = refusal.sentence

    def made(self, progress: Progress | None = None) -> Taken | TakenPictures:
        """The data set of what is looked at. Raises ValueError if it cannot be made.

        progress: told how far it is, now and then; what it raises ends the making.
        """
        assert self.draft is not None
        made = self.draft.made(progress)
        if isinstance(made, TakenPictures) and isinstance(self.used, TakenPictures):
            return made.after(self.used)
        return made

    def dataset_for(self, new: Experiment) -> tuple[Experiment, Dataset | None]:
        """An experiment and the data set of its table; none where its data are no table.

        Raises ValueError if its table is not here, or its pictures are but in another size, and
        remembers what was asked for.
        """
        if not new.data.is_own:
            return new, None
        served = None if self.used is None else self.used.serving(new.data)
        if served is None:
            self.wanted = new
            is_here = isinstance(self.used, TakenPictures) and self.used.is_of(new.data)
            raise Refusal(is_unread(new.data) if is_here else is_missing(new.data))
        self.used = served
        return replace(new, data=served.data), served.dataset

    def stand_in_for(self, experiment: Experiment) -> Experiment:
        """What is shown until the table that an experiment asks for is here."""
        self.wanted = experiment
        self.stand_in = changes.edited(experiment, ("data", "name"), DataConfig().name)
        return self.stand_in

    def experiment_on(self, table: Taken | TakenPictures, current: Experiment) -> Experiment:
        """What is run on a table that was taken: as it was asked for, or as the page is set."""
        if self.wanted is None:
            return changes.with_table(current, table.data)
        if own(self.wanted.data).classes == own(table.data).classes:
            return replace(self.wanted, data=table.data)
        return changes.with_table(self.wanted, table.data)

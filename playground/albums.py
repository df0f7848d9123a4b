"""A person's own pictures, in use and looked at: what experiments call them, and the choices.

Nothing is drawn here. Pillow and polars, which take a while to load, are imported when files come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from core.experiment import OWN_PICTURES, DataConfig, OwnTable
from core.maths.registry import shown
from core.refusals import Sentence
from playground.tables import Progress, own

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.data import Dataset
    from core.data.pictures import PictureChoices, Pictures, PictureSource

SUFFIXES = ("zip", "png", "jpg", "jpeg", "gif", "webp", "bmp")
"""What is read beside tables; core/data/pictures/decoding.py has the same."""
UNREAD = ("heic", "heif", "avif")
"""What phones make: taken by the uploader, to be told what to do with them."""

UNEQUAL = 5  # times the pictures of the smallest class, from which on a person is told
Given = tuple[str, bytes]


@dataclass(frozen=True, eq=False)
class TakenPictures:
    """Pictures in use. data: what experiments call them.

    before: the same in the size or colour that was in use before, which the browser's Back asks
    for; only the last, since each may take as much memory as these.
    """

    pictures: Pictures
    dataset: Dataset
    data: DataConfig
    before: Pictures | None = None

    @property
    def name(self) -> str:
        """The archive's."""
        return self.pictures.source.name

    @property
    def choices(self) -> PictureChoices:
        """What is made of them."""
        assert self.dataset.pictures is not None
        return self.dataset.pictures.choices

    def serving(self, data: DataConfig) -> TakenPictures | None:
        """The same pictures as another experiment wants them.

        None if those are others, or in a size that is not here: reading takes up to a minute, so
        it is done in the dialog only, with a bar. Raises ValueError if the choices do not fit.
        """
        from core.data.pictures import choices_of

        if data == self.data or (data.name == OWN_PICTURES and not own(data).file):
            return self
        if not self.is_of(data):
            return None
        choices = choices_of(own(data))
        for kept in filter(None, (self.pictures, self.before)):
            if _are_as(kept, choices):
                return taken(kept, choices).after(self)
        return None

    def is_of(self, data: DataConfig) -> bool:
        """Whether an experiment asks for these files, in whatever size."""
        return data.name == OWN_PICTURES and own(data).digest == own(self.data).digest

    def after(self, used: TakenPictures) -> TakenPictures:
        """These, with what is kept of those that were in use until now."""
        if not used.is_of(self.data):
            return self
        is_new = not _are_as(used.pictures, self.choices)
        return replace(self, before=used.pictures if is_new else used.before)


def _are_as(pictures: Pictures, choices: PictureChoices) -> bool:
    """Whether pictures are of the size and colour that is chosen."""
    return (pictures.side, pictures.colour) == (choices.side, choices.colour)


def taken(pictures: Pictures, choices: PictureChoices) -> TakenPictures:
    """Make a data set of pictures, read in the size of the choices.

    Raises ValueError that says what does not fit.
    """
    from core.data.pictures import named, picture_dataset

    dataset = picture_dataset(pictures, choices)
    return TakenPictures(
        pictures, dataset, DataConfig(OWN_PICTURES, table=named(dataset).to_json())
    )


def is_unread(data: DataConfig) -> Sentence:
    """What is said where an experiment's pictures are here, but in another size or colour."""
    return Sentence(
        "It learns from the pictures of {file} in another size or colour: open “Your data…” to "
        "read them so.",
        file=shown(own(data).file),
    )


def are_pictures(names: Sequence[str]) -> bool:
    """Whether files are pictures, or an archive of them, by their names."""
    known = (*SUFFIXES, *UNREAD)
    return any(PurePath(name).suffix.lower().removeprefix(".") in known for name in names)


class PictureDraft:
    """Pictures that are looked at, before anything is used of them.

    files: as they came; none for the pictures in use. choices: what would be made of them; None
    until they are looked at. wanted: what a link asked for.
    """

    def __init__(self, files: Sequence[Given], wanted: OwnTable | None = None) -> None:
        self.files = tuple(files)
        self.wanted = wanted
        self.is_unclear = False
        """Whether these files alone do not say what the classes are; others may."""
        self._source: PictureSource | None = None
        self._choices: PictureChoices | None = None
        self._pictures: Pictures | None = None

    @classmethod
    def of(cls, used: TakenPictures, wanted: OwnTable | None = None) -> PictureDraft:
        """The pictures in use, to choose otherwise; at first as a link asked for, if one did."""
        draft = cls(used.pictures.source.files, wanted)
        draft._source, draft._pictures = used.pictures.source, used.pictures
        draft._choices = used.choices if wanted is None else None
        return draft

    @property
    def name(self) -> str:
        """The archive's; of several files, the first one's until it is known which it is."""
        return self._source.name if self._source else self.files[0][0]

    @property
    def source(self) -> PictureSource:
        """The pictures and their classes. Raises ValueError that says why there are none."""
        from core.data.pictures import PictureSource

        if self._source is None:
            self.is_unclear = True
            self._source = PictureSource.of(self.files)
            self.is_unclear = False
        return self._source

    def with_files(self, files: Sequence[Given]) -> PictureDraft:
        """These and more files; one named as one of these takes its place."""
        return PictureDraft(tuple((dict(self.files) | dict(files)).items()), self.wanted)

    @property
    def choices(self) -> PictureChoices:
        """What would be made of them: as a link asked for, else as is suggested."""
        from core.data.pictures import choices_of, suggest_choices

        if self._choices is None:
            is_wanted = self.wanted is not None and self.wanted.digest == self.source.digest
            if is_wanted and self.wanted is not None:
                self._choices = choices_of(self.wanted)
            else:
                self._choices = suggest_choices(self.source)
        return self._choices

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways to divide them, also one that a link asked for."""
        from core.data.pictures import splits_of

        return tuple(dict.fromkeys([*splits_of(self.source), self.choices.split]))

    def choose(self, **fields: Any) -> None:
        """Choose otherwise. Raises ValueError for what cannot be; then it stays as it was."""
        self._choices = replace(self.choices, **fields)

    def read(self, progress: Progress | None = None) -> Pictures:
        """The pictures in the size that is chosen.

        progress: told what is done and the total, now and then; what it raises ends the reading.
        """
        from core.data.pictures import read_pictures

        wanted, found = self.choices, self._pictures
        if found is None or not _are_as(found, wanted):
            found = self._pictures = None  # the old ones are not kept beside the new
            found = self._pictures = read_pictures(self.source, wanted, progress)
        return found

    def findings(self) -> Iterator[Sentence]:
        """What a person should know before."""
        if self.wanted is not None and self.wanted.digest != self.source.digest:
            yield Sentence(
                "These are not the pictures that were asked for: {file} held others.",
                file=shown(self.wanted.file),
            )
        yield from self.read().remarks
        counts = self.counts()
        common, rare = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        if counts[common] >= UNEQUAL * counts[rare]:
            yield Sentence(
                "The classes are unequal: there are {most} pictures of {common}, only {fewest} of "
                "{rare}.",
                most=counts[common],
                common=shown(common),
                fewest=counts[rare],
                rare=shown(rare),
            )

    def counts(self) -> dict[str, int]:
        """Pictures of each class that can be read."""
        made = self.read()
        names = made.source.class_names
        return {name: int((made.classes == number).sum()) for number, name in enumerate(names)}

    def first(self, name: str, most: int) -> NDArray:
        """The first pictures of a class, uint8 (n, side, side) or (n, side, side, 3)."""
        made = self.read()
        return made.pixels[made.classes == made.source.class_names.index(name)][:most]

    def made(self, progress: Progress | None = None) -> TakenPictures:
        """The data set of these choices; see `taken`. progress: as of `read`."""
        return taken(self.read(progress), self.choices)

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
"""What the uploader offers beside tables; core/data/pictures/decoding.py has the same."""

UNEQUAL = 5  # times the pictures of the smallest class, from which on a person is told
Given = tuple[str, bytes]


@dataclass(frozen=True, eq=False)
class TakenPictures:
    """Pictures in use. data: what experiments call them."""

    pictures: Pictures
    dataset: Dataset
    data: DataConfig

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
        """The same pictures as another experiment wants them; None if those are others.

        Raises ValueError if the choices do not fit.
        """
        from core.data.pictures import choices_of

        wanted, mine = own(data), own(self.data)
        if data == self.data:
            return self
        if data.name != OWN_PICTURES or (wanted.file and wanted.digest != mine.digest):
            return None
        return taken(self.pictures, choices_of(wanted)) if wanted.file else self


def taken(
    pictures: Pictures, choices: PictureChoices, progress: Progress | None = None
) -> TakenPictures:
    """Make a data set of pictures, read anew if they are wanted in another size or colour.

    progress: told what is done and the total, now and then; what it raises ends the making.
    Raises ValueError that says what does not fit.
    """
    from core.data.pictures import named, picture_dataset, read_pictures

    if (pictures.side, pictures.colour) != (choices.side, choices.colour):
        pictures = read_pictures(pictures.source, choices, progress)
    dataset = picture_dataset(pictures, choices)
    return TakenPictures(
        pictures, dataset, DataConfig(OWN_PICTURES, table=named(dataset).to_json())
    )


def are_pictures(names: Sequence[str]) -> bool:
    """Whether files are pictures, or an archive of them, by their names."""
    known = (*SUFFIXES, "heic", "heif")
    return any(PurePath(name).suffix.lower().removeprefix(".") in known for name in names)


class PictureDraft:
    """Pictures that are looked at, before anything is used of them.

    files: as they came; none for the pictures in use. choices: what would be made of them; None
    until they are looked at. wanted: what a link asked for.
    """

    def __init__(self, files: Sequence[Given], wanted: OwnTable | None = None) -> None:
        self.files = tuple(files)
        self.wanted = wanted
        self._source: PictureSource | None = None
        self._choices: PictureChoices | None = None
        self._pictures: Pictures | None = None

    @classmethod
    def of(cls, used: TakenPictures) -> PictureDraft:
        """The pictures in use, to choose otherwise."""
        draft = cls(used.pictures.source.files)
        draft._source, draft._choices = used.pictures.source, used.choices
        draft._pictures = used.pictures
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
            self._source = PictureSource.of(self.files)
        return self._source

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
        """The pictures in the size that is chosen. progress: as of `taken`."""
        from core.data.pictures import read_pictures

        wanted, found = self.choices, self._pictures
        if found is None or (found.side, found.colour) != (wanted.side, wanted.colour):
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
        """The data set of these choices; see `taken`."""
        return taken(self.read(progress), self.choices)

"""Which class a picture is of: by its folder, or by a file of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from core import archives
from core.data.pictures.decoding import UNREAD, unread
from core.data.pictures.limits import LONGEST_NAME, MAX_LABELS
from core.data.pictures.members import Member, Unpacker
from core.maths.registry import shown
from core.refusals import Refusal, Sentence

LISTS = ("csv", "tsv", "txt")  # suffixes of a file of labels
TABLES = ("csv", "tsv", "xlsx", "parquet", "jsonl", "ndjson")
FILE_WORDS = (
    *("file", "filename", "file_name", "文件", "文件名", "image", "image_name", "image_id"),
    *("picture", "图片", "path", "name", "id"),
)
LABEL_WORDS = ("label", "标签", "class", "类别", "category", "target")
"""Headers of the two columns, the surest first: beside a column file, one of id only counts."""
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
}
"""What folders that divide pictures are called, and which part they hold."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A picture and the name of its class. part: by the folder that it is in, see `PARTS`."""

    member: Member
    label: str
    part: str | None = None


def labelled(members: Sequence[Member]) -> tuple[list[Labelled], list[Sentence]]:
    """The pictures among these files with their classes, and what is said of the others.

    Raises ValueError if there is nothing to tell classes by.
    """
    pictures = [member for member in members if member.is_picture]
    if not pictures:
        raise _without_pictures(members)
    listing = _listing(members, pictures)
    others = [m for m in members if not m.is_picture and m is not listing]
    remarks = []
    if others:
        remarks.append(
            Sentence(
                "No pictures, and left out: {count} of the files, such as {file}.",
                count=len(others),
                file=shown(others[0].name),
            )
        )
    if listing is not None:
        found, said = _by_list(pictures, listing)
        return found, [*remarks, *said]
    return _by_folder(pictures), remarks


def _without_pictures(members: Sequence[Member]) -> Refusal:
    tables = [member for member in members if member.suffix in TABLES]
    if tables:
        return Refusal(
            "There is no picture, but {file}: bring a table by itself, and not in an archive.",
            file=shown(tables[0].name),
        )
    if len(members) == 1:
        return Refusal(
            "{file} is no picture (PNG, JPEG, GIF, WebP, BMP).", file=shown(members[0].name)
        )
    return Refusal(
        "There is no picture among {count} files (PNG, JPEG, GIF, WebP, BMP).",
        count=len(members),
    )


def _listing(members: Sequence[Member], pictures: Sequence[Member]) -> Member | None:
    """The file of labels: the one named so, else the only one that may be it.

    Where folders name classes, a table without such headers is about other things.
    """
    lists = [member for member in members if member.suffix in LISTS]
    named = [m for m in lists if PurePosixPath(m.path[-1]).stem.lower() in ("labels", "label")]
    if len(named) == 1:
        return named[0]
    tables = [member for member in lists if member.suffix != "txt"]
    if len(tables) != 1:
        return None
    return tables[0] if _is_headed(tables[0]) or not _are_sorted(pictures) else None


def _are_sorted(pictures: Sequence[Member]) -> bool:
    """Whether folders say of all pictures which class they are of, and not one of all."""
    try:
        return len({each.label for each in _by_folder(pictures)}) > 1
    except Refusal:
        return False


def _is_headed(table: Member) -> bool:
    """Whether a table's first row names a column of files and one of labels."""
    try:
        return _named_columns(_rows(table)[0]) is not None
    except ValueError:
        return False


# -- by folder ------------------------------------------------------------------------------------


def _by_folder(pictures: Sequence[Member]) -> list[Labelled]:
    folders = [member.path[:-1] for member in pictures]
    depth = _common(folders)
    has_parts = all(len(each) > depth and _part(each[depth]) is not None for each in folders)
    found = []
    for member, folder in zip(pictures, folders, strict=True):
        rest = folder[depth:]
        part = _part(rest[0]) if has_parts else None
        rest = rest[1:] if has_parts else rest
        if not rest and member.suffix in UNREAD:
            raise Refusal(unread(shown(member.name)))
        if not rest:
            raise Refusal(
                "The picture {file} is in no folder named by its class, and no file labels.csv "
                "with the columns file and label is there.",
                file=shown(member.name),
            )
        found.append(Labelled(member, _clean(rest[0]), part))
    return found


def _common(folders: Sequence[tuple[str, ...]]) -> int:
    """How many folders around all pictures tell nothing."""
    depth = 0
    while all(len(each) > depth + 1 for each in folders) and (
        len({each[depth] for each in folders}) == 1
    ):
        depth += 1
    return depth


def _part(folder: str) -> str | None:
    """What part a folder holds; None if its name says nothing of it."""
    return PARTS.get(folder.lower())


def _clean(name: str) -> str:
    return " ".join(name.split())[:LONGEST_NAME] or "_"


# -- by a file of labels --------------------------------------------------------------------------


def _by_list(pictures: Sequence[Member], listing: Member) -> tuple[list[Labelled], list[Sentence]]:
    labels = _labels(listing)
    known = _by_name(pictures)
    found: dict[tuple[str, ...], Labelled] = {}
    lost = []
    for row, (file, label) in enumerate(labels, start=1):
        member = known.get(file.strip().replace("\\", "/").removeprefix("./"))
        if member is None:
            lost.append(file)
            continue
        before = found.setdefault(member.path, Labelled(member, label))
        if before.label != label:
            raise Refusal(
                "Row {row} of {file} says that {picture} is {label}, and an earlier row that it "
                "is {other}.",
                row=row,
                file=shown(listing.name),
                picture=shown(member.name),
                label=shown(label),
                other=shown(before.label),
            )
    if not found:
        raise Refusal(
            "None of the pictures is named in {file}: its first row names {name}, and the first "
            "picture is {picture}.",
            file=shown(listing.name),
            name=shown(labels[0][0]),
            picture=shown(pictures[0].name),
        )
    ordered = [found[member.path] for member in pictures if member.path in found]
    return ordered, _left_out(pictures, found, lost, listing)


def _left_out(
    pictures: Sequence[Member],
    found: dict[tuple[str, ...], Labelled],
    lost: Sequence[str],
    listing: Member,
) -> list[Sentence]:
    remarks = []
    without = [member for member in pictures if member.path not in found]
    if without:
        remarks.append(
            Sentence(
                "Without a label in {file}, and left out: {count} of the pictures, such as "
                "{picture}.",
                count=len(without),
                file=shown(listing.name),
                picture=shown(without[0].name),
            )
        )
    if lost:
        remarks.append(
            Sentence(
                "{file} names pictures that are not there: {count}, such as {picture}.",
                count=len(lost),
                file=shown(listing.name),
                picture=shown(lost[0]),
            )
        )
    return remarks


def _by_name(pictures: Sequence[Member]) -> dict[str, Member]:
    """Pictures by all that a list may call them: path or its end, name, name without suffix.

    What would mean two of them means none.
    """
    known: dict[str, Member | None] = {}
    for member in pictures:
        ends = {"/".join(member.path[start:]) for start in range(1, len(member.path))}
        name = member.path[-1]
        for called in {*ends, name, PurePosixPath(name).stem} - {member.name}:
            known[called] = None if called in known else member
    known |= {member.name: member for member in pictures}
    return {called: member for called, member in known.items() if member is not None}


def _labels(listing: Member) -> list[tuple[str, str]]:
    """Rows of a file of labels: file and label."""
    rows = _rows(listing)
    if len(rows[0]) < 2:
        raise Refusal(
            "{file} has one column; it must have two: file and label.", file=shown(listing.name)
        )
    named = _named_columns(rows[0])
    file, label = named or (0, 1)
    return [
        (str(row[file]), _clean(str(row[label])))
        for row in (rows[1:] if named else rows)
        if row[file] is not None and row[label] is not None
    ] or [("", "")]


def _rows(listing: Member) -> list[tuple[object, ...]]:
    """All rows of a table, texts or None. Raises ValueError if it is none, or too large."""
    from core.data.tables import read_table, recognize  # polars takes a while to load

    try:
        data = Unpacker().read(listing, MAX_LABELS + 1)
    except archives.DamagedError:
        raise Refusal("{file} is damaged.", file=shown(listing.name)) from None
    if len(data) > MAX_LABELS:
        raise Refusal(
            "The file of labels {file} has more than {most} MB.",
            file=shown(listing.name),
            most=MAX_LABELS >> 20,
        )
    as_text = {f"column_{number}": "text" for number in range(1, 65)}
    options = recognize(data, format="csv", header=False, missing=("",), kinds=as_text)
    return read_table(data, listing.name, options).frame.rows()


def _named_columns(first: Sequence[object]) -> tuple[int, int] | None:
    """Where files and labels are, if the first row says so of both."""
    words = [str(cell).strip().lower() for cell in first]
    file, label = (
        next((words.index(known) for known in surest_first if known in words), None)
        for surest_first in (FILE_WORDS, LABEL_WORDS)
    )
    return None if file is None or label is None else (file, label)

"""The files that somebody brought, those of archives among them, by path; none is unpacked here."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from core import archives
from core.data.pictures.decoding import SUFFIXES, UNREAD
from core.data.pictures.limits import MAX_BYTES, MAX_ENTRIES, MAX_UNPACKED
from core.maths.registry import shown
from core.refusals import Refusal

DIGITS = 16  # hexadecimal, of a digest: enough to know files again
JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini", "Icon\r")
"""What systems leave in folders, beside names that begin with a dot."""

Given = tuple[str, bytes]
"""A file's name and its bytes."""


@dataclass(frozen=True, eq=False)
class Member:
    """A file. path: folders and name. data: its bytes, or those of the archive that entry is in."""

    path: tuple[str, ...]
    data: bytes
    entry: zipfile.ZipInfo | None = None

    @property
    def name(self) -> str:
        """The path in one line."""
        return "/".join(self.path)

    @property
    def suffix(self) -> str:
        """The end of its name, in small letters, without the dot."""
        return PurePosixPath(self.path[-1]).suffix.lower().removeprefix(".")

    @property
    def is_picture(self) -> bool:
        """Whether its name says that it is one."""
        return self.suffix in (*SUFFIXES, *UNREAD)


def members_of(files: Sequence[Given]) -> list[Member]:
    """All files, those in archives in the place of the archive, in the order of their paths.

    Of several archives each is a folder by its own name.
    Raises ValueError that names what is wrong with an archive.
    """
    size = sum(len(data) for _, data in files)
    if size > MAX_BYTES:
        raise Refusal(
            "The files have {size} MB; at most {most} MB are possible.",
            size=size >> 20,
            most=MAX_BYTES >> 20,
        )
    found: list[Member] = []
    for name, data in files:
        if archives.is_archive(data):
            folder = (PurePosixPath(name).stem,) if len(files) > 1 else ()
            found += [Member((*folder, *path), data, entry) for path, entry in _entries(name, data)]
        elif name.lower().endswith(".zip"):
            raise Refusal("{file} is called a zip archive, and is none.", file=shown(name))
        else:
            found.append(Member((PurePosixPath(name).name or name,), data))
    _check_size(found)
    meant = (member for member in found if _is_meant(member.path))
    return sorted(meant, key=lambda member: member.path)


def _is_meant(path: tuple[str, ...]) -> bool:
    """Whether a person brought a file, and no system left it. A way out, "..", is to be judged."""
    return not any((part.startswith(".") and part != "..") or part in JUNK for part in path)


def _entries(name: str, data: bytes) -> Iterator[tuple[tuple[str, ...], zipfile.ZipInfo]]:
    """The files in an archive and their paths, without what systems left."""
    count = archives.count_entries(data)
    if count > MAX_ENTRIES:
        raise Refusal(
            "The archive {file} has {count} files; at most {most} are possible.",
            file=shown(name),
            count=count,
            most=MAX_ENTRIES,
        )
    try:
        with archives.opened(data) as archive:
            entries = archives.files_of(archive)
    except archives.DamagedError:
        raise Refusal(
            "The archive {file} is not whole: cut or damaged.", file=shown(name)
        ) from None
    for entry in entries:
        path = archives.parts_of(archives.name_of(entry))
        if not path or not _is_meant(path):
            continue
        if not archives.is_plain(entry):
            raise Refusal(
                "{entry} in the archive {file} is encrypted, or packed in a way that is not read: "
                "make a plain zip of it.",
                entry=shown("/".join(path)),
                file=shown(name),
            )
        archives.check_name(entry)
        yield path, entry


def _check_size(members: Sequence[Member]) -> None:
    size = archives.unpacked_size([member.entry for member in members if member.entry])
    if size > MAX_UNPACKED:
        raise Refusal(
            "The file would unpack to {size} MB; at most {most} MB are possible.",
            size=size >> 20,
            most=MAX_UNPACKED >> 20,
        )
    seen: set[tuple[str, ...]] = set()
    for member in members:
        if member.path in seen:
            raise Refusal("There are two files named {name}.", name=shown(member.name))
        seen.add(member.path)


def digest_of(files: Sequence[Given]) -> str:
    """What files are known by, in whatever order they came: the beginning of a SHA-256."""
    if len(files) == 1:
        return hashlib.sha256(files[0][1]).hexdigest()[:DIGITS]
    each = sorted((name, hashlib.sha256(data).hexdigest()) for name, data in files)
    return hashlib.sha256(repr(each).encode()).hexdigest()[:DIGITS]


class Unpacker:
    """Unpacks members one by one; an archive is opened once for all that follow one another."""

    def __init__(self) -> None:
        self._archive: zipfile.ZipFile | None = None
        self._data: bytes | None = None

    def read(self, member: Member, most: int) -> bytes:
        """The bytes of a member, `most` at most. Raises archives.DamagedError."""
        if member.entry is None:
            return member.data[:most]
        if self._archive is None or self._data is not member.data:
            self._archive, self._data = archives.opened(member.data), member.data
        return archives.unpack(self._archive, member.entry, min(member.entry.file_size, most))


Reader = Callable[[Member, int], bytes]

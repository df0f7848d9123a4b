"""Zip archives that nobody vouches for: judged by what they declare before anything is unpacked.

Nothing is ever written to a disk, so that names are only names; `check_name` refuses those that are
meant to trick whoever unpacks them.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import suppress

from core.maths.registry import shown
from core.refusals import Refusal

CENTRAL_ENTRY = b"PK\x01\x02"  # begins each entry of an archive's list
BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")  # of an archive, and of one without entries
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways of packing that unpack in little memory; LZMA, say, takes as much as its header asks for."""
ENCRYPTED = 0x1  # bit of an entry's flags
IN_UTF_8 = 0x800  # another: that its name is
ODD = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")
"""Names from the root or a drive, or with a way out of the archive."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
WESTERN = re.compile(rb"[\x00-\xa5\xe1]*")
"""Bytes of ASCII and of the accented letters (and the German sharp s) of old PCs, code page 437.

Of Chinese names only those of rare characters alone have no others.
"""

# What zipfile and its decompressors raise at bytes that are no archive, or one of a kind that
# is not read (encrypted, split, packed otherwise).
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    IndexError,
)


class DamagedError(Exception):
    """The archive, or an entry of it, is not whole."""


def is_archive(data: bytes) -> bool:
    """Whether bytes begin as a zip archive does."""
    return data.startswith(BEGINNINGS)


def files_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The entries that are no folders. Raises DamagedError for one without any name."""
    if not all(entry.filename for entry in archive.infolist()):
        raise DamagedError
    return [entry for entry in archive.infolist() if not entry.is_dir()]


def count_entries(data: bytes) -> int:
    """How many entries an archive can have at most, told without making a list of them."""
    return data.count(CENTRAL_ENTRY)


def opened(data: bytes) -> zipfile.ZipFile:
    """An archive whose entries were counted before. Raises DamagedError."""
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except DAMAGED as error:
        raise DamagedError from error


def unpacked_size(entries: Sequence[zipfile.ZipInfo]) -> int:
    """Bytes that entries declare to be, all together."""
    return sum(entry.file_size for entry in entries)


def has_twins(entries: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether two entries have one name: which of them would be read?"""
    return len({entry.filename for entry in entries}) < len(entries)


def is_plain(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is packed in a way that is read, and not encrypted."""
    return entry.compress_type in PACKINGS and not entry.flag_bits & ENCRYPTED


def unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int) -> bytes:
    """The first bytes of an entry, as many as it says it has at most. Raises DamagedError.

    Without a size, zipfile would unpack whatever is there and only then cut it.
    """
    try:
        with archive.open(entry) as stream:
            block = stream.read(size)
    except DAMAGED as error:
        raise DamagedError from error
    if len(block) < min(size, entry.file_size):
        raise DamagedError
    return block


def name_of(entry: zipfile.ZipInfo) -> str:
    """The name of an entry: as UTF-8 or GB18030 (GBK's too) where the archive does not say.

    Packers of Chinese Windows write GBK and those of macOS UTF-8, both without a word; zipfile
    takes either for code page 437.
    """
    name = entry.orig_filename
    if entry.flag_bits & IN_UTF_8:
        return name
    raw = name.encode("cp437")
    for encoding in ("utf-8", "cp437" if WESTERN.fullmatch(raw) else "gb18030"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return name


def parts_of(name: str) -> tuple[str, ...]:
    """Folders and name of an entry. Some packers of Windows write backslashes."""
    return tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))


def check_name(entry: zipfile.ZipInfo) -> None:
    """Raise ValueError if an entry's path leads out of the archive, or it is a link."""
    name = name_of(entry)
    if ODD.search(name):
        raise Refusal(
            "The archive has an entry named {name}, a path that leads out of it. Nothing of it "
            "was read.",
            name=shown(name),
        )
    if CONTROL.search(name):
        raise Refusal(
            "The archive has an entry named {name}, with control characters in its name. Nothing "
            "of it was read.",
            name=shown(name),
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refusal(
            "The archive has an entry {name} that is a link to another file. Nothing of it was "
            "read.",
            name=shown(name),
        )

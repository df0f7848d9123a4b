"""The files of a data set in one zip archive, of which nobody knows where it comes from."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from core import archives
from core.data.tables.archives import damaged, too_large
from core.data.tables.limits import MAX_UNPACKED
from core.refusals import Refusal

MAX_ENTRIES = 64  # files in such an archive; four are looked for


def unpacked(given: bytes | str | Path, names: Iterable[str]) -> dict[str, bytes]:
    """Those files of an archive, its bytes or its path, that have these names in any folder.

    Raises ValueError if it is none, or damaged, or would be too much.
    """
    data = given if isinstance(given, bytes) else _read(Path(given))
    if not archives.is_archive(data) or archives.count_entries(data) > MAX_ENTRIES:
        raise damaged("zip")
    try:
        with archives.opened(data) as archive:
            wanted = _wanted(archive, set(names))
            return {
                name: archives.unpack(archive, entry, entry.file_size)
                for name, entry in wanted.items()
            }
    except archives.DamagedError:
        raise damaged("zip") from None


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_UNPACKED:
        raise Refusal("The table is larger than {most} MB.", most=MAX_UNPACKED >> 20)
    return path.read_bytes()


def _wanted(archive: zipfile.ZipFile, names: set[str]) -> dict[str, zipfile.ZipInfo]:
    """The entries of these names, judged by what they declare."""
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in archives.files_of(archive):
        name = archives.parts_of(entry.filename)[-1:]
        if not names.intersection(name):
            continue
        archives.check_name(entry)
        if name[0] in found or not archives.is_plain(entry):
            raise damaged("zip")
        found[name[0]] = entry
    size = archives.unpacked_size(list(found.values()))
    if size > MAX_UNPACKED:
        raise too_large(size)
    return found

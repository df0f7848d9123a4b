"""The two kinds of file: named float32 arrays and one JSON text, to bytes and back.

A reader trusts nothing. It judges a file by the sizes that it declares, reads the metadata, then
only the headers of the arrays, and asks the caller's `check` whether the shapes are those that the
metadata describes; only then are arrays read. It never unpickles, and answers with a ValueError of
one sentence.
"""

from __future__ import annotations

import io
import json
import math
import tokenize
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import archives
from core.archives import DamagedError
from core.refusals import Refusal

MAX_BYTES = 256 << 20  # of a file, and of what is in it
MAX_METADATA = 2 << 20  # characters of the JSON text
MAX_ENTRIES = 1024  # arrays in a file
MAX_RATIO = 200  # an archive that unpacks to more than this times its size is a bomb
MAX_SIDES = 8  # of an array's shape
METADATA = "metadata"

NPY_HEAD = 10_240  # bytes that hold any array's header: NumPy reads 10,000 characters at most
LONGEST_HEADER = 3 * MAX_METADATA  # bytes of a safetensors header: the text, its quotes escaped

# What NumPy raises at a header that is none: it is parsed as a Python literal.
DAMAGED_HEADER = (
    ValueError,
    TypeError,
    SyntaxError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    tokenize.TokenError,
)

Shapes = Mapping[str, tuple[int, ...]]
Check = Callable[[str, Shapes], object]
"""Given the metadata and the arrays' shapes, raises ValueError if they do not belong together."""


@dataclass(frozen=True)
class Contents:
    """What a file holds. arrays: float32 by name; metadata: a JSON text."""

    arrays: dict[str, NDArray[np.float32]]
    metadata: str

    @property
    def shapes(self) -> Shapes:
        """The arrays' shapes by name."""
        return {name: array.shape for name, array in self.arrays.items()}


def write_npz(contents: Contents) -> bytes:
    """An uncompressed NumPy archive; the JSON text is the array `metadata`."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **contents.arrays, **{METADATA: contents.metadata})
    return buffer.getvalue()


def read_npz(data: bytes, check: Check) -> Contents:
    """Read a NumPy archive. Raises ValueError that says what is wrong with it."""
    n_entries = archives.count_entries(data)
    if n_entries > MAX_ENTRIES:
        raise Refusal(
            "The .npz archive has {count} entries, more than {most}.",
            count=n_entries,
            most=MAX_ENTRIES,
        )
    try:
        with archives.opened(data) as archive:
            return _read_archive(archive, len(data), check)
    except DamagedError as error:
        raise Refusal("The file is not a whole .npz archive: cut, damaged or foreign.") from error


def _read_archive(archive: zipfile.ZipFile, size: int, check: Check) -> Contents:
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    _check_entries(archive.infolist(), entries, size)
    metadata = _read_text(archive, entries.pop(METADATA))
    heads = {name: _open_npy(archive, name, entry) for name, entry in entries.items()}
    for name, head in heads.items():
        if head.dtype != np.dtype("<f4"):
            raise Refusal(
                "The array {name} is {dtype}; weights must be float32.",
                name=_short(name),
                dtype=str(head.dtype),
            )
    check(metadata, {name: head.shape for name, head in heads.items()})
    arrays = {
        name: np.frombuffer(
            archives.unpack(archive, entry, entry.file_size), "<f4", offset=heads[name].length
        )
        .reshape(heads[name].shape)
        .astype(np.float32, copy=False)
        for name, entry in entries.items()
    }
    return Contents(arrays, metadata)


def _check_entries(
    listed: list[zipfile.ZipInfo], entries: Mapping[str, zipfile.ZipInfo], size: int
) -> None:
    """Judge an archive of this size by what it says of its entries."""
    unpacked = archives.unpacked_size(listed)
    if unpacked > MAX_BYTES or unpacked > MAX_RATIO * size:
        raise Refusal(
            "The .npz archive would unpack to {size} bytes, too many for its size.",
            size=f"{unpacked:,}",
        )
    if len(entries) < len(listed):
        raise Refusal("The .npz archive has two entries of one name.")
    if not all(map(archives.is_plain, listed)):
        raise DamagedError
    if METADATA not in entries:
        raise Refusal("The .npz archive was not written by this playground: no metadata in it.")
    if entries[METADATA].file_size > 4 * MAX_METADATA + NPY_HEAD:
        raise Refusal("The metadata in the .npz archive is too large to be ours.")


def _read_text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    head = _open_npy(archive, METADATA, entry)
    if head.dtype.kind != "U" or head.dtype.byteorder == ">" or head.shape != ():
        raise Refusal("The metadata in the .npz archive is not a text.")
    body = archives.unpack(archive, entry, entry.file_size)[head.length :]
    try:
        return body.decode("utf-32-le").rstrip("\0")
    except UnicodeDecodeError:
        raise Refusal("The metadata in the .npz archive is not a readable text.") from None


@dataclass(frozen=True)
class _Head:
    """What an array's header says, and how many bytes it takes itself."""

    dtype: np.dtype
    shape: tuple[int, ...]
    length: int


def _open_npy(archive: zipfile.ZipFile, name: str, entry: zipfile.ZipInfo) -> _Head:
    """The header of an array in NumPy's format, checked against the size of its entry.

    NumPy's own reader would allocate whatever the header says, and only then look for the bytes.
    """
    stream = io.BytesIO(archives.unpack(archive, entry, NPY_HEAD))
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(stream)
    except DAMAGED_HEADER as error:
        raise Refusal("The array {name} is damaged: no NumPy header.", name=_short(name)) from error
    length = stream.tell()
    if (
        dtype.hasobject
        or fortran_order
        or not _fits(shape, dtype.itemsize, entry.file_size - length)
    ):
        raise Refusal(
            "The array {name} is damaged: its size is not what it says.", name=_short(name)
        )
    return _Head(dtype, shape, length)


def _fits(shape: tuple[int, ...], itemsize: int, size: int) -> bool:
    """Whether an array of this shape takes so many bytes."""
    return (
        len(shape) <= MAX_SIDES
        and all(side >= 0 for side in shape)
        and math.prod(shape) * itemsize == size
    )


def write_safetensors(contents: Contents) -> bytes:
    """A safetensors file; the JSON text is the entry `metadata` of its header's metadata."""
    from safetensors.numpy import save

    return save(contents.arrays, metadata={METADATA: contents.metadata})


def read_safetensors(data: bytes, check: Check) -> Contents:
    """Read a safetensors file. Raises ValueError that says what is wrong with it."""
    from safetensors import SafetensorError, deserialize

    try:
        header = _safetensors_header(data)
        metadata = _safetensors_metadata(header)
        check(metadata, _safetensors_shapes(header))
        tensors = deserialize(data)
    except (DamagedError, SafetensorError, OverflowError) as error:
        raise Refusal("The file is not a whole .safetensors file: cut or damaged.") from error
    arrays = {
        name: np.frombuffer(tensor["data"], "<f4").reshape(tensor["shape"])
        for name, tensor in tensors
    }
    return Contents(arrays, metadata)


def _safetensors_header(data: bytes) -> dict[str, Any]:
    """The header, checked to be no larger than ours."""
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8:
        raise DamagedError
    if length > LONGEST_HEADER:
        raise Refusal("The header of the .safetensors file is too large to be ours.")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise DamagedError from error
    if not isinstance(header, dict):
        raise DamagedError
    return header


def _safetensors_metadata(header: dict[str, Any]) -> str:
    metadata = header.pop("__metadata__", None)
    text = metadata.get(METADATA) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise Refusal("The file was not written by this playground: no metadata in it.")
    return text


def _safetensors_shapes(tensors: dict[str, Any]) -> Shapes:
    """The shapes that the header names, each checked against the bytes that it gives it."""
    if len(tensors) > MAX_ENTRIES:
        raise Refusal(
            "The file has {count} arrays, more than {most}.", count=len(tensors), most=MAX_ENTRIES
        )
    shapes = {}
    for name, tensor in tensors.items():
        match tensor:
            case {"dtype": "F32", "shape": [*sides], "data_offsets": [int(start), int(end)]}:
                if not all(type(side) is int for side in sides):
                    raise DamagedError
                shapes[name] = tuple(sides)
                if not _fits(shapes[name], 4, end - start):
                    raise DamagedError
            case {"dtype": str(kind)} if kind != "F32":
                raise Refusal(
                    "The array {name} is {dtype}; weights must be float32 (F32).",
                    name=_short(name),
                    dtype=_short(kind),
                )
            case _:
                raise DamagedError
    return shapes


def _short(text: str) -> str:
    """A name as a sentence may show it."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


WRITERS: dict[str, Callable[[Contents], bytes]] = {
    ".npz": write_npz,
    ".safetensors": write_safetensors,
}
READERS: dict[str, Callable[[bytes, Check], Contents]] = {
    ".npz": read_npz,
    ".safetensors": read_safetensors,
}

"""The two kinds of file: named float32 arrays and one JSON text, to bytes and back.

A reader trusts nothing: it checks what the file says of its sizes before it allocates, never
unpickles, and answers with a ValueError of one sentence.
"""

from __future__ import annotations

import io
import json
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 1 << 30  # of a file, and of what is in it
MAX_METADATA_BYTES = 64 << 20
MAX_ENTRIES = 1024  # arrays in a file
MAX_RATIO = 200  # an archive that unpacks to more than this times its size is a bomb
METADATA = "metadata"

# What zipfile and its decompressors raise at bytes that are no archive, or one of a kind that
# NumPy never writes (encrypted, split, packed otherwise).
DAMAGED_ARCHIVE = (
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


@dataclass(frozen=True)
class Contents:
    """What a file holds. arrays: float32 by name; metadata: a JSON text."""

    arrays: dict[str, NDArray[np.float32]]
    metadata: str


def write_npz(contents: Contents) -> bytes:
    """An uncompressed NumPy archive; the JSON text is the array `metadata`."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **contents.arrays, **{METADATA: contents.metadata})
    return buffer.getvalue()


def read_npz(data: bytes) -> Contents:
    """Read a NumPy archive. Raises ValueError that says what is wrong with it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            problem = _problem_of(entries, len(data))
            blocks = {} if problem else {entry.filename: archive.read(entry) for entry in entries}
    except DAMAGED_ARCHIVE as error:
        raise ValueError(
            "The file is not a whole .npz archive: cut, damaged or foreign."
        ) from error
    if problem:
        raise ValueError(problem)
    arrays = {name.removesuffix(".npy"): block for name, block in blocks.items()}
    if METADATA not in arrays:
        raise ValueError("The .npz archive was not written by this playground: no metadata in it.")
    metadata = _read_text(arrays.pop(METADATA))
    return Contents({name: _read_floats(name, block) for name, block in arrays.items()}, metadata)


def _problem_of(entries: list[zipfile.ZipInfo], size: int) -> str | None:
    """Why an archive of this size must not be unpacked, judged by what it says of its entries."""
    if len(entries) > MAX_ENTRIES:
        return f"The .npz archive has {len(entries)} entries, more than {MAX_ENTRIES}."
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_BYTES or unpacked > MAX_RATIO * size:
        return f"The .npz archive would unpack to {unpacked:,} bytes, too many for its size."
    if len({entry.filename.removesuffix(".npy") for entry in entries}) < len(entries):
        return "The .npz archive has two entries of one name."
    return None


def _read_floats(name: str, block: bytes) -> NDArray[np.float32]:
    dtype, shape, body = _open_npy(name, block)
    if dtype != np.dtype("<f4"):
        raise ValueError(f"The array {_short(name)} is {dtype}; weights must be float32.")
    return np.frombuffer(body, dtype).reshape(shape).astype(np.float32)


def _read_text(block: bytes) -> str:
    dtype, shape, body = _open_npy(METADATA, block)
    if dtype.kind != "U" or dtype.byteorder == ">" or shape != ():
        raise ValueError("The metadata in the .npz archive is not a text.")
    try:
        return body.decode("utf-32-le").rstrip("\0")
    except UnicodeDecodeError:
        raise ValueError("The metadata in the .npz archive is not a readable text.") from None


def _open_npy(name: str, block: bytes) -> tuple[np.dtype, tuple[int, ...], bytes]:
    """Type, shape and bytes of an array in NumPy's format, the header checked against the size.

    NumPy's own reader would allocate whatever the header says, and only then look for the bytes.
    """
    stream = io.BytesIO(block)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        else:
            shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(stream)
    except DAMAGED_HEADER as error:
        raise ValueError(f"The array {_short(name)} is damaged: no NumPy header.") from error
    body = block[stream.tell() :]
    wanted = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or fortran_order or any(side < 0 for side in shape) or wanted != len(body):
        raise ValueError(f"The array {_short(name)} is damaged: its size is not what it says.")
    return dtype, shape, body


def write_safetensors(contents: Contents) -> bytes:
    """A safetensors file; the JSON text is the entry `metadata` of its header's metadata."""
    from safetensors.numpy import save

    return save(contents.arrays, metadata={METADATA: contents.metadata})


def read_safetensors(data: bytes) -> Contents:
    """Read a safetensors file. Raises ValueError that says what is wrong with it."""
    from safetensors import SafetensorError, deserialize

    try:
        tensors = deserialize(data)
    except (SafetensorError, ValueError, OverflowError) as error:
        raise ValueError("The file is not a whole .safetensors file: cut or damaged.") from error
    if len(tensors) > MAX_ENTRIES:
        raise ValueError(f"The file has {len(tensors)} arrays, more than {MAX_ENTRIES}.")
    arrays = {}
    for name, tensor in tensors:
        if tensor["dtype"] != "F32":
            kind = _short(tensor["dtype"])
            raise ValueError(f"The array {_short(name)} is {kind}; weights must be float32 (F32).")
        arrays[name] = np.frombuffer(tensor["data"], "<f4").reshape(tensor["shape"])
    return Contents(arrays, _safetensors_metadata(data))


def _safetensors_metadata(data: bytes) -> str:
    """The JSON text in the header, whose form the library has checked by now."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.get("__metadata__") or {}
    if METADATA not in metadata:
        raise ValueError("The file was not written by this playground: no metadata in it.")
    return metadata[METADATA]


def _short(text: str) -> str:
    """A name as a sentence may show it."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


WRITERS: dict[str, Callable[[Contents], bytes]] = {
    ".npz": write_npz,
    ".safetensors": write_safetensors,
}
READERS: dict[str, Callable[[bytes], Contents]] = {
    ".npz": read_npz,
    ".safetensors": read_safetensors,
}

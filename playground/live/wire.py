"""The live channel's binary messages: a JSON header and raw arrays, aligned for typed arrays.

[u32 header bytes][JSON header, padded with spaces][arrays, each padded to 8 bytes]; the header
ends at a multiple of 8, `arrays` in it names each array's dtype, shape and offset.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

ALIGNMENT = 8
DTYPES = {"uint8": "u8", "float32": "f32", "int32": "i32"}


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """One message. arrays: uint8, float32 or int32. Not-finite header numbers become null."""
    places: dict[str, list] = {}
    parts: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        places[name] = [DTYPES[array.dtype.name], list(array.shape), offset]
        padded = raw + b"\0" * (-len(raw) % ALIGNMENT)
        parts.append(padded)
        offset += len(padded)
    text = json.dumps(finite({**header, "arrays": places}), allow_nan=False).encode()
    text += b" " * (-(len(text) + 4) % ALIGNMENT)
    return b"".join([len(text).to_bytes(4, "little"), text, *parts])


def finite(value: Any) -> Any:
    """The same value with None for every number that JSON cannot hold."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def shades(values: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Numbers as uint8 shades: -scale..scale become 0..254, 255 is not a finite number."""
    with np.errstate(invalid="ignore", over="ignore"):
        clamped = np.clip(values / scale, -1.0, 1.0) * 127.0 + 127.5
        known = np.isfinite(values)
        return np.where(known, clamped, 255.0).astype(np.uint8)

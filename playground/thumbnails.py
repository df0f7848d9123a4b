"""Small pictures of the data sets: tiny PNGs with a transparent ground, as data addresses.

Formula data are drawn from the data themselves. Tables and images would need libraries that take
seconds to load, so their pictures lie in the folder `pictures`, written by
`python -m playground.thumbnails`.
"""

from __future__ import annotations

import base64
import struct
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIZE = 76  # pixels per side: twice what is shown, for screens of double density
SAMPLES = 170
FILES = Path(__file__).parent / "pictures"

ICON = "spiral"
"""The data set whose picture is the page's icon, too."""

CLASS_COLOURS = ((0xF5, 0x93, 0x22), (0x08, 0x77, 0xBD), (0x2A, 0x9D, 0x6F), (0xA8, 0x4F, 0xB5))
"""Orange for class 0 and negative values, blue for class 1 and positive ones, then two more."""

Image = NDArray[np.uint8]  # (SIZE, SIZE): 0 is clear, k + 1 is CLASS_COLOURS[k]


@lru_cache(maxsize=64)
def data_address(name: str) -> str:
    """The picture of a data set as a `data:` address, to be used in a style sheet."""
    path = FILES / f"{name}.png"
    data = path.read_bytes() if path.exists() else png(picture(name))
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def picture(name: str) -> Image:
    """Draw a data set: its points in the plane, its curve, or one of its images."""
    from core.data import DATASETS, load_dataset
    from core.experiment import OWN_TABLE, DataConfig
    from core.inspect.plane import plane_of

    if name == OWN_TABLE:
        return _sheet()
    n_samples = min(SAMPLES, DATASETS[name].available or SAMPLES)
    data = load_dataset(DataConfig(name, n_samples=n_samples, seed=3))
    if data.image_shape is not None:
        return _enlarged(data.X_train[4].reshape(data.image_shape))
    plane = plane_of(data)
    points = np.concatenate([plane.train, plane.test])
    targets = np.concatenate([data.y_train, data.y_test]).reshape(len(points), -1)[:, 0]
    if plane.y_range is None:
        points = np.stack([points[:, 0], 3 * targets], axis=1)
    sides = np.array([plane.x_range, plane.y_range or plane.x_range])
    return _dots((points - sides[:, 0]) / (sides[:, 1] - sides[:, 0]), _classes(targets))


def _classes(targets: NDArray) -> NDArray[np.int64]:
    """Class numbers as they are; values by their sign."""
    is_value = np.any(targets < 0) or np.any(targets % 1)
    return (targets > 0 if is_value else targets).astype(np.int64)


def _dots(points: NDArray, classes: NDArray[np.int64]) -> Image:
    """Dots at points (n, 2) in [0, 1], up being up."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    columns, rows = np.rint(np.clip(points, 0.02, 0.98).T * (SIZE - 1)).astype(int)
    for x, y, number in zip(columns, SIZE - 1 - rows, classes, strict=True):
        image[y - 1 : y + 2, x - 1 : x + 2] = number % len(CLASS_COLOURS) + 1
    return image


def _sheet() -> Image:
    """A table's cells, its header blue."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    for row, top in enumerate(range(10, SIZE - 12, 15)):
        for left in range(8, SIZE - 18, 21):
            image[top : top + 11, left : left + 18] = 2 if row == 0 else 1
    return image


def _enlarged(pixels: NDArray) -> Image:
    """A grey image (height, width) in [0, 1] as ink, at the size of a picture."""
    at = np.arange(SIZE)
    rows, columns = (at * side // SIZE for side in pixels.shape)
    return np.where(pixels[np.ix_(rows, columns)] > 0.45, 2, 0).astype(np.uint8)


def png(image: Image) -> bytes:
    """A PNG of colours from the palette, whose colour 0 is clear."""
    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    palette = bytes(3) + b"".join(map(bytes, CLASS_COLOURS))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette),
        (b"tRNS", b"\0"),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def main() -> None:
    """Write the pictures of the data that are slow to load, and the page's icon."""
    from core.data import DATASETS

    FILES.mkdir(exist_ok=True)
    for name, record in DATASETS.items():
        if record.generate is None or name == ICON:
            (FILES / f"{name}.png").write_bytes(png(picture(name)))


if __name__ == "__main__":
    main()

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
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from core.data import Dataset

SIZE = 76  # pixels per side: twice what is shown, for screens of double density
SAMPLES = 170
FILES = Path(__file__).parent / "pictures"

ICON = "spiral"
"""The data set whose picture is the page's icon, too."""

CLASS_COLOURS = ((0xF5, 0x93, 0x22), (0x08, 0x77, 0xBD), (0x2A, 0x9D, 0x6F), (0xA8, 0x4F, 0xB5))
"""Orange for class 0 and negative values, blue for class 1 and positive ones, then two more."""

GREY = len(CLASS_COLOURS) + 1
PALETTE = (*CLASS_COLOURS, (0x9A, 0xA0, 0xA6))

Image = NDArray[np.uint8]  # (SIZE, SIZE): 0 is clear, k + 1 is PALETTE[k]

LETTER = ("", "..XXXX", "..X...X", "..X...X", "..XXXX", "..X.X", "..X..X", "..X...X", "")
"""An R, as letters of the data are: printed, and read from few pixels."""

VOWELS = (0, 3, 6, 9)  # heed, had, hod and who'd: far from each other


@lru_cache(maxsize=64)
def data_address(name: str) -> str:
    """The picture of a data set as a `data:` address, to be used in a style sheet."""
    path = FILES / f"{name}.png"
    data = path.read_bytes() if path.exists() else png(picture(name))
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def picture(name: str) -> Image:
    """Draw a data set: its points in the plane, its curve, one of its images, or its kind."""
    from core.data import load_dataset, record_of
    from core.experiment import OWN_PICTURES, OWN_TABLE, DataConfig
    from core.inspect.plane import plane_of

    if name == OWN_TABLE:
        return _sheet()
    if name == OWN_PICTURES:
        return _photo()
    record = record_of(DataConfig(name))
    if record.kind == "ratings":
        return _ratings(load_dataset(DataConfig(name, n_samples=record.n_samples)))
    n_samples = min(SAMPLES, record.available or SAMPLES)
    data = load_dataset(DataConfig(name, n_samples=n_samples, seed=3))
    if data.image_shape is not None:
        return _enlarged(data.X_train[4].reshape(data.image_shape))
    if name == "letters":
        return _enlarged(np.array([[letter == "X" for letter in f"{row:9}"] for row in LETTER]))
    if name == "vowel":
        return _profiles(load_dataset(DataConfig(name, n_samples=990)))
    if data.texts_train is not None:
        return _words(load_dataset(DataConfig(name, n_samples=1000)))
    plane = plane_of(data)
    points = np.concatenate([plane.train, plane.test])
    targets = np.concatenate([data.y_train, data.y_test]).reshape(len(points), -1)[:, 0]
    if plane.y_range is None:
        points = np.stack([points[:, 0], 3 * targets], axis=1)
    sides = np.array([plane.x_range, plane.y_range or plane.x_range])
    return _dots((points - sides[:, 0]) / (sides[:, 1] - sides[:, 0]), _classes(targets))


def _classes(targets: NDArray) -> NDArray[np.int64]:
    """Class numbers as they are; values by their sign, or by their median if they have but one."""
    is_value = np.any(targets < 0) or np.any(targets % 1)
    middle = 0.0 if np.any(targets < 0) else np.median(targets)
    return (targets > middle if is_value else targets).astype(np.int64)


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


def _photo() -> Image:
    """A framed picture of a hill under a sun."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    image[10:-10, 6:-6] = GREY
    image[13:-13, 9:-9] = 0
    rows, columns = np.indices(image.shape)
    sun = (rows - 27) ** 2 + (columns - 52) ** 2 < 64
    hills = (rows > 20 + np.abs(columns - 30)) | (rows > 38 + np.abs(columns - 54))
    inside = (rows >= 13) & (rows < SIZE - 13) & (columns >= 9) & (columns < SIZE - 9)
    image[inside & hills] = 2
    image[inside & sun] = 1
    return image


def _enlarged(pixels: NDArray) -> Image:
    """A grey image (height, width) in [0, 1] as ink, at the size of a picture."""
    at = np.arange(SIZE)
    rows, columns = (at * side // SIZE for side in pixels.shape)
    return np.where(pixels[np.ix_(rows, columns)] > 0.45, 2, 0).astype(np.uint8)


def _profiles(data: Dataset) -> Image:
    """A line for each of four vowels: the means of their log areas, from lips to throat."""
    image = np.zeros((SIZE, SIZE), np.uint8)
    at = np.arange(4, SIZE - 4)
    place = np.linspace(0, data.n_inputs - 1, len(at))
    for colour, number in enumerate(VOWELS):
        mean = data.X_train[data.y_train == number].mean(axis=0)
        heights = np.interp(place, np.arange(data.n_inputs), mean)
        rows = np.rint(SIZE / 2 - heights * SIZE / 4.5).astype(int).clip(2, SIZE - 4)
        for x, low, high in zip(at, np.minimum(rows[:-1], rows[1:]), rows[1:], strict=False):
            image[low - 1 : max(low, high) + 2, x] = colour + 1
    return image


def _words(data: Dataset) -> Image:
    """Lines of a text: a bar for each word, coloured if it tells the two classes apart."""
    from core.data.words import words_of

    assert data.texts_train is not None
    image = np.zeros((SIZE, SIZE), np.uint8)
    other, great = (data.X_train[data.y_train == k].mean(axis=0) for k in (0, 1))
    lean = great - other
    told = {word: 2 if lean[k] > 0 else 1 for k, word in enumerate(data.feature_names[:400])}
    x, y = 5, 8
    for word in words_of(" ".join(data.texts_train[:12])):
        width = 3 * len(word)
        if x + width > SIZE - 5:
            x, y = 5, y + 12
        if y > SIZE - 12:
            break
        image[y : y + 5, x : x + width] = told.get(word, GREY)
        x += width + 4
    return image


def _ratings(data: Dataset) -> Image:
    """Squares where a person, across, has rated a film, upwards; blue above the mean."""
    from core.inspect.plane import plane_of

    image, plane, side = np.zeros((SIZE, SIZE), np.uint8), plane_of(data), 6
    stars = data.y_train[plane.train_rows, 0]
    for (x, y), value in zip(plane.train.astype(int) // 4, stars, strict=True):
        left, top = 8 + side * x, SIZE - 14 - side * y
        image[top : top + side - 1, left : left + side - 1] = 2 if value > 0 else 1
    return image


def address(pixels: NDArray[np.uint8]) -> str:
    """An image (height, width[, 3 or 4]) as an address that holds it as PNG.

    Streamlit's server would forget a file of it with the next drawing, before a browser that
    follows a run has fetched it.
    """
    from PIL import Image

    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def strip(pictures: NDArray[np.uint8], side: int) -> str:
    """Pictures (n, h, w) or (n, h, w, 3) side by side, as an address. side: as they are shown.

    Each pixel becomes a square: the browser would blur what it has to enlarge.
    """
    times = -(-2 * side // pictures.shape[1])  # twice what is shown, for screens of double density
    coloured = pictures if pictures.ndim == 4 else np.repeat(pictures[..., None], 3, axis=3)
    large = coloured.repeat(times, axis=1).repeat(times, axis=2)
    clear = np.zeros((*large.shape[:2], max(large.shape[2] // 16, 1), 4), np.uint8)
    opaque = np.concatenate([large, np.full_like(large[..., :1], 255)], axis=3)
    return address(np.hstack([part for pair in zip(opaque, clear, strict=True) for part in pair]))


def png(image: Image) -> bytes:
    """A PNG of colours from the palette, whose colour 0 is clear."""
    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    palette = bytes(3) + b"".join(map(bytes, PALETTE))
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

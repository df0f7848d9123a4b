"""One picture: bytes that nobody vouches for to a small square of grey or colour."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.data.pictures.limits import MAX_FILE, MAX_PIXELS
from core.refusals import Sentence

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
"""The formats that are read: those of browsers, and the plainest. Each decoder more is a risk."""
SUFFIXES = ("png", "jpg", "jpeg", "gif", "webp", "bmp")
UNREAD = ("heic", "heif", "avif")
"""What phones make and no decoder here reads: a person is told what to do."""
BRANDS = (b"hei", b"hev", b"mif", b"msf", b"avi")
"""What such a file says that it is; films begin alike."""
PAPER = (255, 255, 255)
"""What shows through where a picture is transparent."""
DETAIL = 4
"""A JPEG is decoded at an eighth, a quarter or a half of its size where that still leaves so many
times the pixels that are asked for each way."""
STRIP = 256  # rows of a picture of 16 bits that are converted at once
EIGHT_BITS = ((np.arange(1 << 16) + 128) // 257).tolist()
"""Of each value of 16 bits the nearest of 8."""

# What Pillow raises at bytes that are no picture, or one that is broken.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class UnreadableError(Exception):
    """A picture that cannot be read; `sentence` says why. It is made by `_unreadable`."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def opened(data: bytes, name: str) -> Image.Image:
    """A picture of which only the header was read, no larger than the limits.

    name: as sentences call it. Raises UnreadableError.
    """
    if len(data) > MAX_FILE:
        raise UnreadableError(
            Sentence(
                "{file} has {size} MB; a picture may have {most}.",
                file=name,
                size=len(data) >> 20,
                most=MAX_FILE >> 20,
            )
        )
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except BOMBS:
        raise _too_many_pixels(name) from None
    except BROKEN:
        raise _no_picture(data, name) from None
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(name)
    return image


def decoded(image: Image.Image, name: str, side: int, *, colour: bool) -> NDArray[np.uint8]:
    """The middle square of a picture, upright, in side x side pixels.

    Returns (side, side) grey values or (side, side, 3) red, green and blue.
    Raises UnreadableError if it is damaged.
    """
    try:
        image.draft("RGB" if colour else "L", (side * DETAIL, side * DETAIL))
        image.load()
        upright = image
        with suppress(*BROKEN):  # a picture with broken notes is still a picture
            upright = ImageOps.exif_transpose(image)
        plain = _opaque(_eight_bits(upright)).convert("RGB" if colour else "L")
        return np.asarray(_square(plain, side))
    except BROKEN:
        raise UnreadableError(
            Sentence("{file} is a damaged picture: cut, or changed on the way.", file=name)
        ) from None


def _eight_bits(image: Image.Image) -> Image.Image:
    """A picture of 16 bits a pixel as one of 8; Pillow would cut off all that is brighter.

    Strip by strip: the table is for pixels of 32 bits, too many for a whole large picture.
    """
    if not image.mode.startswith(("I", "F")):
        return image
    made = Image.new("L", image.size)
    for top in range(0, image.height, STRIP):
        strip = image.crop((0, top, image.width, min(top + STRIP, image.height)))
        made.paste(strip.convert("I").point(EIGHT_BITS, "L"), (0, top))
    return made


def _opaque(image: Image.Image) -> Image.Image:
    """A picture on paper."""
    if not image.has_transparency_data:
        return image
    seen = image.convert("RGBA")
    paper = Image.new("RGBA", seen.size, (*PAPER, 255))
    return Image.alpha_composite(paper, seen)


def _square(image: Image.Image, side: int) -> Image.Image:
    """The middle of a picture, each new pixel the mean of what it covers."""
    edge = min(image.size)
    left, top = (image.width - edge) / 2, (image.height - edge) / 2
    box = (left, top, left + edge, top + edge)
    method = Image.Resampling.BOX if edge >= side else Image.Resampling.BILINEAR
    return image.resize((side, side), method, box=box)


def unread(name: str) -> Sentence:
    """What to do with a picture of a kind that no decoder here reads."""
    return Sentence(
        "{file} is a HEIC or AVIF file, which is not read: save it as JPEG or PNG.", file=name
    )


def _no_picture(data: bytes, name: str) -> UnreadableError:
    is_named_so = name.lower().rsplit(".", 1)[-1].startswith(UNREAD)
    if is_named_so or (data[4:8] == b"ftyp" and data[8:11] in BRANDS):
        return UnreadableError(unread(name))
    return UnreadableError(
        Sentence(
            "{file} is no picture of a kind that is read ({kinds}).",
            file=name,
            kinds="PNG, JPEG, GIF, WebP, BMP",
        )
    )


def _too_many_pixels(name: str) -> UnreadableError:
    return UnreadableError(
        Sentence(
            "{file} would unpack to more than {most} million pixels.",
            file=name,
            most=MAX_PIXELS // 1_000_000,
        )
    )

"""Bytes of a text to characters: which encoding it is, and where it is not."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from core.refusals import Refusal

CHUNK = 8 << 20  # bytes decoded between two reports of progress
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
COMMON = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]")  # GB 2312's first level: 3,755 characters
TWO_COMMON = re.compile(rb"^(?:..)*?(?:[\xb0-\xd7][\xa1-\xfe]){2}", re.DOTALL)
COUPLE = 2
PAIRED = 0.8  # share of bytes from 0x80 up that stand in runs of even length: Chinese, not accents


def recognized_encoding(head: bytes, whole: bool) -> str:
    """Name the encoding of a text's first bytes; `whole`: there are no others.

    A mark at the beginning decides; else zero bytes say UTF-16; else it is UTF-8 if it can be;
    else GB 18030 if it can be and bytes come in pairs as in Chinese; else Windows' cp1252.
    """
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    zeros = [head[start::2].count(0) / max(len(head) // 2, 1) for start in (0, 1)]
    if max(zeros) > 0.3:
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    if b"\0" in head:
        raise Refusal("The file is not a table: it is no text, and no Excel or Parquet file.")
    if can_be(head, "utf-8", whole):
        return "utf-8"
    if _paired_as_chinese(head) and can_be(head, "gb18030", whole):
        return "gb18030"
    return "cp1252" if can_be(head, "cp1252", whole) else "latin-1"


def _paired_as_chinese(head: bytes) -> bool:
    """Whether high bytes stand in pairs, and most pairs are common characters of GB 2312.

    Accents stand in pairs as well, in Größe and CRÉÉE; so there must be two of those characters in
    a row somewhere, or several of them that differ.
    """
    runs = HIGH_RUNS.findall(head)
    even = [run for run in runs if len(run) % 2 == 0]
    if sum(map(len, even)) < PAIRED * sum(map(len, runs)):
        return False
    pairs = [run[at : at + 2] for run in even for at in range(0, len(run), 2)]
    common = [pair for pair in pairs if COMMON.fullmatch(pair)]
    several = len(common) > COUPLE and len(set(common)) > 1
    return 2 * len(common) > len(pairs) and (several or any(map(TWO_COMMON.search, even)))


def can_be(head: bytes, encoding: str, whole: bool) -> bool:
    """Whether bytes are text of an encoding; unless `whole`, the last character may be cut."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head, final=whole)
    except UnicodeError:
        return False
    return True


def decoded(data: bytes, encoding: str, *, whole: bool = True) -> Iterator[str]:
    """Characters of a text, piece by piece. Raises ValueError that names the line it fails in."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for start in range(0, len(data), CHUNK):
        piece = data[start : start + CHUNK]
        try:
            text = decoder.decode(piece, final=whole and start + CHUNK >= len(data))
        except UnicodeError as error:  # UTF-16 that does not begin with its mark has no place
            if isinstance(error, UnicodeDecodeError):
                line += error.object[: error.start].count(b"\n")
            raise Refusal(
                "Line {line} of the file is not {encoding} text. Choose another encoding.",
                line=line,
                encoding=encoding,
            ) from None
        line += text.count("\n")
        yield text

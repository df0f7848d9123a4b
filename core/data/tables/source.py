"""The file that a table comes from: bytes in memory or a path, its size, and what kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.data.tables.arrays import is_array
from core.data.tables.limits import HEAD, MAX_BYTES
from core.refusals import Refusal

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
}
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls); save it as .xlsx",
    b"\x1f\x8b": "packed by gzip; unpack it first",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
}


@dataclass(frozen=True)
class Source:
    """A file that is not trusted. Raises ValueError if there is nothing in it, or too much."""

    given: bytes | Path
    name: str

    def __post_init__(self) -> None:
        if self.size == 0:
            raise Refusal("The file is empty.")
        if self.size > MAX_BYTES:
            raise Refusal("The table is larger than {most} MB.", most=MAX_BYTES >> 20)

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self.given.stat().st_size if isinstance(self.given, Path) else len(self.given)

    def head(self) -> bytes:
        """The first bytes, as many as recognition looks at."""
        if not isinstance(self.given, Path):
            return self.given[:HEAD]
        with self.given.open("rb") as stream:
            return stream.read(HEAD)

    def read(self) -> bytes:
        """All bytes."""
        return self.given.read_bytes() if isinstance(self.given, Path) else self.given

    def format(self) -> str:
        """Which of FORMATS it is, by its first bytes; by its name where they do not say."""
        head = self.head()
        for magic, what in FOREIGN.items():
            if head.startswith(magic):
                raise Refusal("The file is not a table: it is {what}.", what=what)
        if head.startswith(b"PK\x03\x04"):
            return "xlsx"
        if head.startswith(b"PAR1"):
            return "parquet"
        by_name = SUFFIXES.get(Path(self.name).suffix.lower(), "csv")
        if by_name in ("xlsx", "parquet"):
            raise Refusal("The file is not a whole {suffix} file.", suffix=Path(self.name).suffix)
        begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        is_json = begins.startswith((b'{"', b"{}")) or is_array(head)
        return "json_lines" if is_json else by_name

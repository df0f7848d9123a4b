"""What the pages of a Parquet file declare to unpack to, before one of them is unpacked.

Sizes stand in the footer and in each page's own header, which is Thrift's compact protocol
(thrift/doc/specs/thrift-compact-protocol.md; parquet-format, parquet.thrift). The reader takes
memory by the latter, so pages are walked over as it does, header by header.
"""

from __future__ import annotations

from typing import Any

from core.data.tables.archives import damaged, too_large
from core.data.tables.limits import MAX_UNPACKED
from core.refusals import Refusal

MAX_PAGES = 200_000  # of a file: some seconds of walking; a page has 20,000 rows as a rule
PADDING = 100  # bytes after a column that readers allow, for old writers that count too few
MOST_FIELDS = 64  # of a header, all its parts together
DEEPEST = 4  # a header, its part about data, their statistics, and one for what is to come

# Types of the compact protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 12
# Fields of PageHeader.
TYPE, UNPACKED, PACKED = 1, 2, 3
COUNTED = {0: 5, 3: 8}  # of the two types of data pages, the field that describes them
VALUES = 1  # of either description: how many there are

Fields = dict[tuple[int, int], Any]
"""By number and type: a field of another type is another field, as readers see it."""


def check_pages(data: bytes, footer: Any) -> None:
    """Raise ValueError if pages are damaged, or unpack to more than the limits together.

    footer: pyarrow's FileMetaData.
    """
    unpacked = n_pages = 0
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for column in range(group.num_columns):
            chunk = group.column(column)
            place = _start(chunk)
            end = min(place + chunk.total_compressed_size + PADDING, len(data))
            n_values = 0
            while n_values < chunk.num_values and place < end:
                header, place = _header(data, place, end)
                unpacked += max(header.get((UNPACKED, I32), 0), 0)
                n_pages += 1
                if unpacked > MAX_UNPACKED:
                    raise too_large(unpacked)
                if n_pages > MAX_PAGES:
                    raise Refusal(
                        "The columns of the file are cut into more than {most} pages.",
                        most=MAX_PAGES,
                    )
                place += _length(header)
                n_values += _values(header)


def _start(chunk: Any) -> int:
    """Where a column's first page is."""
    start, dictionary = chunk.data_page_offset, chunk.dictionary_page_offset
    if chunk.has_dictionary_page and dictionary and 0 < dictionary < start:
        start = dictionary
    if start < 0 or chunk.total_compressed_size < 0:
        raise damaged("Parquet")
    return int(start)


def _length(header: Fields) -> int:
    """Bytes of a page after its header."""
    length: int = header.get((PACKED, I32), -1)
    if length < 0:
        raise damaged("Parquet")
    return length


def _values(header: Fields) -> int:
    """Values in a page; none in a dictionary."""
    part = COUNTED.get(header.get((TYPE, I32), -1))
    described: Fields = {} if part is None else header.get((part, STRUCT), {})
    return max(described.get((VALUES, I32), 0), 0)


def _header(data: bytes, place: int, end: int) -> tuple[Fields, int]:
    """The header of a page, and where it ends."""
    walk = _Walk(data, place, end)
    try:
        return walk.struct(DEEPEST), walk.place
    except IndexError:
        raise damaged("Parquet") from None


class _Walk:
    """Reads values of the compact protocol one after the other. Raises IndexError at the end."""

    def __init__(self, data: bytes, place: int, end: int) -> None:
        self.data, self.place, self.end = data, place, end
        self.n_fields = 0

    def struct(self, depth: int) -> Fields:
        """The fields up to the next end of a part; parts in it may be so many deep."""
        found: Fields = {}
        number = 0
        while head := self._byte():
            self.n_fields += 1
            kind, step = head & 15, head >> 4
            number = _sixteen_bits(number + step if step else self._integer(32))
            if self.n_fields > MOST_FIELDS or depth == 0:
                raise damaged("Parquet")
            found[number, kind] = self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        """A value that counts, or what stands for one that does not."""
        if kind in (TRUE, FALSE):
            return None
        if kind in (I16, I32, I64):
            return self._integer(32 if kind == I32 else 64)
        if kind == STRUCT:
            return self.struct(depth - 1)
        sizes = {BYTE: 1, DOUBLE: 8}
        if kind not in (*sizes, BINARY):  # lists and maps, which no header has
            raise damaged("Parquet")
        size = sizes[kind] if kind in sizes else self._varint() & 0xFFFFFFFF
        self.place += size
        return None

    def _integer(self, bits: int) -> int:
        """A signed number of so many bits, cut off as readers do."""
        raw = self._varint() & ((1 << bits) - 1)
        return (raw >> 1) ^ -(raw & 1)

    def _varint(self) -> int:
        """A number in sevens of bits, the lowest first; ten of them at most."""
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise damaged("Parquet")

    def _byte(self) -> int:
        if self.place >= self.end:
            raise IndexError
        self.place += 1
        return self.data[self.place - 1]


def _sixteen_bits(number: int) -> int:
    """A field's number, cut off as readers do."""
    return (number + (1 << 15)) % (1 << 16) - (1 << 15)

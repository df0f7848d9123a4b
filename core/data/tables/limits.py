"""How much of a table is taken, whoever sends it: the memory of reading follows from these."""

from __future__ import annotations

MAX_BYTES = 200 << 20  # of a file
MAX_UNPACKED = 1 << 30  # of what is packed in an Excel or Parquet file
MAX_ROWS = 1_000_000
MAX_COLUMNS = 4096
MAX_CELLS = 50_000_000  # rows times columns: 16 bytes each while they are text
MAX_CLASSES = 1000  # of a target
MAX_INPUTS = 16_384  # columns that a preparation makes
MAX_INPUT_BYTES = 2 << 30  # of all training and test inputs, float32
HEAD = 1 << 20  # bytes that a file's form is recognized from
LONGEST_NAME = 120  # characters of a column's name

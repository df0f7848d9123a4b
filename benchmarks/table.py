"""Time and peak memory of a large table on its way to a data set: `python benchmarks/table.py`.

A CSV of a million rows and twenty columns of every kind is made in a temporary folder, then read
and prepared in a process of its own, which reports seconds and the most memory it held after each
stage.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

Value = TypeVar("Value")
NUMBERS, CATEGORIES = 12, 5  # columns beside an id, a date and the target


def make(path: Path, n_rows: int) -> None:
    """Write the table: an id, numbers, categories of 3 to 200 values, a time, and a class."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(0)
    numbers = random.normal(size=(NUMBERS, n_rows))
    columns: dict[str, object] = {"id": np.arange(n_rows)}
    for k, values in enumerate(numbers):
        missing = random.random(n_rows) < 0.02
        columns[f"number_{k}"] = pl.Series(np.round(values * 10.0 ** (k % 4), 4)).set(
            pl.Series(missing), None
        )
    for k, count in enumerate((3, 8, 20, 60, 200)[:CATEGORIES]):
        words = np.array([f"kind {name}" for name in range(count)])
        columns[f"category_{k}"] = words[random.zipf(1.5, n_rows) % count]
    columns["time"] = pl.Series(1_600_000_000 + np.arange(n_rows) * 60).cast(pl.Int64) * 1_000_000
    columns["class"] = np.where(numbers[0] + numbers[1] > 0.0, "yes", "no")
    frame = pl.DataFrame(columns).with_columns(pl.col("time").cast(pl.Datetime("us")))
    frame.write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def timed(what: str, work: Callable[[], Value]) -> Value:
    """Do some work and print how long it took, the peak of memory so far, and the longest pause.

    The pause is how long another thread, which asks every millisecond, had to wait for its turn:
    what a page would feel.
    """
    pauses, done = [0.0], threading.Event()

    def ask() -> None:
        last = time.perf_counter()
        while not done.wait(0.001):
            now = time.perf_counter()
            pauses.append(now - last)
            last = now

    watcher = threading.Thread(target=ask)
    watcher.start()
    start = time.perf_counter()
    value = work()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    peak = most_memory()
    print(f"| {what} | {seconds:.2f} | {peak:,.0f} | {max(pauses) * 1000:.0f} |", flush=True)
    return value


def most_memory() -> float:
    """The most memory that this process held so far, MB (Linux; getrusage tells its parent's)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measure(path: Path) -> None:
    """Every stage, in this process."""
    from core.data import tables

    print(f"\n{path.stat().st_size / 1e6:.0f} MB")
    print("\n| | seconds | peak memory, MB | longest pause of another thread, ms |")
    print("|---|---|---|---|")
    timed("preview", lambda: tables.preview_table(path))
    table = timed("read", lambda: tables.read_table(path, path.name))
    choices = timed("describe and suggest", lambda: tables.suggest_choices(table, ["class"]))
    data = timed("split and prepare", lambda: tables.table_dataset(table, choices))
    for name in ("csv", "parquet"):
        files = timed(f"write {name}", lambda name=name: tables.write_tables(data, name))
        again = timed(f"read {name} again", lambda files=files: tables.read_tables(files))
        assert (again.X_train == data.X_train).all()
        del again, files
    print(f"\n{table.n_rows:,} rows, {len(table.columns)} columns, {data.n_inputs} inputs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path, help="measure this file, in this process")
    chosen = parser.parse_args()
    if chosen.file:
        measure(chosen.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        make(path, chosen.rows)
        subprocess.run([sys.executable, __file__, "--file", str(path)], check=True)


if __name__ == "__main__":
    main()

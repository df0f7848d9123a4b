"""Install what testing needs, a browser included, and run every test.

    python tests/run.py [arguments of pytest, to run other ones]

An active virtual environment is used; without one, `.venv` is made in the project's folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt")
CORES = os.cpu_count() or 1
BROWSERS = min(max(CORES // 2, 1), 4)  # each keeps a server and its own drawing busy
LONGEST = (
    *("compiled_at_once", "page_walks", "compiled", "cuda", "page_walks_training", "presets"),
    *("plain_python", "cuda_large"),
)
"""Files whose tests take a minute or more: they begin, so that at the end no core waits for one."""


def files(names: str) -> list[str]:
    return sorted(str(path) for path in Path(__file__).parent.glob(f"test_{names}.py"))


IN_BROWSER, LOOKS_AT_A_CLOCK = files("browser_*"), files("server_lifecycle")
FIRST = [path for name in LONGEST for path in files(name)]
OTHERS = [path for path in files("*") if path not in {*IN_BROWSER, *LOOKS_AT_A_CLOCK, *FIRST}]
PARTS = (
    # A process a core; a file's tests stay together, for what they share, in the order given.
    ["-n", str(CORES), "--dist", "loadfile", "--no-loadscope-reorder", *FIRST, *OTHERS],
    # Each process has a browser and a server of its own; its tests share nothing but these.
    ["-n", str(BROWSERS), "--dist", "worksteal", *IN_BROWSER],
    LOOKS_AT_A_CLOCK,  # a browser and a server, one test after another
)
"""All tests, in three runs."""


def main() -> int:
    if sys.prefix == sys.base_prefix:
        return subprocess.call([own_python(), __file__, *sys.argv[1:]])
    install_packages()
    import chromium  # beside this file

    browser = chromium.find_or_install()
    print(f"Browser: {browser}", flush=True)
    environment = {**os.environ, "CHROMIUM": browser}
    # Before several processes would compile the same.
    subprocess.check_call([sys.executable, "-m", "core.engine.warm"], cwd=ROOT, env=environment)
    pytest = [sys.executable, "-m", "pytest"]
    runs = [[*pytest, *sys.argv[1:]]] if sys.argv[1:] else [[*pytest, *part] for part in PARTS]
    return max(abs(subprocess.call(run, cwd=ROOT, env=environment)) for run in runs)


def own_python() -> str:
    """The interpreter of the project's own virtual environment, made if it is not there yet."""
    folder = ROOT / ".venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print("Making the virtual environment .venv.", flush=True)
        venv.create(folder, with_pip=True)
    return str(python)


def install_packages() -> None:
    started = time.monotonic()
    options = [option for path in REQUIREMENTS for option in ("-r", str(ROOT / path))]
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *options])
    print(f"Packages are in place ({time.monotonic() - started:.0f} s).", flush=True)


if __name__ == "__main__":
    sys.exit(main())

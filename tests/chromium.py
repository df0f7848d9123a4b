"""Find a Chromium that runs on this machine, or install one.

Only the standard library at import, since tests/run.py uses this before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator

# What every start needs: no sandbox as root, software drawing, and no calls home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "No Chromium was found. Install one with 'playwright install chromium' or as the system's "
    "package 'chromium', or name it in the environment variable CHROMIUM."
)


def find() -> str:
    """The path of a Chromium that starts. Raises RuntimeError, in a person's words, without one."""
    for path in _candidates():
        if starts(path):
            return path
    raise RuntimeError(MISSING)


def find_or_install() -> str:
    """As `find`; without one, Playwright's own is fetched, else the system's package."""
    for install in (None, _install_playwrights, _install_package):
        if install is not None:
            install()
        try:
            return find()
        except RuntimeError:
            continue
    raise RuntimeError(MISSING)


def starts(path: str) -> bool:
    """Whether this executable opens an empty page, its system libraries included."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [path, *ARGUMENTS, "--headless", f"--user-data-dir={profile}"]
        return _succeeds([*command, "--dump-dom", "about:blank"], seconds=60)


def _candidates() -> Iterator[str]:
    if named := os.environ.get("CHROMIUM"):
        yield named
    if (own := _playwrights()) and os.path.exists(own):
        yield own
    yield from filter(None, map(shutil.which, COMMANDS))


def _playwrights() -> str | None:
    """Where Playwright would keep its own Chromium; None where Playwright is not installed."""
    ask = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else None


def _install_playwrights() -> None:
    print("No Chromium here: asking Playwright for its own.", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if _succeeds(command, seconds=300) and (own := _playwrights()) and not starts(own):
        _succeeds([sys.executable, "-m", "playwright", "install-deps", "chromium"], seconds=600)


def _install_package() -> None:
    print("Playwright's could not be had: installing the system's package.", flush=True)
    if shutil.which("apt-get") is None:
        return
    superuser = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    apt = [*superuser, *environment, "apt-get", "-qq", "-o", "Acquire::Retries=3"]
    _succeeds([*apt, "update"], seconds=300)
    _succeeds([*apt, "install", "-y", "--no-install-recommends", "chromium"], seconds=900)


def _succeeds(command: list[str], *, seconds: float) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

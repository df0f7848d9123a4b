"""Take the pictures of the README: the page learning a spiral, as a visitor sees it.

    python docs/take_pictures.py

Starts the page and a headless Chromium (see tests/requirements.txt) and writes, beside itself,
page.png, page-dark.png, page-zh.png and learning.webp. Nothing is drawn: it is the real page.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402

from core import DataConfig, Dense, Experiment, NetworkConfig, TrainingConfig  # noqa: E402
from playground import link  # noqa: E402
from playground.settings import Settings  # noqa: E402
from tests.browser import Server, Visitor, browser, server  # noqa: E402

SPIRAL = Experiment(
    data=DataConfig("spiral", noise=0.05),
    network=NetworkConfig((Dense(8, "tanh"), Dense(8, "tanh"), Dense(4, "tanh"))),
    training=TrainingConfig(learning_rate=0.01),
)
WINDOW = {"width": 1440, "height": 900}
FRAMES, FRAME_SECONDS = 60, 0.2
ANIMATION_WIDTH = 960  # pixels; keeps the file small enough for a README


def main() -> None:
    log = Path(tempfile.mkdtemp()) / "server.txt"
    with browser() as chromium, server(log) as page_server:
        with page(chromium, page_server) as visitor:
            animation(visitor, HERE / "learning.webp")
        take(chromium, page_server, "page.png")
        take(chromium, page_server, "page-dark.png", color_scheme="dark")
        take(chromium, page_server, "page-zh.png", locale="zh-CN", play="播放")


@contextmanager
def page(chromium: Browser, of: Server, **options: object) -> Iterator[Visitor]:
    """The page with the spiral's network, not yet trained."""
    settings = {"locale": "en-US", "viewport": WINDOW, **options}
    context = chromium.new_context(**settings)
    visitor = Visitor(context.new_page(), of.url)
    visitor.page.goto(f"{of.url}/?{urlencode(link.write(SPIRAL, Settings()))}")
    visitor.page.locator("canvas").first.wait_for()
    visitor.page.wait_for_timeout(2000)
    yield visitor
    context.close()


def take(chromium: Browser, of: Server, name: str, *, play: str = "Play", **options: str) -> None:
    """A picture of the page when the spiral is nearly learned."""
    with page(chromium, of, **options) as visitor:
        visitor.press(play)
        visitor.page.wait_for_timeout(12_000)
        visitor.page.screenshot(path=HERE / name)


def animation(visitor: Visitor, path: Path) -> None:
    """Record the page from Play on; every picture is a screenshot."""
    pictures = [screenshot(visitor)]
    visitor.press("Play")
    for _ in range(FRAMES):
        visitor.page.wait_for_timeout(1000 * FRAME_SECONDS)
        pictures.append(screenshot(visitor))
    lasting = [1000, *[120] * (FRAMES - 1), 2500]  # milliseconds; rest at the start and the end
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=lasting, loop=0, quality=60
    )


def screenshot(visitor: Visitor) -> Image.Image:
    picture = Image.open(io.BytesIO(visitor.page.screenshot())).convert("RGB")
    height = round(picture.height * ANIMATION_WIDTH / picture.width)
    return picture.resize((ANIMATION_WIDTH, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()

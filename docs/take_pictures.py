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
    data=DataConfig("spiral", n_samples=800, noise=0.05, train_fraction=0.7),
    network=NetworkConfig((Dense(8, "tanh"), Dense(8, "tanh"), Dense(4, "tanh"))),
    training=TrainingConfig(learning_rate=0.005),
)
WINDOW = {"width": 1440, "height": 900}
LEARNED = 0.02  # training loss
FRAMES, FRAME_SECONDS = 55, 0.1
ANIMATION_WIDTH = 900  # pixels; keeps the file small enough for a README


def main() -> None:
    log = Path(tempfile.mkdtemp()) / "server.txt"
    with browser() as chromium, server(log) as page_server:
        with page(chromium, page_server, 150) as visitor:
            animation(visitor, HERE / "learning.webp")
        take(chromium, page_server, "page.png")
        take(chromium, page_server, "page-dark.png", color_scheme="dark")
        take(chromium, page_server, "page-zh.png", locale="zh-CN", play="播放")


@contextmanager
def page(chromium: Browser, of: Server, speed: int, **options: object) -> Iterator[Visitor]:
    """The page with the spiral's network, not yet trained. speed: steps a second."""
    settings = {"locale": "en-US", "viewport": WINDOW, **options}
    context = chromium.new_context(**settings)
    visitor = Visitor(context.new_page(), of.url)
    visitor.page.goto(f"{of.url}/?{urlencode(link.write(SPIRAL, Settings(speed=speed)))}")
    visitor.page.locator("canvas").first.wait_for()
    visitor.page.wait_for_timeout(2000)
    yield visitor
    context.close()


def take(chromium: Browser, of: Server, name: str, *, play: str = "Play", **options: str) -> None:
    """A picture of the page when the spiral is nearly learned."""
    with page(chromium, of, 1000, **options) as visitor:
        press(visitor, play)
        visitor.wait_until(lambda: has_learned(visitor), "the spiral is learned", seconds=120)
        visitor.page.screenshot(path=HERE / name)


def animation(visitor: Visitor, path: Path) -> None:
    """Record the page from Play on; every picture is a screenshot."""
    pictures = [screenshot(visitor)]
    press(visitor, "Play")
    while len(pictures) <= FRAMES and not has_learned(visitor):
        visitor.page.wait_for_timeout(1000 * FRAME_SECONDS)
        pictures.append(screenshot(visitor))
    lasting = [
        1000,
        *[120] * (len(pictures) - 2),
        2500,
    ]  # milliseconds; rest at the start and the end
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=lasting, loop=0, quality=50
    )


def has_learned(visitor: Visitor) -> bool:
    """Whether the loss of the newest frame is small."""
    loss = visitor.live.frame()[0].get("train_loss")
    return loss is not None and loss < LEARNED


def press(visitor: Visitor, label: str) -> None:
    """Press a button and take the pointer away, lest its tooltip stays in the picture."""
    visitor.press(label)
    visitor.page.mouse.move(1000, 10)


def screenshot(visitor: Visitor) -> Image.Image:
    picture = Image.open(io.BytesIO(visitor.page.screenshot())).convert("RGB")
    height = round(picture.height * ANIMATION_WIDTH / picture.width)
    return picture.resize((ANIMATION_WIDTH, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()

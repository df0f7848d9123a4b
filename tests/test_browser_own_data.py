"""A person with a spreadsheet: brought, looked at, taken, trained, and refused where it is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser import Visitor
from tests.test_own_data import people
from tests.test_pictures import RED, folders, plain, zipped


def bring(visitor: Visitor, path: Path) -> None:
    """Open the dialog and choose a file."""
    visitor.press("Your data…")
    visitor.give(path, visitor.page.get_by_role("dialog"))


def test_a_spreadsheet_becomes_a_network_that_learns(visitor: Visitor, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(people(200, delimiter=";", decimal=","))
    bring(visitor, path)
    visitor.wait_for_text("200 rows, 5 columns")
    visitor.press("Use this table")
    visitor.wait_for_text("A new network for people.csv")
    visitor.wait_until(lambda: visitor.number("Training loss") > 0, "the loss at first")
    first = visitor.number("Training loss")
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Training loss") < 0.7 * first, "the loss falls")
    visitor.press("Pause")
    names = [column["names"] for column in visitor.live.scene["columns"] if "names" in column]
    assert "city = Oslo" in names[0]
    assert visitor.live.scene["classes"] == ["no", "yes"]
    visitor.page.get_by_role("tab", name="Export", exact=True).click()
    with visitor.page.expect_download() as download:
        visitor.press("As CSV (.zip)")
    assert download.value.suggested_filename == "people-csv.zip"


RED_SHARE = """canvas => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, k) => k % 4 === 0 && value > 150 && data[k + 2] < 80).length;
}"""


def test_pictures_become_a_network_that_tells_one_of_ones_own(
    visitor: Visitor, tmp_path: Path
) -> None:
    path = tmp_path / "colours.zip"
    names = {f"photos/{name.replace('/', '_')}": data for name, data in folders(20).items()}
    path.write_bytes(zipped(names))
    bring(visitor, path)
    visitor.wait_for_text(re.compile("All pictures are of one class"))
    rows = "\n".join(f"{name},{name.split('/')[1].split('_')[0]}" for name in names)
    labels = {"name": "labels.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    visitor.give(labels, visitor.page.get_by_role("dialog"))
    visitor.wait_for_text("40 pictures, 2 classes; as the network sees them, 1,200 inputs each:")
    visitor.press("Use these pictures")
    visitor.wait_for_text("A new network for colours.zip")
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Test accuracy") == 100, "all are told")
    visitor.press("Pause")
    seen = visitor.page.locator("canvas.output-image")
    reds = [canvas.evaluate(RED_SHARE) for canvas in seen.all()]
    assert sorted(set(reds)) == [0, 400]  # all of 20 by 20 pixels, or none
    visitor.page.get_by_role("tab", name="Try it", exact=True).click()
    mine = {"name": "mine.png", "mimeType": "image/png", "buffer": plain(RED, 90, 60)}
    visitor.give(mine, visitor.page.locator(".st-key-try_picture"))
    visitor.page.get_by_test_id("stMetric").filter(has_text="red").wait_for()


def test_a_file_that_is_no_table_is_said_and_what_runs_keeps_running(
    visitor: Visitor, tmp_path: Path
) -> None:
    path = tmp_path / "nasty.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    visitor.press("Play")
    visitor.wait_until(lambda: visitor.number("Epoch") > 0, "it runs")
    bring(visitor, path)
    visitor.wait_for_text(re.compile("it is a picture"))
    steps = visitor.live.frame()[0]["step"]
    visitor.wait_until(lambda: visitor.live.frame()[0]["step"] > steps, "it keeps running")
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("dialog").wait_for(state="hidden")
    visitor.press("Pause")
    assert "dataset" not in visitor.page.url


def test_a_reload_asks_for_the_table_and_takes_it_up_again(
    visitor: Visitor, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(people(100))
    bring(visitor, path)
    visitor.press("Use this table")
    visitor.wait_for_text("A new network for people.csv")
    visitor.set_learning_rate(0.02)
    visitor.wait_until(lambda: "0.02" in visitor.page.url, "the link holds the learning rate")
    link = visitor.page.url
    visitor.reload()
    visitor.wait_for_text(re.compile("people.csv"))
    bring(visitor, path)
    visitor.press("Use this table")
    visitor.wait_for_text("A new network for people.csv")
    assert visitor.live.frame()[0]["learning_rate"] == pytest.approx(0.02)
    visitor.wait_until(lambda: visitor.page.url == link, "the same link")

"""A person's own pictures on the page: brought, looked at, taken, drawn in their colours, tried."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import Dense, Experiment, Trainer
from core.data.pictures import PictureChoices, PictureSource, choices_of, read_pictures
from core.experiment import OWN_PICTURES, DataConfig
from core.refusals import Refusal
from playground import changes, link
from playground.albums import PictureDraft, TakenPictures, are_pictures, taken
from playground.desk import Desk
from playground.fields import column_labels
from playground.live import samples, scene
from playground.live.camera import Camera
from playground.locales import translate
from playground.session import EchoError
from playground.settings import Settings
from playground.tables import own, stem
from playground.thumbnails import picture, strip
from playground.views.export import raw_samples
from playground.views.pictures import coloured
from tests.apptest import opened_page, session, sound
from tests.apptest import said as page_said
from tests.test_own_data import people
from tests.test_pictures import BLUE, RED, folders, plain, zipped
from tests.test_try_it import opened, said, texts

ZIP = zipped(folders(10))


def used(side: int = 8, *, colour: bool = True) -> TakenPictures:
    source = PictureSource.of([("some.zip", ZIP)])
    choices = PictureChoices(side, colour)
    return taken(read_pictures(source, choices), choices)


# -- the desk -------------------------------------------------------------------------------------


def test_files_are_looked_at_as_what_they_are_called() -> None:
    assert are_pictures(["a.zip"])
    assert are_pictures(["labels.csv", "a.HEIC"])
    assert are_pictures(["a.avif"])
    assert not are_pictures(["a.xlsx"])
    desk = Desk()
    desk.bring(("people.csv", people().encode()))
    assert not isinstance(desk.draft, PictureDraft)
    desk.bring(("some.zip", ZIP))
    assert isinstance(desk.draft, PictureDraft)
    desk.bring(("a.zip", zipped({"people.csv": people().encode()})))
    assert isinstance(desk.draft, PictureDraft)
    with pytest.raises(Refusal, match="a table by itself, and not in an archive"):
        desk.draft.read()
    desk.put_away()
    desk.bring(("a.csv", b"x,y\n1,2\n"), ("b.csv", b"x,y\n3,4\n"))
    assert (desk.draft, "one table at a time" in str(desk.problem)) == (None, True)
    assert not desk.has_room(300 << 20)
    assert "300 MB" in str(desk.problem)
    desk.bring(("a.png", plain(RED)), ("labels.csv", b"file,label\na.png,x\n"))
    with pytest.raises(Refusal, match="one class, 'x'"):
        desk.draft.read()


LOOSE = [(name.replace("/", "_"), data) for name, data in folders(5).items()]
ROWS = [f"{name},{name[:3]}" for name, _ in LOOSE]


def test_labels_that_come_later_join_the_pictures() -> None:
    desk = Desk()
    desk.open()
    desk.bring(*LOOSE)
    assert isinstance(desk.draft, PictureDraft)
    with pytest.raises(Refusal, match=r"no folder named by its class, and no file labels\.csv"):
        desk.draft.read()
    assert desk.is_bringing
    before = desk.uploads
    desk.bring(("labels.csv", b"file,label\nred_0.png,red\n"))
    with pytest.raises(Refusal, match="All pictures are of one class"):
        desk.draft.read()
    desk.bring(("labels.csv", "\n".join(["file,label", *ROWS]).encode()))  # mended
    assert desk.draft.counts() == {"blu": 5, "red": 5}
    assert (desk.is_bringing, desk.uploads) == (False, before + 2)
    together = PictureSource.of(desk.draft.files)
    assert desk.made().data.table.count(together.digest)
    desk.bring(*LOOSE[:1])  # other files, not more of them
    with pytest.raises(Refusal, match="in no folder"):
        desk.draft.read()
    assert len(desk.draft.files) == 1
    assert not desk.has_room((200 << 20) - 10)
    desk.put_away()
    assert desk.has_room((200 << 20) - 10)
    desk.bring(("some.zip", zipped({f"photos/{name}": data for name, data in LOOSE})))
    with pytest.raises(Refusal, match="one class, 'photos'"):
        desk.draft.read()
    desk.bring(("labels.csv", "\n".join(f"photos/{row}" for row in ROWS).encode()))
    assert desk.draft.counts() == {"blu": 5, "red": 5}


def test_what_is_chosen_is_made_and_named() -> None:
    draft = PictureDraft([("some.zip", ZIP)])
    draft.choose(side=8, train_fraction=0.7)
    with pytest.raises(Refusal, match="side is 7"):
        draft.choose(side=7)
    seen: list[float] = []
    made = draft.made(lambda done, total: seen.append(done / total))
    assert seen[-1] == 1.0
    assert (made.dataset.image_shape, len(made.dataset.X_train)) == ((8, 8, 3), 14)
    assert draft.read() is made.pictures  # no second time
    assert stem(made.data) == "some"
    on_them = changes.with_table(Experiment(), made.data)
    assert on_them.network.layers == (Dense(32, "relu"),)
    assert on_them.training.loss == "binary_crossentropy"


def test_the_same_pictures_serve_other_experiments() -> None:
    first = used()
    divided = taken(first.pictures, PictureChoices(8, colour=True, seed=5))
    served = first.serving(divided.data)
    assert served is not None
    assert served.data == divided.data
    assert np.array_equal(served.dataset.X_test, divided.dataset.X_test)
    assert first.serving(DataConfig(OWN_PICTURES)) is first
    assert first.serving(DataConfig("table")) is None
    elsewhere = first.data.table.replace(first.pictures.source.digest, "0" * 16)
    assert first.serving(DataConfig(OWN_PICTURES, table=elsewhere)) is None


def test_a_size_of_before_is_kept_and_one_that_never_was_is_read_in_the_dialog(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk()
    sizes = [used(side).data for side in (8, 12, 16)]
    for data in sizes:
        desk.wanted = Experiment(data)
        if desk.used is None:
            desk.bring(("some.zip", ZIP))
        else:
            desk.open()
        desk.used, desk.wanted = desk.made(), None
        assert desk.used.data == data
    decoded = []
    monkeypatch.setattr("core.data.pictures.reading.decoded", lambda *a, **b: decoded.append(a))
    for data in (sizes[1], sizes[2], sizes[1]):  # the browser's Back, Forward and Back
        dataset = desk.dataset_for(Experiment(data))[1]
        assert dataset is not None
        assert dataset.image_shape[0] == own_side(data)
    with pytest.raises(Refusal, match=r"'some\.zip' in another size or colour: open “Your data"):
        desk.dataset_for(Experiment(sizes[0]))
    assert (decoded, desk.used.data) == ([], sizes[1])
    desk.open()
    assert isinstance(desk.draft, PictureDraft)
    assert desk.draft.choices.side == 8
    monkeypatch.undo()
    seen: list[float] = []
    made = desk.made(lambda done, total: seen.append(done))
    assert (made.data, seen[-1]) == (sizes[0], 20.0)
    desk.wanted = None
    desk.open()
    assert desk.draft.choices.side == 12


def own_side(data: DataConfig) -> int:
    return choices_of(own(data)).side


def test_a_draft_follows_the_link_for_the_same_files_only() -> None:
    wanted = used(12, colour=False).data
    desk = Desk()
    desk.wanted = Experiment(wanted)
    desk.bring(("other name.zip", ZIP))
    assert isinstance(desk.draft, PictureDraft)
    assert (desk.draft.choices.side, desk.draft.choices.colour) == (12, False)
    desk.bring(("some.zip", zipped(folders(3))))
    assert desk.draft.choices.colour
    remarks = [sentence.template for sentence in desk.draft.findings()]
    assert remarks == ["These are not the pictures that were asked for: {file} held others."]


def test_unequal_classes_are_told() -> None:
    files = folders(10) | {f"green/{n}.png": plain((0, 255, 0)) for n in range(2)}
    draft = PictureDraft([("some.zip", zipped(files))])
    assert [str(sentence) for sentence in draft.findings()] == [
        "The classes are unequal: there are 10 pictures of 'blue', only 2 of 'green'."
    ]
    assert draft.counts() == {"blue": 10, "green": 2, "red": 10}
    assert draft.first("green", 1).shape == (1, 20, 20, 3)


def test_ways_to_divide_are_those_of_the_folders_and_of_the_link() -> None:
    assert PictureDraft([("some.zip", ZIP)]).ways == ("stratified",)
    files = folders(2).items()
    three = {f"{part}/{n}": data for part in ("train", "validation", "test") for n, data in files}
    draft = PictureDraft([("some.zip", zipped(three))])
    assert draft.ways == ("stratified", "three_folders")
    draft.choose(split="folders")
    assert draft.ways == ("stratified", "three_folders", "folders")


class BytesFile:
    """As much of an uploaded file as the session looks at."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.size, self.getvalue = name, len(data), lambda: data


# -- on the page ----------------------------------------------------------------------------------


def test_a_link_asks_for_its_pictures_and_the_dialog_takes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    wanted = changes.with_table(Experiment(), used(12).data)
    page = opened_page(**link.write(wanted, Settings()))
    assert any("some.zip" in item.value for item in page.warning)
    page.button(key="bring_table").click().run()
    uploader = page.file_uploader(key=f"own_upload_{session(page).desk.uploads}")
    uploader.upload("some.zip", ZIP, "application/zip")
    sound(page.run())
    assert page.select_slider(key="own_side").value == 12
    captions = "\n".join(item.value for item in page.caption)
    assert "20 pictures, 2 classes; as the network sees them, 432 inputs each" in captions
    sound(page.button(key="own_use").click().run())
    found = session(page)
    assert found.experiment == wanted
    assert "A new network for some.zip" in page_said(page)
    with pytest.raises(EchoError):  # of a field that is gone with its layer
        found._take_over(("network", "layers", 1, "units"), 2)
    sound(page.button(key="own_data").click().run())
    sound(page.toggle(key="own_colour").set_value(False).run())
    sound(page.slider(key="own_picture_validation_share").set_value(0.25).run())
    sound(page.button(key="own_use").click().run())
    assert (found.player.dataset.image_shape, len(found.player.dataset.X_train)) == ((12, 12), 12)
    captions = [item.value for item in page.caption]
    assert any("in grey; 12 train the network, 4 test it" in caption for caption in captions)
    assert "Held back for validation: 4 more." in captions
    sent = link.write(found.experiment, Settings())
    assert link.read(sent)[0] == found.experiment
    assert page.button(key="tile_pictures").help == "Your pictures"


def test_files_that_come_twice_are_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", 0.0)  # nobody clicks this fast
    page = opened_page()
    page.button(key="own_data").click().run()
    found = session(page)

    def upload(name: str, data: bytes) -> tuple[int, str]:
        number = found.desk.uploads
        key = f"own_upload_{number}"
        page.file_uploader(key=key).upload(name, data, "application/octet-stream")
        page.run()
        return number, key

    names = {f"all/{name.replace('/', '_')}": data for name, data in folders(3).items()}
    upload("mixed.zip", zipped(names))
    assert "All pictures are of one class" in "".join(item.value for item in page.error)
    rows = "\n".join(f"{name},{name.split('/')[1].split('_')[0]}" for name in names)
    number, key = upload("labels.csv", rows.encode())
    assert len(found.desk.draft.counts()) == 2
    # A timer brought it along, and now it comes by itself.
    monkeypatch.setattr("streamlit.session_state", {key: [BytesFile("labels.csv", rows.encode())]})
    found.bring_upload(number, key)
    assert isinstance(found.desk.draft, PictureDraft)


# -- drawn in their colours -----------------------------------------------------------------------


@pytest.mark.parametrize("colour", [True, False])
def test_the_live_view_shows_photographs_as_they_are(colour: bool) -> None:
    data = used(colour=colour).dataset
    trainer = Trainer(Experiment(), dataset=data)
    drawn = samples.arrays(data)["samples"]
    assert drawn.shape == (4, 8, 8, 3)
    (row,) = np.flatnonzero(samples.rows(data) == 0)
    expected = data.image_of(data.X_test[0]) * 255
    np.testing.assert_allclose(drawn[row], expected, atol=0.51)
    camera = Camera(trainer, scene.Shown())
    assert camera._weight_images().shape == (4, 8, 8)


def test_inputs_are_named_by_pixel_and_colour() -> None:
    labels = column_labels((), (2, 2, 3), lambda key, **values: translate("en", key, **values))
    assert labels[4:7] == ("pixel 1, 2, green", "pixel 1, 2, blue", "pixel 2, 1, red")


def test_pictures_become_squares_of_their_own_colours() -> None:
    light = np.array([[[1.0, 0.5, 0.0], [np.nan, 2.0, -1.0]]])
    large = coloured(light, 2)
    assert large.shape == (2, 4, 3)
    assert large[0, 0].tolist() == [255, 128, 0]
    assert large[1, 3].tolist() == [0, 255, 0]
    few = np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in (RED, BLUE)])
    for pictures in (few, few[..., 0]):
        packed = base64.b64decode(strip(pictures, 40).partition(",")[2])
        image = np.asarray(Image.open(io.BytesIO(packed)))
        assert image.shape == (80, 170, 4)  # twice 40 pixels, and a gap after each
        assert image[9, 9, 0] == RED[0]
        assert image[9, 99, 0] == BLUE[0]
    assert (picture(OWN_PICTURES) > 0).any()


def test_exported_samples_are_whole_levels() -> None:
    raw, part = raw_samples(used().dataset)
    assert part == "test"
    assert np.array_equal(raw, np.round(raw))
    assert raw.max() > 200


# -- tried ----------------------------------------------------------------------------------------


def tried(data: TakenPictures, name: str, content: bytes) -> AppTest:
    trainer = Trainer(Experiment(), dataset=data.dataset)
    trainer.epoch(30)
    app = opened(trainer)
    assert "Bring a picture" in texts(app)
    app.file_uploader[0].upload(name, content, "image/png")
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize("colour", [True, False])
def test_a_picture_of_ones_own_is_told(colour: bool) -> None:
    app = tried(used(colour=colour), "mine.png", plain(RED, 60, 90))
    assert said(app) == "red"
    assert len(app.get("image")) == 2


def test_what_is_no_picture_is_a_sentence() -> None:
    app = tried(used(), "mine.png", b"hello")
    assert "'mine.png' is no picture of a kind that is read" in texts(app)
    app.file_uploader[0].upload("mine.HEIC", b"\0\0\0\x18ftypheic", "image/heic")
    assert "'mine.HEIC' is a HEIC or AVIF file, which is not read" in texts(app.run())

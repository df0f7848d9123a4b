"""A person's own pictures: archives and loose files to a data set, and a corpus of nasty ones."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core import Experiment, Trainer, TrainingConfig, exchange
from core.data import load_dataset, own_table, record_of
from core.data.pictures import (
    PictureChoices,
    Pictures,
    PictureSource,
    choices_of,
    named,
    picture_dataset,
    read_picture,
    read_pictures,
    suggest_choices,
)
from core.data.pictures import members as members_module
from core.data.pictures import reading as reading_module
from core.data.pictures import source as source_module
from core.data.pictures.decoding import decoded
from core.data.preprocessing import Pixels, Preprocessing
from core.experiment import OWN_PICTURES, DataConfig
from core.refusals import Refusal, Sentence
from tests.test_data import value_or_sentence

RED, BLUE = (220, 30, 20), (10, 40, 200)


def encoded(pixels: np.ndarray | Image.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, form, **options)
    return stream.getvalue()


def plain(colour: tuple[int, ...], height: int = 20, width: int = 24, form: str = "PNG") -> bytes:
    return encoded(np.full((height, width, 3), colour, np.uint8), form)


def zipped(files: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def folders(count: int = 5, **more: bytes) -> dict[str, bytes]:
    """Two classes of pictures that differ by colour, each a little darker than the last."""
    made = {
        f"{name}/{number}.png": plain(tuple(max(c - number, 0) for c in colour))
        for name, colour in (("red", RED), ("blue", BLUE))
        for number in range(count)
    }
    return made | more


def source_of(files: Mapping[str, bytes]) -> PictureSource:
    return PictureSource.of([("some.zip", zipped(files))])


def pictures_of(files: Mapping[str, bytes], **choices: object) -> Pictures:
    return read_pictures(source_of(files), PictureChoices(side=8, colour=True, **choices))


def refused(files: Mapping[str, bytes] | bytes) -> str:
    data = files if isinstance(files, bytes) else zipped(files)
    with pytest.raises(Refusal) as caught:
        read_pictures(PictureSource.of([("some.zip", data)]), PictureChoices(side=8))
    return str(caught.value)


# -- what becomes of pictures ---------------------------------------------------------------------


def test_a_zip_of_folders_becomes_a_data_set_that_is_learnt() -> None:
    source = source_of(folders())
    choices = replace(suggest_choices(source), seed=3)
    assert choices == PictureChoices(side=20, colour=True, seed=3)
    data = picture_dataset(read_pictures(source, choices), choices)
    assert data.class_names == ("blue", "red")
    assert (data.kind, data.image_shape, data.n_inputs) == ("image", (20, 20, 3), 1200)
    assert np.bincount(data.y_train.astype(int)).tolist() == [4, 4]
    assert np.bincount(data.y_test.astype(int)).tolist() == [1, 1]
    first = data.X_train[0].reshape(20, 20, 3)[7, 9] * 255
    number = int(data.pictures.name_of("train", 0).split("/")[1][0])
    expected = BLUE if data.y_train[0] == 0 else RED
    np.testing.assert_allclose(first, np.maximum(np.array(expected) - number, 0), atol=1e-4)
    trainer = Trainer(Experiment(training=TrainingConfig(learning_rate=0.01)), dataset=data)
    trainer.epoch(10)
    assert trainer.evaluate("test")["accuracy"] == 1.0


def test_the_same_files_give_the_same_bits_in_whatever_order_they_came() -> None:
    files = list(folders().items())
    one = pictures_of(dict(files))
    other = pictures_of(dict(files[::-1]))
    assert one.names == other.names
    assert np.array_equal(one.pixels, other.pixels)
    loose = [*((name.replace("/", "_"), data) for name, data in files), ("labels.csv", LABELS)]
    assert PictureSource.of(loose).digest == PictureSource.of(loose[::-1]).digest
    choices = PictureChoices(side=8, colour=True)
    sets = [picture_dataset(made, choices) for made in (one, other)]
    assert np.array_equal(sets[0].X_train, sets[1].X_train)
    again = picture_dataset(one, replace(choices, seed=1))
    assert not np.array_equal(sets[0].pictures.rows_train, again.pictures.rows_train)


LABELS = "file;label\n" + "\n".join(
    f"{name}_{number}.png;{name.upper()}" for name in ("red", "blue") for number in range(5)
)
LABELS = LABELS.encode()


def test_loose_pictures_are_told_by_a_file_of_labels() -> None:
    loose = {name.replace("/", "_"): data for name, data in folders().items()}
    source = PictureSource.of([*loose.items(), ("labels.csv", LABELS)])
    assert source.counts == {"BLUE": 5, "RED": 5}
    without_suffix = LABELS.replace(b".png", b"")
    assert source_of({**loose, "list.csv": without_suffix}).counts == source.counts
    no_header = without_suffix.partition(b"\n")[2]
    assert source_of({**loose, "labels.txt": no_header}).counts == source.counts
    less = source_of({**loose, "labels.csv": LABELS.replace(b"red_3", b"red_9"), "more.md": b""})
    assert less.counts == {"BLUE": 5, "RED": 4}
    assert [remark.template for remark in less.remarks] == [
        "No pictures, and left out: {count} of the files, such as {file}.",
        "Without a label in {file}, and left out: {count} of the pictures, such as {picture}.",
        "{file} names pictures that are not there: {count}, such as {picture}.",
    ]


def test_folders_name_the_classes_unless_a_table_does() -> None:
    by_folder = {"blue": 5, "red": 5}
    about = b"camera,city\nold,Bern\nnew,Rome\n"
    other = source_of({**folders(), "about.csv": about})
    assert other.counts == by_folder
    assert "'about.csv'" in other.remarks[0]
    assert source_of({**folders(), "about.csv": b""}).counts == by_folder
    rows = "\n".join(f"{name},{name[:3]}{name[-5:-4] > '2'}" for name in folders())
    headed = source_of({**folders(), "about.csv": f"Image,Class\n{rows}".encode()})
    assert headed.counts == {"bluFalse": 3, "bluTrue": 2, "redFalse": 3, "redTrue": 2}
    assert source_of({**folders(), "labels.tsv": rows.encode()}).counts == headed.counts
    parts = {f"{part}/{n}.png": plain(RED) for part in ("train", "test") for n in range(2)}
    rows = "\n".join(f"{name},{name[-5]}" for name in parts)
    assert source_of({**parts, "list.csv": rows.encode()}).counts == {"0": 2, "1": 2}


def test_the_surest_columns_of_labels_are_taken() -> None:
    rows = "\n".join(f"{n},{name},x,{name[0]}" for n, name in enumerate(folders()))
    table = f"id,file,target,label\n{rows}".encode()
    assert source_of({**folders(), "labels.csv": table}).counts == {"b": 5, "r": 5}


def test_several_archives_are_classes_by_their_names() -> None:
    boxes = [
        (f"{name}.zip", zipped({"a.png": plain(colour), "b.png": plain(colour)}))
        for name, colour in (("red", RED), ("blue", BLUE))
    ]
    assert PictureSource.of(boxes).counts == {"blue": 2, "red": 2}


def test_folders_named_train_and_test_are_the_split() -> None:
    files = {f"data/train/{name}": data for name, data in folders(4).items()}
    files |= {f"data/Test/{name}": data for name, data in folders(2).items()}
    source = source_of(files)
    choices = replace(suggest_choices(source), side=8)
    assert choices.split == "folders"
    data = picture_dataset(read_pictures(source, choices), choices)
    assert (len(data.X_train), len(data.X_test)) == (8, 4)
    assert {data.pictures.name_of("test", n).split("/")[1] for n in range(4)} == {"Test"}
    assert not data.pictures.remarks
    lone = source_of(files | {"data/Test/green/1.png": plain((0, 255, 0))})
    (remark,) = picture_dataset(read_pictures(lone, choices), choices).pictures.remarks
    assert remark == (
        "No picture for training is of 'green': what no picture shows cannot be learnt."
    )
    mixed = picture_dataset(read_pictures(source, choices), replace(choices, split="stratified"))
    assert len(mixed.X_train) == 10
    with pytest.raises(Refusal, match="No folders named train and test"):
        picture_dataset(pictures_of(folders()), PictureChoices(8, True, split="folders"))


def divided(**counts: int) -> PictureSource:
    """So many pictures of each class in each of these folders."""
    each = ((part, folders(count)) for part, count in counts.items())
    return source_of(
        {f"{part}/{name}": data for part, files in each for name, data in files.items()}
    )


def test_a_folder_named_validation_is_held_back() -> None:
    source = divided(Training=5, val=3, test=2)
    choices = replace(suggest_choices(source), side=8)
    assert choices.split == "three_folders"
    pictures = read_pictures(source, choices)
    data = picture_dataset(pictures, choices)
    made = data.pictures
    for part, count in (("train", 10), ("validation", 6), ("test", 4)):
        names = [made.name_of(part, sample) for sample in range(count)]
        assert {name.split("/")[0].lower()[:3] for name in names} == {part[:3]}
        X, y = getattr(data, f"X_{part}"), getattr(data, f"y_{part}")
        assert len(X) == len(y) == count
        is_blue = [name.split("/")[1] == "blue" for name in names]
        assert (y == 0).tolist() == (X[:, 2] > X[:, 0]).tolist() == is_blue
    # A link made before there was a validation part: what does not train is the test.
    before = picture_dataset(pictures, replace(choices, split="folders"))
    assert (len(before.X_train), before.n_validation, len(before.X_test)) == (10, 0, 10)
    assert suggest_choices(divided(train=1, valid=1)).split == "folders"
    two = divided(train=2, test=1)
    with pytest.raises(Refusal, match="none for validation"):
        picture_dataset(read_pictures(two, choices), choices)


@pytest.mark.parametrize("split", ["stratified", "folders"])
def test_a_share_of_the_training_pictures_is_held_back(split: str) -> None:
    pictures = read_pictures(divided(train=12, test=4), PictureChoices(8, True))
    before = PictureChoices(8, True, split, 0.75, seed=4)
    choices = replace(before, validation_fraction=0.25)
    data, whole = picture_dataset(pictures, choices), picture_dataset(pictures, before)
    assert np.array_equal(data.X_test, whole.X_test)
    assert whole.X_validation is None
    made, all_ = data.pictures, whole.pictures
    assert sorted([*made.rows_train, *made.rows_validation]) == sorted(all_.rows_train)
    assert np.bincount(data.y_validation.astype(int)).tolist() == [3, 3]
    raw = pictures.pixels[made.rows_validation]
    assert np.array_equal(data.preprocessing.transform(raw), data.X_validation)
    assert choices_of(named(data)) == choices
    assert "validation_fraction" not in named(whole).choices
    training = TrainingConfig(early_stopping=1, early_stopping_min_delta=1.0)
    trainer = Trainer(Experiment(training=training), dataset=data)
    trainer.epoch(50)
    assert trainer.stopped.part == "validation"
    with pytest.raises(Refusal, match="too few training rows"):
        picture_dataset(pictures_of(folders(1)), replace(choices, split="stratified"))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_every_format_of_a_browser_is_read(form: str) -> None:
    pixels = read_picture(plain(RED, form=form), 8, colour=True)
    assert pixels.shape == (8, 8, 3)
    assert np.abs(pixels.astype(int) - RED).max() <= 4


def test_the_middle_square_is_taken_and_averaged() -> None:
    image = np.zeros((16, 48), np.uint8)
    image[:, 16:32] = np.kron([[0, 200], [100, 50]], np.ones((8, 8)))
    assert read_picture(encoded(image), 8, colour=False)[::7, ::7].tolist() == [[0, 200], [100, 50]]
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 254
    assert (read_picture(encoded(checks.astype(np.uint8)), 8, colour=False) == 127).all()


def test_pictures_are_upright_on_paper_and_of_eight_bits() -> None:
    halves = np.zeros((16, 16), np.uint8)
    halves[:8] = 255
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: turn it clockwise
    seen = read_picture(encoded(halves, exif=turned), 8, colour=False)
    assert seen[:, 0].max() == 0
    assert seen[:, -1].min() == 255
    clear = np.zeros((9, 9, 4), np.uint8)
    assert (read_picture(encoded(clear), 8, colour=True) == 255).all()
    deep = np.full((600, 600), 0x8080, np.uint16)  # higher than a strip
    deep[300:] = 0xFE7D  # 253.498 times 257
    seen = read_picture(encoded(deep), 8, colour=False)
    assert [*seen[:4].ravel(), *seen[4:].ravel()] == [0x80] * 32 + [0xFD] * 32


def test_unreadable_pictures_are_left_out_and_named() -> None:
    made = pictures_of(
        {
            **folders(3),
            "red/text.png": b"hello",
            "red/cut.png": plain(RED)[:60],
            "blue/phone.HEIC": b"\0\0\0\x18ftypheic",
            "blue/renamed.jpg": b"\0\0\0\x18ftypavif",
            "blue/bomb.png": png_header(60_000, 60_000),
            "__MACOSX/red/._0.png": b"",
            "red/.DS_Store": b"",
            "notes.txt": b"hello",
        }
    )
    assert len(made.names) == 6
    said = " ".join(made.remarks)
    for part in (
        "'notes.txt'",
        "'red/text.png' is no picture of a kind",
        "'red/cut.png' is a damaged picture",
        "'blue/phone.HEIC' is a HEIC",
        "'blue/renamed.jpg' is a HEIC",
        "'blue/bomb.png' would unpack to more than 50 million",
    ):
        assert part in said
    assert "MACOSX" not in said
    film = pictures_of({**folders(2), "red/film.jpg": b"\0\0\0\x18ftypqt  "})
    assert "'red/film.jpg' is no picture of a kind" in film.remarks[0]
    many = pictures_of({**folders(2), **{f"red/{n}.jpg": b"" for n in range(9)}})
    assert many.remarks[-1] == "Left out for such reasons: 4 more pictures."


def png_header(width: int, height: int) -> bytes:
    """A picture that declares a size and ends with its first pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    sum_ = struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + sum_ + b"\0\0\0\x09IDAT"


# -- nasty archives -------------------------------------------------------------------------------


def flagged(offset: int, value: int) -> bytes:
    """An archive with two bytes of every entry, here and in its list, set to a value."""
    data = bytearray(zipped(folders()))
    for mark, more in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        place = data.find(mark)
        while place >= 0:
            struct.pack_into("<H", data, place + offset + more, value)
            place = data.find(mark, place + 1)
    return bytes(data)


def renamed(names: Mapping[str, bytes]) -> bytes:
    """An archive of two pictures each of red and blue, with its folders' names in these bytes."""
    data = zipped(folders(2))
    for name, raw in names.items():
        assert len(raw) == len(name)
        data = data.replace(name.encode(), raw)
    return data


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("蓝色", "蓝色".encode("gbk")),
        ("誠", "誠".encode("gbk") + b"01"),  # its second byte is a backslash's
        ("é", "é".encode() + b"01"),
        ("Käf", "Käf".encode("cp437") + b"1"),
        ("Maß", "Maß".encode("cp437") + b"1"),
    ],
)
def test_names_that_do_not_say_how_they_are_written_are_read(name: str, raw: bytes) -> None:
    source = PictureSource.of([("some.zip", renamed({"blue": raw}))])
    assert sorted(source.counts.values()) == [2, 2]
    assert next(n for n in source.class_names if n != "red").rstrip("01") == name


def test_what_systems_leave_is_not_judged() -> None:
    left = {"red/Icon\r": b"", "__MACOSX/red/a\nb": b"", "../.DS_Store": b""}
    source = source_of(folders() | left)
    assert source.counts == {"blue": 5, "red": 5}
    assert not source.remarks


def linked() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("red/passwd.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return stream.getvalue()


def nameless() -> bytes:
    """An archive of one empty file without a name."""
    head = b"PK\x03\x04" + bytes(26)
    listed = b"PK\x01\x02" + bytes(42)
    return head + listed + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 46, 30, 0)


def twins() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("red/0.png", plain(RED))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("red/0.png", plain(BLUE))
    return stream.getvalue()


NASTY = {
    "up": (lambda: zipped(folders() | {"../../red/x.png": b""}), "'../../red/x.png', a path that"),
    "root": (lambda: zipped({"/etc/red.png": b""}), "'/etc/red.png', a path that leads out"),
    "drive": (lambda: zipped({"C:\\red\\x.png": b""}), "a path that leads out"),
    "windows": (lambda: zipped({"red\\..\\..\\x.png": b""}), "a path that leads out"),
    "newline": (lambda: zipped({"red/a\nb.png": b""}), "b.png', with control characters"),
    "link": (linked, "'red/passwd.png' that is a link to another file"),
    "twins": (twins, "two files named 'red/0.png'"),
    "encrypted": (lambda: flagged(6, 1), "'red/0.png' in the archive 'some.zip' is encrypted"),
    "lzma": (lambda: zipped(folders(), zipfile.ZIP_LZMA), "packed in a way that is not read"),
    "cut": (lambda: zipped(folders())[:-30], "'some.zip' is not whole"),
    "nameless": (nameless, "'some.zip' is not whole"),
    "empty": (lambda: zipped({}), "no picture among 0 files"),
    "texts": (lambda: zipped({"a/b.txt": b"1"}), "'a/b.txt' is no picture"),
    "not one": (lambda: b"just a text", "'some.zip' is called a zip archive, and is none"),
    "one class": (lambda: zipped({"a/1.png": plain(RED)}), "All pictures are of one class, 'a'"),
    "no class": (lambda: zipped({"1.png": b"", "a/2.png": b""}), "'1.png' is in no folder named"),
    "a phone's": (
        lambda: zipped(dict.fromkeys(("IMG_1.HEIC", "IMG_2.avif"), b"\0\0\0\x18ftypheic")),
        "'IMG_1.HEIC' is a HEIC or AVIF file, which is not read: save it as JPEG or PNG.",
    ),
    "a phone's in folders": (
        lambda: zipped(dict.fromkeys(("a/1.heif", "b/2.avif"), b"\0\0\0\x18ftypheic")),
        "No picture of the class 'a' can be read. 'a/1.heif' is a HEIC or AVIF file",
    ),
    "beside train and test": (
        lambda: zipped(dict.fromkeys(("train/a/1.png", "test/a/1.png", "z.png"), b"")),
        "'z.png' is in no folder named",
    ),
    "unreadable class": (
        lambda: zipped(folders() | {"blue/x.png": b"?", "green/1.png": b"?"}),
        "No picture of the class 'green' can be read. 'green/1.png' is no picture",
    ),
    "two labels": (
        lambda: zipped({"1.png": b"", "labels.csv": b"file,label\n1.png,a\n1.png,b\n"}),
        "Row 2 of 'labels.csv' says that '1.png' is 'b', and an earlier row that it is 'a'.",
    ),
    "other labels": (
        lambda: zipped({"1.png": b"", "labels.csv": b"file,label\nx.png,a\ny.png,b\n"}),
        "None of the pictures is named in 'labels.csv'",
    ),
    "one column": (
        lambda: zipped({"1.png": b"", "labels.csv": b"file\n1.png\n2.png\n"}),
        "'labels.csv' has one column",
    ),
    "no labels": (lambda: zipped({"1.png": b"", "labels.csv": b""}), "."),
    "binary labels": (lambda: zipped({"1.png": b"", "labels.csv": bytes(range(256))}), "."),
}


@pytest.mark.parametrize("name", NASTY)
def test_nasty_archives_are_refused_in_words(name: str) -> None:
    make, part = NASTY[name]
    assert part in refused(make())


def test_an_archive_is_refused_by_what_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({f"a/{n}.png": bytes(50 << 20) for n in range(1)})
    assert len(bomb) < 60_000
    monkeypatch.setattr(members_module, "MAX_UNPACKED", 40 << 20)
    assert "would unpack to 50 MB; at most 40 MB" in refused(bomb)
    monkeypatch.setattr(members_module, "MAX_ENTRIES", 8)
    assert "'some.zip' has 10 files; at most 8" in refused(folders())
    monkeypatch.setattr(members_module, "MAX_BYTES", 1 << 20)
    assert "The files have 2 MB; at most 1 MB" in refused(bytes(2 << 20))


def test_memory_and_time_of_decoding_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "MAX_INPUT_BYTES", 1 << 20)
    with pytest.raises(Refusal, match="40 pictures of 64x64 pixels take 1 MB; at most 1 MB"):
        read_pictures(source_of(folders(20)), PictureChoices(64, colour=True))
    monkeypatch.setattr(reading_module, "MAX_ALL_PIXELS", 2_000_000)
    with pytest.raises(Refusal, match=r"'blue/4\.png' have more than 2 million pixels together"):
        pictures_of({**folders(4), "blue/4.png": png_header(2000, 1000)})


def test_a_suggestion_looks_at_a_bounded_number_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of({f"{name}.png": plain((9, 9, 9), 20, 20) for name in ("a/0", "b/0")})
    monkeypatch.setattr(source_module, "MAX_LOOKED_AT", 400)
    looked_at = []
    monkeypatch.setattr(
        source_module, "decoded", lambda *a, **b: looked_at.append(a) or decoded(*a, **b)
    )
    assert suggest_choices(source).side == 20
    assert len(looked_at) == 1


def test_reading_tells_how_far_it_is_and_can_be_ended() -> None:
    class Ended(Exception):  # noqa: N818 - no error
        pass

    seen = []

    def progress(done: float, total: float) -> None:
        seen.append((done, total))
        if done == 3:
            raise Ended

    with pytest.raises(Ended):
        read_pictures(source_of(folders()), PictureChoices(), progress)
    assert seen == [(0, 10), (1, 10), (2, 10), (3, 10)]


WHOLE = zipped(folders(2))
FORMS = [plain(RED, form=form) for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP")]


@st.composite
def spoilt(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes with some of them changed, and perhaps the end cut off."""
    data = bytearray(whole)
    changes = st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255))
    for place, value in draw(st.lists(changes, max_size=6)):
        data[place] = value
    return bytes(data[: draw(st.integers(len(whole) // 2, len(whole)))])


@settings(max_examples=60)
@given(spoilt(WHOLE) | st.binary(max_size=200))
def test_spoilt_archives_are_read_or_refused_in_words(data: bytes) -> None:
    made = value_or_sentence(
        lambda: read_pictures(PictureSource.of([("a.zip", data)]), PictureChoices(side=8))
    )
    if isinstance(made, str):
        assert made.endswith(".")
        return
    assert made.pixels.shape == (len(made.names), 8, 8)
    assert all(isinstance(remark, Sentence) for remark in made.remarks)


@settings(max_examples=100)
@given(st.sampled_from(FORMS).flatmap(spoilt) | st.binary(max_size=200))
def test_spoilt_pictures_are_read_or_refused_in_words(data: bytes) -> None:
    made = value_or_sentence(lambda: read_picture(data, 8, colour=True))
    assert made.endswith(".") if isinstance(made, str) else made.shape == (8, 8, 3)


# -- experiments and files ------------------------------------------------------------------------


def test_an_experiment_names_its_pictures() -> None:
    choices = PictureChoices(side=8, colour=True, train_fraction=0.6)
    data = picture_dataset(pictures_of(folders(), train_fraction=0.6), choices)
    config = DataConfig(OWN_PICTURES, table=named(data).to_json())
    assert Experiment.from_json(Experiment(config).to_json()).data == config
    own = own_table(config)
    assert (own.file, own.rows, own.classes) == ("some.zip", 10, 2)
    assert choices_of(own) == choices
    assert (record_of(config).kind, record_of(config).classes) == ("image", 2)
    with pytest.raises(Refusal, match=r"The pictures of 'some\.zip' are not in the experiment"):
        load_dataset(config)
    with pytest.raises(Refusal, match="side is 4"):
        choices_of(replace(own, choices={"side": 4}))


def test_files_carry_how_pixels_become_inputs() -> None:
    choices = PictureChoices(side=8, colour=True)
    pictures = pictures_of(folders())
    data = picture_dataset(pictures, choices)
    trainer = Trainer(Experiment(DataConfig(OWN_PICTURES)), dataset=data)
    trainer.epoch(1)
    again = exchange.from_bytes(exchange.to_bytes(trainer, ".npz"), ".npz")
    assert again.preprocessing == Pixels(8, colour=True)
    raw = pictures.pixels[data.pictures.rows_test]
    assert np.array_equal(again.preprocessing.transform(raw), data.X_test)
    as_floats = raw.reshape(len(raw), -1).astype(np.float64)
    assert np.array_equal(again.preprocessing.transform(as_floats), data.X_test)
    assert again.preprocessing.names == data.feature_names
    assert data.feature_names[25:28] == ("pixel_1_0_green", "pixel_1_0_blue", "pixel_1_1_red")
    for broken in ({}, {"side": True, "colour": True}, {"side": 0, "colour": False}):
        with pytest.raises(Refusal):
            Preprocessing.from_dict({"kind": "pixels", **broken})

"""Compiled code: one for everything, kept on disk, and safe from whatever happens to it there."""

from __future__ import annotations

import importlib
import itertools
import os
import pkgutil
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core.engine
from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.engine import cache, cpu
from core.engine.compilers import EntryCompiler
from core.engine.cpu import CPUEngine
from core.engine.layout import Layout
from core.engine.memory import Image
from core.engine.warm import warm
from core.maths.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from core.maths.losses import LOSSES
from core.maths.optimizers import OPTIMIZERS
from core.maths.options import Option, Value
from core.maths.regularizers import REGULARIZERS
from core.maths.schedules import SCHEDULES
from tests.test_engine import NEVER, NO_ROWS, ROOT, a_bit_of_everything, run_python

# ---- one code for everything ----------------------------------------------------------------


def test_nothing_compiles_anew():
    """One compiled kernel serves every network, loss and optimizer, and arrays of every kind."""
    a_bit_of_everything()
    layout, frozen = Layout((3, 2), ("tanh",)), np.ones(8, dtype=np.float32)
    X, Y = np.ones((4, 3), dtype=np.float32), np.ones((4, 2), dtype=np.float32)
    for array in (frozen, X, Y):
        array.flags.writeable = False
    cpu.predict(layout, frozen, X)
    cpu.predict(layout, frozen[:].copy(), np.asfortranarray(X))
    cpu.loss_and_gradients(layout, frozen, X, Y, "huber")
    engine = CPUEngine(layout, X, np.asfortranarray(Y), loss="hinge", optimizer="adam", seed=1)
    engine.run(1, NO_ROWS, NEVER, 0)
    assert set(signatures().values()) == {1}


def signatures() -> dict[str, int]:
    """Of every entry of the engine, by name, for how many types of arguments it was compiled."""
    found = {}
    for module in pkgutil.iter_modules(core.engine.__path__):
        for name, value in vars(importlib.import_module(f"core.engine.{module.name}")).items():
            compiler = getattr(value, "_compiler", None)
            if getattr(compiler, "pipeline_class", None) is EntryCompiler:
                found[name] = len(value.overloads)
    return found


def other_values(option: Option) -> Iterator[Value]:
    """Values that are not the default: the other choices, the other state, both ends."""
    if option.choices:
        yield from option.choices[1:]
    elif option.is_flag:
        yield not option.default
    else:
        yield int(option.low) if option.whole else option.low
        yield option.low + (option.high - option.low) / 3 if not option.whole else int(option.high)


def optioned(registry: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Value]]]:
    """Every record of a registry by its name, under default options and each of the others."""
    for name, record in registry.items():
        yield name, {}
        for option, setting in record.options.items():
            yield from ((name, {option: value}) for value in other_values(setting))


SHAPES = ((2, 3), (3, 4, 2, 1), (17, 20, 9, 3), (40, 1, 1, 2))


def a_step(number: int, **training: Any) -> None:
    """One mini-batch and all that is asked of a network at rest; the number decides on the rest."""
    sizes, hidden = SHAPES[number % len(SHAPES)], list(ACTIVATIONS)[number % len(ACTIVATIONS)]
    output = training.pop("output", "sigmoid")
    loss, optimizer = training.pop("loss", "hinge"), training.pop("optimizer", "adam")
    options, rng = training.pop("options", {}), np.random.default_rng(number)
    X = rng.normal(size=(12, sizes[0])).astype(np.float32)
    Y = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], 12)]
    layout = Layout(sizes, (*[hidden] * (len(sizes) - 2), output))
    engine = CPUEngine(layout, X, Y, loss=loss, optimizer=optimizer, seed=number, options=options)
    engine.configure(
        learning_rate=0.01,
        options=engine.optimizer.values(options),
        batch_size=1 + number % 13,
        **training,
    )
    engine.run(2, np.zeros((2, 4 + 3 * layout.n_layers)), 1, 0)
    cpu.predict(layout, engine.params, X)
    cpu.layer_outputs(layout, engine.params, X)
    cpu.loss_sums(layout, engine.params, X, Y, loss)
    cpu.loss_and_gradients(layout, engine.params, X, Y, loss)


def test_nothing_compiles_anew_on_a_tour_through_all_registries():
    warm()
    before = signatures()
    assert set(before) >= {"run", "outputs", "gradients"}
    number = itertools.count()
    for loss in LOSSES:
        for output in OUTPUT_ACTIVATIONS:
            a_step(next(number), loss=loss, output=output, label_smoothing=0.1)
    for optimizer, options in optioned(OPTIMIZERS):
        a_step(next(number), optimizer=optimizer, options=options)
    for schedule, options in optioned(SCHEDULES):
        values = SCHEDULES[schedule].values(options)
        a_step(next(number), schedule=schedule, schedule_options=values)
    for regularizer in REGULARIZERS:
        a_step(next(number), regularizer=regularizer, regularization_rate=0.01)
    for setting in ("clip_value", "clip_norm", "global_clip_norm", "max_norm", "input_noise"):
        a_step(next(number), **{setting: 0.1})
    for k, setting in enumerate(("translation", "rotation", "cutout", "mixup")):
        image = Image((1, SHAPES[k][0], 1), np.zeros(1, np.float32))
        a_step(k, **{setting: 1}, image=image)
    assert signatures() == before
    assert set(before.values()) == {1}


def test_nothing_compiles_anew_in_a_run_that_is_edited_and_looked_at():
    warm()
    before = signatures()
    digits = DataConfig("digits", n_samples=100)
    for data, loss in ((DataConfig(), "binary_crossentropy"), (digits, "categorical_crossentropy")):
        network = NetworkConfig((Dense(5, "relu"), Dense(3)))
        trainer = Trainer(Experiment(data, network, TrainingConfig(loss=loss, optimizer="muon")))
        trainer.step(3)
        trainer.change(learning_rate=0.1, batch_size=32, dropout={0: 0.5}, ns_steps=3)
        trainer.set_weight(0, 0, 0, 1.0)
        trainer.step(3)
        trainer.goto(2)
        trainer.branch().step(2)
        trainer.evaluate("test")
        trainer.network.layer_outputs(trainer.dataset.X_test)
    assert signatures() == before


# ---- the cache ------------------------------------------------------------------------------


def test_the_kernels_are_loaded_from_the_cache():
    warm = "from core.engine.warm import warm; warm(); from core.engine import kernels as k;"
    hits = "print(*(sum(e.stats.cache_hits.values()) for e in (k.run, k.outputs, k.gradients)))"
    run_python(warm)
    assert run_python(warm + hits) == "1 1 1"


SMALL = "from core.engine.jit import entry\n@entry\ndef twice(x):\n    return 2 * x\n"


@pytest.fixture
def call_twice(tmp_path):
    """Call an entry of our own in a fresh process; returns its result and whether it was cached."""
    (tmp_path / "small.py").write_text(SMALL)
    code = "from small import twice; print(twice(21), sum(twice.stats.cache_hits.values()))"

    def call(cache: Path = tmp_path / "cache") -> str:
        path = os.pathsep.join([str(ROOT), str(tmp_path)])
        return run_python(code, PYTHONPATH=path, NEURAL_PLAYGROUND_CACHE=str(cache))

    return call


@pytest.mark.parametrize("suffix", ["nbi", "nbc", "sha256"])
def test_a_damaged_cache_is_replaced(call_twice, tmp_path, suffix):
    assert [call_twice(), call_twice()] == ["42 0", "42 1"]
    (path,) = (tmp_path / "cache").rglob(f"*.{suffix}")  # index, machine code, checksum
    kept = path.read_bytes()
    flipped = bytearray(kept)
    flipped[len(kept) // 2] ^= 255
    for damaged in (kept[:-20], bytes(flipped)):
        path.write_bytes(damaged)
        assert call_twice() == "42 0"
        assert call_twice() == "42 1"


def test_processes_that_compile_at_once(call_twice):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: call_twice(), range(4)))
    assert {result.split()[0] for result in results} == {"42"}
    assert call_twice() == "42 1"


def test_any_edit_of_maths_or_kernels_asks_for_another_folder(tmp_path, monkeypatch):
    """Stale code can never run: it lies in a folder that nobody opens."""
    for folder in ("engine", "maths"):
        shutil.copytree(ROOT / "core" / folder, tmp_path / folder)
    monkeypatch.setattr(cache, "_CORE", tmp_path)
    seen = {cache.digest()}
    for name in ("maths/rules.py", "engine/products.py", "engine/orthogonal.py"):
        with (tmp_path / name).open("a") as source:
            source.write("# other words\n")
        seen.add(cache.digest())
    (tmp_path / "maths" / "more.py").write_text("")
    seen.add(cache.digest())
    assert len(seen) == 5
    with (tmp_path / "engine" / "cpu.py").open("a") as source:  # it is not compiled
        source.write("# other words\n")
    assert cache.digest() in seen


NO_FOLDER = "import tempfile; tempfile.tempdir = {blocked!r}"  # and no home: see the test
FULL_DISK = """
import errno, pathlib
def write_text(*_):
    raise OSError(errno.ENOSPC, "No space left on device")
pathlib.Path.write_text = write_text
"""


@pytest.mark.parametrize("trouble", [NO_FOLDER, FULL_DISK], ids=["no folder", "full disk"])
def test_where_nothing_can_be_kept_it_is_compiled_each_time(trouble, tmp_path):
    (tmp_path / "small.py").write_text(SMALL)
    blocked = str(tmp_path / "small.py")
    kept = blocked if trouble is NO_FOLDER else str(tmp_path / "cache")
    code = trouble.format(blocked=blocked) + "\nfrom small import twice\n"
    code += "print(twice(21), twice(21.5), len(twice.overloads))"
    names = {"NEURAL_PLAYGROUND_CACHE": kept, "XDG_CACHE_HOME": blocked}
    names["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(tmp_path)])
    for _ in range(2):
        assert run_python(code, **names) == "42 43.0 2"


def test_a_folder_that_others_may_write_to_is_not_trusted(tmp_path):
    shared = tmp_path / "neural-playground"
    shared.mkdir()
    shared.chmod(0o777)
    names = {"TMPDIR": str(tmp_path / "tmp"), "NEURAL_PLAYGROUND_CACHE": ""}
    (tmp_path / "tmp").mkdir()
    where = "from core.engine.cache import folder; print(folder())"
    folder = run_python(where, XDG_CACHE_HOME=str(tmp_path), **names)
    assert folder.startswith(str(tmp_path / "tmp"))


def test_a_folder_that_cannot_be_made(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    where = "from core.engine.cache import folder; print(folder())"
    names = {"NEURAL_PLAYGROUND_CACHE": str(blocked), "TMPDIR": str(tmp_path)}
    folder = run_python(where, XDG_CACHE_HOME=str(tmp_path), **names)
    assert folder.startswith(str(tmp_path / "neural-playground" / ""))
    folder = run_python(where, XDG_CACHE_HOME=str(blocked), **names)
    assert folder.startswith(str(tmp_path / "neural-playground-"))

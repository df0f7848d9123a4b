"""A page whose simulated GPU is not ready yet, or fails: see `tests/simulated_page.py`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numba.cuda.simulator.kernel import FakeCUDAKernel

from core.engine.cuda import devices, warm
from core.engine.cuda.large.machine import Simulated
from core.engine.cuda.large.products import NumPyProducts
from core.engine.cuda.plan import Plan
from core.inspect.moment import moment_of
from playground.live import gpu
from playground.live.download import weights_of
from playground.live.player import Player
from playground.live.viewers import Viewer
from playground.sentences import said as in_words
from playground.views.record import record_of
from tests.simulated_cuda import few_threads, small
from tests.simulated_page import backend_of, on_gpu, orders_of, ready
from tests.test_live import unpack
from tests.test_views import Session

pytestmark = pytest.mark.usefixtures("few_threads")

assert few_threads, ready  # fixtures


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network fits a block."""
    monkeypatch.setattr(Plan, "fits", lambda *_: False)


def watch(player: Player) -> Callable[[], tuple[dict, dict[str, np.ndarray]]]:
    """Have somebody look; returns what gives the next picture that is sent."""
    loop = asyncio.new_event_loop()
    loop.close()
    viewer = Viewer(loop)
    player.viewers.enter(viewer)
    player.attached()

    def picture() -> tuple[dict, dict[str, np.ndarray]]:
        viewer._frame, viewer.has_credit, player._presenter._next_frame = None, True, 0.0
        player._presenter.is_dirty = True
        player.work(0.001)
        assert viewer._frame is not None
        return unpack(viewer._frame)

    return picture


# ---- before it is ready ---------------------------------------------------------------------


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("begun", [True, False])
def test_until_the_gpu_is_ready_nothing_is_compiled_on_the_page(
    begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A launch would compile: of a large network, pictures, numbers and changes ask for some."""
    player = on_gpu() if begun else Player(small(), pool=on_gpu()._pool)
    player._has_kernels, picture = True, watch(player)
    before = picture()[0]
    launched: list[str] = []
    launch = FakeCUDAKernel.__call__

    def noted(self: Any, *arguments: Any) -> Any:
        launched.append(self.fn.__name__)
        return launch(self, *arguments)

    monkeypatch.setattr(FakeCUDAKernel, "__call__", noted)
    with monkeypatch.context() as patch:
        patch.setattr(gpu, "is_ready", lambda: False)
        player.use_backend("cuda")
        player.change(learning_rate=0.4)
        player.set_weight(0, 0, 0, 0.25)
        player._presenter.camera.touch()  # so that whoever could would compute anew
        player.attached()
        header, arrays = picture()
        assert header["train_loss"] == before["train_loss"]
        assert {"maps", "output", "loss_curve"} <= arrays.keys()
        assert header["waiting"] == "live.gpu_prepared"
        assert player.experiment.training.learning_rate == 0.4
        for numbers in (player.exact_numbers(), player.numbers()):
            assert numbers.train_loss == pytest.approx(before["train_loss"])
        assert WAYS_IN["curves"](player).step == 3 * begun
        assert weights_of(player, ".npz")
        player.play()
        player.work(0.001)
        assert player.status == "compiling"
        assert launched == []
    player.pause()
    while player._orders:
        player.work(0.001)
    header, arrays = picture()
    assert launched != []
    assert header["train_loss"] != before["train_loss"]
    assert arrays["weights"][0] == 0.25
    assert header["waiting"] is None
    assert player.experiment.training.learning_rate == 0.4


def test_a_gpu_whose_compilers_cannot_be_started_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_process() -> None:
        raise OSError("no room for another process")

    warmed: list[bool] = []
    monkeypatch.setattr(gpu, "_is_ready", threading.Event())
    monkeypatch.setattr(gpu, "is_simulated", lambda: False)
    monkeypatch.setattr(warm, "compile_all", no_process)
    monkeypatch.setattr(warm, "warm", lambda *, large=False: warmed.append(large))
    gpu._prepare()
    assert gpu.is_ready()
    assert warmed == [False, True]


# ---- when it fails --------------------------------------------------------------------------


def order(player: Player) -> None:
    """A change that waits for a journey."""
    player._orders.give(orders_of("step"))
    player.change(learning_rate=0.5)
    player.work(0.006)


def play(player: Player) -> None:
    """In slices, with somebody looking now and then."""
    watch(player)
    player.play()
    for _ in range(4):
        player._presenter._next_frame = 0.0
        player.work(0.006)


def edit(player: Player) -> None:
    player.set_bias(0, 0, 0.5)
    player.work(0.006)


def learn_on(player: Player) -> None:
    data = player.experiment.data
    player.learn_on(replace(player.experiment, data=replace(data, seed=5)))


WAYS_IN: dict[str, Callable[[Player], Any]] = {
    "numbers": lambda player: player.exact_numbers(),
    "picture": lambda player: player.work(0.006),
    "play": play,
    "download": lambda player: weights_of(player, ".npz"),
    "curves": lambda player: record_of(Session(player._trainer, player=player), with_present=True),
    "one step": lambda player: player.read(moment_of),
    "change": lambda player: player.change(learning_rate=0.5),
    "ordered change": order,
    "edit": edit,
    "learn on": learn_on,
    "back": lambda player: player.use_backend("cpu"),
}


def break_all(patch: pytest.MonkeyPatch, name: str) -> None:
    """Have the GPU fail from now on at all that it is asked for, or at one thing."""

    def broken(*arguments: object, **turned: bool) -> None:
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS (700)")

    for owner, each in (
        *((Simulated, each) for each in ("fetch", "fetch_to", "begin_fetch", "send", "copy")),
        (NumPyProducts, "multiply"),
    ):
        if name in ("all", each):
            patch.setattr(owner, each, broken)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("way", "failing"),
    [
        *((way, "all") for way in WAYS_IN),
        *(("play", one) for one in ("fetch", "fetch_to", "begin_fetch", "multiply")),
    ],
)
def test_whoever_asks_a_gpu_that_failed_is_answered_by_the_cpu(
    way: str, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = on_gpu()
    with player.trainer() as trainer:
        trainer._checkpoints.stride = 4
        monkeypatch.setattr(type(trainer.history.evaluation_table), "next_step", 10**6)
        for _ in range(3):  # no longer watched: what it learnt is there alone
            trainer.step(1)
        if failing == "multiply":  # which is asked for where a network comes into memory
            trainer.free()
    if way == "picture":
        watch(player)
    with monkeypatch.context() as patch:
        break_all(patch, failing)
        WAYS_IN[way](player)
    why = in_words(player.why_left() or "", "en")
    assert backend_of(player) == ("cpu", "cpu")
    if way == "back":
        assert not why or "is lost with it" in why
    else:
        assert "ILLEGAL_ADDRESS" in why
    assert player.status == "paused"
    with player.trainer() as trainer:
        stood = trainer.step_count
        if way != "learn on":  # which begins another run
            newest = trainer._checkpoints.latest(10**6).step
            assert stood == (6 if failing == "multiply" else newest) >= 4
    assert np.isfinite(player.exact_numbers().train_loss)
    player.play()
    player.work(0.006)
    assert player.numbers().step > stood
    assert player.status == "playing"


@pytest.mark.usefixtures("large")
def test_a_change_that_finds_a_gpu_failed_is_made_where_it_was_asked_for() -> None:
    """Behind those made before it, which the run comes to again."""
    player = on_gpu()
    with player.trainer() as trainer:
        trainer._checkpoints.stride = 100
        trainer.step(1)
        begun = trainer.step_count
        trainer.change(learning_rate=0.5)
        trainer.step(4)
    with pytest.MonkeyPatch.context() as patch:
        break_all(patch, "all")
        player.change(batch_size=2)
    with player.trainer() as trainer:
        assert trainer.step_count < begun
        edits = [(edit.step, edit.what) for edit in trainer.edits]
        assert edits == [(begun, "learning_rate"), (begun + 4, "batch_size")]
        trainer.step(10)
        assert (trainer.training.learning_rate, trainer.training.batch_size) == (0.5, 2)


def test_what_a_reader_may_not_ask_is_no_failure_of_the_gpu() -> None:
    player = on_gpu()
    with pytest.raises(ValueError, match="validation"):
        player.read(lambda trainer: trainer.evaluate("validation"))
    assert backend_of(player) == ("cuda", "cuda")
    assert player.why_left() is None


# ---- for good -------------------------------------------------------------------------------


def fail(problem: str) -> None:
    devices.failed(RuntimeError(f"[1] Call to cuLaunchKernel results in {problem}"))


def test_a_gpu_that_failed_for_good_is_left_by_all_runs_and_offered_to_none() -> None:
    player, other = on_gpu(), on_gpu()
    fail("CUDA_ERROR_OUT_OF_MEMORY")
    fail("CUDA_ERROR_INVALID_VALUE, not in CUDA_ERROR_ASSERTED")
    player.work(0.006)
    assert backend_of(player) == ("cuda", "cuda")
    fail("CUDA_ERROR_LAUNCH_FAILED")
    fail("CUDA_ERROR_ASSERT")
    player.work(0.006)
    other.exact_numbers()
    for each in (player, other):
        assert backend_of(each) == ("cpu", "cpu")
        words = in_words(each.why_left() or "", "en")
        assert words.startswith("The GPU cannot be used here: it failed ([1] Call")
        assert "LAUNCH_FAILED); restart the server to use it again. The run is on the CPU" in words
        with pytest.raises(ValueError, match="LAUNCH_FAILED"):
            each.use_backend("cuda")
        assert each.numbers().step == 3
    assert gpu.is_ready()
    assert devices.shared_bytes() == devices.H200_BYTES


def test_a_failure_that_a_library_meets_first_is_asked_of_the_driver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """cuBLAS has words of its own for what the driver would call fatal."""
    answers = [None, "CUDA_ERROR_INVALID_VALUE", "CUDA_ERROR_ILLEGAL_ADDRESS"]
    asked: list[str | None] = []

    def synchronize() -> None:
        asked.append(answers[len(asked)])
        if asked[-1]:
            raise RuntimeError(f"[700] Call to cuCtxSynchronize results in {asked[-1]}")

    monkeypatch.setattr("numba.cuda.synchronize", synchronize)
    fail("CUDA_ERROR_OUT_OF_MEMORY")
    assert asked == []  # the driver has spoken
    for _ in answers:
        assert devices.why_not() is None
        refusal = devices.failed(RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED (13)"))
        assert "EXECUTION_FAILED" in str(refusal)
    assert asked == answers
    assert "ILLEGAL_ADDRESS" in str(devices.why_not())

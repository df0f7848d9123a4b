"""A page whose runs are computed on a simulated GPU: see `tests/simulated_cuda.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.gpu_slices import time_slices
from core import Dense, Experiment, Trainer, TrainingConfig
from core.engine.cuda import checking, devices
from core.engine.cuda.large.machine import Simulated
from core.engine.cuda.plan import Plan
from core.engine.cuda.population import Population
from core.engine.layout import Layout
from core.engine.scheduler import LONGEST_SLICE, SHORTEST_SLICE
from core.engine.warm import warm
from core.inspect.moment import moment_of
from core.refusals import Refusal
from playground.live import gpu, warming
from playground.live.camera import Camera
from playground.live.player import Player
from playground.live.scene import Shown
from playground.page import TABS
from playground.sentences import said as in_words
from tests.apptest import opened_page, said, session, sound
from tests.simulated_cuda import few_threads, small
from tests.test_live import handmade_pool, unpack

pytestmark = pytest.mark.usefixtures("few_threads")

assert few_threads  # a fixture
LINK = {"layers": "3:tanh", "n_samples": "24", "batch_size": "5"}


@pytest.fixture(scope="module", autouse=True)
def ready() -> None:
    """What is computed on the CPU can be, and a GPU was found."""
    if warming._started.acquire(blocking=False):
        warm()
        gpu.look_for_one()
        warming._ready.set()
    assert warming.wait(300)
    assert gpu.why_not() is None


@pytest.fixture(autouse=True)
def without_mixtures(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that refuses to mix samples: in small networks, nothing else is to be refused."""
    check = checking.check

    def refusing(layout: Layout, training: TrainingConfig, *rest: object, **more: object) -> None:
        if training.mixup:
            raise Refusal(
                "The networks and their data need {needed} bytes of the GPU's memory, but {free} "
                "are free.",
                needed=9,
                free=8,
            )
        check(layout, training, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(checking, "check", refusing)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the GPU fails at its next launches: switched on by filling the list."""
    switch: list[bool] = []
    launch = Population._launch

    def launch_or_fail(self: Population, *arguments: object) -> np.ndarray:
        if switch:
            raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS (700)")
        return launch(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Population, "_launch", launch_or_fail)
    return switch


def on_gpu(experiment: Experiment | None = None) -> Player:
    """A page's run on the GPU, three steps on, that gets its slices by hand."""
    player = Player(experiment or small(), pool=handmade_pool())
    player._has_kernels = True
    player.use_backend("cuda")
    wait_for(gpu.is_ready)
    with player.trainer() as trainer:
        trainer.step(3)
    return player


def backend_of(player: Player) -> tuple[str, str]:
    """Of the page and of its run: they say the same."""
    with player.trainer() as trainer:
        return player.backend, trainer.backend


# ---- a player -------------------------------------------------------------------------------


def test_a_run_goes_on_elsewhere_while_it_plays() -> None:
    player, alone = Player(small(), pool=handmade_pool(), speed=None), Trainer(small())
    player._has_kernels = True
    player.play()
    for backend in ("cuda", "cpu", "cuda"):
        player.use_backend(backend)
        wait_for(gpu.is_ready)
        assert player.status == "playing"
        before = player.numbers().step
        player.work(0.0001)
        assert player.numbers().step > before
    with player.trainer() as trainer:
        alone.step(trainer.step_count)
        np.testing.assert_allclose(trainer.params, alone.params, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(trainer.history["batch_loss"], alone.history["batch_loss"],
                                   rtol=1e-4)  # fmt: skip


def test_until_the_gpu_is_ready_a_run_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    player = on_gpu()
    before = player.exact_numbers().train_loss
    assert np.isfinite(before)
    with monkeypatch.context() as patch:
        patch.setattr(gpu, "is_ready", lambda: False)
        player.play()
        assert player.work(0.001) != 0.0
        assert (player.status, player.numbers().step) == ("compiling", 3)
        assert player.exact_numbers().train_loss == before
    player.work(0.001)
    assert player.status == "playing"
    assert player.numbers().step > 3


def test_a_gpu_is_asked_for_many_steps_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a step takes a hundredth of a millisecond, a slice is one launch of many of them."""
    player, asked, clock = on_gpu(), [], [0.0]

    def quick(n: int, *arguments: int) -> tuple[int, int, bool]:
        asked.append(n)
        clock[0] += 0.0005 + 1e-5 * n
        return n, arguments[-1], True

    with player.trainer() as trainer:
        monkeypatch.setattr("core.trainer.trainer.time.perf_counter", lambda: clock[0])
        monkeypatch.setattr(trainer.engine, "run", quick)
        monkeypatch.setattr(trainer._checkpoints, "steps_until_due", lambda step: 10**6)
        monkeypatch.setattr(type(trainer.history.evaluation_table), "next_step", 10**6)
        trainer.run_for(0.2)
    assert len(asked) < 20
    assert min(asked[2:-1]) > 1000


def test_slices_are_longer_but_not_in_company(monkeypatch: pytest.MonkeyPatch) -> None:
    player, given = on_gpu(), []
    player.speed = None

    def run_for(seconds: float, max_steps: int | None = None) -> int:
        given.append(seconds)
        return 1

    with player.trainer() as trainer:
        monkeypatch.setattr(trainer, "run_for", run_for)
    player.play()
    for seconds in (LONGEST_SLICE, SHORTEST_SLICE):
        player.work(seconds)
    assert given == pytest.approx([0.015, 0.005])


@pytest.mark.parametrize("press", ["play", "step", "step_back"])
def test_a_gpu_that_fails_leaves_the_run_on_the_cpu(press: str, broken: list[bool]) -> None:
    player = on_gpu()
    with player.trainer() as trainer:
        before, history = trainer.params.copy(), len(trainer.history)
        device = trainer.engine._population
        checkpoint = trainer._checkpoints.latest(2)
    broken.append(True)
    if press == "play":
        player.play()
    else:
        player._orders.give(orders_of(press))
    player.work(0.006)
    assert player.status == "paused"
    assert backend_of(player) == ("cpu", "cpu")
    assert not player._orders
    why = player.why_left()
    assert player.why_left() is None
    step = checkpoint.step if press == "step_back" else 3
    assert why is not None
    assert in_words(why, "en") == (
        "The GPU stopped with an error (CUDA_ERROR_ILLEGAL_ADDRESS (700)). The run is on the CPU "
        f"now, at step {step}: press Play to go on."
    )
    assert f"停在第 {step} 步" in in_words(why, "zh")
    with player.trainer() as trainer:
        assert trainer.step_count == step
        if step == 3:
            assert np.array_equal(trainer.params, before)
            assert len(trainer.history) == history
    assert device._device == {}
    player.play()
    player.work(0.006)
    assert player.numbers().step > step
    assert player.status == "playing"


def test_a_gpu_that_fails_with_what_it_learnt_leaves_a_checkpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a large network a picture is the first to ask for it."""
    monkeypatch.setattr(Plan, "fits", lambda *_: False)
    player = on_gpu()
    player.speed = None
    player.play()
    for _ in range(5):
        player.work(0.006)
    with player.trainer() as trainer:
        came = trainer.step_count

    def broken(*arguments: object) -> None:
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS (700)")

    with monkeypatch.context() as patch:
        patch.setattr(Simulated, "fetch", broken)
        player.work(0.006)
    assert player.status == "paused"
    assert backend_of(player) == ("cpu", "cpu")
    assert "ILLEGAL_ADDRESS" in in_words(player.why_left() or "", "en")
    with player.trainer() as trainer:
        stood = trainer.step_count
        checkpoint = trainer._checkpoints.latest(came)
        assert checkpoint.step == stood <= came
        assert np.array_equal(trainer.params, checkpoint.params)
    player.play()
    player.work(0.006)
    assert player.numbers().step > stood


def orders_of(press: str):  # type: ignore[no-untyped-def]
    from playground.live.orders import Journey, ahead, back

    return Journey(ahead("batch") if press == "step" else back("batch"))


def test_what_else_goes_wrong_on_the_gpu_is_no_reason_to_leave_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    player = on_gpu()
    player.play()
    monkeypatch.setattr(Trainer, "run_for", lambda self, *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        player.work(0.006)
    assert player.backend == "cuda"


def test_what_the_gpu_does_not_do_is_done_on_the_cpu() -> None:
    for change in (
        lambda player: player.change(mixup=0.2),
        lambda player: player.replace(small(mixup=0.2)),
    ):
        player = on_gpu()
        change(player)
        assert backend_of(player) == ("cpu", "cpu")
        assert player.experiment.training.mixup == 0.2
        why = in_words(player.why_left() or "", "en")
        assert why.startswith("This runs on the CPU now: ")
        assert "memory" in why
        with pytest.raises(ValueError, match="8 are free"):
            player.use_backend("cuda")
        assert player.backend == "cpu"
        player.play()
        player.work(0.006)
        assert player.numbers().step > 0


def test_what_is_refused_anywhere_moves_nothing() -> None:
    player = on_gpu()
    with pytest.raises(ValueError, match="rotation"):
        player.change(rotation=5.0, mixup=0.2)
    with pytest.raises(ValueError, match="rotation"):
        player.replace(small(rotation=5.0, mixup=0.2))
    assert backend_of(player) == ("cuda", "cuda")
    assert player.why_left() is None


def test_a_change_that_waits_for_a_journeys_end_may_lead_to_the_cpu() -> None:
    player = on_gpu()
    player._orders.give(orders_of("step"))
    player.change(mixup=0.3)
    player.work(1.0)
    assert backend_of(player) == ("cpu", "cpu")
    with player.trainer() as trainer:
        assert (trainer.step_count, trainer.training.mixup) == (4, 0.3)


def test_whatever_comes_next_on_a_page_is_computed_where_its_visitor_chose() -> None:
    player = on_gpu()
    with player.trainer() as trainer:
        first = trainer.engine._population
    player.reset()
    assert first._device == {}
    assert backend_of(player) == ("cuda", "cuda")
    player.replace(small((Dense(2, "relu"),)))
    assert backend_of(player) == ("cuda", "cuda")
    player.learn_on(replace(player.experiment, data=replace(player.experiment.data, seed=5)))
    assert backend_of(player) == ("cuda", "cuda")
    player.viewers._last_seen -= 1000
    player.work(0.006)  # its buffers are given up
    assert player._trainer.backend == "cpu"
    assert backend_of(player) == ("cuda", "cuda")


def test_a_frame_of_the_gpu_is_the_one_of_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it asks nothing of the GPU: a slice has brought along all that there is to see."""
    frames, trainers = [], [Trainer(small(), backend=backend) for backend in ("cuda", "cpu")]
    for trainer in trainers:
        trainer.step(7)
    monkeypatch.setattr(trainers[0].engine._population, "_device", None)
    for trainer in trainers:
        moment_of(trainer)
        trainer.evaluate("train")
        camera = Camera(trainer, Shown(edges="gradient"))
        frames.append(unpack(camera.frame({}, exact=True, ready=True)))
    (header, arrays), (expected, others) = frames
    assert header["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-4)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        atol = 1.0 if array.dtype == np.uint8 else 1e-4
        np.testing.assert_allclose(array.astype(float), others[name].astype(float), atol=atol)


def test_a_slice_takes_as_long_as_its_copies_ask_for() -> None:
    assert Trainer(small(), backend="cuda").turn_seconds == pytest.approx(0.015)
    large = Trainer(small((Dense(1000, "tanh"), Dense(1000, "tanh"))), backend="cuda")
    assert large.turn_seconds > 0.04
    large.use_backend("cpu")
    assert large.turn_seconds == pytest.approx(0.002)
    assert large._seconds_a_step > 0.0005  # or its first chunk there would be seconds long


def test_the_benchmark_of_slices_runs(capsys: pytest.CaptureFixture[str]) -> None:
    time_slices("This", Experiment(), 10_000, 20_000)
    assert "steps/s" in capsys.readouterr().out


# ---- a page ---------------------------------------------------------------------------------


def chosen(page: AppTest, backend: str) -> AppTest:
    return sound(page.segmented_control(key="backend").set_value(backend).run())


def warnings(page: AppTest) -> str:
    return "\n".join(item.value for item in page.warning).replace("\\", "")


def test_a_visit(broken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playground.session.widgets.ECHO_SECONDS", -1.0)
    page = opened_page(**LINK)
    link, player = dict(page.query_params), session(page).player
    with player.trainer() as trainer:
        trainer.step(4)

    chosen(page, "cuda")  # in the middle of a run
    assert "Computing: GPU" in [part.label for part in page.expander]
    assert "On the GPU from step 4 on." in session(page).remark
    assert dict(page.query_params) == link
    wait_for(gpu.is_ready)
    with player.trainer() as trainer:
        trainer.step(4)
        assert trainer.backend == "cuda"
    player.play()
    wait_for(lambda: player.numbers().step > 8)
    assert "samples/s · GPU" in said(sound(page.run()))
    player.pause()
    for name in TABS[1:]:
        session(page).panel = name
        sound(page.run())

    broken.append(True)  # it fails while it plays
    player.play()
    wait_for(lambda: player.backend == "cpu")
    sound(page.run())
    assert "press Play to go on" in warnings(page)
    assert "Computing: CPU" in [part.label for part in page.expander]
    assert "GPU: it failed (CUDA_ERROR_ILLEGAL_ADDRESS (700)); restart the server" in said(page)
    assert not page.button(key="play").disabled
    with monkeypatch.context() as patch:  # the browser repeats what the page told it
        patch.setattr("streamlit.session_state", {"backend": "cpu"})
        session(page).act(session(page).choose_backend)
    sound(page.selectbox(key="language").set_value("zh").run())
    assert "GPU 因错误而停止（CUDA_ERROR_ILLEGAL_ADDRESS (700)）。训练已转到 CPU" in warnings(page)

    assert "GPU：它已出错（CUDA_ERROR_ILLEGAL_ADDRESS (700)），重启服务器后" in said(page)
    broken.clear()  # another server, and what the GPU refuses
    devices.forget_failure()
    sound(page.run())
    chosen(page, "cuda")
    assert not page.warning
    sound(page.number_input(key="mixup").set_value(0.2).run())
    assert "现在改在 CPU 上运行：这些网络及其数据需要" in warnings(page)
    chosen(page, "cuda")
    assert "未做任何更改：这些网络及其数据需要" in warnings(page)
    assert page.segmented_control(key="backend").value == "cpu"

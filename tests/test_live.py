"""The live view's Python side: messages, pictures, the player, the channel."""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import threading
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from core import DataConfig, Dense, Experiment, NetworkConfig, Trainer, TrainingConfig
from core.edits import Edit
from core.engine.scheduler import Scheduler
from core.history import Checkpoints
from playground.live import player as players
from playground.live import warming
from playground.live.camera import Camera
from playground.live.channel import LONGEST_MESSAGE, routes
from playground.live.commands import obey
from playground.live.orders import MOST_ORDERS, Change, Journey, ahead
from playground.live.pace import Pace
from playground.live.player import Player
from playground.live.scene import Shown
from playground.live.viewers import Viewer
from playground.live.wire import pack, shades

PATIENCE = 60.0


def unpack(message: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """What frame.js does, in Python."""
    length = int.from_bytes(message[:4], "little")
    header = json.loads(message[4 : 4 + length])
    dtypes = {"u8": np.uint8, "f32": np.float32, "i32": np.int32}
    arrays = {}
    for name, (dtype, shape, offset) in header["arrays"].items():
        count = int(np.prod(shape))
        start = 4 + length + offset
        arrays[name] = np.frombuffer(message, dtypes[dtype], count, start).reshape(shape)
    return header, arrays


@pytest.fixture(scope="module", autouse=True)
def kernels():
    warming.warm_up()
    assert warming.wait(300)


def make(name="circle", *, loss="binary_crossentropy", units=(4, 2), **data) -> Experiment:
    return Experiment(
        data=DataConfig(name, **data),
        network=NetworkConfig(layers=tuple(Dense(n, "tanh") for n in units)),
        training=TrainingConfig(loss, "adam", learning_rate=0.01),
    )


@functools.cache
def pestered() -> Player:
    """The one player that gets all the garbage."""
    return Player(make())


def handmade_pool() -> Scheduler:
    """A pool without threads: the test takes the turns itself."""
    pool = Scheduler(workers=1)
    pool._threads = [threading.current_thread()]
    return pool


def largest_slice(player: Player, until) -> int:
    """Give the player slices until something holds; the most steps that one of them ran."""
    largest = 0
    for _ in range(1000):
        before = player.numbers().step
        player.work(0.001)
        largest = max(largest, player.numbers().step - before)
        if until():
            return largest
    raise AssertionError("waited in vain")


def wandering_player() -> Player:
    """A page whose run has made step 6, its learning rate changed at step 3; turns by hand."""
    player = Player(make(), pool=handmade_pool())
    with player.trainer() as trainer:
        trainer.step(3)
        trainer.change(learning_rate=0.3, dropout=(0.5, 0.0))
        trainer.step(3)
    player._has_kernels = True
    return player


def abandon(player: Player) -> None:
    """Have nobody look for so long that the run's buffers are given up."""
    player.viewers._last_seen -= 1000
    player.work(0.006)
    assert player._left is not None


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


class TestWire:
    def test_round_trip_and_alignment(self):
        arrays = {
            "a": np.arange(7, dtype=np.uint8),
            "b": np.arange(6, dtype=np.float32).reshape(2, 3),
            "c": np.array([[1, -2]], np.int32),
            "none": np.zeros((0, 3), np.float32),
        }
        message = pack({"text": "中文", "bad": float("nan"), "list": [float("inf"), 1]}, arrays)
        header, found = unpack(message)
        assert (4 + int.from_bytes(message[:4], "little")) % 8 == 0
        assert all(place[2] % 8 == 0 for place in header["arrays"].values())
        assert header["text"] == "中文"
        assert header["bad"] is None
        assert header["list"] == [None, 1]
        for name, array in arrays.items():
            assert np.array_equal(found[name], array)

    def test_shades(self):
        values = np.array([-9, -1, 0, 1, 9, np.nan, np.inf, -np.inf], np.float32)
        assert shades(values).tolist() == [0, 0, 127, 254, 254, 255, 255, 255]


class TestCamera:
    @pytest.mark.parametrize(
        ("experiment", "expected"),
        [
            (make(), {"maps": (7, 30, 30), "output": (100, 100)}),
            (
                make("blobs", loss="categorical_crossentropy", classes=4),
                {"maps": (10, 30, 30), "classes": (100, 100), "confidence": (100, 100)},
            ),
            (make("sine", loss="mean_squared_error"), {"maps": (7, 120), "curve": (1, 120)}),
            (make("plane", loss="huber"), {"output": (100, 100)}),
            (
                make("iris", loss="categorical_crossentropy"),
                {"confusion": (3, 3), "classes": (100, 100)},
            ),
            (
                make("digits", loss="categorical_crossentropy", units=(32,)),
                {"weight_images": (10, 8, 8), "confusion": (10, 10), "probabilities": (40, 10)},
            ),
        ],
        ids=lambda value: value.data.name if isinstance(value, Experiment) else "",
    )
    def test_a_frame_has_what_its_view_needs(self, experiment, expected):
        trainer = Trainer(experiment)
        trainer.epoch(1)
        camera = Camera(trainer, Shown(edges="gradient"))
        header, arrays = unpack(camera.frame({"seq": 1}, exact=True, ready=True))
        for name, shape in expected.items():
            assert arrays[name].shape == shape, name
        edges = sum(
            a["shown"] * b["shown"]
            for a, b in zip(camera.scene()["columns"], camera.scene()["columns"][1:], strict=False)
        )
        assert arrays["weights"].shape == arrays["gradients"].shape == (edges,)
        assert header["train_loss"] == pytest.approx(trainer.evaluate("train")["loss"])
        json.dumps(camera.scene(), allow_nan=False)
        _, data = unpack(camera.data())
        assert len(data["train_points"]) == len(data["train_y"]) > 0

    def test_a_validation_part_is_in_the_loss_curve_beside_training_and_test(self):
        experiment = make()
        for held, names in ((0.0, ("train", "test")), (0.4, ("train", "test", "validation"))):
            data = replace(experiment.data, validation_fraction=held)
            trainer = Trainer(replace(experiment, data=data))
            trainer.step(37)
            camera = Camera(trainer, Shown())
            header, arrays = unpack(camera.frame({}, exact=True, ready=True))
            losses = [trainer.evaluate(name)["loss"] for name in names]
            np.testing.assert_allclose(arrays["loss_curve"][-1], [37, *losses], rtol=1e-5)
            past = np.stack([trainer.history.evaluations[f"{name}_loss"] for name in names])
            np.testing.assert_allclose(arrays["loss_curve"][:-1, 1:], past.T, rtol=1e-5)
            assert ("validation_loss" in header) == (held > 0)

    def test_the_numbers_in_a_frame_are_the_trainers(self):
        trainer = Trainer(make())
        trainer.step(50)
        camera = Camera(trainer, Shown())
        _, arrays = unpack(camera.frame({}, exact=True, ready=True))
        network = trainer.network
        assert np.array_equal(
            arrays["weights"], np.concatenate([w.ravel() for w in network.weights])
        )
        assert np.array_equal(arrays["biases"], np.concatenate(network.biases))
        corner = network.predict(np.array([[-6, 6]], np.float32))[0, 0]
        assert arrays["output"][0, 0] == shades(np.array(2 * corner - 1))
        hidden = network.layer_outputs(np.array([[6, -6]], np.float32))[0][0]
        assert arrays["maps"][:4, -1, -1].tolist() == shades(hidden).tolist()

    def test_a_large_layer_is_shown_in_part(self):
        trainer = Trainer(make("digits", loss="categorical_crossentropy", units=(300, 20)))
        camera = Camera(trainer, Shown(), starts={0: 295})
        columns = camera.scene()["columns"]
        assert [c["total"] for c in columns] == [64, 300, 20, 10]
        assert columns[1]["start"] == 290
        _, arrays = unpack(camera.frame({}, exact=True, ready=True))
        first = columns[0]["start"], columns[1]["start"]
        assert arrays["weights"][0] == trainer.network.weights[0][first]

    def test_values_are_told_in_the_units_of_a_standardized_target(self, monkeypatch):
        trainer = Trainer(make("diabetes", loss="mean_squared_error"))
        how = type(trainer.dataset.preprocessing)
        monkeypatch.setattr(how, "values", lambda _, made: 10.0 * np.asarray(made) + 100.0)
        trainer.step(30)
        camera = Camera(trainer, Shown(), hover=(2, 0), probe=(0.5, -0.5))
        header, _ = unpack(camera.frame({}, exact=True, ready=True))
        (told,) = header["probe"]["outputs"]
        place = camera.plane.inputs_of(np.array([[0.5, -0.5]]))
        assert told == pytest.approx(100.0 + 10.0 * trainer.predict(place)[0, 0], rel=1e-5)
        low, high = camera.scene()["value_range"]
        ends = pytest.approx([100.0 + 10.0 * low, 100.0 + 10.0 * high])
        assert camera.scene()["unit_range"] == ends
        assert header["hover"]["value_range"] == camera.scene()["unit_range"]

    def test_hover_and_probe(self):
        trainer = Trainer(make())
        camera = Camera(trainer, Shown())
        camera.look_at((0, 3))
        camera.aim((1.0, -2.0))
        header, arrays = unpack(camera.frame({}, exact=True, ready=True))
        assert header["hover"]["unit"] == 3
        assert arrays["big"].shape == (100, 100)
        point = np.array([[1.0, -2.0]], np.float32)
        assert header["probe"]["outputs"] == pytest.approx(trainer.network.predict(point)[0])
        camera.look_at((0, 99))
        assert camera.hover is None
        camera.look_at((-1, 6))
        assert camera.hover == (-1, 6)

    def test_before_kernels_only_weights_are_drawn(self):
        camera = Camera(Trainer(make()), Shown())
        _, arrays = unpack(camera.frame({}, exact=True, ready=False))
        assert set(arrays) == {"weights", "biases"}


class TestPace:
    def test_one_step_at_once_then_as_the_speed_allows(self):
        pace = Pace(speed=0.001)
        assert pace.allowed(0) == 1
        pace.note(1, 1)
        assert pace.allowed(1) == 0
        assert pace.delay() > 900

    def test_steps_that_are_run_together_are_waited_for_together(self):
        pace = Pace(speed=1000)
        pace.allowed(0)
        pace._owed = 4.0
        assert pace.delay() == 0.0
        assert pace.delay(0.015) == pytest.approx(0.011)
        assert pace.delay(60) == pytest.approx(0.096)  # by then the debt is as large as it gets
        assert Pace(speed=2).delay(0.015) == 0.0
        assert Pace(None).delay(0.015) == 0.0

    def test_no_debt_builds_up(self):
        pace = Pace(speed=1000)
        pace.allowed(0)
        pace._asked -= 60
        assert pace.allowed(0) == 100

    def test_no_limit(self):
        assert Pace(None).allowed(0) is None


class TestPlayer:
    def test_play_pause_step_reset(self):
        player = Player(make())
        assert player.status == "paused"
        player.step("epoch")
        wait_for(lambda: player.numbers().step == 25)
        player.step("batch")
        wait_for(lambda: player.numbers().step == 26)
        assert player.numbers().train_loss > 0
        player.step_back("batch")
        wait_for(lambda: player.numbers().step == 25)
        player.step_back("epoch")
        wait_for(lambda: player.numbers().step == 0)
        with player.trainer() as trainer:
            start = trainer.params.copy()
        player.play()
        wait_for(lambda: player.numbers().step > 1000)
        assert player.status == "playing"
        player.pause()
        wait_for(lambda: player.status == "paused")
        player.reset()
        assert player.numbers().step == 0
        with player.trainer() as trainer:
            assert np.array_equal(trainer.params, start)

    def test_live_changes_survive_reset_and_bad_ones_change_nothing(self):
        player = Player(make())
        player.change(learning_rate=0.2, dropout={1: 0.25})
        assert player.experiment.training.learning_rate == 0.2
        assert player.experiment.network.layers[1].dropout == 0.25
        with pytest.raises(ValueError, match="learning_rate"):
            player.change(learning_rate=-1)
        player.reset()
        with player.trainer() as trainer:
            assert trainer.training.learning_rate == 0.2

    def test_replace_keeps_the_run_if_the_new_one_does_not_fit(self):
        player = Player(make())
        player.step("epoch")
        with pytest.raises(ValueError, match="loss"):
            player.replace(make("plane"))
        assert player.experiment.data.name == "circle"
        wait_for(lambda: player.numbers().step == 25)
        player.replace(make("spiral"))
        assert player.numbers().step == 0

    def test_watched_or_not_the_bits_are_the_same(self):
        player = Player(make("spiral"))
        alone = Trainer(make("spiral"))
        player.play()
        wait_for(lambda: player.numbers().step > 5000)
        player.pause()
        with player.trainer() as trainer:
            alone.step(trainer.step_count)
            assert np.array_equal(alone.params, trainer.params)

    def test_a_diverged_run_recovers(self):
        experiment = make("plane", loss="mean_squared_error", units=(8, 8))
        experiment = replace(
            experiment,
            network=NetworkConfig(layers=(Dense(8, "relu"), Dense(8, "relu"))),
            training=TrainingConfig("mean_squared_error", "sgd", learning_rate=10.0),
        )
        player = Player(experiment)
        player.play()
        wait_for(lambda: player.status == "diverged")
        stopped = player.problem.step - 1
        assert player.numbers().step == stopped
        rate = player.recover(1e-3)
        assert rate == pytest.approx(1e-2)
        wait_for(lambda: player.numbers().step > stopped + 1000)
        assert player.experiment.training.learning_rate == rate

    def test_recovering_never_holds_a_slice_up(self, monkeypatch):
        """A slow network, and a checkpoint far before the step to go on from."""
        run_for = Trainer.run_for

        def slowly(trainer, seconds, max_steps=None):
            time.sleep(seconds)
            return run_for(trainer, 0.0, min(max_steps or 10, 10))

        monkeypatch.setattr(Trainer, "run_for", slowly)
        monkeypatch.setattr(Trainer, "goto", None)
        monkeypatch.setattr(Checkpoints, "MOST", 2)
        experiment = make("plane", loss="mean_squared_error", units=(8, 8))
        experiment = replace(
            experiment,
            network=NetworkConfig(layers=(Dense(8, "relu"), Dense(8, "relu"))),
            training=TrainingConfig("mean_squared_error", "sgd", learning_rate=1e-3),
        )
        player, straight = Player(experiment, pool=handmade_pool()), Trainer(experiment)
        with player.trainer() as trainer:
            for each in (trainer, straight):
                each.step(310)
                each.change(learning_rate=10.0)
        straight.step(1000)
        player.play()
        assert largest_slice(player, lambda: player.status == "diverged") <= 10
        assert player.problem == straight.diverged
        rate = player.recover(1e-5)
        assert (player.status, player.experiment.training.learning_rate) == ("playing", rate)
        assert player.numbers().step == 256
        assert largest_slice(player, lambda: trainer.training.learning_rate == rate) <= 10
        assert trainer.edits[-1] == Edit(straight.diverged.resume, "learning_rate", rate)
        straight.rewind(straight.diverged.resume)
        straight.step(trainer.edits[-1].step - straight.step_count)
        straight.change(learning_rate=rate)
        straight.step(trainer.step_count - straight.step_count)
        assert np.array_equal(trainer.params, straight.params)

    def test_after_a_journey_past_an_edit_the_experiment_is_what_the_run_has(self, monkeypatch):
        monkeypatch.setattr(players, "STEP_PATIENCE", 0.0)
        player = wandering_player()
        for _ in range(4):
            player.step_back("batch")
            player.work(0.006)
        assert player.moment[0] == 2
        assert player.experiment.training.learning_rate == 0.01
        assert player.experiment.network.layers[0].dropout == 0
        player.step("batch")  # and the edit is made again where it was made
        player.work(0.006)
        assert player.experiment.training.learning_rate == 0.3
        player.step_back("batch")
        player.work(0.006)
        player.change(batch_size=20)
        assert player.experiment.training == TrainingConfig(
            "binary_crossentropy", "adam", learning_rate=0.01, batch_size=20
        )
        player.reset()
        assert player._trainer.training.learning_rate == 0.01

    def test_a_change_while_a_journey_is_under_way_waits_for_its_end(self, monkeypatch):
        monkeypatch.setattr(players, "STEP_PATIENCE", 0.0)
        player = wandering_player()
        player.step_back("batch")
        player.change(batch_size=20)
        player.change(batch_size=25, dropout={1: 0.25})
        with pytest.raises(ValueError, match="batch_size"):
            player.change(batch_size=-1)
        assert player.experiment.training.batch_size == 25
        assert player.experiment.network.layers[1].dropout == 0.25
        assert [edit.what for edit in player._trainer.edits] == ["learning_rate", "dropout"]
        for _ in range(4):
            player.work(0.006)
        trainer = player._trainer
        assert [(edit.step, edit.what, edit.value) for edit in trainer.edits[2:]] == [
            (5, "batch_size", 20),
            (5, "batch_size", 25),
            (5, "dropout", (0.5, 0.25)),
        ]
        assert (trainer.training.learning_rate, trainer.training.batch_size) == (0.3, 25)

    def test_a_change_while_a_failed_run_comes_back_waits_for_its_end(self, monkeypatch):
        monkeypatch.setattr(Checkpoints, "MOST", 2)
        experiment = make("plane", loss="mean_squared_error")
        training = TrainingConfig("mean_squared_error", "sgd", learning_rate=1e-3)
        player = Player(replace(experiment, training=training), pool=handmade_pool())
        player._has_kernels = True
        with player.trainer() as trainer:
            trainer.step(310)
            trainer.change(regularizer="l2")
            trainer.set_weight(2, 0, 0, 3e38)
            while not trainer.is_returning:
                trainer.run_for(0.0, 1)
            failure = trainer.destination
        assert trainer.step_count < 310 <= failure
        assert player.experiment.training.regularizer == "l2"
        player.change(batch_size=20)
        player.set_bias(0, 0, 1.5)
        player.play()
        for _ in range(1000):
            player.work(0.001)
        whats = [edit.what for edit in trainer.edits]
        assert whats == ["regularizer", "weight", "batch_size", "bias"]
        assert trainer.edits[2].step == failure

    def test_a_rate_chosen_while_a_run_recovers_wins(self):
        experiment = make("plane", loss="mean_squared_error")
        training = TrainingConfig("mean_squared_error", "sgd", learning_rate=1e-3)
        network = NetworkConfig(layers=(Dense(8, "relu"), Dense(8, "relu")))
        experiment = replace(experiment, network=network, training=training)
        player = Player(experiment, pool=handmade_pool())
        player._has_kernels = True
        with player.trainer() as trainer:
            trainer.step(40)
            trainer.change(regularizer="l2")
            trainer.step(60)
            trainer.change(learning_rate=1000.0)
            trainer.step(1000)
        assert player.status == "diverged"
        resume, rate = player.problem.resume, player.recovered_rate()
        assert player.recover() == rate == 100.0
        assert trainer.step_count < resume
        assert player.experiment.training.learning_rate == rate
        assert player.experiment.training.regularizer == "l2"
        player.change(learning_rate=0.002)
        player.change(batch_size=20)
        assert player.experiment.training.learning_rate == 0.002
        while player._orders:
            player.work(0.006)
        player.pause()
        training = trainer.training
        assert player.experiment == trainer.experiment_now
        assert (training.learning_rate, training.batch_size) == (0.002, 20)
        assert (training.regularizer, trainer.edits[0].step) == ("l2", 40)
        assert {edit.step for edit in trainer.edits[-3:]} == {resume}

    def test_back_by_an_epoch_finds_its_beginning_past_another_batch_size(self, monkeypatch):
        monkeypatch.setattr(players, "STEP_PATIENCE", 0.0)
        player = Player(make(), pool=handmade_pool())
        player._has_kernels = True
        with player.trainer() as trainer:
            trainer.step(5)
            trainer.change(batch_size=25)
            trainer.step()
        player.step_back("epoch")
        player.work(0.006)
        assert trainer.step_count == 0
        player.step("epoch")  # 5 batches of 10, then 8 of 25
        player.work(0.006)
        assert (trainer.step_count, trainer.epoch_fraction) == (13, 1.0)
        player.step("epoch")
        player.work(0.006)
        player.step_back("epoch")
        player.work(0.006)
        assert (trainer.step_count, trainer.epoch_fraction) == (13, 1.0)

    def test_a_new_start_forgets_what_the_old_run_was_to_do(self):
        player = Player(make(), pool=handmade_pool())
        player._orders.give(Journey(ahead("epoch")))
        player.reset()
        player.work(0.006)
        assert player.numbers().step == 0

    def test_a_left_page_is_gone_without_a_garbage_collection(self):
        gc.disable()
        try:
            player = Player(make())
            player.show.discretize = True
            player.step("epoch")
            player.play()
            waiting = Player(make(), pool=handmade_pool())
            for each in (player, waiting):
                each.look_at((0, 1))
                each.probe((1.0, 1.0))
                each.move_window(0, 0)
                each.set_bias(0, 0, 1.0)
                each._orders.give(Journey(ahead("epoch")))
                each._orders.give(Change({"learning_rate": 0.1}))
            left = [weakref.ref(x) for p in (player, waiting) for x in (p, p._trainer)]
            del player, waiting, each
            wait_for(lambda: not any(ref() for ref in left))
        finally:
            gc.enable()

    def test_changing_a_page_that_was_given_up_brings_it_back(self):
        player = Player(make("spiral", n_samples=90))
        player.viewers._last_seen -= 1000
        player.wake()
        wait_for(lambda: player._left is not None)
        player.change(learning_rate=0.5)
        assert player.experiment.data.name == "spiral"
        with player.trainer() as trainer:
            assert len(trainer.dataset.X_train) == 45

    def test_whatever_is_asked_of_a_page_that_was_given_up_brings_it_back(self):
        player = Player(make("spiral", units=(3,), n_samples=90), pool=handmade_pool())
        player._has_kernels = True
        player.change(learning_rate=0.5)

        def is_back() -> bool:
            trainer = player._trainer
            return (
                player._left is None
                and player.dataset is trainer.dataset
                and (len(trainer.dataset.X_train), trainer.layout.sizes[1]) == (45, 3)
                and player.viewers.alone_seconds < 100
            )

        abandon(player)
        assert player.experiment.data.name == "spiral"
        with player.trainer() as trainer:
            assert len(trainer.dataset.X_train) == 45
        assert is_back()
        for ask in (player.exact_numbers, player.reset, player.revive):
            abandon(player)
            ask()
            player.viewers.seen()
            assert is_back()
        abandon(player)
        assert player.recover() == 0.05
        assert is_back()
        assert player._trainer.training.learning_rate == 0.05

    def test_who_comes_while_the_run_is_given_up_gets_it_back(self):
        player = Player(make("spiral", n_samples=90), pool=handmade_pool())
        drive = player._drive

        def interrupted(trainer: Trainer) -> None:
            visitor.start()  # it sees that the run is going, and waits for it to be gone
            drive(trainer)

        visitor = threading.Thread(target=player.play)
        player._drive = interrupted
        player.viewers._last_seen -= 1000
        with player._lock:
            player._free_if_left()
            player._drive = drive
        visitor.join(PATIENCE)
        assert player._left is None
        assert player.experiment.data.name == "spiral"
        assert player.dataset is player._trainer.dataset
        assert player.status == "playing"

    def test_nobody_looking_pauses_and_frees(self, monkeypatch):
        player = Player(make())
        player.play()
        wait_for(lambda: player.numbers().step > 0)
        player.viewers._last_seen -= 1000
        wait_for(lambda: player.status == "paused")
        wait_for(lambda: player._left is not None)
        player.step("epoch")
        wait_for(lambda: player.numbers().step == 25)

    def test_commands_edit_the_network(self):
        player = Player(make())
        obey(player, {"set_weight": [0, 1, 3, -2.5]})
        obey(player, {"set_bias": [2, 0, 1.5]})

        def done():
            with player.trainer() as trainer:
                return trainer.params[7] == -2.5 and trainer.params[-1] == 1.5

        wait_for(done)

    @settings(max_examples=300, deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=5)
                | st.dictionaries(
                    st.sampled_from(["layer", "unit", "start", "x"]), inner, max_size=3
                )
            ),
            max_leaves=8,
        ),
        st.sampled_from(["hover", "probe", "window", "set_weight", "set_bias", "other"]),
    )
    def test_garbage_commands_do_nothing_bad(self, content, name):
        player = pestered()
        obey(player, content)
        obey(player, {name: content})

    def test_after_the_garbage_the_player_still_plays(self):
        player = pestered()
        player.step("epoch")
        wait_for(lambda: player.numbers().step >= 25)
        assert player.status != "failed"


class TestViewers:
    def test_a_scene_that_overtakes_a_frame_gives_its_credit_back(self):
        loop = asyncio.new_event_loop()
        viewer = Viewer(loop)
        viewer.post(frame=b"never sent")
        assert not viewer.has_credit
        viewer.post(scene=("{}", b""))
        assert viewer.has_credit
        loop.close()

    def test_one_socket_cannot_fill_the_memory(self):
        player = Player(make())
        with player.trainer():
            for number in range(5000):
                player.look_at((0, number))
                player.move_window(number, 0)
                player.set_bias(0, 0, float(number))
            assert len(player._wishes) + len(player._orders) <= 2 * MOST_ORDERS
        wait_for(lambda: not player._wishes and not player._orders)
        assert player.status != "failed"
        assert set(player._presenter.camera.starts) <= {-1, 0, 1, 2}


class TestChannel:
    @pytest.fixture
    def client(self):
        with TestClient(Starlette(routes=routes)) as client:
            yield client

    @staticmethod
    def connect(client, token, origin="http://testserver"):
        return client.websocket_connect(f"/live/{token}", headers={"origin": origin})

    def test_scene_data_frames_and_commands(self, client):
        player = Player(make())
        with self.connect(client, player.token) as socket:
            scene = json.loads(socket.receive_text())
            assert scene["kind"] == "scene"
            header, _ = unpack(socket.receive_bytes())
            assert (header["kind"], header["scene"]) == ("data", scene["version"])
            header, first = unpack(socket.receive_bytes())
            assert header["kind"] == "frame"
            player.play()
            for _ in range(5):
                socket.send_json({"ack": header["seq"]})
                header, later = unpack(socket.receive_bytes())
            assert header["step"] > 0
            assert not np.array_equal(first["weights"], later["weights"])
            player.pause()
            socket.send_text("{" * 300)
            socket.send_text("[]")
            socket.send_text('"' + "x" * 2 * LONGEST_MESSAGE + '"')
            socket.send_json({"hover": {"layer": 0, "unit": 1}})
            while header.get("hover") is None:
                socket.send_json({"ack": header["seq"]})
                header, arrays = unpack(socket.receive_bytes())
            assert arrays["big"].shape == (100, 100)
        wait_for(lambda: not player.viewers)

    def test_one_frame_is_in_flight(self, client):
        player = Player(make())
        with self.connect(client, player.token) as socket:
            for _ in range(3):
                socket.receive()
            player.play()
            wait_for(lambda: player.numbers().step > 2000)
            assert not player.viewers.waiting
            player.pause()

    def test_an_unknown_run_is_refused_for_good(self, client):
        with self.connect(client, "nobody") as socket, pytest.raises(WebSocketDisconnect) as info:
            socket.receive_text()
        assert info.value.code == 4404

    @pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", ""])
    def test_another_site_is_refused(self, client, origin):
        player = Player(make())
        connection = self.connect(client, player.token, origin)
        with connection as socket, pytest.raises(WebSocketDisconnect) as info:
            socket.receive_text()
        assert info.value.code == 4404

    def test_assets_are_served(self, client):
        response = client.get("/assets/live/frame.js")
        assert "export" in response.text
        assert response.headers["cache-control"] == "no-cache"

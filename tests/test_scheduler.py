"""The pool: fair, robust against failing runs, and never the one that keeps a run alive."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import pytest

from core.engine.scheduler import LONGEST_SLICE, SHORTEST_SLICE, Scheduler

PATIENCE = 30.0


class Counter:
    """A run that does nothing for a while, as often as it is let."""

    def __init__(self, goal: int, delay: float | None = 0.0) -> None:
        self.goal, self.delay = goal, delay
        self.calls = 0
        self.reached = threading.Event()
        self.errors: list[Exception] = []
        self.threads: set[int] = set()
        self.overlaps = 0
        self._inside = threading.Lock()

    def work(self, seconds: float) -> float | None:
        if not self._inside.acquire(blocking=False):
            self.overlaps += 1
            return None
        assert SHORTEST_SLICE <= seconds <= LONGEST_SLICE
        self.threads.add(threading.get_ident())
        time.sleep(0.0005)
        self.calls += 1
        if self.calls >= self.goal:
            self.reached.set()
        self._inside.release()
        return self.delay

    def failed(self, error: Exception) -> None:
        self.errors.append(error)
        self.reached.set()


class Failing(Counter):
    def work(self, seconds: float) -> float | None:
        raise RuntimeError("on purpose")


@pytest.fixture
def pool():
    return Scheduler(workers=2)


def test_thirty_two_runs_all_get_their_share(pool):
    runs = [Counter(goal=20) for _ in range(32)]
    for number, run in enumerate(runs):
        pool.add(str(number), run)
        pool.wake(str(number))
    for run in runs:
        assert run.reached.wait(PATIENCE)
    calls = sorted(run.calls for run in runs)
    # When the slowest has its 20, the fastest cannot be far ahead: all slices cost the same.
    assert calls[0] >= 20
    assert all(run.overlaps == 0 for run in runs)
    # No more threads than workers, for however many runs.
    assert len(set.union(*(run.threads for run in runs))) <= 2


def test_the_run_that_had_least_is_next():
    idle = Scheduler(workers=1)
    idle._threads = [threading.current_thread()]  # no worker: this test takes the turns itself
    light, heavy = Counter(1), Counter(1)
    for key, run in (("light", light), ("heavy", heavy)):
        idle.add(key, run)
        idle.wake(key)
    turns = []
    for _ in range(8):
        entry, run, _ = idle._take()
        turns.append(run)
        idle._give_back(entry, 3.0 if run is heavy else 1.0, 0.0)
    assert turns.count(light) == 6
    assert turns.count(heavy) == 2


def test_a_run_that_slept_gets_no_arrears():
    idle = Scheduler(workers=1)
    idle._threads = [threading.current_thread()]
    busy, sleeper = Counter(1), Counter(1)
    idle.add("busy", busy)
    idle.add("sleeper", sleeper)
    idle.wake("busy")
    for _ in range(50):
        entry, _, _ = idle._take()
        idle._give_back(entry, 1.0, 0.0)
    idle.wake("sleeper")
    turns = []
    for _ in range(10):
        entry, run, _ = idle._take()
        turns.append(run)
        idle._give_back(entry, 1.0, 0.0)
    assert 4 <= turns.count(sleeper) <= 6


def test_a_run_that_went_slowly_cannot_shut_others_out_afterwards():
    idle = Scheduler(workers=1)
    idle._threads = [threading.current_thread()]
    flat_out, paced = Counter(1), Counter(1)
    for key, run in (("flat", flat_out), ("paced", paced)):
        idle.add(key, run)
        idle.wake(key)
    for _ in range(200):  # the paced run takes almost nothing, again and again
        entry, run, _ = idle._take()
        idle._give_back(entry, 0.0001 if run is paced else 1.0, 0.0)
    turns = []
    for _ in range(20):  # now it goes flat out
        entry, run, _ = idle._take()
        turns.append(run)
        idle._give_back(entry, 1.0, 0.0)
    assert 8 <= turns.count(flat_out) <= 12


def test_a_failing_run_takes_nobody_with_it(pool):
    bad, good = Failing(1), Counter(goal=5)
    pool.add("bad", bad)
    pool.add("good", good)
    for _ in range(4):
        bad.reached.clear()
        pool.wake("bad")
        assert bad.reached.wait(PATIENCE)
    pool.wake("good")
    assert good.reached.wait(PATIENCE)
    assert [str(error) for error in bad.errors] == ["on purpose"] * 4


def test_an_idle_run_waits_for_its_wake(pool):
    run = Counter(goal=1, delay=None)
    pool.add("run", run)
    assert not run.reached.wait(0.05)
    pool.wake("run")
    assert run.reached.wait(PATIENCE)
    run.reached.clear()
    run.goal = 2
    pool.wake("run")
    assert run.reached.wait(PATIENCE)
    assert run.calls == 2


def test_a_delayed_run_comes_back_by_itself(pool):
    run = Counter(goal=3, delay=0.01)
    pool.add("run", run)
    pool.wake("run")
    assert run.reached.wait(PATIENCE)


def test_a_wake_during_work_is_not_lost(pool):
    class Restless(Counter):
        def work(self, seconds: float) -> float | None:
            super().work(seconds)
            if self.calls < self.goal:
                pool.wake("restless")
            return None

    run = Restless(goal=5)
    pool.add("restless", run)
    pool.wake("restless")
    assert run.reached.wait(PATIENCE)
    assert run.calls == 5


def test_the_pool_keeps_no_run_alive(pool):
    run = Counter(goal=1)
    pool.add("run", run)
    pool.wake("run")
    assert run.reached.wait(PATIENCE)
    assert pool.find("run") is run
    gone = threading.Event()
    weakref.finalize(run, gone.set)
    del run
    gc.collect()
    # A worker may hold it for the slice that is under way, not longer.
    assert gone.wait(PATIENCE)
    assert pool.find("run") is None
    assert pool.runs() == []

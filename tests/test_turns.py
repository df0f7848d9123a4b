"""Many threads that train take turns at the cores."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import DataConfig, Experiment, Trainer
from core.engine.turns import Turns


def waiting(turns: Turns, count: int) -> None:
    """Return when so many wait."""
    while len(turns._waiting) < count:
        time.sleep(0.001)


def test_no_more_than_there_are_places():
    turns, lock, inside, most = Turns(2), threading.Lock(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with turns:
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)
                with lock:
                    inside -= 1

    with ThreadPoolExecutor(8) as pool:
        for task in [pool.submit(work) for _ in range(8)]:
            task.result()
    assert most == 2
    assert turns._free == 2


def test_who_comes_first_has_its_turn_first():
    turns, entered = Turns(1), []

    def take(number: int) -> None:
        with turns:
            entered.append(number)

    threads = [threading.Thread(target=take, args=(k,)) for k in range(5)]
    with turns:
        for k, thread in enumerate(threads):
            thread.start()
            waiting(turns, k + 1)
    for thread in threads:
        thread.join()
    assert entered == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("handed_over", [False, True])
def test_who_is_interrupted_while_waiting_keeps_no_place(handed_over, monkeypatch):
    turns = Turns(1)

    class Ticket:
        def __init__(self) -> None:
            self.asked = 0

        def acquire(self) -> None:
            self.asked += 1
            if self.asked == 2:  # the wait
                if handed_over:
                    turns._leave()
                raise KeyboardInterrupt

        def release(self) -> None:
            pass

    turns.__enter__()
    monkeypatch.setattr("core.engine.turns._Ticket", Ticket)
    with pytest.raises(KeyboardInterrupt):
        turns.__enter__()
    if not handed_over:
        turns.__exit__(None, None, None)
    assert turns._free == 1
    assert not turns._waiting


def test_an_error_in_a_turn_gives_the_place_back():
    turns = Turns(1)
    with pytest.raises(ZeroDivisionError), turns:
        raise ZeroDivisionError
    assert turns._free == 1


@pytest.mark.filterwarnings("ignore:.*fork")  # of a process with threads: what is tested
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_process_can_train_though_its_parent_was_training():
    from core.engine.turns import cores

    trainer = Trainer(Experiment(data=DataConfig(n_samples=20)))
    trainer.step(1)
    taken = [cores.__enter__() for _ in range(cores._free)]
    child = os.fork()
    if child == 0:
        os._exit(0 if cores._free == len(taken) else 1)
    for _ in taken:
        cores.__exit__(None, None, None)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

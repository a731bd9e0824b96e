import threading
import time
from collections.abc import Generator, Iterator

import pytest

from cyclekit.inference.overlap import ahead, behind


class StoppedError(Exception):
    pass


def counted(seen: list[int], end: int = 10**9) -> Generator[int]:
    try:
        for number in range(end):
            seen.append(number)
            yield number
    finally:
        seen.append(-1)


def wait_for(condition) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_items_come_in_order_and_the_generator_is_closed() -> None:
    seen: list[int] = []
    with ahead(counted(seen, 50), 3) as items:
        assert list(items) == list(range(50))
    assert seen[-1] == -1


def test_it_runs_ahead_only_so_far() -> None:
    seen: list[int] = []
    with ahead(counted(seen), 3) as items:
        assert next(items) == 0
        wait_for(lambda: len(seen) == 5)  # one taken, three waiting, one in hand
        time.sleep(0.05)
        assert len(seen) == 5
    assert seen[-1] == -1


def test_what_a_generator_raises_comes_after_its_items() -> None:
    def broken() -> Generator[int]:
        yield 1
        raise StoppedError

    got = []
    with pytest.raises(StoppedError), ahead(broken(), 3) as items:
        got.extend(iter(items.__next__, None))
    assert got == [1]


def test_leaving_early_leaves_no_thread() -> None:
    before = threading.active_count()
    seen: list[int] = []

    def leave() -> None:
        with ahead(counted(seen), 2) as items:
            next(items)
            raise StoppedError

    with pytest.raises(StoppedError):
        leave()
    assert threading.active_count() == before
    assert seen[-1] == -1


def test_work_is_done_in_order_before_leaving() -> None:
    done: list[int] = []
    with behind(done.append, 2) as put:
        for number in range(30):
            put(number)
    assert done == list(range(30))


def test_who_gives_work_waits_when_there_is_too_much() -> None:
    gate = threading.Event()
    done: list[int] = []

    def work(number: int) -> None:
        gate.wait()
        done.append(number)

    given: list[int] = []

    def give() -> Iterator[None]:
        with behind(work, 2) as put:
            for number in range(9):
                put(number)
                given.append(number)
        yield

    giver = threading.Thread(target=lambda: list(give()))
    giver.start()
    wait_for(lambda: len(given) == 3)
    time.sleep(0.05)
    assert len(given) == 3  # one at hand, two waiting
    gate.set()
    giver.join()
    assert done == list(range(9))


@pytest.mark.parametrize("count", [1, 2, 50])
def test_what_work_raises_is_raised_to_who_gives_it(count: int) -> None:
    def work(number: int) -> None:
        raise StoppedError(number)

    def give() -> None:
        with behind(work, 2) as put:
            for number in range(count):
                put(number)

    with pytest.raises(StoppedError, match="0"):
        give()


def test_an_error_of_the_giver_stops_the_work() -> None:
    before = threading.active_count()
    done: list[int] = []

    def give() -> None:
        with behind(done.append, 2) as put:
            put(1)
            raise StoppedError

    with pytest.raises(StoppedError):
        give()
    assert threading.active_count() == before
    assert done in ([], [1])

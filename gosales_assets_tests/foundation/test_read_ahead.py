"""Items fetched ahead and tasks side by side come in order, bounded, and fail as one."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from gosales_assets.read_ahead import read_ahead, side_by_side


def test_items_come_in_order_and_one_ahead() -> None:
    fetched: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5):
            fetched.append(number)
            yield number

    seen = []
    for item in read_ahead(items()):
        seen.append(item)
        assert len(fetched) <= len(seen) + 1
    assert seen == [0, 1, 2, 3, 4]


def test_what_fails_ahead_is_raised() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the second item is bad")

    with pytest.raises(ValueError, match="second item"):
        list(read_ahead(items()))


def test_tasks_come_in_their_order_whatever_ends_first() -> None:
    first_may_end = threading.Event()

    def first() -> str:
        assert first_may_end.wait(10)
        return "first"

    def second() -> str:
        first_may_end.set()
        return "second"

    assert list(side_by_side([first, second, lambda: "third"])) == ["first", "second", "third"]


def test_tasks_are_fetched_only_when_there_is_room() -> None:
    fetched: list[int] = []

    def tasks() -> Iterator[Callable[[], int]]:
        for number in range(20):
            fetched.append(number)
            yield partial(int, number)

    for done, number in enumerate(side_by_side(tasks(), at_once=3), start=1):
        assert number == done - 1
        assert len(fetched) <= done + 3


def test_a_task_that_fails_ends_all_and_waits_for_those_under_way() -> None:
    ended: list[str] = []

    def fails() -> None:
        raise ValueError("this partition is bad")

    def slow() -> None:
        time.sleep(0.2)
        ended.append("slow")

    def never() -> None:
        ended.append("never")

    with pytest.raises(ValueError, match="partition is bad"):
        list(side_by_side([fails, slow, slow, *[never] * 50]))
    assert "slow" in ended
    assert "never" not in ended

"""Using two cores: items that are fetched ahead, and tasks that are worked on side by side.

What is worth a thread spends its time outside of Python's lock: in DuckDB, Polars, NumPy.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items in order, always fetching one ahead in another thread."""
    end = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = pool.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, items, end)
            yield item  # type: ignore[misc]


def side_by_side(tasks: Iterable[Callable[[], Item]], at_once: int = 2) -> Iterator[Item]:
    """Yield what the tasks give, in their order, working on so many of them at a time.

    A task is fetched when there is room for it, so what tasks hold in memory stays bounded. The
    first that fails ends it all; those under way are waited for.
    """
    under_way: deque[Future[Item]] = deque()
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            for task in tasks:
                under_way.append(pool.submit(task))
                if len(under_way) > at_once:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()

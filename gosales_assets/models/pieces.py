"""Many rows, some at a time, on several threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

PIECE = 16_384  # rows at a time: some columns of them stay in the processor's cache


def by_pieces(work: Callable[[slice], None], rows: int, threads: int) -> None:
    """Do some rows at a time: pieces of fixed size, so that any number of threads does the same."""
    pieces = [slice(start, start + PIECE) for start in range(0, rows, PIECE)]
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        list(pool.map(work, pieces))

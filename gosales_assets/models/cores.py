"""How many threads to use."""

import os


def cores(limit: int) -> int:
    """Threads to use: ``limit``, or with 0 as many as there are cores."""
    return limit or os.cpu_count() or 1

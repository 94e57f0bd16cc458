"""What a refresh has begun and not ended: made again, since it may not have been checked any more.

A kill may come after a table was written and before its checks were: it would look up to date, and
would never be looked at. So what is being made is noted beforehand, and the note is removed once
the run has ended, however it did.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from gosales_assets.whole_files import write_text_whole

FILE = "unfinished.json"

Partition = Mapping[str, str]


class Unfinished:
    """The note of a home folder: asset -> partitions, as keys joined by ``|``.

    Only for who holds the home's lock (``occupancy.only_run``).
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        noted = json.loads(self._path.read_text("utf-8")) if self._path.is_file() else {}
        self._noted: dict[str, set[str]] = {asset: set(keys) for asset, keys in noted.items()}

    def holds(self, assets: Sequence[str], partition: Partition) -> bool:
        """Whether one of the assets was begun for this partition and not ended."""
        return any(_key(partition) in self._noted.get(asset, ()) for asset in assets)

    def begin(self, assets: Sequence[str], partitions: Sequence[Partition]) -> None:
        """Note that these are about to be made."""
        for asset in assets:
            self._noted.setdefault(asset, set()).update(map(_key, partitions))
        self._write()

    def end(self, assets: Sequence[str], partitions: Sequence[Partition]) -> None:
        """Note that these were made, or failed."""
        for asset in assets:
            self._noted[asset].difference_update(map(_key, partitions))
        self._write()

    def _write(self) -> None:
        noted = {asset: sorted(keys) for asset, keys in sorted(self._noted.items()) if keys}
        if noted:
            write_text_whole(self._path, json.dumps(noted))
        else:
            self._path.unlink(missing_ok=True)


def _key(partition: Partition) -> str:
    return "|".join(partition.values())

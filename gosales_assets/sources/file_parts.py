"""Rows of one file on their way to the lake: gathered, and written in parts of bounded size."""

import polars as pl

from gosales_assets.parts import Rewrite

HELD = 1_500_000  # rows in memory before some are written
WHOLE = ""


class FileParts:
    """Writes what one file gave as parts of a table, so that memory does not grow with the file.

    Parameters
    ----------
    rewrite
        The next version of the table.
    source
        Name of the file.
    basis
        What the file's rows are made on.
    month_of
        Day column by whose month rows are kept apart; None: they are not.
    """

    def __init__(
        self, rewrite: Rewrite, source: str, basis: str, month_of: str | None = None
    ) -> None:
        self._rewrite, self._source, self._basis = rewrite, source, basis
        self._month_of = month_of
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._written: dict[str, int] = {}

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows in the order of the file; the fullest month is written while too many wait."""
        for key, part in self._by_month(rows).items():
            self._waiting.setdefault(key, []).append(part)
        while sum(map(self._held, self._waiting)) > HELD:
            self._write(max(self._waiting, key=lambda key: (self._held(key), key)))

    def finish(self) -> None:
        """Write what is still waiting."""
        for key in sorted(self._waiting):
            self._write(key)

    def _by_month(self, rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
        if self._month_of is None:
            return {WHOLE: rows} if rows.height else {}
        month = pl.col(self._month_of).dt.month_end()
        parts = rows.with_columns(month.alias("month")).partition_by(
            "month", include_key=False, as_dict=True
        )
        return {key.isoformat(): part for (key,), part in parts.items()}

    def _held(self, key: str) -> int:
        return sum(part.height for part in self._waiting[key])

    def _write(self, key: str) -> None:
        self._written[key] = number = self._written.get(key, 0) + 1
        frame = pl.concat(self._waiting.pop(key))
        notes = {"source": self._source, "month": key}
        self._rewrite.write(f"{self._source}|{key}|{number:04d}", frame, self._basis, notes)

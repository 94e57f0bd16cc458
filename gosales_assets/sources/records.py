"""Records: the rows of a delimited file, every field as text, with line numbers and raw text.

Fast where lines are plain (nearly always: Polars splits them), careful where they are not (quoted
line breaks, stray quotes: Python's ``csv`` takes those one by one). What does not fit the header is
set aside, never padded or cut.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.read_ahead import read_ahead
from gosales_assets.settings import SettingsError
from gosales_assets.sources.dialect import Dialect, headers
from gosales_assets.sources.parsing import SPACES
from gosales_assets.sources.tabular import Chunk, Fingerprint
from gosales_assets.sources.text_files import BLOCK, blocks

FIELD_COUNT = "wrong number of fields"
QUOTES = "quotes do not match"
_COUNTED_AT_ONCE = 1 << 18  # bytes
_LONGEST_RECORD = 1000  # lines; a quoted field that goes on further was never closed
TOTAL = re.compile(
    r"""^[\s",;|]*(?:(?:grand|overall|sub|report)[ -]?)?(?:totals?|sum|summe|gesamt)\b""", re.I
)
_TOTAL_ALONE = re.compile(TOTAL.pattern + r"[\s:.]*$", re.I)


def holds_order(cells: Iterable[str]) -> bool:
    """Whether cells that are empty in a total row hold anything but the word for the total."""
    return any(cell.strip() and not _TOTAL_ALONE.match(cell) for cell in cells)


@dataclass
class _Record:
    """A record that Python's csv read: where it is and what it holds, or why it cannot be used."""

    at: int
    lines: int
    fields: list[str]
    reason: str | None = None


@dataclass(frozen=True)
class _Block:
    """Whole lines of a file, the first of them being number ``line``.

    Parameters
    ----------
    about
        What `_Reader.look_at` tells of each.
    text
        The same lines as they stand in the file; None where they were gathered from elsewhere.
    final
        Whether they are the file's last.
    """

    about: pl.DataFrame
    line: int
    text: bytes | None
    final: bool


def chunks(
    path: Path,
    known: Fingerprint,
    dialect: Dialect,
    name: str,
    fields: Sequence[int],
    empty_at: Sequence[int] = (),
    block_size: int = BLOCK,
) -> Iterator[Chunk]:
    """Read the records of a file in order.

    Parameters
    ----------
    name
        The file's name in messages.
    fields
        Positions of the columns to read.
    empty_at
        Columns that are empty in a trailing total row; none: look for no totals.

    Raises
    ------
    SettingsError
        When a quoted field is never closed, with the line on which it begins.
    """
    reader = _Reader(dialect, name, sorted(set(fields)), empty_at)
    line = 1
    rest: pl.DataFrame | None = None
    pieces = read_ahead((text, reader.look_at(text)) for text in blocks(path, known, block_size))
    piece = next(pieces, None)
    while piece is not None:
        following = next(pieces, None)
        text, about = piece
        whole = rest is None
        if line < dialect.first_line:
            begins = min(dialect.first_line - line, about.height)
            about, line, whole = about.slice(begins), line + begins, False
        # In one piece: Polars 2.1 panics on joining texts of a column with empty pieces.
        about = about.rechunk() if rest is None else pl.concat([rest, about], rechunk=True)
        block = _Block(about, line, text if whole else None, final=following is None)
        chunk, used = reader.read(block)
        yield chunk
        rest = about.slice(used) if used < about.height else None
        line += used
        piece = following


class _Reader:
    def __init__(
        self, dialect: Dialect, name: str, fields: list[int], empty_at: Sequence[int]
    ) -> None:
        self.dialect, self.name, self.fields, self.empty_at = dialect, name, fields, empty_at
        mark = dialect.delimiter
        self.well_quoted = rf'^(?:(?:[^"{mark}]*|"(?:[^"]|"")*")(?:[{mark}]|$))*$'
        self.plain_header = dialect.header_text.strip("\ufeff").replace('"', "")
        self.nothing = SPACES + '"' + mark

    def look_at(self, text: bytes) -> pl.DataFrame:
        """Look at each line by itself.

        Returns
        -------
        ``raw``; ``something`` (not blank), ``header`` (the header again), ``awkward`` (its quotes
        need care) and ``fields`` (how many); one row per line.
        """
        raw, mark = pl.col("raw"), self.dialect.delimiter
        frame = pl.DataFrame({"raw": pl.read_lines(io.BytesIO(text))["line"].fill_null("")})
        about = frame.select(
            "raw",
            something=raw.str.strip_chars_start(self.nothing) != "",
            header=(raw == self.plain_header) | (raw == "\ufeff" + self.plain_header),
            awkward=pl.lit(False),
            fields=pl.Series(_counts(text, mark) + 1),
        )
        if b'"' not in text:
            return about
        quoted = frame.select(raw.str.contains('"', literal=True)).to_series()
        at = quoted.arg_true()
        some = frame.filter(quoted).select(
            header=raw.str.replace_all('"', "", literal=True) == self.plain_header,
            awkward=~raw.str.contains(self.well_quoted),
            fields=(
                raw.str.replace_all('"[^"]*"', "").str.count_matches(mark, literal=True) + 1
            ).cast(pl.Int64),
        )
        return about.with_columns(
            about["header"].scatter(at, some["header"]),
            about["awkward"].scatter(at, some["awkward"]),
            about["fields"].scatter(at, some["fields"]),
        )

    def read(self, block: _Block) -> tuple[Chunk, int]:
        """Read a block of lines; gives the chunk and how many of the lines it used up."""
        about, line = block.about, block.line
        lines = about["raw"]
        careful, used = self._careful(lines, about["awkward"], line, final=block.final)
        data = self._data(about, careful)
        totals = self._totals(lines[:used], data[:used])
        if totals and not block.final:
            # What comes next tells whether they are the last rows.
            used, totals = totals[0], []
            careful = [record for record in careful if record.at < used]
        lines, fields = lines[:used], about["fields"][:used]
        data = data[:used].scatter(totals, False) if totals else data[:used]
        counted = fields == len(self.dialect.header)
        numbered = pl.DataFrame({"line": pl.int_range(used, eager=True) + line, "raw": lines})
        text = None if careful or used < len(about) else block.text
        records = self._split(numbered, data & counted, text)
        broken = numbered.filter(data & ~counted).with_columns(
            reason=pl.lit(FIELD_COUNT), detail=self._detail(fields.filter(data & ~counted))
        )
        good, bad = self._sorted_out(careful, lines, line)
        held = sum(record.lines for record in careful if not self._is_header(record.fields))
        chunk = Chunk(
            pl.concat([records, good]).sort("line").rechunk() if good.height else records,
            pl.concat([broken, bad]).sort("line").rechunk(),
            int((~data).sum()) - held,
        )
        return chunk, used

    def _data(self, about: pl.DataFrame, careful: list[_Record]) -> pl.Series:
        """Mark the lines that are one record each: no blank, no header, no part of another one."""
        data = about.select(pl.col("something") & ~pl.col("header")).to_series()
        taken = [at for record in careful for at in range(record.at, record.at + record.lines)]
        return data.scatter(taken, False) if taken else data

    def _is_header(self, fields: Sequence[str]) -> bool:
        """Whether a record is the header again, however it is quoted."""
        return headers(fields) == self.dialect.header

    def _careful(
        self, lines: pl.Series, awkward: pl.Series, line: int, *, final: bool
    ) -> tuple[list[_Record], int]:
        """Read the records that begin on an awkward line; a record cut off by the block waits."""
        found: list[_Record] = []
        reached = 0
        for at in awkward.arg_true().to_list():
            if at < reached:
                continue
            record = self._record(lines, at)
            if record is None:
                if not final and len(lines) - at < _LONGEST_RECORD:
                    return found, at
                raise SettingsError(
                    f"{self.name}: line {line + at}: a quoted field is never closed; "
                    "close the quote or remove it"
                )
            found.append(record)
            reached = at + record.lines
        return found, len(lines)

    def _record(self, lines: pl.Series, at: int) -> _Record | None:
        """Read one record with Python's csv; None when a quote in it is never closed."""
        wanted = len(self.dialect.header)
        reader = csv.reader(
            (text + "\n" for text in lines[at : at + _LONGEST_RECORD]),
            delimiter=self.dialect.delimiter,
            strict=True,
        )
        try:
            fields = next(reader)
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "field limit" in str(error):
                return None
            return _Record(at, 1, [], QUOTES)
        if len(fields) == wanted:
            return _Record(at, reader.line_num, fields)
        # A quote that swallowed other records: only its own line is at fault.
        one = reader.line_num == 1
        return _Record(at, 1, fields if one else [], FIELD_COUNT if one else QUOTES)

    def _split(self, numbered: pl.DataFrame, wanted: pl.Series, text: bytes | None) -> pl.DataFrame:
        """Split the lines that are known to be well formed into the fields asked for."""
        records = numbered if wanted.all() else numbered.filter(wanted)
        if records.is_empty():
            return records.with_columns(pl.lit(None, pl.String).alias(str(f)) for f in self.fields)
        # To cut all and leave some out is cheaper than to join the wanted ones first.
        if text is not None:
            cells = self._cells(text)
            if cells.height == numbered.height:
                return records.hstack(cells if wanted.all() else cells.filter(wanted))
        cells = self._cells((records["raw"].str.join("\n").item() + "\n").encode())
        if cells.height != records.height:
            raise RuntimeError(f"{self.name}: {records.height} lines gave {cells.height} records")
        return records.hstack(cells)

    def _cells(self, text: bytes) -> pl.DataFrame:
        names = [str(at) for at in range(len(self.dialect.header))]
        return pl.read_csv(
            io.BytesIO(text),
            has_header=False,
            separator=self.dialect.delimiter,
            schema=dict.fromkeys(names, pl.String),
            columns=self.fields,
            truncate_ragged_lines=True,
            missing_columns="insert",
            extra_columns="ignore",
        )

    def _sorted_out(
        self, careful: list[_Record], lines: pl.Series, line: int
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        good = [r for r in careful if r.reason is None and not self._is_header(r.fields)]
        bad = [r for r in careful if r.reason is not None]
        cells = {str(f): [r.fields[f] for r in good] for f in self.fields}
        return (
            pl.DataFrame(
                {**_located(good, lines, line), **cells},
                schema={"line": pl.Int64, "raw": pl.String, **dict.fromkeys(cells, pl.String)},
            ),
            pl.DataFrame(
                {
                    **_located(bad, lines, line),
                    "reason": [r.reason for r in bad],
                    "detail": [self._count(len(r.fields)) if r.fields else None for r in bad],
                },
                schema={"line": pl.Int64, **dict.fromkeys(("raw", "reason", "detail"), pl.String)},
            ),
        )

    def _totals(self, lines: pl.Series, data: pl.Series) -> list[int]:
        """Find the totals at the very end: rows that begin with such a word and hold no order."""
        found: list[int] = []
        for at in data.arg_true().reverse() if self.empty_at else ():
            if not TOTAL.match(lines[at]):
                break
            # Python's csv takes a carriage return astray for a new line.
            text = lines[at].replace("\r", " ")
            cells = next(csv.reader([text], delimiter=self.dialect.delimiter), [])
            if holds_order(cells[at] for at in self.empty_at if at < len(cells)):
                break
            found.append(at)
        return found[::-1]

    def _detail(self, fields: pl.Series) -> pl.Series:
        return pl.Series([self._count(count) for count in fields], dtype=pl.String)

    def _count(self, fields: int) -> str:
        return f"{fields} fields, the header has {len(self.dialect.header)}"


def _counts(text: bytes, mark: str) -> npt.NDArray[np.int64]:
    """Count the delimiters of each line of a text, quoted ones too.

    Adding up bytes, few enough at once to stay in the processor's cache, takes a third of the time
    of looking through each line for them.
    """
    letters = np.frombuffer(text, np.uint8)
    counts = [np.empty(0, np.int64)]
    begin = 0
    while begin < len(letters):
        end = text.rfind(b"\n", begin, begin + _COUNTED_AT_ONCE) + 1
        if end <= begin:
            end = text.find(b"\n", begin) + 1 or len(letters)
        some = letters[begin:end]
        starts = np.flatnonzero(some == ord("\n")) + 1
        starts = np.concatenate(([0], starts[starts < len(some)]))
        counts.append(np.add.reduceat(some == ord(mark), starts, dtype=np.int64))
        begin = end
    return np.concatenate(counts)


def _located(records: list[_Record], lines: pl.Series, line: int) -> dict[str, list[object]]:
    return {
        "line": [line + r.at for r in records],
        "raw": ["\n".join(lines[r.at : r.at + r.lines].to_list()) for r in records],
    }

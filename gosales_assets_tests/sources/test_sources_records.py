"""Records: whatever a correct writer writes comes back cell by cell, at its own line."""

import csv
import io
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.settings import SettingsError
from gosales_assets.sources.dialect import find_dialect
from gosales_assets.sources.records import chunks
from gosales_assets.sources.text_files import examine, head

HEADER = ["alpha", "beta", "gamma"]
CELL = st.text(st.sampled_from("ab ,;|\t\n\"'é株0-"), max_size=6)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(CELL, CELL, CELL), max_size=15),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([8, 64, 1 << 20]),
)
def test_written_cells_come_back(
    rows: list[tuple[str, str, str]], delimiter: str, quoting: int, encoding: str, block_size: int
) -> None:
    rows = [row for row in rows if any(cell.strip(' ,;|\t\n"') for cell in row)]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(
        [HEADER, *rows]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        dialect = find_dialect(head(path), HEADER, "t.csv")
        read = list(chunks(path, examine(path), dialect, "t.csv", [0, 1, 2], block_size=block_size))
    records = pl.concat([chunk.records for chunk in read])
    assert dialect.delimiter == delimiter
    assert sum(chunk.broken.height for chunk in read) == 0
    assert records.select(pl.col("0", "1", "2").fill_null("")).rows() == rows
    lines = [2]
    for row in rows:
        lines.append(lines[-1] + 1 + sum(cell.count("\n") for cell in row))
    assert records["line"].to_list() == lines[:-1]


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('alpha,beta,gamma\n1,"2\n",3\n4,5,6\n')
    dialect = find_dialect(head(path), HEADER, "t.csv")
    (chunk,) = chunks(path, examine(path), dialect, "t.csv", [2])
    assert chunk.records.drop("raw").rows() == [(2, "3"), (4, "6")]


def test_duplicate_headers_are_named() -> None:
    with pytest.raises(SettingsError, match=r"t.csv: duplicate headers in line 2: 'alpha', 'beta'"):
        find_dialect("title\nalpha,beta,alpha,beta\n1,2,3,4\n", HEADER, "t.csv")


def test_a_field_that_never_closes_within_a_thousand_lines_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("alpha,beta,gamma\n" + '1,"2,3\n' + "4,5,6\n" * 3000 + '7,8",9\n')
    dialect = find_dialect(head(path), HEADER, "t.csv")
    with pytest.raises(SettingsError, match=r"t.csv: line 2: a quoted field is never closed"):
        list(chunks(path, examine(path), dialect, "t.csv", [0], block_size=512))

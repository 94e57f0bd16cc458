"""What can go wrong with a database: said clearly, no secret shown, nothing lost."""

import logging
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import polars as pl
import pytest
from pydantic import SecretStr

from gosales_assets import extracts as kept
from gosales_assets.extracts import current_files
from gosales_assets.settings import Settings, SettingsError, environment, load_settings
from gosales_assets.sources import database_files
from gosales_assets.sources.database import extract
from gosales_assets.sources.database_report import database_report
from gosales_assets.sources.outline import check_sources, target_divisions, trading_days
from gosales_assets_tests.sources.conftest import TestDatabase
from gosales_assets_tests.sources.postgres_server import PostgresServer

SECRET = "hush/me@%:;}{'\"now"
READER = "reader"


def settings(tmp_path: Path, *tables: Any, **database: Any) -> Settings:
    return Settings(
        base=tmp_path, sales_log={"database": {"tables": list(tables) or ["sales"], **database}}
    )


def use(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    secret = None if url is None else SecretStr(url)
    monkeypatch.setattr(environment(), "database_url", secret)


def some_rows(database: TestDatabase, count: int = 5) -> None:
    values = ", ".join(f"({n}, 'c{n}')" for n in range(count))
    database.execute(
        "CREATE TABLE sales (line INTEGER PRIMARY KEY, customer_id VARCHAR(9))",
        f"INSERT INTO sales VALUES {values}",
    )


def held(made: Settings) -> list[int]:
    files = current_files(environment(), made.sales_log.database.names)
    return sorted(int(line) for file in files for line in pl.read_parquet(file)["line"])


@pytest.fixture
def reader(postgres: PostgresServer) -> str:
    """A role that may log in and read nothing."""
    quoted = SECRET.replace("'", "''").replace(":", r"\:")
    postgres.execute(
        "CREATE TABLE IF NOT EXISTS sales (line INTEGER)",
        f"DROP ROLE IF EXISTS {READER}",
        f"CREATE ROLE {READER} LOGIN PASSWORD '{quoted}'",
    )
    return postgres.url(READER, SECRET)


def a_sqlite(folder: Path, content: bytes = b"") -> str:
    (folder / "some.db").write_bytes(content)
    return f"sqlite:///{folder / 'some.db'}"


Problem = Callable[[PostgresServer, str, Path], str]
PROBLEMS: dict[str, tuple[Problem, str]] = {
    "wrong password": (
        lambda server, _, __: server.url("owner", SECRET),
        "log-in refused: connection failed",
    ),
    "no such user": (lambda server, _, __: server.url("nobody_here", SECRET), "log-in refused"),
    "server down": (
        lambda _, __, folder: PostgresServer(folder).url("owner", SECRET),
        "server cannot be reached",
    ),
    "port closed": (
        lambda _, __, ___: "postgresql://o:hush%2Fme%40%25%3A@127.0.0.1:9/db",
        "server cannot be reached: connection failed",
    ),
    "host unknown": (
        lambda _, __, ___: "postgres://o:hush%2Fme%40%25%3A@no-such-host.invalid/db",
        "server cannot be reached: failed to resolve host",
    ),
    "no such database": (
        lambda _, url, __: url.replace("/postgres?", "/none?"),
        "no such database",
    ),
    "no such table": (
        lambda server, _, __: server.url(database="template1"),
        "no such table or view that this user may see",
    ),
    "permission denied": (lambda _, url, __: url, "permission denied: permission denied for table"),
    "no such SQLite file": (
        lambda _, __, folder: f"sqlite:///{folder / 'none.db'}",
        "no such SQLite file",
    ),
    "not a SQLite file": (
        lambda _, __, folder: a_sqlite(folder, b"customer_id,order_date\n" * 90),
        "file is not a database",
    ),
    "an empty SQLite file": (lambda _, __, folder: a_sqlite(folder), "no such table or view"),
    "no driver": (lambda _, __, ___: f"mysql://u:{'hush'}@h/d", "is not installed (MySQLdb)"),
    "unknown kind": (lambda _, __, ___: "oracel://u:hush@h/d", "begin with oracel://"),
    "no URL": (lambda _, __, ___: "hush", "GOSALES_DATABASE_URL is no SQLAlchemy URL"),
    "bad port": (lambda _, __, ___: "postgresql://u:hush@h:po/d", "is no SQLAlchemy URL"),
    "odd option": (
        lambda server, _, __: server.url() + "&sslpassword=hush&none=1",
        'invalid connection option "none"',
    ),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_is_a_warning_or_with_strict_an_error_and_shows_no_secret(
    problem: str,
    request: pytest.FixtureRequest,
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    make, words = PROBLEMS[problem]
    server: PostgresServer = request.getfixturevalue("postgres")
    use(monkeypatch, make(server, request.getfixturevalue("reader"), tmp_path))
    made = settings(tmp_path)
    (warning,) = extract(made).warnings
    assert words in warning
    assert warning.endswith("; nothing was read of it earlier, so it is left out")
    with pytest.raises(SettingsError) as caught:
        extract(settings(tmp_path, strict=True))
    assert words in str(caught.value)
    assert str(caught.value).startswith("sales_log.database: ")
    shown = [
        warning,
        *traceback.format_exception(caught.value),
        str(extract(made)),
        str(environment()),
        repr(environment()),
        caplog.text,
        *capfd.readouterr(),
        database_report(made).write_csv(),
        *(path.read_text(errors="replace") for path in own_home.rglob("*") if path.is_file()),
    ]
    for part in shown:
        assert "hush" not in part.lower()
    assert "\n" not in warning + str(caught.value)


def test_without_credentials_the_rows_read_earlier_are_used(
    database: TestDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_rows(database)
    made = settings(tmp_path)
    assert extract(made).warnings == []
    use(monkeypatch, None)
    (warning,) = extract(made).warnings
    assert "no database is named: set GOSALES_DATABASE_URL" in warning
    assert "going on with the 5 rows that were read on 20" in warning
    assert held(made) == [0, 1, 2, 3, 4]
    report = database_report(made)
    assert report["status"].to_list() == ["earlier"]
    assert "no database is named" in report["note"][0]
    with pytest.raises(SettingsError, match="no database is named"):
        extract(settings(tmp_path, strict=True))


def test_one_table_that_cannot_be_read_does_not_keep_the_others_back(
    database: TestDatabase, tmp_path: Path
) -> None:
    some_rows(database)
    made = settings(tmp_path, "slaes", "sales")
    done = extract(made)
    (warning,) = done.warnings
    assert "slaes: no such table or view that this user may see; did you mean 'sales'?" in warning
    assert len(done.remarks) == 1
    assert held(made) == [0, 1, 2, 3, 4]


def test_a_watermark_that_is_no_column_is_named(database: TestDatabase, tmp_path: Path) -> None:
    some_rows(database)
    (warning,) = extract(settings(tmp_path, watermark="lien")).warnings
    assert "no column 'lien' (sales_log.database.watermark); did you mean 'line'?" in warning


def test_an_extraction_that_breaks_off_leaves_the_earlier_extract_whole(
    database: TestDatabase, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_rows(database)
    made = settings(tmp_path, chunk_rows=2)
    extract(made)
    before = current_files(environment(), made.sales_log.database.names)
    database.execute("INSERT INTO sales VALUES (9, 'new')")
    calls = 0

    def break_off(*_: Any, **__: Any) -> list[str | None]:
        nonlocal calls
        calls += 1
        if calls > 3:  # in the second chunk
            raise KeyboardInterrupt
        return ["x", "y"]

    with monkeypatch.context() as patched:
        patched.setattr(database_files, "texts", break_off)
        with pytest.raises(KeyboardInterrupt):
            extract(made)
    assert current_files(environment(), made.sales_log.database.names) == before
    assert held(made) == [0, 1, 2, 3, 4]
    assert list(own_home.rglob("*.tmp")) == []
    extract(made)
    assert held(made) == [0, 1, 2, 3, 4, 9]


def test_a_crash_before_the_list_is_swapped_changes_nothing(
    database: TestDatabase, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_rows(database)
    made = settings(tmp_path, watermark="line")
    extract(made)
    database.execute("INSERT INTO sales VALUES (9, 'new')")
    with monkeypatch.context() as patched:
        patched.setattr(kept, "write", Mock(side_effect=MemoryError))
        with pytest.raises(MemoryError):
            extract(made)
    assert held(made) == [0, 1, 2, 3, 4]
    left_over = {*own_home.rglob("*.parquet")} - {
        *current_files(environment(), made.sales_log.database.names)
    }
    assert left_over
    long_ago = time.time() - 2 * 86_400
    for file in left_over:
        os.utime(file, (long_ago, long_ago))
    database.execute("INSERT INTO sales VALUES (10, 'new')")
    extract(made)
    assert held(made) == [0, 1, 2, 3, 4, 9, 10]
    assert {*own_home.rglob("*.parquet")} == {
        *current_files(environment(), made.sales_log.database.names)
    }


def test_a_server_that_goes_away_while_it_is_read_is_a_warning(
    postgres: PostgresServer,
    tmp_path: Path,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = TestDatabase("postgresql", postgres.url())
    postgres.execute("DROP TABLE IF EXISTS sales")
    some_rows(database, 5_000)
    use(monkeypatch, database.url)
    made = settings(tmp_path, chunk_rows=100)
    extract(made)
    database.execute("INSERT INTO sales VALUES (-1, 'new')")
    real = database_files.texts

    def cut_off(*given: Any, **also: Any) -> list[str | None]:
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'gosales'"
        )
        return real(*given, **also)

    monkeypatch.setattr(database_files, "texts", cut_off)
    (warning,) = extract(made).warnings
    assert "server cannot be reached: terminating connection" in warning
    assert "going on with the 5,000 rows" in warning
    assert held(made) == list(range(5_000))


def test_a_database_alone_loads_and_says_what_to_do(
    own_home: Path, tmp_path: Path, database: TestDatabase
) -> None:
    config = tmp_path / "my.yaml"
    config.write_text("sales_log: {database: {tables: [sales]}}\n")
    made = load_settings(config)
    assert target_divisions(made) == ["(no sales log)"]
    assert trading_days(made)[0] < trading_days(made)[1]
    with pytest.raises(SettingsError, match="nothing has been read from the database yet"):
        check_sources(made)
    database.execute(
        "CREATE TABLE sales (customer_id TEXT, order_date DATE, sku TEXT, division TEXT,"
        " revenue NUMERIC(9, 2))",
        "INSERT INTO sales VALUES ('1', '2024-03-05', 'A', 'Tools', 1)",
    )
    extract(made)
    check_sources(made)
    assert target_divisions(made) == ["Tools"]


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("{tables: [sales, sales]}", "a table is named twice"),
        ("{tables: ['']}", "a name is empty"),
        ("{watermark: day}", "tables is empty"),
        ("{tables: [sales], url: 'postgresql://u:hush@h/d'}", "unknown key"),
        ("'postgresql://u:hush@h/d'", "sales_log.database"),
        ("{tables: 'postgresql://u:hush@h/d'}", "sales_log.database.tables"),
        ("{tables: [sales], chunk_rows: 0}", "chunk_rows"),
    ],
)
def test_settings_of_the_database_are_strict_and_never_show_a_secret(
    tmp_path: Path, yaml: str, words: str
) -> None:
    config = tmp_path / "my.yaml"
    config.write_text(f"sales_log: {{database: {yaml}}}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_how_it_is_read_is_no_part_of_the_settings_hash(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    assert settings(tmp_path, strict=True, chunk_rows=7).config_hash == plain.config_hash
    assert settings(tmp_path, watermark="day").config_hash != plain.config_hash

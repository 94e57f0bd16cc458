"""Databases for the tests of the room: a SQLite file, and a real PostgreSQL server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import NullPool, create_engine, text

from gosales_assets.settings import environment
from gosales_assets_tests.sources.postgres_server import PostgresServer, binaries, running


@dataclass(frozen=True)
class TestDatabase:
    """A database of a test's own, which is also the one that the environment names."""

    __test__ = False
    kind: str
    url: str

    def execute(self, *statements: str) -> None:
        with create_engine(self.url, poolclass=NullPool).begin() as connection:
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, the same for all tests."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    with running(programs) as server:
        yield server


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GOSALES_HOME of the test's own, and no database in the environment."""
    monkeypatch.setattr(environment(), "home", tmp_path / "home")
    monkeypatch.setattr(environment(), "database_url", None)
    return tmp_path / "home"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    own_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> TestDatabase:
    """An empty database of each kind, named by the environment."""
    if request.param == "sqlite":
        path = tmp_path / "log.db"
        path.touch()
        url = f"sqlite:///{path}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = f"t{abs(hash(request.node.nodeid)):x}"
        server.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        url = server.url(database=name)
    monkeypatch.setattr(environment(), "database_url", SecretStr(url))
    return TestDatabase(request.param, url)

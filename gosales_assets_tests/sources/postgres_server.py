"""A real PostgreSQL server for tests: a cluster in a folder of its own, on a Unix socket.

PostgreSQL refuses to run as root, so root lends it the user that Debian's package makes, or nobody.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

OWNER, PASSWORD = "owner", "s3cret/Pa:ss w@rd%}{;'"
_SECONDS = 60


@dataclass(frozen=True)
class PostgresServer:
    """A running server, reached through a socket in ``folder``."""

    folder: Path

    def url(self, user: str = OWNER, password: str = PASSWORD, database: str = "postgres") -> str:
        return URL.create(
            "postgresql",
            username=user,
            password=password,
            database=database,
            query={"host": str(self.folder)},
        ).render_as_string(hide_password=False)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        engine = create_engine(
            self.url(database=database), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


def binaries() -> Path | None:
    """Folder of PostgreSQL's programs, the newest version first; None where it is not there."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: path.parts[-3]
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def running(programs: Path) -> Iterator[PostgresServer]:
    """Make a cluster, run its server, and remove both."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="gosales-pg-"))  # short: a socket's path must be
    try:
        (folder / "password").write_text(PASSWORD)
        if user is not None:
            for path in (folder, folder / "password"):
                shutil.chown(path, user)
        lent = {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid}
        subprocess.run(
            [
                *(programs / "initdb", "-D", folder / "data", "--no-sync", "-E", "UTF8"),
                *("--locale=C.UTF-8", "--auth=scram-sha-256", f"--username={OWNER}"),
                f"--pwfile={folder / 'password'}",
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            extra_groups=[] if user else None,
            **lent,
        )
        options = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off"}
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    *(programs / "postgres", "-D", folder / "data"),
                    *(
                        part
                        for name, value in options.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                extra_groups=[] if user else None,
                **lent,
            )
        try:
            made = PostgresServer(folder)
            _wait(made, server)
            yield made
        finally:
            server.send_signal(signal.SIGQUIT)  # nothing of it is kept
            server.wait(_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _wait(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    last = time.monotonic() + _SECONDS
    while True:
        try:
            server.execute("SELECT 1")
        except OperationalError:
            if time.monotonic() > last or process.poll() is not None:
                log = (server.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {log[-1000:]}") from None
            time.sleep(0.1)
        else:
            return

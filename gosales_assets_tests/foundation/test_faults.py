"""Disks and memory that give out: what was there stays whole, and the message names the fix."""

import hashlib
import os
import pwd
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from gosales_assets.storage_problems import StorageProblem, in_words
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.foundation.writers import WRITERS, write_partition

Fault = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def no_file_may_grow(home: Path) -> Iterator[None]:
    """The system refuses every byte that is written, as a quota would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    """The folders may not be written to; root, who may do anything, becomes nobody."""
    folders = [home, *(path for path in home.rglob("*") if path.is_dir())]
    me = os.geteuid()
    for folder in folders:
        folder.chmod(0o555)
    for folder in home.parents:  # pytest's own, which nobody else may enter
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    if me == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(me)
        for folder in folders:
            folder.chmod(0o755)


def fill(file: BinaryIO) -> None:
    """Write until nothing more can be written."""
    while file.write(b"0" * 65_536):
        file.flush()


@contextmanager
def full_disk(home: Path) -> Iterator[None]:
    """The disk that the home is on has no byte left."""
    filler = home / "filler"
    with filler.open("wb") as file:
        with pytest.raises(OSError, match="No space left"):
            fill(file)
        try:
            yield
        finally:
            filler.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A home on a disk of its own, of eight megabytes."""
    home = tmp_path / "disk"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(home)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk here")
    try:
        yield home
    finally:
        subprocess.run(["umount", str(home)], check=True)


def everything(home: Path) -> dict[str, str]:
    """Checksum of each file; locks hold nothing, so they may come and go."""
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.rglob("*")
        if path.is_file() and path.suffix != ".lock" and path.name != ".lock"
    }


def nothing_is_lost(writer: str, home: Path, fault: Fault, expected: str) -> None:
    """The first version stays as it is while the second cannot be written, and then can."""
    for write in WRITERS.values():
        write(home, 1)
    before = everything(home)
    with fault(home), pytest.raises(StorageProblem) as problem:
        WRITERS[writer](home, 2)
    assert expected in str(problem.value)
    assert str(home) in str(problem.value)
    assert "To mend it: " in str(problem.value)
    assert "\n" not in str(problem.value)
    after = everything(home)
    # One of two files of an export may be the new one, each of them is whole.
    lost = {name for name in before if after.get(name) != before[name]}
    assert lost - {"exports/list.csv"} == set()
    assert [name for name in after if name.endswith(".tmp")] == []
    WRITERS[writer](home, 3)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk(writer: str, small_disk: Path) -> None:
    nothing_is_lost(writer, small_disk, full_disk, "no space left on device")


@pytest.mark.parametrize("writer", WRITERS)
def test_a_limit_on_files(writer: str, tmp_path: Path) -> None:
    nothing_is_lost(writer, tmp_path / "home", no_file_may_grow, "file too large")


@pytest.mark.parametrize("writer", WRITERS)
def test_a_folder_that_may_not_be_written(writer: str, tmp_path: Path) -> None:
    nothing_is_lost(writer, tmp_path / "home", read_only, "permission denied")


def test_a_file_where_the_home_should_be(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("not a folder")
    with pytest.raises(StorageProblem, match="a file stands where a folder must be"):
        write_partition(home, 1)


def test_too_little_memory_for_the_engine(tmp_path: Path) -> None:
    warehouse = Warehouse(home=str(tmp_path), memory_limit="2MB", threads=1)
    query = "select i, list(i) from range(900_000) numbers(i) group by i"
    with (
        pytest.raises(StorageProblem, match=r"^out of memory .* raise GOSALES_MEMORY_LIMIT"),
        warehouse.connect() as connection,
    ):
        connection.execute(query)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_other_errors_are_left_as_they_are(tmp_path: Path) -> None:
    import duckdb

    with (
        pytest.raises(duckdb.CatalogException, match="no_such_table"),
        Warehouse(home=str(tmp_path)).connect() as connection,
    ):
        connection.execute("select * from no_such_table")


def test_a_partition_cut_short_is_made_again(tmp_path: Path) -> None:
    from gosales_assets_tests.foundation.writers import CUT, CUTOFF

    write_partition(tmp_path, 1)
    warehouse = Warehouse(home=str(tmp_path), code_version="test", basis="test")
    assert warehouse.is_fresh(CUT, cutoff=CUTOFF)
    path = warehouse.path(CUT, cutoff=CUTOFF)
    path.write_bytes(path.read_bytes()[:1000])  # as a power failure may leave it
    assert not warehouse.is_fresh(CUT, cutoff=CUTOFF)


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("OperationalError", "(sqlite3.OperationalError) database or disk is full", "no space"),
        ("OperationalError", "attempt to write a readonly database", "read-only"),
        ("ComputeError", "parquet: underlying IO error: (os error 28)", "no space left"),
        ("MemoryError", "", "GOSALES_MEMORY_LIMIT"),
    ],
)
def test_what_libraries_say_is_understood(
    kind: str, said: str, expected: str, tmp_path: Path
) -> None:
    told = in_words(tmp_path / "home", kind, said)
    assert told is not None
    assert expected in told
    assert "To mend it: " in told


def test_what_is_not_about_disks_is_not_explained(tmp_path: Path) -> None:
    assert in_words(tmp_path, "ValueError", "no such column") is None
    assert in_words(tmp_path, "OperationalError", "no such table: runs (os error 2)") is None

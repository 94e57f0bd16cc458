"""Probe 12: what is computed does not depend on the day on which it is computed."""

from pathlib import Path

import pytest

from gosales_assets_tests.features.wall_clock import clocks, clocks_of_package
from gosales_assets_tests.paths import REPOSITORY

ROOMS_WITHOUT_A_CLOCK = ("star", "labels", "features", "models", "scores", "whitespace", "drift")

_DURATION = "how long a run took; only shown"
_LOADED_AT = "when a line was loaded: a volatile column, in no checksum, read by no feature"
_EXTRACTED = "when the database was read: names its extracts, and goes into the load log"
_NOT_YET = "orders dated after settings.today are set aside, and settings.today can be fixed"
_CACHE = "a file that was written anew is read anew"
ALLOWED = {
    "automation/choice.py::_add_parents": "Dagster's mappings ask for it; cutoffs are fixed keys",
    "automation/failures.py::failures": "from when on failures are told of",
    "automation/landing.py::landing": "a file that still grows is left for later",
    "automation/landing.py::stamps_of": _CACHE,
    "automation/refresh.py::refresh": _DURATION,
    "cli.py::_run": _DURATION,
    "cli.py::_utc_now": "when somebody recorded an action or was handed a list",
    "cli.py::profile": "settings are drafted for a person who looks at the log today",
    "extracts.py::now": _EXTRACTED,
    "extracts.py::sweep": "left-over files are removed when they are old",
    "gate_command.py::undo": "when a champion was moved back: a volatile column",
    "occupancy.py::only_run": "since when the home is at work: told to whoever waits",
    "provenance.py::_hash_of": _CACHE,
    "runs/assets.py::run_manifest": "when a run was published: a volatile column",
    "settings.py::Settings": _NOT_YET,
    "sources/assets.py::sales_log": _LOADED_AT,
    "sources/database.py::_extract_alone": _EXTRACTED,
    "sources/database_table.py::_Reader._kept": _EXTRACTED,
    "sources/load.py::_Context.basis": _NOT_YET,
    "sources/load.py::_load_file": _LOADED_AT,
    "sources/load.py::_log_row": _LOADED_AT,
    "sources/load.py::_parse": _NOT_YET,
    "sources/outline.py::trading_days": _NOT_YET,
    "sources/profile/profiling.py::Profile.in_future": _NOT_YET,
    "sources/profile/profiling.py::Profile.span": _NOT_YET,
    "sources/scan.py::_cache_file": _CACHE,
    "sources/sku_map.py::load_sku_map": _CACHE,
    "tidying.py::_bundles": "what was written a moment ago may be in use",
    "tables.py::at_most_days_ahead": "a check that warns of days in the future",
    "validation/gate_assets.py::now": "when the gate decided: a volatile column",
}
"""Every place of the package that may look at the clock, and why no result depends on it."""


def test_only_the_listed_places_look_at_the_clock() -> None:
    found = clocks_of_package(REPOSITORY / "gosales_assets")
    assert sorted({where for where, _ in found}) == sorted(ALLOWED)
    assert not [where for where in ALLOWED if where.startswith(ROOMS_WITHOUT_A_CLOCK)]


@pytest.mark.parametrize(
    ("leak", "seen"),
    [
        ("from datetime import date\nage = (date.today() - day).days", "date.today"),
        ("import datetime as dt\nnow = dt.datetime.utcnow()", "dt.datetime.utcnow"),
        ("from datetime import datetime\nrun(clock=datetime.now)", "datetime.now"),
        ("from time import monotonic as tick\ntick()", "tick"),
        ("import time as t\nt.time_ns()", "t.time_ns"),
        ("import ibis\nlines.filter(lines.day <= ibis.today())", "ibis.today"),
        ("import pandas as pd\npd.Timestamp('today')", "pd.Timestamp('today')"),
        ("import numpy as np\nnp.datetime64('now')", "np.datetime64('now')"),
        ("con.sql('select current_date - day as age')", "'select current_date - day as age'"),
        ("con.sql(f'select {x} where day < now()')", "' where day < now()'"),
        ("from gosales_assets import extracts\nextracts.now()", "extracts.now"),
        ("age = settings.today - day", "settings.today"),
        ("path.stat().st_mtime", "path.stat().st_mtime"),
    ],
)
def test_a_clock_is_seen_however_it_is_called(tmp_path: Path, leak: str, seen: str) -> None:
    body = "\n".join(f"    {row}" for row in leak.split("\n"))
    planted = f'"""Not of today()."""\n\n\ndef recency(x):\n    """Days from now()."""\n{body}\n'
    (tmp_path / "planted.py").write_text(planted, encoding="utf-8")
    assert clocks_of_package(tmp_path) == [("planted.py::recency", seen)]


def test_words_and_plain_names_are_no_clocks() -> None:
    plain = "window = 'now'\nrate__now = sums['12m__now']\ntoday = parse(text)\nnow(1)"
    assert clocks(plain) == []

"""The outline: targets, trading days and problems, before any run; looked through once only."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gosales_assets.settings import Settings, SettingsError, environment
from gosales_assets.sources import delimited
from gosales_assets.sources.outline import (
    check_sources,
    own_windows,
    target_divisions,
    trading_days,
)

LOG = """customer_id,order_date,sku,division,revenue
1,2023-02-01,A,Post_Processing,1
1,2024-06-30,B,post processing,1
1,2024-05-01,C,Post_Processing,1
1,2024-04-01,D,Tools,1
1,2999-01-01,E,Bath & Co,1
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment(), "home", tmp_path / "home")
    return tmp_path / "home"


def make(tmp_path: Path, log: str = LOG, **changes: Any) -> Settings:
    (tmp_path / "log.csv").write_text(log)
    return Settings(
        base=tmp_path,
        sales_log={"files": ["log.csv"], **changes.pop("sales_log", {})},
        today="2024-12-31",
        **changes,
    )


def test_targets_are_divisions_less_the_excluded_and_the_sets(tmp_path: Path) -> None:
    targets = {"exclude": ["TOOLS"], "sku_sets": {"Seats": ["A", "B"]}}
    assert target_divisions(make(tmp_path)) == ["Bath & Co", "Post_Processing", "Tools"]
    assert target_divisions(make(tmp_path, targets=targets)) == [
        "Bath & Co",
        "Post_Processing",
        "Seats",
    ]


def test_windows_of_their_own_are_keyed_like_targets(tmp_path: Path) -> None:
    windows = {"post processing": 9, "seats": 3}
    targets = {"sku_sets": {"Seats": ["A"]}, "windows": windows}
    assert own_windows(make(tmp_path, targets=targets)) == {"Post_Processing": 9, "Seats": 3}
    assert own_windows(make(tmp_path)) == {}
    assert own_windows(Settings(targets={"windows": windows})) == {}


def test_rules_and_the_other_division_count(tmp_path: Path) -> None:
    log = "customer_id,order_date,sku,product_name,revenue\n1,2024-01-01,A,x,1\n"
    rules = {"keyword_rules": [["pen", "Pens"], ["pencil", "PENS"]], "other_division": "Rest"}
    assert target_divisions(make(tmp_path, log, sales_log=rules)) == ["Pens", "Rest"]


def test_trading_days_end_today_or_where_the_log_is_complete(tmp_path: Path) -> None:
    assert trading_days(make(tmp_path)) == (date(2023, 2, 1), date(2024, 6, 30))
    complete = make(tmp_path, sales_log={"complete_through": date(2024, 7, 31)})
    assert trading_days(complete)[1] == date(2024, 7, 31)


def test_without_a_log_the_code_location_still_loads() -> None:
    assert target_divisions(Settings()) == ["(no sales log)"]
    assert trading_days(Settings())[0] < trading_days(Settings())[1]
    with pytest.raises(SettingsError, match=r"sales_log.files is empty"):
        check_sources(Settings())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"targets": {"exclude": ["Toolz"]}},
            "no division 'Toolz' in the log; did you mean 'Tools'",
        ),
        (
            {"targets": {"windows": {"Toolz": 9}}},
            "targets.windows: no target is called 'Toolz'; did you mean 'Tools'",
        ),
        (
            {"targets": {"exclude": ["Tools"], "windows": {"Tools": 9}}},
            "targets.windows: no target is called 'Tools'",
        ),
        (
            {"targets": {"windows": {"Tools": 9, "TOOLS": 12}}},
            "targets.windows: 'TOOLS' names 'Tools' once more",
        ),
        ({"targets": {"sku_sets": {"tools": ["A"]}}}, "'tools' is the name of a division"),
        ({"targets": {"exclude": ["Tools", "Bath & Co", "PostProcessing"]}}, "nothing is left"),
        ({"sku_map": "none.csv"}, "sku_map: no such file"),
        ({"sales_log": {"columns": {"branch": "Brnch"}}}, "no column 'Brnch'"),
    ],
)
def test_settings_that_do_not_fit_the_log(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        check_sources(make(tmp_path, **changes))
    assert words in str(caught.value)


def test_a_file_is_looked_through_once_until_it_changes(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = target_divisions(make(tmp_path))
    unchanged = (tmp_path / "log.csv").stat()
    assert len(list((home / "cache").iterdir())) == 1
    made = make(tmp_path)
    os.utime(tmp_path / "log.csv", ns=(unchanged.st_atime_ns, unchanged.st_mtime_ns))
    monkeypatch.setattr(delimited, "examine", lambda _: pytest.fail("looked again"))
    assert target_divisions(made) == before
    monkeypatch.undo()
    monkeypatch.setattr(environment(), "home", home)
    changed = make(tmp_path, LOG + "1,2024-01-01,F,New one,1\n")
    assert "New one" in target_divisions(changed)

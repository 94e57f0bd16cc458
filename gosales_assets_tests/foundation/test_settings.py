"""Settings are strict, resolve paths against the YAML, and complain in one clear line."""

from datetime import date
from pathlib import Path

import pytest

from gosales_assets.settings import Settings, SettingsError, load_settings

MINIMAL = "sales_log: {files: [log.csv]}\n"


def write(folder: Path, text: str) -> Path:
    (folder / "log.csv").write_text("customer_id\n", encoding="utf-8")
    path = folder / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    settings = load_settings(write(tmp_path, MINIMAL))
    assert settings.sales_files == [tmp_path / "log.csv"]


def test_globs_are_sorted_and_may_climb(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    config = tmp_path / "conf"
    config.mkdir()
    settings = load_settings(write(config, "sales_log: {files: ['../*.csv']}\n"))
    assert [path.name for path in settings.sales_files] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            MINIMAL + "window_month: 6\n",
            "unknown key 'window_month'; did you mean 'window_months'?",
            id="unknown key",
        ),
        pytest.param(
            "sales_log: {files: [log.csv], lay_out: wide}\n",
            "unknown key 'sales_log.lay_out'; did you mean 'layout'?",
            id="unknown nested key",
        ),
        pytest.param(
            MINIMAL + "side_tables: {customers: {file: x.csv, colums: {}}}\n",
            "unknown key 'side_tables.customers.colums'; did you mean 'columns'?",
            id="unknown key in a side table",
        ),
        pytest.param(
            MINIMAL + "gates: {divisions: {PDM: {lift10: 1.5}}}\n",
            "unknown key 'gates.divisions.PDM.lift10'; did you mean 'lift_10'?",
            id="unknown floor of a division",
        ),
        pytest.param(
            MINIMAL + "gates: {calibration_error_high_volume: 0.2}\n",
            "must not exceed calibration_error",
            id="high volume laxer than low",
        ),
        pytest.param(
            MINIMAL + "side_tables: {clients: {file: x.csv}}\n",
            "unknown key 'side_tables.clients'",
            id="unknown side table",
        ),
        pytest.param("sales_log: {files: [no.csv]}\n", "no file matches 'no.csv'", id="no file"),
        pytest.param(MINIMAL + "sku_map: no.csv\n", "sku_map: no such file", id="no sku map"),
        pytest.param(MINIMAL + "window_months: 0\n", "window_months", id="out of range"),
        pytest.param(MINIMAL + "window_months: soon\n", "window_months", id="wrong type"),
        pytest.param(
            MINIMAL + "targets: {windows: {Tools: 25}}\n", "targets.windows.Tools", id="too long"
        ),
        pytest.param(
            MINIMAL + "targets: {windows: {Tools: 0}}\n", "targets.windows.Tools", id="too short"
        ),
        pytest.param(MINIMAL + "labels: {mode: owners}\n", "labels.mode", id="unknown mode"),
        pytest.param("sales_log: [\n", "not valid YAML", id="not YAML"),
        pytest.param("- a\n", "expected keys and values", id="a list"),
        pytest.param(
            MINIMAL + "whitespace: {weights: {icp: 0}}\n", "sum to more than 0", id="weights"
        ),
        pytest.param(MINIMAL + "base: /\n", "unknown key 'base'", id="internal key"),
    ],
)
def test_bad_settings_give_one_clear_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text))
    message = str(caught.value)
    assert expected in message
    assert "\n" not in message
    assert "my.yaml" in message or "log" in message


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: no such settings file"):
        load_settings(tmp_path / "nowhere.yaml")


def test_hash_follows_meaning_not_place(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    one, two = load_settings(write(here, MINIMAL)), load_settings(write(there, MINIMAL))
    assert one.config_hash == two.config_hash
    other = load_settings(write(there, MINIMAL + "window_months: 3\n"))
    assert other.config_hash != one.config_hash


def test_an_explicit_today_counts_and_the_clock_does_not() -> None:
    assert Settings(today=date(2020, 1, 1)).config_hash != Settings().config_hash

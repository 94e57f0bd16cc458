"""The real sets beside the checkout: their drafts run as they are."""

from datetime import date
from pathlib import Path

import pytest

from gosales_assets.settings import Settings, environment, load_settings
from gosales_assets.sources.outline import check_sources, target_divisions
from gosales_assets.sources.profile.drafting import draft_settings, problem_of, write_draft
from gosales_assets_tests.paths import EXAMPLES
from gosales_assets_tests.sources.loading import load_log


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment(), "home", tmp_path / "home")
    return tmp_path / "home"


def unedited(tmp_path: Path, folder: Path) -> Settings:
    """The draft for a folder, without any edit; checked as before a run."""
    to = tmp_path / "my.yaml"
    drafted = draft_settings([str(folder)], to, today=date(2025, 7, 1))
    assert write_draft(drafted, to, force=False) == [to]
    assert problem_of(drafted, to) is None
    settings = load_settings(to)
    check_sources(settings)
    return settings


def test_adventureworks(tmp_path: Path, shared_data: Path) -> None:
    settings = unedited(tmp_path, shared_data / "adventureworks_b2b")
    assert settings.value == "revenue"
    assert settings.window_months == 6
    assert len(target_divisions(settings)) == 33
    customers = settings.side_tables["customers"]
    assert customers.file.endswith("adventureworks_b2b/customers.csv")
    assert load_log(settings).lines.height == 60_919


def test_online_retail(tmp_path: Path, shared_data: Path) -> None:
    settings = unedited(tmp_path, shared_data / "online_retail")
    by_hand = load_settings(EXAMPLES / "online_retail.yaml")
    assert settings.sales_log.date_order == "mdy"
    assert settings.targets == by_hand.targets
    assert target_divisions(settings) == target_divisions(by_hand)
    assert settings.cutoffs.first == by_hand.cutoffs.first
    assert settings.cutoffs.every_months == by_hand.cutoffs.every_months
    assert settings.window_months == by_hand.window_months
    loaded = load_log(settings).log.row(0, named=True)
    assert (loaded["rows_read"], loaded["rows_loaded"]) == (541_909, 401_604)


def test_online_retail_over_two_years(tmp_path: Path, shared_data: Path) -> None:
    settings = unedited(tmp_path, shared_data / "online_retail_uk2y")
    assert settings.window_months == 6
    assert len(target_divisions(settings)) == 18  # postage and fees are no target
    loaded = load_log(settings).log.row(0, named=True)
    assert (loaded["rows_read"], loaded["rows_loaded"]) == (687_413, 676_776)

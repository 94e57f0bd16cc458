"""Division names that differ in case, spaces and accents are one division, with equal labels."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from gosales_assets.labels.windows import window_table
from gosales_assets.settings import Settings, environment
from gosales_assets.sources.outline import target_divisions
from gosales_assets_tests.labels.laid_out import labelled_lines
from gosales_assets_tests.sources.loading import load_log
from gosales_assets_tests.star.order_lines import facts_of

CUTOFF = date(2024, 6, 30)
LINES = [
    ("a", "2024-01-10", "Bath"),
    ("a", "2024-07-01", "Décor"),
    ("a", "2024-08-01", "Bath"),
    ("b", "2024-02-01", "Décor"),
    ("b", "2024-02-03", "Décor"),
    ("b", "2024-09-30", "Décor"),
    ("c", "2024-03-01", "Bath"),
    ("c", "2024-10-01", "Bath"),
]
# Most lines are spelled as usual, so that the usual spelling stays the key.
ODD = {1: "  DECOR ", 2: "bath", 5: "De\u0301cor"}


def labelled(folder: Path, names: dict[int, str]) -> pl.DataFrame:
    folder.mkdir()
    rows = [
        f"{customer},{day},{number % 2},{names.get(number, division)},10"
        for number, (customer, day, division) in enumerate(LINES)
    ]
    (folder / "log.csv").write_text(
        "\n".join(["customer_id,order_date,sku,division,revenue", *rows]), encoding="utf-8"
    )
    settings = Settings(base=folder, sales_log={"files": ["log.csv"]}, today="2025-01-01")
    targets = target_divisions(settings)
    windows = window_table((CUTOFF, target, 3) for target in targets)
    frame = labelled_lines(facts_of(load_log(settings).lines), {}, windows)
    return frame.sort("division", "customer_id")


def test_spelling_changes_no_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment(), "home", tmp_path / "home")
    usual, odd = labelled(tmp_path / "usual", {}), labelled(tmp_path / "odd", ODD)
    assert odd.equals(usual)
    assert usual.select("division", "customer_id", "label").rows() == [
        ("Bath", "a", 1),
        ("Bath", "b", 0),
        ("Bath", "c", 0),
        ("Décor", "a", 1),
        ("Décor", "b", 1),
        ("Décor", "c", 0),
    ]

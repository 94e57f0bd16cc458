"""Denylist: settings and side table together, spelled as the log is."""

from pathlib import Path

import pytest

from gosales_assets.labels.denylist import denied_skus
from gosales_assets.settings import Labels, Settings
from gosales_assets.sources.contract import LABEL_DENYLIST
from gosales_assets_tests.star.order_lines import made

LISTED = made(LABEL_DENYLIST, [{"sku": "Freight"}, {"sku": "Core"}])


@pytest.mark.parametrize(
    ("sku_map", "expected"),
    [(None, ["Core", "Freight", "core", "x"]), ("map.csv", ["Core", "Freight", "x"])],
)
def test_both_lists_count_and_one_product_counts_once(
    tmp_path: Path, sku_map: str | None, expected: list[str]
) -> None:
    (tmp_path / "map.csv").write_text("sku,division\nCore,A\nFreight,B\n")
    settings = Settings(base=tmp_path, sku_map=sku_map, labels=Labels(sku_denylist=["x", "core"]))
    assert denied_skus(settings, LISTED) == expected
    assert denied_skus(Settings(base=tmp_path), LABEL_DENYLIST.empty()) == []

"""Windows of their own: season and market of a target follow the months predicted of it."""

import polars as pl

from gosales_assets.features.catalog import feature_names
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import SMALL, TARGETS, facts, fill, matrix, world

FOLLOWS = {
    "season__div__window_share__24m",
    "market__mkt__base_rate__now",
    "market__mkt__base_rate_trend__now",
}


def test_only_what_looks_ahead_follows_the_window_of_its_target(warehouse: Warehouse) -> None:
    fill(warehouse, facts(world(3, customers=25)))
    usual = matrix(warehouse)
    mixed = matrix(warehouse, windows={"Tools": 9, "Paint": 3} | {"Wood": SMALL.window_months})
    for target in TARGETS:
        months = {"Tools": 9, "Paint": 3}.get(target, SMALL.window_months)
        alone = matrix(warehouse, SMALL.model_copy(update={"window_months": months}))
        found, as_usual, expected = (
            frame.filter(pl.col("division") == target) for frame in (mixed, usual, alone)
        )
        for name in feature_names("div", "mkt"):
            source = expected if name in FOLLOWS else as_usual
            assert found[name].equals(source[name], null_equal=True), (target, name)
    for name in FOLLOWS:
        assert not mixed[name].equals(usual[name], null_equal=True), name
    assert mixed.select(feature_names("all")).equals(usual.select(feature_names("all")))

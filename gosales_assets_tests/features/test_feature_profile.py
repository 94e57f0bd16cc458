"""Attributes of customers reach a cutoff's features only as far as they were known then."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from gosales_assets.features.catalog import ATTRIBUTES
from gosales_assets.features.profile import attributes_known_by
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import CUSTOMERS
from gosales_assets.star.contract import INDUSTRY_MATCHES
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import CUTOFF, facts, fill, matrix, world
from gosales_assets_tests.star.order_lines import Row, made

AFTER = CUTOFF + timedelta(days=1)
LONG_AGO = date(2020, 1, 1)


def configured(**stable: list[str]) -> Settings:
    """Settings whose side tables declare these columns stable."""
    sides = {name: {"file": "x.csv", "stable": columns} for name, columns in stable.items()}
    return Settings.model_validate(
        {"features": {"affinity_min_customers": 2}, "side_tables": sides}
    )


def customer(name: str, since: date | None, **about: Any) -> Row:
    return {"customer_id": name, "valid_from": since, **about}


def enriched(name: str, industry: str, since: date | None = None, **about: Any) -> Row:
    """A match by the same name, borne in the log for long."""
    return {
        "customer_id": name,
        "customer_name": name,
        "name_source": "log",
        "name_known_from": LONG_AGO,
        "company_name": name,
        "industry": industry,
        "valid_from": since,
        "method": "same name",
        "score": 100.0,
        "verdict": "taken",
        "needs_review": False,
    } | about


def known(settings_: Settings, customers: list[Row], matches: tuple[Row, ...] = ()) -> list[tuple]:
    frame = attributes_known_by(
        made(CUSTOMERS, customers), made(INDUSTRY_MATCHES, matches), CUTOFF, settings_
    )
    return frame.sort("customer_id").select("industry", "sub_industry", "region").rows()


BOTH = configured(customers=["industry", "sub_industry"], industry_enrichment=["industry"])
NOW = customer("a", None, industry="Mining", sub_industry="Coal", region="West")


@pytest.mark.parametrize(
    ("settings_", "customers", "matches", "expected"),
    [
        (configured(), [NOW], (), [(None, None, None)]),
        (configured(customers=["region"]), [NOW], (), [(None, None, "West")]),
        (configured(), [NOW | {"valid_from": CUTOFF}], (), [("Mining", "Coal", "West")]),
        (configured(customers=["region"]), [NOW | {"valid_from": AFTER}], (), []),
        (configured(), [], (enriched("a", "Metal"),), []),
        (BOTH, [NOW], (enriched("a", "Metal"),), [("Mining", "Coal", None)]),
        (BOTH, [customer("a", None)], (enriched("a", "Metal"),), [("Metal", None, None)]),
        (
            configured(),
            [customer("a", LONG_AGO, region="East")],
            (enriched("a", "Metal", CUTOFF, sub_industry="Bolts"),),
            [("Metal", "Bolts", "East")],
        ),
        (BOTH, [], (enriched("a", "Metal", name_known_from=AFTER),), []),
        (
            configured(industry_enrichment=["industry"]),
            [NOW],
            (enriched("a", "Metal"),),
            [("Metal", None, None)],
        ),
    ],
    ids=[
        "a snapshot never",
        "a snapshot's stable columns",
        "dated rows whatever is stable",
        "not before the first row",
        "the industry file's snapshot never",
        "the customers table before the industry file",
        "the industry file where the customers table is silent",
        "a dated industry file",
        "not by a name of later",
        "what may not be used does not hide what may",
    ],
)
def test_what_a_cutoff_may_know(
    settings_: Settings, customers: list[Row], matches: tuple[Row, ...], expected: list[tuple]
) -> None:
    assert known(settings_, customers, matches) == expected


def test_a_snapshot_that_is_not_stable_changes_no_feature(warehouse: Warehouse) -> None:
    columns = [name for name in ATTRIBUTES if name not in ("branch", "rep")]
    lines = facts(world(3))
    fill(warehouse, lines, configured())
    without = matrix(warehouse, configured())
    rows = [customer(f"c{n:02}", None, **{c: f"{c}{n % 3}" for c in columns}) for n in range(12)]
    fill(warehouse, lines, configured(), customers=rows, matches=[enriched("c01", "Metal")])
    assert matrix(warehouse, configured()).equals(without)
    told = matrix(warehouse, configured(customers=columns))
    rates = told.select(pl.col(f"profile__div__{c}_rate__12m").count() for c in columns)
    assert set(rates.row(0)) == {told.height}

"""Customers through Dagster: side tables reach the dimension, and advice warns without stopping."""

from datetime import date
from typing import Any

import dagster as dg
import pytest

from gosales_assets.settings import Settings
from gosales_assets.sources.contract import BLOCKS, INSTALLED_BASE
from gosales_assets.star.contract import DIM_CUSTOMER, FACT_TRANSACTIONS, INDUSTRY_MATCHES
from gosales_assets.star.customer_assets import ASSETS, CHECKS
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.star.order_lines import (
    companies,
    facts_of,
    line,
    made,
    sales_lines,
    side_customers,
    write_sources,
)

LINES = sales_lines(
    line("a", "2024-01-31", customer_name="497588 Acme", account_prefix="497588"),
    line("b", "2024-03-31", customer_name="Amalgamated Fastners Inc"),
    line("c", "2024-06-30", customer_name="Unheard Of"),
)
SIDES = {
    "customers": side_customers(
        {"customer_id": "a", "valid_from": date(2024, 6, 1), "region": "West"},
        {"customer_id": "a", "valid_from": date(2024, 7, 1), "region": "East"},
        {"customer_id": "c", "parent_account": "c", "industry": "Retail"},
        {"customer_id": "not in the log", "region": "South"},
    ),
    "industry_enrichment": companies(
        {"company_name": "Someone", "industry": "Mining", "enrichment_id": "497588"},
        {"company_name": "Amalgamated Fasteners Inc", "industry": "Metal"},
    ),
    "installed_base": made(INSTALLED_BASE, [{"customer_id": "b", "sku": "p"}]),
    "blocks": made(BLOCKS, [{"customer_id": "000b"}]),
}


def run(
    warehouse: Warehouse, instance: dg.DagsterInstance, settings: Settings, **sides: Any
) -> dg.ExecuteInProcessResult:
    write_sources(warehouse, LINES, **sides)
    warehouse.write(FACT_TRANSACTIONS, facts_of(LINES))
    return dg.materialize(
        [*ASSETS, *CHECKS],
        instance=instance,
        resources={"warehouse": warehouse, "settings": settings},
        raise_on_error=False,
    )


def failed(result: dg.ExecuteInProcessResult) -> set[str]:
    return {c.check_name for c in result.get_asset_check_evaluations() if not c.passed}


@pytest.mark.parametrize(
    ("complete_through", "region"), [(None, "West"), (date(2024, 7, 31), "East")]
)
def test_side_tables_reach_the_dimension_as_of_the_last_day(
    warehouse: Warehouse,
    instance: dg.DagsterInstance,
    complete_through: date | None,
    region: str,
) -> None:
    settings = Settings.model_validate({"sales_log": {"complete_through": complete_through}})
    result = run(warehouse, instance, settings, **SIDES)
    assert result.success
    assert failed(result) == {"parent_accounts", "side_tables_know_customers"}
    found = warehouse.read(DIM_CUSTOMER)
    flags = [name for name in found.columns if name.startswith("in_")]
    assert found.select("customer_id", "industry", "industry_source", "region").rows() == [
        ("a", "Mining", "enrichment", region),
        ("b", "Metal", "enrichment", None),
        ("c", "Retail", "customers", None),
    ]
    assert found.select(flags).rows() == [
        (True, True, True, False),
        (True, False, True, True),
        (True, True, False, False),
    ]
    reviewed = warehouse.read(INDUSTRY_MATCHES).filter("needs_review")
    assert reviewed["customer_name"].to_list() == ["Amalgamated Fastners Inc"]


def test_without_side_tables_nothing_is_known_and_nothing_warns(
    warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    result = run(warehouse, instance, Settings())
    assert result.success
    assert failed(result) == set()
    found = warehouse.read(DIM_CUSTOMER)
    assert found["industry"].null_count() == found.height == 3
    assert warehouse.read(INDUSTRY_MATCHES).is_empty()


def test_what_is_shared_with_the_log_is_said(
    warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    result = run(warehouse, instance, Settings(), **SIDES)
    (check,) = [
        c
        for c in result.get_asset_check_evaluations()
        if c.check_name == "side_tables_know_customers"
    ]
    shares = {name: value.value for name, value in check.metadata.items()}
    assert shares["customers in customers"] == "of 3, 2 are customers of the log"
    assert shares["customers in blocks"] == "of 1, 0 are customers of the log"
    assert check.severity == dg.AssetCheckSeverity.WARN


def test_rows_may_come_in_any_order(warehouse: Warehouse, instance: dg.DagsterInstance) -> None:
    checksums = set()
    for sides in (SIDES, {name: frame.reverse() for name, frame in SIDES.items()}):
        run(warehouse, instance, Settings(), **sides)
        checksums.add(
            tuple(warehouse.written(t).checksum for t in (INDUSTRY_MATCHES, DIM_CUSTOMER))
        )
    assert len(checksums) == 1

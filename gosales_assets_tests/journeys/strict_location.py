"""The code location with one more contract: no order may be a test order.

What a file can hold, the platform sets aside row by row; so a check that blocks needs a rule of the
house that a file can break.
"""

import dagster as dg
import ibis

from gosales_assets import definitions as platform  # one name for Dagster to find: defs
from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, check_partitions
from gosales_assets.sources.contract import SALES_LINES
from gosales_assets.warehouse import Warehouse

TEST_ORDER = "TEST ORDER"


@dg.asset_check(
    asset=asset_key(SALES_LINES),
    name="no_test_orders",
    blocking=True,
    description="No line of the log is a test order. A breach stops everything downstream.",
)
def no_test_orders(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Fail with the lines that are."""

    def find(_: dict[str, str]) -> list[Breach]:
        with warehouse.engine() as engine:
            lines = warehouse.scan(engine, SALES_LINES)
            tests = lines.filter(ibis._.order_type == TEST_ORDER)
            found = tests.select("source_file", "source_line", "customer_id", "sku").to_polars()
        rows = found.sort("source_file", "source_line").iter_rows()
        examples = tuple(", ".join(map(str, row)) for row in rows)
        rule = "is no test order"
        return [Breach("order_type", rule, found.height, examples, True)] if examples else []

    return check_partitions(context, SALES_LINES, find, name="no_test_orders")


defs = dg.Definitions.merge(platform.defs, dg.Definitions(asset_checks=[no_test_orders]))

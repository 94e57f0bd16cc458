"""Assets of the whitespace room: the list of each cutoff, who is left out of it, how good it is."""

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import contract_check, dep, table_asset, table_check
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
)
from gosales_assets.labels.contract import CANDIDATES, PREVALENCE, TARGET_WINDOWS
from gosales_assets.partitions import ALL_DIVISIONS, KEYS, up_to
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import (
    BLOCKS,
    CONTACTS_LOG,
    CUSTOMERS,
    INSTALLED_BASE,
    OPEN_DEALS,
)
from gosales_assets.star.contract import DIM_CUSTOMER, DIM_CUTOFF, DIM_PRODUCT, INDUSTRY_MATCHES
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import comparison_assets, handout_assets, lists
from gosales_assets.whitespace.contract import (
    ELIGIBILITY_COUNTS,
    WHITESPACE,
)
from gosales_assets.whitespace.eligibility import eligibility_counts, lost_candidates
from gosales_assets.whitespace.reading import Inputs, is_newest

EXAMPLES_SHOWN = 10
EXAMPLE_COLUMNS = ["rank", "customer_name", "division", "icp_score", "expected_gp", "nba_reason"]


@table_asset(
    WHITESPACE,
    deps=[
        dep(ICP_SCORES, ALL_DIVISIONS),
        dep(DIVISION_FEATURES, ALL_DIVISIONS),
        dep(CUSTOMER_FEATURES),
        dep(AFFINITY_EVIDENCE),
        dep(PREVALENCE, up_to(KEYS.cutoffs)),
        *(dep(table) for table in (DIM_CUSTOMER, DIM_CUTOFF, DIM_PRODUCT, INDUSTRY_MATCHES)),
        *(dep(table) for table in (OPEN_DEALS, BLOCKS, CONTACTS_LOG, CUSTOMERS, INSTALLED_BASE)),
        dep(TARGET_WINDOWS),
    ],
    kinds={"polars"},
)
def whitespace(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Rank every customer and division that may be offered, with a reason for each."""
    inputs = Inputs.read(warehouse, settings)
    for cutoff in sorted(context.partition_keys):
        listed = lists.whitespace(
            inputs.candidates(cutoff),
            inputs.side.as_known(newest=is_newest(cutoff)),
            inputs.view(cutoff),
            settings.whitespace,
        )
        rows = listed.with_columns(run_id=pl.lit(context.run.run_id)).select(list(WHITESPACE.types))
        about = {
            "ranked": int(rows["rank"].count()),
            "selected": int(rows["selected"].sum()),
            "top of the list": _examples(rows),
        }
        store(context, warehouse, WHITESPACE, rows, metadata=about, cutoff=cutoff)


@table_asset(ELIGIBILITY_COUNTS, deps=[dep(WHITESPACE)], kinds={"polars"})
def counts(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Count the candidates of each division by the rule that let them in or left them out."""
    for cutoff in context.partition_keys:
        listed = warehouse.read(WHITESPACE, columns=["cutoff", "division", "rule"], cutoff=cutoff)
        store(context, warehouse, ELIGIBILITY_COUNTS, eligibility_counts(listed), cutoff=cutoff)


def lost(warehouse: Warehouse, keys: dict[str, str]) -> list[Breach]:
    """Compare what is counted of each scored division with its candidates in the labels room."""
    counted = warehouse.read(ELIGIBILITY_COUNTS, **keys)
    totals = dict(counted.group_by("division").agg(pl.col("rows").sum()).iter_rows())
    offered = {}
    for division in KEYS.divisions:
        at = {**keys, "division": division}
        if division in totals or warehouse.written(ICP_SCORES, **at).rows:
            offered[division] = warehouse.written(CANDIDATES, **at).rows
    return [
        Breach("rows", f"states of {division} add up to its candidates", abs(rows), ())
        for division, rows in lost_candidates(totals, offered).items()
    ]


conservation = table_check(
    ELIGIBILITY_COUNTS,
    "conservation",
    lost,
    "In every scored division each candidate has exactly one state: the counts add up.",
    blocking=True,
)


def _examples(rows: pl.DataFrame) -> dg.MetadataValue:
    top = rows.filter(pl.col("rank") <= EXAMPLES_SHOWN).sort("rank").select(EXAMPLE_COLUMNS)
    records = [dg.TableRecord(record) for record in top.iter_rows(named=True)]
    kinds = {"rank": "int", "icp_score": "float", "expected_gp": "float"}
    schema = dg.TableSchema(
        [dg.TableColumn(name, kinds.get(name, "string")) for name in EXAMPLE_COLUMNS]
    )
    return dg.MetadataValue.table(records, schema)


ASSETS = [whitespace, counts, *comparison_assets.ASSETS, *handout_assets.ASSETS]
CHECKS = [
    *(contract_check(t) for t in (WHITESPACE, ELIGIBILITY_COUNTS)),
    conservation,
    *comparison_assets.CHECKS,
    *handout_assets.CHECKS,
]

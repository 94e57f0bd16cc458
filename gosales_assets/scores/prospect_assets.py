"""Assets of prospects: what was learned of first-time buyers, and each prospect's chance."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach
from gosales_assets.contracts import asset_key, asset_spec, check_partitions, contract_check, dep
from gosales_assets.labels.contract import NEW_LOGOS, TARGET_WINDOWS
from gosales_assets.labels.reading import windows_of
from gosales_assets.models.prospect_rows import slice_rows
from gosales_assets.models.prospects import SCORED, learn
from gosales_assets.models.slices import slices_by_division
from gosales_assets.partitions import CUTOFFS, KEYS, day, up_to
from gosales_assets.scores.prospect_contract import PROSPECT_MODELS, PROSPECT_SCORES
from gosales_assets.scores.prospects import (
    model_rows,
    not_as_known,
    prospects_at,
    score_prospects,
)
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import PROSPECTS
from gosales_assets.star.contract import CUSTOMER_DAY
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse

OUTCOMES = ["cutoff", "division", "customer_id", "window_months", "label"]
_DEPS = [
    dep(NEW_LOGOS, up_to(KEYS.cutoffs)),
    *(dep(table) for table in (PROSPECTS, CUSTOMER_DAY, TARGET_WINDOWS)),
]
_TABLES = (PROSPECT_MODELS, PROSPECT_SCORES)
_NONE_GIVEN = (
    "off: none is given. Name a file of companies that could become customers under "
    "side_tables.prospects, with customer_id, valid_from and what is known of them; "
    "see docs/configuration.md"
)


@dg.multi_asset(
    specs=[asset_spec(table, _DEPS, {"polars", "scikitlearn"}) for table in _TABLES],
    name="scores__prospects",
    partitions_def=CUTOFFS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def prospects(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.MaterializeResult]:
    """Learn from the new logos of closed windows who becomes a customer, and score who may."""
    companies, windows = warehouse.read(PROSPECTS), windows_of(warehouse, KEYS.divisions)
    days = _days_of_purchase(warehouse)
    for cutoff in sorted(context.partition_keys):
        models, scores = PROSPECT_MODELS.empty(), PROSPECT_SCORES.empty()
        if companies.height:
            version = f"{cutoff}+{settings.config_hash[:8]}+{warehouse.code_version}"
            about = {"run_id": context.run.run_id, "model_version": version}
            models, scores = _learned_and_scored(
                warehouse, settings, companies, days, windows, cutoff, about
            )
        shown = _shown(models) | {"prospects table": _given(companies)}
        for table, frame in zip(_TABLES, (models, scores), strict=True):
            store(context, warehouse, table, frame, shown, cutoff=cutoff)
    for table in _TABLES:
        yield dg.MaterializeResult(asset_key=asset_key(table))


@dg.asset_check(
    asset=asset_key(PROSPECT_SCORES),
    name="prospects_as_known",
    additional_deps=[asset_key(table) for table in (PROSPECTS, CUSTOMER_DAY, PROSPECT_MODELS)],
    blocking=True,
    partitions_def=CUTOFFS,
    description=(
        "Whoever is scored was known by the cutoff and had bought nothing by then, and each "
        "division scores all such companies or none. A breach stops everything downstream."
    ),
)
def prospects_as_known(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Compare who is scored with the prospects table and the days of purchase."""
    companies, days = warehouse.read(PROSPECTS), _days_of_purchase(warehouse)

    def find(keys: dict[str, str]) -> list[Breach]:
        cutoff = day(keys["cutoff"])
        known = set(companies.filter(pl.col("valid_from") <= cutoff)["customer_id"])
        wanted = known - set(days.filter(pl.col("order_date") <= cutoff)["customer_id"])
        models = warehouse.read(PROSPECT_MODELS, columns=["division", "base_rate"], **keys)
        able = set(models.drop_nulls("base_rate")["division"])
        scores = warehouse.read(PROSPECT_SCORES, columns=["division", "customer_id"], **keys)
        return not_as_known(scores, able, wanted)

    return check_partitions(context, PROSPECT_SCORES, find, name="prospects_as_known")


def _learned_and_scored(
    warehouse: Warehouse,
    settings: Settings,
    companies: pl.DataFrame,
    days: pl.DataFrame,
    windows: dict[str, int],
    cutoff: str,
    about: dict[str, str],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of both tables of one cutoff."""
    slices = slices_by_division(
        [day(key) for key in KEYS.cutoffs], day(cutoff), windows, settings.models.training_cutoffs
    )
    needed = sorted({past.isoformat() for own in slices.values() for past in own.cutoffs})
    outcomes = warehouse.read_many(NEW_LOGOS, [{"cutoff": c} for c in needed], columns=OUTCOMES)
    learned = learn(
        slice_rows(outcomes, slices, windows),
        companies,
        slices,
        KEYS.divisions,
        most=settings.models.max_training_rows,
        replicates=settings.validation.bootstrap_replicates,
        seed=settings.seed,
    )
    people = prospects_at(companies, days, KEYS.divisions, day(cutoff))
    models = model_rows(
        learned,
        slices,
        cutoff=day(cutoff),
        windows=windows,
        model_version=about["model_version"],
        prospects=people["customer_id"].n_unique(),
    )
    scores = score_prospects(learned, people, cutoff=day(cutoff), windows=windows, about=about)
    return models, scores


def _days_of_purchase(warehouse: Warehouse) -> pl.DataFrame:
    days = warehouse.read(CUSTOMER_DAY, columns=["customer_id", "scope", "order_date"])
    return days.filter(pl.col("scope") == "all").drop("scope")


def _given(companies: pl.DataFrame) -> str:
    """Say whether there is a prospects table, and how many of its rows no cutoff can know."""
    if companies.is_empty():
        return _NONE_GIVEN
    undated = int(companies["valid_from"].null_count())
    without = f"; {undated} rows without valid_from count for no cutoff" if undated else ""
    return f"{companies['customer_id'].n_unique()} companies{without}"


def _shown(models: pl.DataFrame) -> dict[str, Any]:
    """Metadata: how many divisions are scored, and what became of each."""
    if models.is_empty():
        return {}
    columns = ["division", "status", "conversions", "auc", "gain", "gain_low", "note"]
    cells = [
        ["" if value is None else str(value) for value in row]
        for row in models.select(columns).iter_rows()
    ]
    lines = [columns, ["---"] * len(columns), *cells]
    return {
        "divisions scored by attributes": int((models["status"] == SCORED).sum()),
        "what was learned": dg.MetadataValue.md(
            "\n".join(f"| {' | '.join(line)} |" for line in lines)
        ),
    }


PROSPECT_ASSETS = [prospects]
PROSPECT_CHECKS = [
    contract_check(PROSPECT_MODELS),
    contract_check(PROSPECT_SCORES),
    prospects_as_known,
]

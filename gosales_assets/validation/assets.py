"""Assets of the validation room: backtests of closed cutoffs, and gains by decile."""

import dagster as dg
import polars as pl

from gosales_assets.breaches import remarks
from gosales_assets.contracts import contract_check, dep, table_asset, table_check
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.models.naive import naive_score
from gosales_assets.partitions import day, divisions_by_cutoff
from gosales_assets.pictures import png
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.star.contract import DIM_CUSTOMER
from gosales_assets.storing import store
from gosales_assets.validation.archive import archived
from gosales_assets.validation.backtest import COHORTS, backtest
from gosales_assets.validation.capacity import capacity as scenarios
from gosales_assets.validation.contract import BACKTESTS, CAPACITY, GAINS, SEGMENTS
from gosales_assets.validation.gains import gains as gains_by_decile
from gosales_assets.validation.gains import picture
from gosales_assets.validation.history import champion_of
from gosales_assets.validation.promotion import read_history
from gosales_assets.validation.reading import NAIVE_COLUMNS, known_outcomes, matrix_of
from gosales_assets.validation.segments import ATTRIBUTES, left_behind
from gosales_assets.validation.segments import segments as by_segment
from gosales_assets.validation.summary import below_naive
from gosales_assets.validation.tallies import Floats
from gosales_assets.warehouse import Warehouse


@table_asset(
    BACKTESTS,
    deps=[dep(ICP_SCORES), dep(LABELS), dep(FEATURE_MATRIX)],
    kinds={"polars", "numpy"},
)
def backtests(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Measure the scores of closed cutoffs against what then happened, beside the naive ranking.

    The champion, where there is one, is measured by the scores that it gave itself.
    """
    history = read_history(warehouse)
    for cutoff, division in _cells(context):
        known = known_outcomes(warehouse, cutoff, division)
        aligned = matrix_of(warehouse, known, cutoff, division, NAIVE_COLUMNS)
        measured = backtest(
            known,
            {cohort: naive_score(aligned, cohort).to_numpy() for cohort in COHORTS},
            day(cutoff),
            division,
            settings.validation.bootstrap_replicates,
            settings.seed,
            _champion(warehouse, history, known, cutoff, division),
        )
        about = _headline(measured)
        store(context, warehouse, BACKTESTS, measured, about, cutoff=cutoff, division=division)


@table_asset(GAINS, deps=[dep(ICP_SCORES), dep(LABELS)], kinds={"polars", "matplotlib"})
def gains(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Count what each tenth of a ranking brought, and draw gains and reliability."""
    for cutoff, division in _cells(context):
        known = known_outcomes(warehouse, cutoff, division)
        found = gains_by_decile(known, day(cutoff), division)
        drawn = {} if found.is_empty() else {"picture": png(picture(found), "gains, reliability")}
        store(context, warehouse, GAINS, found, drawn, cutoff=cutoff, division=division)


@table_asset(CAPACITY, deps=[dep(ICP_SCORES), dep(LABELS), dep(DIM_CUSTOMER)], kinds={"numpy"})
def capacity(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Measure what calling the best 5, 10 or 20 % would have brought, in all and per rep."""
    reps = warehouse.read(DIM_CUSTOMER, columns=["customer_id", "rep"])
    replicates = settings.validation.bootstrap_replicates
    for cutoff, division in _cells(context):
        known = known_outcomes(warehouse, cutoff, division)
        found = scenarios(known, reps, day(cutoff), division, replicates, settings.seed)
        store(context, warehouse, CAPACITY, found, cutoff=cutoff, division=division)


@table_asset(SEGMENTS, deps=[dep(ICP_SCORES), dep(LABELS), dep(DIM_CUSTOMER)], kinds={"numpy"})
def segments(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Measure whether the best tenth serves industries and regions alike."""
    attributes = warehouse.read(DIM_CUSTOMER, columns=["customer_id", *ATTRIBUTES])
    replicates = settings.validation.bootstrap_replicates
    for cutoff, division in _cells(context):
        known = known_outcomes(warehouse, cutoff, division)
        found = by_segment(known, attributes, day(cutoff), division, replicates, settings.seed)
        store(context, warehouse, SEGMENTS, found, cutoff=cutoff, division=division)


segments_served_alike = table_check(
    SEGMENTS,
    "segments_served_alike",
    lambda warehouse, keys: remarks(left_behind(warehouse.read(SEGMENTS, **keys))),
    "In each industry and region with at least 25 buyers, the best tenth of the list holds no "
    "5 points less of the buyers than overall. A warning: nothing is stopped.",
)
model_not_below_naive = table_check(
    BACKTESTS,
    "model_not_below_naive",
    lambda warehouse, keys: remarks(below_naive(warehouse.read(BACKTESTS, **keys))),
    "In each cohort with at least 25 buyers, the model ranks at least as well (AUC) as the "
    "naive count of past orders. A warning: nothing is stopped.",
)


def _champion(
    warehouse: Warehouse, history: pl.DataFrame, known: pl.DataFrame, cutoff: str, division: str
) -> Floats | None:
    """Scores of the champion for the rows of ``known``; None where it gave none at this cutoff."""
    version = champion_of(history, division)
    kept = archived(warehouse, division, version, cutoff) if version else None
    if kept is None:
        return None
    aligned = known.select("customer_id").join(
        kept, on="customer_id", how="left", validate="1:1", maintain_order="left"
    )
    return aligned["score"].fill_null(float("nan")).to_numpy()


def _cells(context: dg.AssetExecutionContext) -> list[tuple[str, str]]:
    grouped = divisions_by_cutoff(context.partition_keys)
    return [(cutoff, division) for cutoff, names in grouped.items() for division in names]


def _headline(measured: pl.DataFrame) -> dict[str, float]:
    overall = measured.filter(
        (pl.col("cohort") == "all")
        & pl.col("metric").is_in(["auc", "lift_10", "calibration_error"])
        & pl.col("value").is_not_null()
    )
    return {f"{r['metric']}, {r['ranking']}": r["value"] for r in overall.iter_rows(named=True)}


ASSETS = [backtests, gains, capacity, segments]
CHECKS = [
    *(contract_check(t) for t in (BACKTESTS, GAINS, CAPACITY, SEGMENTS)),
    model_not_below_naive,
    segments_served_alike,
]

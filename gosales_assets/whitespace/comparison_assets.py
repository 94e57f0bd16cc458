"""Assets that hold a list against others: shadow rankings, metrics, what changed since the last."""

import dagster as dg
import polars as pl

from gosales_assets.contracts import contract_check, dep, table_asset
from gosales_assets.features.contract import CUSTOMER_FEATURES
from gosales_assets.labels.contract import LABELS, PREVALENCE, TARGET_WINDOWS
from gosales_assets.labels.reading import windows_of
from gosales_assets.partitions import ALL_DIVISIONS, KEYS, day, earlier, up_to, with_previous
from gosales_assets.settings import Settings
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.challenger import SIGNALS, Challenger, train
from gosales_assets.whitespace.changes import changes
from gosales_assets.whitespace.contract import POTENTIAL, RANKINGS, WHITESPACE, WHITESPACE_METRICS
from gosales_assets.whitespace.handout_contract import CHANGES_TABLE, SHADOW_SCORES
from gosales_assets.whitespace.measures import list_metrics, overlap_metrics, wording_metrics
from gosales_assets.whitespace.outcomes import outcome_metrics
from gosales_assets.whitespace.reading import all_divisions, closed_partitions
from gosales_assets.whitespace.shadow import FROM_CUSTOMER_FEATURES, shadow_rows

_ROW = ["cutoff", "division", "customer_id"]
_OUTCOME = ["division", "customer_id", "label", "net_gp_window"]


@table_asset(
    SHADOW_SCORES,
    deps=[
        dep(WHITESPACE, up_to(KEYS.cutoffs)),
        dep(PREVALENCE, up_to(KEYS.cutoffs)),
        dep(CUSTOMER_FEATURES),
        dep(TARGET_WINDOWS),
    ],
    kinds={"polars", "scikitlearn"},
)
def shadow_scores(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Score the ranked rows by simple rankings, the old heuristic and the learned challenger."""
    windows = windows_of(warehouse, KEYS.divisions)
    for cutoff in sorted(context.partition_keys):
        features = warehouse.read(
            CUSTOMER_FEATURES,
            columns=["customer_id", *FROM_CUSTOMER_FEATURES.values()],
            cutoff=cutoff,
        ).rename({source: name for name, source in FROM_CUSTOMER_FEATURES.items()})
        rows = shadow_rows(warehouse.read(WHITESPACE, cutoff=cutoff), features)
        rows, about = _challenged(rows, _challenger(warehouse, settings, cutoff, windows))
        found = rows.with_columns(
            rank_legacy=_place("score_legacy"), rank_challenger=_place("score_challenger")
        ).select(list(SHADOW_SCORES.types))
        store(context, warehouse, SHADOW_SCORES, found, metadata=about, cutoff=cutoff)


@table_asset(
    WHITESPACE_METRICS,
    deps=[
        dep(WHITESPACE, with_previous(KEYS.cutoffs)),
        dep(SHADOW_SCORES),
        dep(LABELS, ALL_DIVISIONS),
    ],
    kinds={"polars"},
)
def metrics(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Measure what each list is made of and, once its window closed, what it would have found."""
    for cutoff in sorted(context.partition_keys):
        on = day(cutoff)
        listed = warehouse.read(WHITESPACE, cutoff=cutoff)
        shadows = warehouse.read(SHADOW_SCORES, cutoff=cutoff)
        known = (
            listed.filter(pl.col("state") == POTENTIAL)
            .select(*_ROW, score_blend="score", score_icp="icp_score")
            .join(shadows.drop("cutoff"), on=_ROW[1:], how="left", validate="1:1")
            .join(all_divisions(warehouse, LABELS, cutoff, _OUTCOME), on=_ROW[1:], validate="1:1")
        )
        measured = [
            list_metrics(listed, settings.whitespace, on),
            wording_metrics(listed, on),
            overlap_metrics(listed, shadows, _before(warehouse, cutoff), on),
            outcome_metrics(
                known,
                [name for name in RANKINGS if known[f"score_{name}"].count()],
                on,
                settings.validation.bootstrap_replicates,
                settings.seed + on.toordinal(),
            ),
        ]
        checksum = warehouse.written(WHITESPACE, cutoff=cutoff).checksum
        frame = pl.concat(measured, how="diagonal").with_columns(checksum=pl.lit(checksum))
        about = _captures(frame)
        store(context, warehouse, WHITESPACE_METRICS, frame, metadata=about, cutoff=cutoff)


@table_asset(CHANGES_TABLE, deps=[dep(WHITESPACE, with_previous(KEYS.cutoffs))], kinds={"polars"})
def changed(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Compare each list with the one before; the first list has nothing to compare with."""
    for cutoff in sorted(context.partition_keys):
        before = _before(warehouse, cutoff)
        if before is None or before.is_empty():
            found = CHANGES_TABLE.empty()
        else:
            listed = warehouse.read(WHITESPACE, cutoff=cutoff)
            found = changes(listed, before, settings.whitespace).with_columns(
                cutoff=pl.lit(day(cutoff))
            )
        about = {
            str(name): int(rows)
            for name, rows in sorted(found["change"].value_counts().iter_rows())
        }
        store(context, warehouse, CHANGES_TABLE, found, metadata=about, cutoff=cutoff)


def _before(warehouse: Warehouse, cutoff: str) -> pl.DataFrame | None:
    """The list of the cutoff before; None where there is no such cutoff, or no list of it yet."""
    before = earlier(KEYS.cutoffs, cutoff)[-1:]
    if not before or not warehouse.has(WHITESPACE, cutoff=before[0]):
        return None
    return warehouse.read(WHITESPACE, cutoff=before[0])


def _challenger(
    warehouse: Warehouse, settings: Settings, cutoff: str, windows: dict[str, int]
) -> Challenger | None:
    """Learn from the newest lists whose windows closed by the cutoff; lists never made are none."""
    closed = closed_partitions(cutoff, windows)
    keys = sorted({keys["cutoff"] for keys in closed})
    made = [key for key in keys if warehouse.has(WHITESPACE, cutoff=key)]
    parts = []
    for key in made[-settings.models.training_cutoffs :]:
        wanted = [keys for keys in closed if keys["cutoff"] == key]
        labels = warehouse.read_many(LABELS, wanted, columns=["division", "customer_id", "label"])
        columns = [*_ROW, "state", *SIGNALS]
        rows = warehouse.read(WHITESPACE, columns=columns, cutoff=key)
        ranked = rows.filter(pl.col("state") == POTENTIAL)
        parts.append(ranked.join(labels, on=_ROW[1:], validate="1:1"))
    rows = pl.concat(parts) if parts else pl.DataFrame()
    return train(rows, settings.models.max_training_rows, settings.seed) if rows.height else None


def _challenged(
    rows: pl.DataFrame, challenger: Challenger | None
) -> tuple[pl.DataFrame, dict[str, float]]:
    """Add ``score_challenger`` (null: there is none yet), and what to say of the challenger."""
    if challenger is None:
        return rows.with_columns(score_challenger=pl.lit(None, pl.Float64)), {}
    weights = dict(zip(SIGNALS, challenger.weights.tolist(), strict=True))
    about = {f"challenger's weight of {name}": round(w, 4) for name, w in weights.items()}
    learned = {"challenger learned from": challenger.rows, "buyers": challenger.positives}
    return rows.with_columns(challenger.scores(rows)), learned | about


def _place(score: str) -> pl.Expr:
    """Rank from 1 by a score, ties by the list's own rank; null where there is no score."""
    key = pl.struct(-pl.col(score), pl.col("rank"))
    return pl.when(pl.col(score).is_not_null()).then(key.rank("ordinal").cast(pl.Int64))


def _captures(measured: pl.DataFrame) -> dict[str, float]:
    whole = measured.filter(
        (pl.col("metric") == "capture_10")
        & pl.col("division").is_null()
        & pl.col("value").is_not_null()
    )
    return {f"capture at 10 %, {row['ranking']}": row["value"] for row in whole.to_dicts()}


ASSETS = [shadow_scores, metrics, changed]
CHECKS = [contract_check(t) for t in (SHADOW_SCORES, WHITESPACE_METRICS, CHANGES_TABLE)]

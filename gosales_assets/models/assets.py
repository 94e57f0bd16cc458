"""Assets of the models room: a pooled model per cutoff, how good it is, and its calibrations."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach, remarks
from gosales_assets.contracts import (
    OWNERS,
    asset_key,
    asset_spec,
    check_partitions,
    contract_check,
    dep,
    store,
    table_asset,
)
from gosales_assets.features.contract import FEATURE_MATRIX, MATRIX_STATISTICS
from gosales_assets.labels.contract import LABELS, PREVALENCE, TARGET_WINDOWS
from gosales_assets.labels.reading import windows_of
from gosales_assets.labels.windows import in_words
from gosales_assets.models import artefact, card, mlflow_record
from gosales_assets.models.calibration import EVERYBODY, NOT_ENOUGH, calibrate
from gosales_assets.models.contract import CALIBRATION, MODEL_METRICS
from gosales_assets.models.cores import cores
from gosales_assets.models.evaluation import mean_metrics, model_metrics
from gosales_assets.models.figures import gains_and_reliability
from gosales_assets.models.pooled import NothingToLearn
from gosales_assets.models.slices import Slices, slices_by_division
from gosales_assets.models.training import Fitted, fit_all
from gosales_assets.models.training_rows import data_checksums, slice_rows
from gosales_assets.partitions import (
    ALL_DIVISIONS,
    CUTOFFS,
    KEYS,
    SAME_CUTOFF,
    day,
    divisions_by_cutoff,
    up_to,
)
from gosales_assets.pictures import png
from gosales_assets.settings import Settings
from gosales_assets.star.contract import DIM_CUTOFF
from gosales_assets.tracking import Tracking
from gosales_assets.warehouse import Warehouse

POOLED_MODEL = dg.AssetKey(["models", "pooled_model"])
WARM_UP = "warm-up"

# A cutoff's model reads the matrices and labels of every division at all earlier cutoffs. Dagster
# has no mapping from a grid to "this cutoff and those before it", so the edges to the grid carry
# the same cutoff (lineage), and the edges to the cutoff tables made of it carry the earlier ones:
# statistics and prevalence of a cutoff exist only after all its matrices and labels do.
_DEPS = [
    dep(FEATURE_MATRIX, ALL_DIVISIONS),
    dep(LABELS, ALL_DIVISIONS),
    dep(MATRIX_STATISTICS, up_to(KEYS.cutoffs)),
    dep(PREVALENCE, up_to(KEYS.cutoffs)),
    dep(DIM_CUTOFF),
    dep(TARGET_WINDOWS),
]
_MODEL_SPEC = dg.AssetSpec(
    POOLED_MODEL,
    deps=_DEPS,
    group_name="models",
    owners=OWNERS,
    kinds={"scikitlearn", "lightgbm", "mlflow"},
    partitions_def=CUTOFFS,
    description=(
        "One model for all divisions per cutoff: a logistic regression and boosted trees, blended. "
        "It learns from cutoffs whose outcome was known by then, so that its scores could have "
        "been given on that day. Files in models/cutoff=..., one MLflow run each.\n\n"
        "**Grain:** one model per cutoff."
    ),
)


@dg.multi_asset(
    specs=[_MODEL_SPEC, asset_spec(MODEL_METRICS, _DEPS, {"scikitlearn", "lightgbm"})],
    name="models__pooled_model",
    partitions_def=CUTOFFS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def pooled_model(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    tracking: Tracking,
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.MaterializeResult]:
    """Train, judge, save and record one model per cutoff; in the warm-up record that there is none.

    The slices come from ``slices_by_division``: for each division up to the newest
    ``models.training_cutoffs`` cutoffs whose windows (of its own length) closed by the cutoff, the
    last of them for selection and calibration only.
    """
    windows = windows_of(warehouse, KEYS.divisions)
    for cutoff in sorted(context.partition_keys):
        slices = slices_by_division(
            [day(key) for key in KEYS.cutoffs],
            day(cutoff),
            windows,
            settings.models.training_cutoffs,
        )
        tags = {"dagster/run_id": context.run.run_id, "cutoff": cutoff, "settings": settings.name}
        with tracking.run(f"pooled model {cutoff}", tags) as run:
            metadata = _train(context, warehouse, settings, cutoff, windows, slices)
        context.add_asset_metadata(
            {"MLflow run": run.info.run_id, **metadata},
            asset_key=POOLED_MODEL,
            partition_key=cutoff,
        )
    for key in (POOLED_MODEL, asset_key(MODEL_METRICS)):
        yield dg.MaterializeResult(asset_key=key)


@table_asset(CALIBRATION, deps=[dg.AssetDep(POOLED_MODEL, partition_mapping=SAME_CUTOFF)])
def calibration(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Calibrate each division on the selection slice of the cutoff's model."""
    for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
        trained = artefact.load(warehouse.home_path, cutoff)
        status = str(artefact.load_card(warehouse.home_path, cutoff)["status"])
        for division in divisions:
            if trained is None:
                rows = [_without_model(status, "there is no model of this cutoff")]
            elif division not in trained.model.windows:
                rows = [_without_model(WARM_UP, "the model had nothing to learn of this division")]
            else:
                judged = trained.judgements.filter(pl.col("division") == division)
                slice_of = {"calibration_cutoff": judged["cutoff"].max()}
                rows = [row | slice_of for row in calibrate(judged, settings.seed)]
            keys = {"cutoff": day(cutoff), "division": division}
            frame = pl.DataFrame([keys | row for row in rows], schema_overrides=CALIBRATION.types)
            store(
                context,
                warehouse,
                CALIBRATION,
                frame,
                metadata={f"{row['cohort']}": f"{row['method']}: {row['note']}" for row in rows},
                cutoff=cutoff,
                division=division,
            )


@dg.asset_check(
    asset=asset_key(MODEL_METRICS),
    name="model_beats_naive",
    partitions_def=CUTOFFS,
    description=(
        "On average over divisions the blend ranks at least as well as a plain count of orders. "
        "A breach is a warning: validation decides what is promoted."
    ),
)
def model_beats_naive(
    context: dg.AssetCheckExecutionContext, warehouse: Warehouse
) -> dg.AssetCheckResult:
    """Compare the mean AUC of the blend with that of the naive ranking, cutoff by cutoff."""

    def find(keys: dict[str, str]) -> list[Breach]:
        means = mean_metrics(warehouse.read(MODEL_METRICS, **keys)).filter(
            (pl.col("metric") == "auc") & (pl.col("cohort") == "all")
        )
        values = dict(means.select("candidate", "value").iter_rows())
        worse = bool(values) and values["blend"] < values["naive"]
        sentence = "mean AUC of the blend {blend:.3f}, of the naive ranking {naive:.3f}"
        return remarks([sentence.format(**values)] if worse else [])

    return check_partitions(
        context,
        MODEL_METRICS,
        find,
        name="model_beats_naive",
        blocking=False,
    )


def _train(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    settings: Settings,
    cutoff: str,
    windows: dict[str, int],
    slices: dict[str, Slices],
) -> dict[str, Any]:
    """Train one cutoff's model inside an MLflow run; returns what the UI shows of it."""
    made, metrics, fitted = None, MODEL_METRICS.empty(), None
    if slices:
        try:
            fitted, metrics, made = _fit(warehouse, settings, cutoff, windows, slices)
        except NothingToLearn as error:
            made = card.untrained_card(cutoff, windows, NOT_ENOUGH, str(error))
    else:
        reason = f"by {cutoff}, no window of an earlier cutoff was over ({in_words(windows)})"
        made = card.untrained_card(cutoff, windows, WARM_UP, reason)
    made["model_version"] = f"{cutoff}+{settings.config_hash[:8]}+{warehouse.code_version}"
    text = card.markdown(made)
    folder = artefact.save(warehouse.home_path, cutoff, made, text, fitted)
    mlflow_record.log_card(made, text)
    shown: dict[str, Any] = {
        "status": made["status"],
        "card": dg.MetadataValue.md(text),
        "folder": dg.MetadataValue.path(str(folder)),
    }
    pictures: dict[str, Any] = {}
    if fitted is not None:
        figure = gains_and_reliability(fitted.judgements)
        mlflow_record.log_models(fitted.pooled, fitted.judgements, figure)
        pictures = {"gains and reliability": png(figure, f"Gains and reliability, {cutoff}")}
    store(context, warehouse, MODEL_METRICS, metrics, metadata=pictures, cutoff=cutoff)
    return shown | pictures


def _fit(
    warehouse: Warehouse,
    settings: Settings,
    cutoff: str,
    windows: dict[str, int],
    slices: dict[str, Slices],
) -> tuple[Fitted, pl.DataFrame, dict[str, Any]]:
    most, seed = settings.models.max_training_rows, settings.seed
    training, selection = slice_rows(warehouse, slices, windows, most, seed)
    fitted = fit_all(
        training,
        selection,
        cutoff=day(cutoff),
        windows=windows,
        seeds=settings.models.booster_seeds,
        own_models=settings.models.division_models,
        seed=seed,
        threads=cores(warehouse.threads),
    )
    judgements = fitted.judgements
    metrics = model_metrics(judgements, day(cutoff))
    rows = {
        "training": training.height,
        "training_positives": int(training["label"].sum()),
        "selection": judgements.height,
        "selection_positives": int(judgements["label"].sum()),
    }
    checksums = data_checksums(warehouse, slices)
    curves = {
        division: calibrate(judgements.filter(pl.col("division") == division), seed)
        for division in fitted.pooled.inputs.divisions
    }
    buyers = {
        name: dict(
            part.group_by("division").agg(pl.col("label").sum()).sort("division").iter_rows()
        )
        for name, part in (("buyers", training), ("selection_buyers", judgements))
    }
    made = card.trained_card(fitted, slices, rows, metrics, checksums, curves) | buyers
    return fitted, metrics, made


def _without_model(status: str, why: str) -> dict[str, Any]:
    return {
        "calibration_cutoff": None,
        "cohort": EVERYBODY,
        "method": "none",
        "slope": None,
        "intercept": None,
        "knots": None,
        "rows": 0,
        "positives": 0,
        "base_rate": None,
        "status": status,
        "note": f"{why}: see models/pooled_model",
    }


ASSETS = [pooled_model, calibration]
CHECKS = [contract_check(MODEL_METRICS), contract_check(CALIBRATION), model_beats_naive]

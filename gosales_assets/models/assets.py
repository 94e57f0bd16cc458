"""Assets of the models room: a pooled model per cutoff, how good it is, and its calibrations."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach, remarks
from gosales_assets.contracts import (
    OWNERS,
    asset_key,
    asset_spec,
    contract_check,
    dep,
    explained_in,
    table_check,
)
from gosales_assets.features.contract import FEATURE_MATRIX, MATRIX_STATISTICS
from gosales_assets.labels.contract import LABELS, PREVALENCE, TARGET_WINDOWS
from gosales_assets.labels.reading import windows_of
from gosales_assets.labels.windows import in_words
from gosales_assets.models import artefact, card, mlflow_record
from gosales_assets.models.calibration import EVERYBODY, NOT_ENOUGH, calibrate
from gosales_assets.models.contract import CALIBRATION, MODEL_METRICS
from gosales_assets.models.cores import cores
from gosales_assets.models.division_card import division_cards
from gosales_assets.models.evaluation import mean_metrics, model_metrics
from gosales_assets.models.figures import gains_and_reliability, what_moves_scores
from gosales_assets.models.pooled import NothingToLearn
from gosales_assets.models.registry import register
from gosales_assets.models.slices import Slices, slices_by_division
from gosales_assets.models.training import Fitted, fit_all
from gosales_assets.models.training_rows import data_checksums, slice_rows
from gosales_assets.partitions import (
    ALL_DIVISIONS,
    CUTOFFS,
    GRID,
    KEYS,
    SAME_CUTOFF,
    day,
    divisions_by_cutoff,
    up_to,
)
from gosales_assets.pictures import png
from gosales_assets.provenance import later_sections
from gosales_assets.settings import Settings
from gosales_assets.star.contract import DIM_CUTOFF
from gosales_assets.storing import store
from gosales_assets.tracking import Tracking
from gosales_assets.warehouse import Warehouse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POOLED_MODEL = dg.AssetKey(["models", "pooled_model"])
CALIBRATED_MODEL = dg.AssetKey(["models", "calibrated_model"])
WARM_UP = "warm-up"
ROWS_DRAWN = 2_000

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
    metadata=explained_in("models"),
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
        tags = {
            "dagster/run_id": context.run.run_id,
            "settings": settings.name,
            **_training(cutoff),
        }
        with tracking.run(f"pooled model {cutoff}", tags) as run:
            metadata = _train(context, warehouse, settings, cutoff, windows, slices)
        context.add_asset_metadata(
            {**tracking.link(run.info.experiment_id, run.info.run_id), **metadata},
            asset_key=POOLED_MODEL,
            partition_key=cutoff,
        )
    for key in (POOLED_MODEL, asset_key(MODEL_METRICS)):
        yield dg.MaterializeResult(asset_key=key)


_FROM_POOLED = [dg.AssetDep(POOLED_MODEL, partition_mapping=SAME_CUTOFF)]
_CALIBRATED_SPEC = dg.AssetSpec(
    CALIBRATED_MODEL,
    deps=_FROM_POOLED,
    group_name="models",
    owners=OWNERS,
    kinds={"scikitlearn", "mlflow"},
    partitions_def=GRID,
    metadata=explained_in("models"),
    description=(
        "The model of one division at one cutoff: what it is scored by, and the curves that turn "
        "its scores into probabilities. Registered in MLflow as icp_<division>; the newest is the "
        "challenger, and the promotion gate makes it the champion.\n\n"
        "**Grain:** one model per cutoff and division; none where there is too little evidence."
    ),
)


@dg.multi_asset(
    specs=[_CALIBRATED_SPEC, asset_spec(CALIBRATION, _FROM_POOLED, {"scikitlearn"})],
    name="models__calibrated_model",
    partitions_def=GRID,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def calibrated_model(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    tracking: Tracking,
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.MaterializeResult]:
    """Calibrate each division on the selection slice of the cutoff's model, and register it."""
    for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
        trained = artefact.load(warehouse.home_path, cutoff)
        status = str(artefact.load_card(warehouse.home_path, cutoff)["status"])
        curves: dict[str, list[dict[str, Any]]] = {}
        for division in divisions:
            rows = _curves(trained, status, division, settings.seed)
            curves[division] = rows
            keys = {"cutoff": day(cutoff), "division": division}
            frame = pl.DataFrame([keys | row for row in rows], schema_overrides=CALIBRATION.types)
            about = {str(row["cohort"]): f"{row['method']}: {row['note']}" for row in rows}
            store(
                context,
                warehouse,
                CALIBRATION,
                frame,
                metadata=about,
                cutoff=cutoff,
                division=division,
            )
        versions = _register(warehouse, tracking, trained, cutoff, curves) if trained else {}
        for division in divisions:
            context.add_asset_metadata(
                {
                    "version": versions.get(division, "none: too little evidence"),
                    "scored by": trained.card["winners"].get(division, {}).get("name", "nothing")
                    if trained
                    else "nothing",
                },
                asset_key=CALIBRATED_MODEL,
                partition_key=dg.MultiPartitionKey({"cutoff": cutoff, "division": division}),
            )
    for key in (CALIBRATED_MODEL, asset_key(CALIBRATION)):
        yield dg.MaterializeResult(asset_key=key)


def _behind_naive(warehouse: Warehouse, keys: dict[str, str]) -> list[Breach]:
    """Compare the mean AUC of a cutoff's blend with that of the naive ranking."""
    means = mean_metrics(warehouse.read(MODEL_METRICS, **keys)).filter(
        (pl.col("metric") == "auc") & (pl.col("cohort") == "all")
    )
    values = dict(means.select("candidate", "value").iter_rows())
    worse = bool(values) and values["blend"] < values["naive"]
    sentence = "mean AUC of the blend {blend:.3f}, of the naive ranking {naive:.3f}"
    return remarks([sentence.format(**values)] if worse else [])


model_beats_naive = table_check(
    MODEL_METRICS,
    "model_beats_naive",
    _behind_naive,
    "On average over divisions the blend ranks at least as well as a plain count of orders. A "
    "breach is a warning: validation decides what is promoted.",
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
    recipe = settings.hash_without(later_sections("models"))[:8]
    made["model_version"] = f"{cutoff}+{recipe}+{warehouse.code_version}"
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
        moves = _moves(fitted, cores(warehouse.threads))
        mlflow_record.log_pictures({"gains_and_reliability": figure, "what_moves_scores": moves})
        pictures = {
            "gains and reliability": png(figure, f"Gains and reliability, {cutoff}"),
            "what moves the scores": png(moves, f"What moves the scores, {cutoff}"),
        }
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
        trials=settings.models.tuning_trials,
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


def _moves(fitted: Fitted, threads: int) -> "Figure":
    """Picture of what moves the scores of some of the judged rows."""
    inputs = fitted.pooled.inputs
    numbers = inputs.numbers(fitted.judgements)
    some = numbers[:: max(1, len(numbers) // ROWS_DRAWN)]
    ranks = some[:, len(inputs.usable) : 2 * len(inputs.usable)]
    names = [card.input_in_words(name) for name in inputs.usable]
    return what_moves_scores(names, ranks, fitted.pooled.contributions(some, threads))


def _training(cutoff: str) -> dict[str, str]:
    """Tags of the MLflow run of a cutoff's training."""
    return {"stage": "training", "cutoff": cutoff}


def _curves(
    trained: artefact.Trained | None, status: str, division: str, seed: int
) -> list[dict[str, Any]]:
    """Calibration rows of a division, without their keys."""
    if trained is None:
        return [_without_model(status, "there is no model of this cutoff")]
    if division not in trained.model.windows:
        return [_without_model(WARM_UP, "the model had nothing to learn of this division")]
    judged = trained.judgements.filter(pl.col("division") == division)
    slice_of = {"calibration_cutoff": judged["cutoff"].max()}
    return [row | slice_of for row in calibrate(judged, seed)]


def _register(
    warehouse: Warehouse,
    tracking: Tracking,
    trained: artefact.Trained,
    cutoff: str,
    curves: dict[str, list[dict[str, Any]]],
) -> dict[str, str]:
    """Register the divisions of this run; returns their version numbers."""
    keys = [{"cutoff": cutoff, "division": division} for division in sorted(curves)]
    run_id = tracking.latest(_training(cutoff))
    if run_id is None:
        with tracking.run(f"pooled model {cutoff}", _training(cutoff)) as run:
            run_id = run.info.run_id
    return register(
        tracking,
        run_id,
        artefact.folder_of(warehouse.home_path, cutoff),
        warehouse.read_many(CALIBRATION, keys),
        division_cards(trained.card, curves),
    )


def _without_model(status: str, why: str) -> dict[str, Any]:
    return {
        "calibration_cutoff": None,
        "cohort": EVERYBODY,
        "method": "none",
        "slope": None,
        "intercept": None,
        "knots": None,
        "raw_low": None,
        "raw_high": None,
        "rows": 0,
        "positives": 0,
        "base_rate": None,
        "status": status,
        "note": f"{why}: see models/pooled_model",
    }


ASSETS = [pooled_model, calibrated_model]
CHECKS = [contract_check(MODEL_METRICS), contract_check(CALIBRATION), model_beats_naive]

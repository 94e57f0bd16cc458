"""From matrices and labels to scores through Dagster: warm-up, first model, second model."""

from datetime import date
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from gosales_assets.calendar import closed_by
from gosales_assets.features.catalog import CATALOG, NEVER
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import CANDIDATES, LABELS
from gosales_assets.models import artefact
from gosales_assets.models.assets import ASSETS as MODELS
from gosales_assets.models.assets import CHECKS as MODEL_CHECKS
from gosales_assets.models.assets import POOLED_MODEL
from gosales_assets.models.contract import CALIBRATION, MODEL_METRICS
from gosales_assets.partitions import KEYS
from gosales_assets.scores.assets import CHECKS as SCORE_CHECKS
from gosales_assets.scores.assets import icp_scores
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.scores.prospect_assets import PROSPECT_CHECKS
from gosales_assets.settings import current_settings
from gosales_assets.sources.contract import CUSTOMERS as SIDE_CUSTOMERS
from gosales_assets.star.contract import DIM_CUSTOMER, INDUSTRY_MATCHES
from gosales_assets.tracking import Tracking
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.labels.given_windows import write_windows

CUSTOMERS = [f"C{i:03d}" for i in range(200)]
# A window that closes at no cutoff, and one that closes one cutoff later than the usual.
UNKNOWN, LONG = KEYS.divisions[-2:]
# With labels.mode expansion, a division that all own has no candidates.
OWNED_BY_ALL = KEYS.divisions[-3]
USUAL = KEYS.divisions[:-3]
DAYS = [date.fromisoformat(key) for key in KEYS.cutoffs]


def fill(warehouse: Warehouse, cutoffs: list[str]) -> None:
    """Matrices, candidates and labels in which those who ordered more buy more."""
    for cutoff in cutoffs:
        for number, division in enumerate(KEYS.divisions):
            random = np.random.default_rng([number, DAYS.index(date.fromisoformat(cutoff))])
            drawn = random.poisson(2, (len(CUSTOMERS), len(CATALOG))).astype(float)
            keys = {"cutoff": cutoff, "division": division}
            rows = pl.DataFrame(
                {
                    "cutoff": [date.fromisoformat(cutoff)] * len(CUSTOMERS),
                    "division": [division] * len(CUSTOMERS),
                    "customer_id": CUSTOMERS,
                    "cohort": ["repeat", "expansion"] * (len(CUSTOMERS) // 2),
                }
            )
            features = {
                f.name: drawn[:, i] if f.null_means == NEVER else [None] * len(CUSTOMERS)
                for i, f in enumerate(CATALOG)
            }
            matrix = rows.with_columns(
                pl.Series(name, values, dtype=pl.Float32) for name, values in features.items()
            )
            chance = 1 / (1 + np.exp(2 - matrix["rfm__div__orders__12m"].to_numpy()))
            bought = (random.random(len(CUSTOMERS)) < chance).astype(int)
            labels = rows.with_columns(
                window_months=pl.lit({UNKNOWN: 24, LONG: 12}.get(division, 6)),
                label=pl.Series(bought),
                net_gp_window=pl.Series(bought * 100.0),
                orders_window=pl.Series(bought),
            )
            warehouse.write(FEATURE_MATRIX, matrix, **keys)
            warehouse.write(CANDIDATES, rows, **keys)
            warehouse.write(LABELS, labels, **keys)


def customers() -> pl.DataFrame:
    known = {"customer_id": CUSTOMERS, "customer_name": CUSTOMERS, "normalised_name": CUSTOMERS}
    days = {"first_order": [DAYS[0]] * len(CUSTOMERS), "last_order": [DAYS[0]] * len(CUSTOMERS)}
    frame = pl.DataFrame(known | days)
    missing = [name for name in DIM_CUSTOMER.types if name not in frame.columns]
    return frame.with_columns(pl.lit(None).alias(name) for name in missing)


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance
) -> tuple[Warehouse, dg.ExecuteInProcessResult, list[str]]:
    folder = tmp_path_factory.mktemp("home")
    warehouse = Warehouse(home=str(folder), code_version="test", basis="test", threads=2)
    window = current_settings().window_months
    first = next(i for i, day in enumerate(DAYS) if closed_by(DAYS, day, window))
    cutoffs = list(KEYS.cutoffs[first - 1 : first + 2])
    fill(warehouse, list(KEYS.cutoffs[: first + 2]))
    nobody = {"cutoff": cutoffs[2], "division": OWNED_BY_ALL}
    for table in (FEATURE_MATRIX, CANDIDATES, LABELS):
        warehouse.write(table, table.empty(), **nobody)
    warehouse.write(DIM_CUSTOMER, customers())
    write_windows(warehouse, {UNKNOWN: 24, LONG: 12})
    for table in (SIDE_CUSTOMERS, INDUSTRY_MATCHES):
        warehouse.write(table, table.empty())
    resources = {
        "warehouse": warehouse,
        "settings": current_settings(),
        "tracking": Tracking(home=str(folder)),
    }
    grid = [f"{cutoffs[0]}|{KEYS.divisions[0]}", f"{cutoffs[-1]}|{KEYS.divisions[-1]}"]
    for assets, checks, (start, end) in [
        (
            MODELS[:1],
            [c for c in MODEL_CHECKS if c is not MODEL_CHECKS[1]],
            (cutoffs[0], cutoffs[-1]),
        ),
        (
            [*MODELS[1:], icp_scores],
            [MODEL_CHECKS[1], *(c for c in SCORE_CHECKS if c not in PROSPECT_CHECKS)],
            grid,
        ),
    ]:
        result = dg.materialize(
            [*assets, *checks],
            instance=instance,
            resources=resources,
            tags={
                "dagster/asset_partition_range_start": start,
                "dagster/asset_partition_range_end": end,
            },
        )
        assert result.success
    return warehouse, result, cutoffs


def test_the_warm_up_says_so_and_scores_nobody(home) -> None:
    warehouse, _, cutoffs = home
    keys = {"cutoff": cutoffs[0], "division": KEYS.divisions[0]}
    assert artefact.load(warehouse.home_path, cutoffs[0]) is None
    assert warehouse.read(ICP_SCORES, **keys).is_empty()
    assert warehouse.read(CALIBRATION, **keys)["status"].to_list() == ["warm-up"]
    assert warehouse.read(MODEL_METRICS, cutoff=cutoffs[0]).is_empty()


def test_every_candidate_has_a_score_and_a_place(home) -> None:
    warehouse, _, cutoffs = home
    for division in USUAL:
        rows = warehouse.read(ICP_SCORES, cutoff=cutoffs[2], division=division)
        assert rows["customer_id"].to_list() == CUSTOMERS
        assert rows["trend"].is_in(["up", "steady", "down"]).all()
        first = warehouse.read(ICP_SCORES, cutoff=cutoffs[1], division=division)
        assert first["trend"].unique().to_list() == ["new"]


def test_a_division_is_scored_from_the_first_cutoff_that_its_own_window_closed_by(home) -> None:
    warehouse, _, cutoffs = home
    scored = {
        division: [
            warehouse.read(ICP_SCORES, cutoff=cutoff, division=division).height > 0
            for cutoff in cutoffs
        ]
        for division in KEYS.divisions
    }
    assert scored == {division: [False, True, True] for division in USUAL} | {
        OWNED_BY_ALL: [False, True, False],
        LONG: [False, False, True],
        UNKNOWN: [False, False, False],
    }
    for division, months in ((USUAL[0], 6), (LONG, 12)):
        rows = warehouse.read(ICP_SCORES, cutoff=cutoffs[2], division=division)
        assert rows["window_months"].unique().to_list() == [months]
    late = warehouse.read(ICP_SCORES, cutoff=cutoffs[2], division=LONG)
    assert late["trend"].unique().to_list() == ["new"]
    assert warehouse.read(CALIBRATION, cutoff=cutoffs[2], division=UNKNOWN).select(
        "status", "method", "note"
    ).row(0) == (
        "warm-up",
        "none",
        "the model had nothing to learn of this division: see models/pooled_model",
    )
    card = artefact.load_card(warehouse.home_path, cutoffs[2])
    assert card["slices"][LONG] == {
        "training": [KEYS.cutoffs[0]],
        "selection": KEYS.cutoffs[0],
        "split": "customer",
    }


def test_the_strongest_feature_is_the_first_reason(home) -> None:
    warehouse, _, cutoffs = home
    wanted = [{"cutoff": cutoffs[2], "division": division} for division in USUAL]
    reasons = warehouse.read_many(ICP_SCORES, wanted)["reason_1"].drop_nulls()
    assert reasons.str.contains("orders of|value of").mean() > 0.7


def test_all_blocking_checks_pass(home) -> None:
    _, result, _ = home
    blocking = [e for e in result.get_asset_check_evaluations() if e.blocking]
    assert blocking
    assert all(evaluation.passed for evaluation in blocking)


def test_each_cutoff_has_one_finished_run(home) -> None:
    import mlflow

    warehouse, _, cutoffs = home
    mlflow.set_tracking_uri(f"sqlite:///{warehouse.home_path / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True)
    of_cutoffs = runs[runs["tags.mlflow.parentRunId"].isna()]
    assert sorted(of_cutoffs["tags.cutoff"]) == cutoffs
    assert set(runs["status"]) == {"FINISHED"}
    assert mlflow.active_run() is None


def test_calibrated_divisions_are_registered_and_score_as_the_table_does(home) -> None:
    import mlflow

    warehouse, _, cutoffs = home
    registry = MlflowRegistry(Tracking(home=str(warehouse.home_path)))
    keys = {"cutoff": cutoffs[2], "division": USUAL[0]}
    version = registry.challenger(USUAL[0])
    assert version is not None
    assert version.cutoff == cutoffs[2]
    assert registry.champion(USUAL[0]) is None
    found = registry.scores(USUAL[0], version.number, warehouse.read(FEATURE_MATRIX, **keys))
    assert found.tolist() == warehouse.read(ICP_SCORES, **keys)["icp_score"].to_list()
    mlflow.set_tracking_uri(f"sqlite:///{warehouse.home_path / 'mlflow.db'}")
    runs = mlflow.search_runs(search_all_experiments=True)
    nested = runs[runs["tags.division"] == USUAL[0]]
    assert set(nested["tags.mlflow.parentRunId"]) <= set(runs["run_id"])


def test_a_run_that_fails_is_ended_as_failed(tmp_path: Path) -> None:
    import mlflow

    tracking = Tracking(home=str(tmp_path))
    with pytest.raises(ValueError, match="on purpose"), tracking.run("x", {}):
        raise ValueError("on purpose")
    assert mlflow.active_run() is None
    assert list(mlflow.search_runs(search_all_experiments=True)["status"]) == ["FAILED"]


def test_a_model_depends_on_all_earlier_cutoffs() -> None:
    keys = {dep.asset_key for spec in MODELS[0].specs for dep in spec.deps}
    assert {key.to_user_string() for key in keys} >= {
        "features/feature_matrix",
        "labels/labels",
        "features/matrix_statistics",
        "labels/prevalence",
    }
    assert POOLED_MODEL in MODELS[0].keys

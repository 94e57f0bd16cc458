"""Assets of the drift room: one table of alerts per cutoff, and the check that none is hard."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from gosales_assets.breaches import remarks
from gosales_assets.calendar import window_end
from gosales_assets.contracts import contract_check, dep, table_asset, table_check
from gosales_assets.division_names import division_identity
from gosales_assets.drift import activity
from gosales_assets.drift.alerts import Alert, as_table, hard_alerts
from gosales_assets.drift.contract import DRIFT_ALERTS, SEVERITIES
from gosales_assets.drift.distances import Floats
from gosales_assets.drift.features import feature_alerts, top_features
from gosales_assets.drift.scores import (
    Rate,
    Training,
    calibration_alerts,
    prevalence_alerts,
    score_alerts,
    unscored_alerts,
)
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import PREVALENCE, TARGET_WINDOWS
from gosales_assets.labels.reading import windows_of
from gosales_assets.models.artefact import is_there, load_card
from gosales_assets.models.contract import CALIBRATION
from gosales_assets.partitions import ALL_DIVISIONS, KEYS, day, earlier
from gosales_assets.scores.contract import ICP_SCORES, UNSCORED
from gosales_assets.settings import Settings
from gosales_assets.star.contract import (
    CUSTOMER_MONTH,
    DIM_CUSTOMER,
    DIM_CUTOFF,
    DIM_DIVISION,
    DIM_PRODUCT,
    FACT_TRANSACTIONS,
)
from gosales_assets.storing import store
from gosales_assets.validation.contract import BACKTESTS, GAINS
from gosales_assets.warehouse import Warehouse


@table_asset(
    DRIFT_ALERTS,
    deps=[
        dep(ICP_SCORES, ALL_DIVISIONS),
        dep(UNSCORED),
        dep(CALIBRATION, ALL_DIVISIONS),
        dep(BACKTESTS, ALL_DIVISIONS),
        dep(GAINS, ALL_DIVISIONS),
        dep(FEATURE_MATRIX, ALL_DIVISIONS),
        dep(PREVALENCE),
        *map(
            dep,
            (
                CUSTOMER_MONTH,
                FACT_TRANSACTIONS,
                TARGET_WINDOWS,
                DIM_CUTOFF,
                DIM_CUSTOMER,
                DIM_DIVISION,
                DIM_PRODUCT,
            ),
        ),
    ],
    kinds={"polars", "duckdb"},
)
def drift_alerts(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> None:
    """Look for drift in the log, in the scores, and in what came of them.

    Scores are also compared with those of earlier cutoffs, as far as these are in the lake.
    """
    for cutoff in context.partition_keys:
        alerts = list(_of_log(warehouse, settings, cutoff))
        alerts += unscored_alerts(warehouse.read(UNSCORED, cutoff=cutoff))
        for division in KEYS.divisions:
            alerts += _of_division(warehouse, settings, cutoff, division)
        alerts += _of_features(warehouse, settings, cutoff)
        frame = as_table(alerts, day(cutoff))
        about = {name: int((frame["severity"] == name).sum()) for name in SEVERITIES}
        store(context, warehouse, DRIFT_ALERTS, frame, metadata=about, cutoff=cutoff)


no_hard_alerts = table_check(
    DRIFT_ALERTS,
    "no_hard_alerts",
    lambda warehouse, keys: remarks(hard_alerts(warehouse.read(DRIFT_ALERTS, **keys))),
    "Nothing has moved so far that the scores must not be used. Stops nothing.",
    severity=dg.AssetCheckSeverity.ERROR,
)


def _of_log(warehouse: Warehouse, settings: Settings, cutoff: str) -> Iterator[Alert]:
    on = day(cutoff)
    data_start = warehouse.read(DIM_CUTOFF)["data_start"][0]
    listed = {division_identity(name) for name in (*KEYS.divisions, *settings.targets.exclude)}
    with warehouse.engine() as engine:
        orders = activity.monthly_orders(warehouse.scan(engine, CUSTOMER_MONTH), on)
        lines = activity.lines_by_novelty(
            warehouse.scan(engine, FACT_TRANSACTIONS), warehouse.scan(engine, DIM_PRODUCT), on
        )
    yield from activity.volume_alerts(orders, on, data_start)
    yield from activity.sku_alerts(lines, on, data_start)
    yield from activity.division_alerts(warehouse.read(DIM_DIVISION), listed, on, data_start)
    customers = warehouse.read(DIM_CUSTOMER, columns=["first_order", "industry"])
    yield from activity.industry_alerts(customers, on)


def _of_division(
    warehouse: Warehouse, settings: Settings, cutoff: str, division: str
) -> Iterator[Alert]:
    keys = {"cutoff": cutoff, "division": division}
    if warehouse.is_left_out(CALIBRATION, **keys):
        return  # it has no scores, which an alert says already
    current = _scores(warehouse, cutoff, division)
    fitted = _fitted(warehouse, keys)
    rates = list(_known_rates(warehouse, cutoff, division))
    for since, reference in _references(warehouse, cutoff, division, fitted["calibration_cutoff"]):
        yield from score_alerts(
            reference, current, division, since, settings.drift, rates, fitted["positives"]
        )
    observed = warehouse.read(PREVALENCE, cutoff=cutoff).filter(
        (pl.col("division") == division) & (pl.col("cohort") == "all")
    )
    if fitted["base_rate"] is not None:
        training = Training(
            str(fitted["calibration_cutoff"]), fitted["base_rate"], fitted["positives"]
        )
        for rows, positives in observed.select("rows", "positives").iter_rows():
            yield from prevalence_alerts(rows, positives, training, division)
    error = warehouse.read(BACKTESTS, **keys).filter(
        (pl.col("cohort") == "all")
        & (pl.col("ranking") == "model")
        & (pl.col("metric") == "calibration_error")
        & pl.col("value").is_not_null()
    )
    for value in error["value"]:
        gains = warehouse.read(GAINS, **keys)
        yield from calibration_alerts(value, gains, division, settings.drift)


def _fitted(warehouse: Warehouse, keys: dict[str, str]) -> dict[str, Any]:
    """Calibration of a division as a whole."""
    rows = warehouse.read(CALIBRATION, **keys)
    return rows.row(by_predicate=pl.col("cohort") == "all", named=True)


def _of_features(warehouse: Warehouse, settings: Settings, cutoff: str) -> Iterator[Alert]:
    """What the cutoff's model goes by most: of each division, and once of customers as a whole."""
    if not is_there(warehouse.home_path, cutoff):
        return  # nothing was trained for this cutoff, so nothing goes by any feature
    top = top_features(load_card(warehouse.home_path, cutoff), list(FEATURE_MATRIX.types))
    of_customers = [name for name in top if "__all__" in name]
    cells = [{"cutoff": cutoff, "division": division} for division in KEYS.divisions]
    whole = [keys for keys in cells if not warehouse.is_left_out(CALIBRATION, **keys)]
    for index, keys in enumerate(whole):
        division = keys["division"]
        calibrated_on = _fitted(warehouse, keys)["calibration_cutoff"]
        groups: list[tuple[str | None, list[str]]] = [
            (division, [name for name in top if "__div__" in name])
        ]
        groups += [(None, of_customers)] if index == 0 else []
        for about, names in groups:
            if not names:
                continue
            current = warehouse.read(FEATURE_MATRIX, columns=names, **keys)
            for key, words in _compared_with(cutoff, calibrated_on).items():
                if warehouse.has(FEATURE_MATRIX, cutoff=key, division=division):
                    reference = warehouse.read(
                        FEATURE_MATRIX, columns=names, cutoff=key, division=division
                    )
                    yield from feature_alerts(reference, current, about, words, settings.drift)


def _references(
    warehouse: Warehouse, cutoff: str, division: str, calibrated_on: object
) -> Iterator[tuple[str, Floats]]:
    """Scores to compare with: of the previous cutoff, and of the slice calibrated on."""
    for key, words in _compared_with(cutoff, calibrated_on).items():
        if warehouse.has(ICP_SCORES, cutoff=key, division=division):
            yield words, _scores(warehouse, key, division)


def _known_rates(warehouse: Warehouse, cutoff: str, division: str) -> Iterator[Rate]:
    """Buying rates of the division's windows that had closed by the cutoff."""
    months = windows_of(warehouse, [division])[division]
    for key in earlier(KEYS.cutoffs, cutoff):
        if window_end(day(key), months) > day(cutoff) or not warehouse.has(PREVALENCE, cutoff=key):
            continue
        rows = warehouse.read(PREVALENCE, cutoff=key).filter(
            (pl.col("division") == division) & (pl.col("cohort") == "all")
        )
        yield from (Rate(*counts) for counts in rows.select("rows", "positives").iter_rows())


def _compared_with(cutoff: str, calibrated_on: object) -> dict[str, str]:
    """Earlier cutoffs to compare with, and words for them."""
    before = earlier(KEYS.cutoffs, cutoff)
    wanted = {key: f"the previous cutoff {key}" for key in before[-1:]}
    if str(calibrated_on) in before:
        wanted.setdefault(str(calibrated_on), f"the training slice {calibrated_on}")
    return wanted


def _scores(warehouse: Warehouse, cutoff: str, division: str) -> Floats:
    keys = {"cutoff": cutoff, "division": division}
    return warehouse.read(ICP_SCORES, columns=["icp_score"], **keys)["icp_score"].to_numpy()


ASSETS = [drift_alerts]
CHECKS = [contract_check(DRIFT_ALERTS), no_hard_alerts]

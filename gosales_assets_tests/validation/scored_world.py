"""A lake in which two cutoffs are scored: what whitespace, validation and drift read."""

from datetime import date

import numpy as np
import polars as pl

from gosales_assets.calendar import add_months
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FEATURE_MATRIX,
)
from gosales_assets.labels.contract import CANDIDATES, LABELS, PREVALENCE, TARGET_WINDOWS
from gosales_assets.models.contract import CALIBRATION
from gosales_assets.partitions import KEYS, day
from gosales_assets.scores.contract import ICP_SCORES, UNSCORED
from gosales_assets.sources.contract import (
    BLOCKS,
    CONTACTS_LOG,
    CUSTOMERS,
    INSTALLED_BASE,
    OPEN_DEALS,
)
from gosales_assets.star.contract import (
    CUSTOMER_MONTH,
    DIM_CUSTOMER,
    DIM_CUTOFF,
    DIM_DIVISION,
    DIM_PRODUCT,
    FACT_TRANSACTIONS,
    INDUSTRY_MATCHES,
)
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse

PEOPLE = 300
# The last but one is closed, the last one is open.
CLOSED, OPEN = KEYS.cutoffs[-2:]
TODAY = day(OPEN)
IDS = [f"C{i:04d}" for i in range(PEOPLE)]
# A customer who owns nothing and has an open deal about everything.
TALKING = IDS[150]


def rows(table: Table, height: int, **columns: object) -> pl.DataFrame:
    """Rows of a table with the given columns; the others hold a plain value of their type."""
    plain = {
        pl.String: "x",
        pl.Date: TODAY,
        pl.Boolean: False,
        pl.Float64: 1.0,
        pl.Float32: 1.0,
        pl.Int64: 1,
        pl.Datetime: TODAY,
    }
    values = {
        name: columns[name]
        if name in columns
        else plain.get(kind if isinstance(kind, type) else kind.base_type(), 1)
        for name, kind in table.types.items()
    }
    spread = {
        name: value if isinstance(value, list | np.ndarray | pl.Series) else [value] * height
        for name, value in values.items()
    }
    return table.typed(pl.DataFrame(spread, strict=False))


def write_lake(warehouse: Warehouse) -> None:
    """Write everything that stands to the left of the whitespace room."""
    _write_star(warehouse)
    deal = rows(OPEN_DEALS, 1, customer_id=TALKING, division=None)
    warehouse.write(OPEN_DEALS, deal)
    for table in (BLOCKS, CONTACTS_LOG, CUSTOMERS, INSTALLED_BASE, INDUSTRY_MATCHES):
        warehouse.write(table, table.empty())
    names = {"division": list(KEYS.divisions), "source": "default", "window_months": 6}
    warehouse.write(TARGET_WINDOWS, rows(TARGET_WINDOWS, len(KEYS.divisions), **names))
    for cutoff in KEYS.cutoffs[:-2]:
        for division in KEYS.divisions:
            warehouse.write(LABELS, LABELS.empty(), cutoff=cutoff, division=division)
    for cutoff in (CLOSED, OPEN):
        on = day(cutoff)
        features = rows(CUSTOMER_FEATURES, PEOPLE, cutoff=on, customer_id=IDS)
        warehouse.write(CUSTOMER_FEATURES, features, cutoff=cutoff)
        evidence = rows(
            AFFINITY_EVIDENCE,
            1,
            cutoff=on,
            customer_id=IDS[1],
            division=KEYS.divisions[0],
            kind="division",
            lift=2.0,
        )
        warehouse.write(AFFINITY_EVIDENCE, evidence, cutoff=cutoff)
        counts = [_write_division(warehouse, cutoff, name) for name in KEYS.divisions]
        prevalence = pl.DataFrame(counts, schema=PREVALENCE.types)
        if cutoff == OPEN:
            prevalence = PREVALENCE.empty()
        warehouse.write(PREVALENCE, prevalence, cutoff=cutoff)
        warehouse.write(UNSCORED, UNSCORED.empty(), cutoff=cutoff)


def _write_division(warehouse: Warehouse, cutoff: str, division: str) -> dict[str, object]:
    on = day(cutoff)
    rng = np.random.default_rng([on.toordinal(), KEYS.divisions.index(division)])
    p = rng.beta(2, 6, PEOPLE)
    label = (rng.random(PEOPLE) < p).astype(int)
    key = {"cutoff": cutoff, "division": division}
    own = {"cutoff": on, "division": division}
    same = {**own, "customer_id": IDS, "cohort": ["repeat"] * 100 + ["expansion"] * 200}
    warehouse.write(
        ICP_SCORES,
        rows(
            ICP_SCORES,
            PEOPLE,
            **same,
            window_months=6,
            model_version=f"{cutoff}+settings+code",
            icp_score=p,
            expected_gp=p * 900,
            icp_percentile=0.5,
            icp_grade="B",
            segment="warm",
            trend="new",
        ),
        **key,
    )
    layers = {"recency__div__days__ever": [9.0] * 100 + [None] * 200}
    warehouse.write(DIVISION_FEATURES, rows(DIVISION_FEATURES, PEOPLE, **same, **layers), **key)
    warehouse.write(FEATURE_MATRIX, rows(FEATURE_MATRIX, PEOPLE, **same), **key)
    warehouse.write(CANDIDATES, rows(CANDIDATES, PEOPLE, **same), **key)
    labels = rows(LABELS, PEOPLE, **same, label=label, net_gp_window=label * 100)
    warehouse.write(LABELS, labels if cutoff == CLOSED else LABELS.empty(), **key)
    fitted = rows(
        CALIBRATION,
        3,
        **own,
        cohort=["all", "expansion", "repeat"],
        method="intercept",
        base_rate=0.25,
        calibration_cutoff=day(KEYS.cutoffs[0]),
        status="calibrated",
    )
    warehouse.write(CALIBRATION, fitted, **key)
    bought = {"rows": PEOPLE, "positives": int(label.sum()), "prevalence": label.mean()}
    return {**own, "cohort": "all", **bought}


def _write_star(warehouse: Warehouse) -> None:
    start = date(2018, 1, 31)
    months = [add_months(TODAY, -back) for back in range(30)]
    warehouse.write(
        CUSTOMER_MONTH,
        rows(CUSTOMER_MONTH, 30, month=months, scope="all", division="", orders=100),
    )
    warehouse.write(DIM_CUTOFF, rows(DIM_CUTOFF, 1, cutoff=TODAY, data_start=start))
    keys = list(KEYS.divisions)
    windows = rows(TARGET_WINDOWS, len(keys), division=keys, window_months=6, source="default")
    warehouse.write(TARGET_WINDOWS, windows)
    people = rows(DIM_CUSTOMER, PEOPLE, customer_id=IDS, first_order=start)
    warehouse.write(DIM_CUSTOMER, people)
    names = [*KEYS.divisions, "Unlisted"]
    divisions = rows(DIM_DIVISION, len(names), division=names, scope="division", first_sold=start)
    warehouse.write(DIM_DIVISION, divisions)
    warehouse.write(DIM_PRODUCT, rows(DIM_PRODUCT, 1, sku="x", first_sold=start))
    lines = rows(FACT_TRANSACTIONS, 60, line_id=[f"L{i}" for i in range(60)])
    warehouse.write(FACT_TRANSACTIONS, lines)

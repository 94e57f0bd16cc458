"""One definition, two engines: Spark gives the labels and features that DuckDB gives.

Order lines go in and everything up to the matrices comes out, by the same functions on both
engines. Spark runs on this machine; it needs ``pip install -e '.[spark]'`` and Java 17 or later.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import dagster as dg
import ibis
import ibis.expr.types as ir
import polars as pl
import polars.selectors as cs
import pytest
from ibis.backends import BaseBackend
from polars.testing import assert_frame_equal

from gosales_assets.features import caps, layers
from gosales_assets.features.activity import Star, open_star, star_of
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.past import past_of
from gosales_assets.labels.candidates import of_candidates, prospects
from gosales_assets.labels.outcomes import judged, net_values, outcomes, positives
from gosales_assets.labels.windows import window_table
from gosales_assets.partitions import KEYS, day
from gosales_assets.settings import Settings, current_settings
from gosales_assets.sources import assets as sources_room
from gosales_assets.sources.contract import PROSPECTS
from gosales_assets.star import assets as star_room
from gosales_assets.star.activity import by_day, by_month
from gosales_assets.star.contract import FACT_TRANSACTIONS
from gosales_assets.star.scopes import sku_sets, target_lines
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import (
    CUTOFF,
    facts,
    fill,
    installed_products,
    rough,
    side_tables,
    world,
)
from gosales_assets_tests.labels.laid_out import all_candidates, in_windows
from gosales_assets_tests.star.order_lines import made

pytestmark = pytest.mark.slow

SPARK = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # The tables are small: to compile and optimise their queries takes longer than to run them.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
}
TABLES = (
    *("customer_month", "customer_day", "candidates", "labels", "new_logos", "positives"),
    *("affinity_rules", "product_rules", "affinity_evidence", "fitted_statistics"),
    *("customer_features", "division_features", "winsor_caps", "feature_matrix"),
)
OF_32_BITS = {"customer_features", "division_features", "winsor_caps", "feature_matrix"}

Results = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Case:
    """What labels and features are made of."""

    settings: Settings
    targets: Sequence[str]
    cutoff: date
    denied: Sequence[str]
    warehouse: Warehouse

    @cached_property
    def facts(self) -> pl.DataFrame:
        return self.warehouse.read(FACT_TRANSACTIONS)


@dataclass(frozen=True)
class Run:
    """All tables of a case from one engine, which reads its input as Parquet of a folder."""

    engine: BaseBackend
    case: Case
    folder: Path

    def table(self, name: str, frame: pl.DataFrame) -> ir.Table:
        path = self.folder / f"{name}.parquet"
        frame.write_parquet(path)
        return self.engine.read_parquet(str(path))

    @cached_property
    def facts(self) -> ir.Table:
        return self.table("facts", self.case.facts)

    @cached_property
    def months(self) -> ir.Table:
        return by_month(self.facts, sku_sets(self.case.settings)).cache()

    @cached_property
    def days(self) -> ir.Table:
        return by_day(self.facts, sku_sets(self.case.settings)).cache()

    @cached_property
    def candidates(self) -> pl.DataFrame:
        return all_candidates(self.days, self.case.targets, self.case.cutoff)

    def star(self) -> Star:
        settings = self.case.settings
        return star_of(
            self.facts, self.facts.to_polars().lazy(), self.months.to_polars().lazy(),
            self.days.to_polars().lazy(), settings, settings.targets.windows,
            lambda _, expression: expression.cache(),
        )  # fmt: skip

    def results(self, star: Star) -> Results:
        tables = {"customer_month": self.months, "customer_day": self.days}
        made_of_lines = {name: table.to_polars() for name, table in tables.items()}
        return made_of_lines | self.labels() | self.features(star)

    def labels(self) -> Results:
        case, limit = self.case, self.case.settings.labels.gp_min_threshold
        own, usual = case.settings.targets.windows, case.settings.window_months
        spans = window_table((case.cutoff, t, own.get(t, usual)) for t in case.targets)
        windows = self.table("windows", spans)
        lines = target_lines(self.facts, case.targets, sku_sets(case.settings))
        bought = judged(outcomes(lines, windows, case.denied), limit).to_polars()
        values = net_values(lines, windows, case.denied)
        companies = self.table("companies", companies_of(case))
        strangers = prospects(companies, self.days, case.targets, case.cutoff).to_polars()
        counted = positives(of_candidates(values, self.days, "expansion"), limit)
        return {
            "candidates": self.candidates,
            "labels": in_windows(self.candidates, spans, bought),
            "new_logos": in_windows(strangers, spans, bought),
            "positives": counted.to_polars(),
        }

    def features(self, star: Star) -> Results:
        case, settings = self.case, self.case.settings
        activity, side = star.as_of(case.cutoff), side_tables(case.warehouse)
        past = past_of(activity)
        ahead = dict.fromkeys(case.targets, settings.window_months) | dict(settings.targets.windows)
        learned = layers.fit(past, side, case.targets, ahead, settings)
        customer = layers.customer_layer(activity, past, parameters_of(learned.statistics))()
        layer = layers.division_layer(activity, past, side, learned, case.targets, settings)
        division = pl.concat(layer(target) for target in case.targets)
        both = (self.table("customers", customer), self.table("divisions", division))
        fitted_caps = caps.fit_caps(*both, case.cutoff, past.last_day)
        return {
            "affinity_rules": learned.rules,
            "product_rules": learned.product_rules,
            "affinity_evidence": learned.evidence,
            "fitted_statistics": learned.statistics,
            "customer_features": customer,
            "division_features": division,
            "winsor_caps": fitted_caps,
            "feature_matrix": pl.concat(
                layers.matrix(own, customer, division, caps.caps_of(fitted_caps, str(target)))
                for (target,), own in self.candidates.partition_by("division", as_dict=True).items()
            ),
        }


def wild_case(home: Path) -> Case:
    """A random world with gaps, a SKU set, seats, side tables, and lines after the cutoff."""
    settings = Settings.model_validate(
        {
            "features": {"affinity_min_customers": 2, "seat_skus": ["R*"]},
            "targets": {"sku_sets": {"Set q": ["q"]}, "windows": {"Wood": 9}},
            "side_tables": {"customers": {"file": "c.csv", "stable": ["industry"]}},
        }
    )
    lines = rough(world(7, customers=60, last_day=CUTOFF + timedelta(days=200)), seed=7)
    industries = {f"c{number:02}": ("Mining", "Retail")[number % 2] for number in range(60)}
    warehouse = Warehouse(home=str(home))
    fill(warehouse, facts(lines), settings, industries, installed_products(7, customers=60))
    return Case(
        settings=settings,
        targets=["Brushes", "Paint", "Set q", "Tools", "Wood"],
        cutoff=CUTOFF,
        denied=["s"],
        warehouse=warehouse,
    )


def sample_case(home: Path, instance: dg.DagsterInstance) -> Case:
    """The small sample, at its newest cutoff that has closed."""
    settings, warehouse = current_settings(), Warehouse(home=str(home))
    dg.materialize(
        [*sources_room.ASSETS, *star_room.ASSETS],
        resources={"settings": settings, "warehouse": warehouse},
        instance=instance,
    )
    return Case(
        settings=settings,
        targets=KEYS.divisions,
        cutoff=day(KEYS.cutoffs[-2]),
        denied=[],
        warehouse=warehouse,
    )


def companies_of(case: Case) -> pl.DataFrame:
    """raw.prospects: every customer of the log, known by the cutoff, only after it, or today."""
    since = (case.cutoff, case.cutoff + timedelta(days=1), None)
    ids = case.facts["customer_id"].unique().sort()
    rows = [{"customer_id": c, "valid_from": since[i % 3]} for i, c in enumerate(ids)]
    return made(PROSPECTS, rows)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseBackend]:
    """Ibis on a small Spark of its own."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: pip install -e '.[spark]'")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("Java is not installed: Spark needs version 17 or later")
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

    folder = str(tmp_path_factory.mktemp("spark"))
    settings = SparkConf().setAll([*SPARK.items(), ("spark.sql.warehouse.dir", folder)])
    session = SparkSession.builder.master("local[2]").config(conf=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield ibis.pyspark.connect(session)
    session.stop()


@pytest.fixture(scope="module", params=["wild", "sample"])
def results(
    request: pytest.FixtureRequest,
    spark: BaseBackend,
    instance: dg.DagsterInstance,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Results]:
    """All tables of a case: from DuckDB as the platform uses it, and from Spark."""
    home = tmp_path_factory.mktemp(request.param)
    case = wild_case(home) if request.param == "wild" else sample_case(home, instance)
    own_windows = case.settings.targets.windows
    with (
        case.warehouse.engine() as duckdb,
        open_star(case.warehouse, case.settings, own_windows) as star,
    ):
        ours = Run(duckdb, case, tmp_path_factory.mktemp("duckdb")).results(star)
    theirs = Run(spark, case, tmp_path_factory.mktemp("spark"))
    return [ours, theirs.results(theirs.star())]


@pytest.mark.parametrize("name", TABLES)
def test_spark_and_duckdb_agree(results: list[Results], name: str) -> None:
    ours, theirs = (tables[name].sort(~cs.float()) for tables in results)
    assert ours.height
    tolerance = 1e-6 if name in OF_32_BITS else 1e-9
    assert_frame_equal(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)

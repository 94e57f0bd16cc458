"""A lake with everything that the features room makes, as its assets do but without Dagster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from gosales_assets.features import layers
from gosales_assets.features.activity import open_star
from gosales_assets.features.caps import caps_of, fit_caps
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    AFFINITY_RULES,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
    FEATURE_MATRIX,
    FITTED_STATISTICS,
    PRODUCT_RULES,
    WINSOR_CAPS,
)
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.past import TABLES, past_of
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import CUSTOMERS, INDUSTRY_ENRICHMENT
from gosales_assets.star.contract import CUSTOMER_DAY
from gosales_assets.star.customers import names_in_log, names_over_time
from gosales_assets.star.industry_choice import with_verdicts
from gosales_assets.star.industry_matching import match_industries
from gosales_assets.star.validity import shown
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import fill, side_tables
from gosales_assets_tests.labels.laid_out import candidates_of
from gosales_assets_tests.star.order_lines import Row, evaluate, facts_of, made, sales_lines

LEARNED = {
    "statistics": FITTED_STATISTICS,
    "rules": AFFINITY_RULES,
    "product_rules": PRODUCT_RULES,
    "evidence": AFFINITY_EVIDENCE,
}


@dataclass(frozen=True)
class World:
    """A sales log and what is known beside it, as rows."""

    lines: Sequence[Row]
    customers: Sequence[Row] = ()
    matches: Sequence[Row] = ()
    installed: Sequence[Row] = ()
    companies: Sequence[Row] = ()

    def star(self, warehouse: Warehouse, settings: Settings) -> None:
        """Write the star and the side tables."""
        lines = sales_lines(*self.lines)
        fill(
            warehouse,
            facts_of(lines),
            settings,
            installed=self.installed,
            customers=self.customers,
            matches=self._matched(lines) if self.companies else self.matches,
        )

    def _matched(self, lines: pl.DataFrame) -> list[Row]:
        """Rows of star.industry_matches, as the star room would make them of the companies."""
        names = evaluate(names_in_log, lines)
        known = made(CUSTOMERS, self.customers).join(lines, on="customer_id", how="semi")
        last_day = lines["order_date"].max()
        own = shown(known, "customer_id", last_day).drop_nulls("industry")
        listed = made(INDUSTRY_ENRICHMENT, self.companies)
        found = match_industries(names_over_time(names, known), listed)
        return with_verdicts(found, own, last_day).to_dicts()


@dataclass(frozen=True)
class Case:
    """What features are made of a world."""

    settings: Settings
    targets: Sequence[str]
    cutoff: date
    windows: Mapping[str, int] = field(default_factory=dict)

    @property
    def grid(self) -> list[dict[str, str]]:
        """Partitions of the cutoff."""
        return [{"cutoff": f"{self.cutoff}", "division": target} for target in self.targets]


def make(warehouse: Warehouse, case: Case) -> None:
    """Write every table of the features room that a matrix depends on, and the matrices."""
    cutoff, settings, targets = case.cutoff, case.settings, list(case.targets)
    key, side = {"cutoff": f"{cutoff}"}, side_tables(warehouse)
    ahead = dict.fromkeys(targets, settings.window_months) | dict(case.windows)
    with open_star(warehouse, settings) as star:
        activity = star.as_of(cutoff)
        past = past_of(activity)
        learned = layers.fit(past, side, targets, ahead, settings)
        customers = layers.customer_layer(activity, past, parameters_of(learned.statistics))()
    with open_star(warehouse, settings, case.windows) as star:
        layer = layers.division_layer(star.as_of(cutoff), past, side, learned, targets, settings)
        divisions = pl.concat(layer(target) for target in targets)
    for name, table in TABLES.items():
        warehouse.write(table, getattr(past, name), **key)
    for name, table in LEARNED.items():
        warehouse.write(table, getattr(learned, name), **key)
    warehouse.write(CUSTOMER_FEATURES, customers, **key)
    by_target = divisions.partition_by("division", as_dict=True)
    for keys in case.grid:
        warehouse.write(DIVISION_FEATURES, by_target[(keys["division"],)], **keys)
    with warehouse.engine() as engine:
        caps = fit_caps(
            warehouse.scan(engine, CUSTOMER_FEATURES, [key]),
            warehouse.scan(engine, DIVISION_FEATURES, case.grid),
            cutoff,
            learned.statistics["fit_date"][0],
        )
    warehouse.write(WINSOR_CAPS, caps, **key)
    pairs = candidates_of(warehouse.read(CUSTOMER_DAY), targets, cutoff)
    for keys in case.grid:
        of_target = pairs.filter(division=keys["division"])
        frame = layers.matrix(
            of_target, customers, by_target[(keys["division"],)], caps_of(caps, keys["division"])
        )
        warehouse.write(FEATURE_MATRIX, frame, **keys)


def made_of(world: World, case: Case, warehouse: Warehouse) -> Warehouse:
    """Fill a warehouse with a world and all features of a cutoff."""
    world.star(warehouse, case.settings)
    make(warehouse, case)
    return warehouse


def layer(warehouse: Warehouse, case: Case) -> pl.DataFrame:
    """Both layers of a cutoff, joined: one row per customer and target, nothing capped."""
    customers = warehouse.read(CUSTOMER_FEATURES, cutoff=f"{case.cutoff}")
    divisions = warehouse.read_many(DIVISION_FEATURES, case.grid)
    return divisions.join(customers, on=["cutoff", "customer_id"])


def bytes_of(warehouse: Warehouse) -> dict[str, bytes]:
    """Content of every file that the features room wrote."""
    root = warehouse.lake / "features"
    return {f"{p.relative_to(root)}": p.read_bytes() for p in sorted(root.rglob("*.parquet"))}

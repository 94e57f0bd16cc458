"""Read what a list is made of from the lake."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from gosales_assets.calendar import closed_by
from gosales_assets.features.contract import (
    AFFINITY_EVIDENCE,
    CUSTOMER_FEATURES,
    DIVISION_FEATURES,
)
from gosales_assets.features.profile import attributes_known_by
from gosales_assets.labels.contract import LABELS
from gosales_assets.labels.reading import windows_of
from gosales_assets.partitions import KEYS, day
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.scores.expected_value import purchase_values, value_given_purchase
from gosales_assets.scores.scoring import value_groups
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import (
    BLOCKS,
    CONTACTS_LOG,
    CUSTOMERS,
    INSTALLED_BASE,
    OPEN_DEALS,
)
from gosales_assets.star.contract import DIM_CUSTOMER, DIM_CUTOFF, DIM_PRODUCT, INDUSTRY_MATCHES
from gosales_assets.star.scopes import sku_sets
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import actions, lists
from gosales_assets.whitespace.eligibility import SideTables
from gosales_assets.whitespace.installed_assets import by_division
from gosales_assets.whitespace.record_contract import ACTIONS, HANDED_OUT
from gosales_assets.whitespace.surfaced import not_acted_on

WALLET = 0.9  # what one in ten buyers exceeds


@dataclass(frozen=True)
class Inputs:
    """What the lists of all cutoffs share; read once per run."""

    warehouse: Warehouse
    settings: Settings
    customers: pl.DataFrame
    products: pl.DataFrame
    side: SideTables
    handed_out: pl.DataFrame
    data_end: date
    windows: Mapping[str, int]

    @classmethod
    def read(cls, warehouse: Warehouse, settings: Settings) -> "Inputs":
        """Read them from the lake, and the record of actions from the home folder."""
        products = warehouse.read(DIM_PRODUCT, columns=["sku", "product_name", "division"])
        installed = by_division(warehouse.read(INSTALLED_BASE), products, sku_sets(settings))
        recorded = actions.read(warehouse.home_path, ACTIONS)
        side = SideTables(
            open_deals=warehouse.read(OPEN_DEALS),
            blocks=warehouse.read(BLOCKS),
            contacts_log=warehouse.read(CONTACTS_LOG),
            actions=recorded,
            assets=installed,
        )
        cutoffs = warehouse.read(DIM_CUTOFF, columns=["data_end"])
        return cls(
            warehouse,
            settings,
            customers=warehouse.read(DIM_CUSTOMER, columns=lists.FROM_CUSTOMERS),
            products=products,
            side=side,
            handed_out=actions.read(warehouse.home_path, HANDED_OUT),
            data_end=max(cutoffs["data_end"]),
            windows=windows_of(warehouse, KEYS.divisions),
        )

    def candidates(self, cutoff: str) -> pl.DataFrame:
        """Candidates of a cutoff with all that ranks and explains them."""
        found = lists.candidates(
            all_divisions(self.warehouse, ICP_SCORES, cutoff, lists.FROM_SCORES),
            all_divisions(self.warehouse, DIVISION_FEATURES, cutoff, lists.FROM_DIVISION_FEATURES),
            self.warehouse.read(
                CUSTOMER_FEATURES, columns=lists.FROM_CUSTOMER_FEATURES, cutoff=cutoff
            ),
            self.warehouse.read(AFFINITY_EVIDENCE, cutoff=cutoff),
            self.customers,
            self.products,
        )
        return found.with_columns(wallet_gp=self._wallets(found, cutoff))

    def view(self, cutoff: str) -> lists.View:
        """How the list of a cutoff is looked at: on which day, and what was handed out before."""
        recorded = self.side.actions
        on = actions.as_of(day(cutoff), is_newest(cutoff), self.data_end, recorded)
        days = self.settings.whitespace.surfaced_days
        shown = not_acted_on(self.handed_out, recorded, cutoff=day(cutoff), on=on, days=days)
        return lists.View(on, self.settings.sales_log.base_currency, shown)

    def _wallets(self, found: pl.DataFrame, cutoff: str) -> pl.Series:
        """Upper quantile of what buyers like each candidate spent in the windows closed by then."""
        closed = closed_partitions(cutoff, self.windows)
        columns = ["division", "customer_id", "label", "net_gp_window"]
        rows = self.warehouse.read_many(LABELS, closed, columns=columns)
        attributes = attributes_known_by(
            self.warehouse.read(CUSTOMERS),
            self.warehouse.read(INDUSTRY_MATCHES),
            day(cutoff),
            self.settings,
        )
        groups = value_groups(attributes)
        buyers = rows.filter(pl.col("label") == 1).drop("label")
        return value_given_purchase(found, purchase_values(buyers, groups, WALLET), groups).round(2)


def is_newest(cutoff: str) -> bool:
    """Whether it is the cutoff whose list is in use."""
    return cutoff == KEYS.cutoffs[-1]


def closed_partitions(cutoff: str, windows: Mapping[str, int]) -> list[dict[str, str]]:
    """Cutoffs and divisions whose label windows had closed by a cutoff."""
    days = [day(key) for key in KEYS.cutoffs]
    return [
        {"cutoff": closed.isoformat(), "division": division}
        for division, months in windows.items()
        for closed in closed_by(days, day(cutoff), months)
    ]


def all_divisions(
    warehouse: Warehouse, table: Table, cutoff: str, columns: Iterable[str]
) -> pl.DataFrame:
    """Read a table of the grid for all divisions of a cutoff."""
    keys = [{"cutoff": cutoff, "division": division} for division in KEYS.divisions]
    return warehouse.read_many(table, keys, columns=list(columns))

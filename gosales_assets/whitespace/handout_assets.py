"""Assets made of a list to hand out: explanations, thresholds, accounts; and what was recorded."""

import dagster as dg

from gosales_assets.contracts import contract_check, dep, table_asset
from gosales_assets.partitions import ALL_DIVISIONS
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.contract import WHITESPACE
from gosales_assets.whitespace.explanations import explanations
from gosales_assets.whitespace.handout_contract import (
    ACCOUNT_ROLLUP,
    EXPLANATIONS,
    SELECTED,
    SHADOW_SCORES,
    THRESHOLDS,
)
from gosales_assets.whitespace.handouts import account_rollup, thresholds, with_challenger
from gosales_assets.whitespace.reading import all_divisions
from gosales_assets.whitespace.record_contract import ACTION_JOBS, ACTIONS, HANDED_OUT

_REASONS = ["division", "customer_id", "reason_1", "reason_2", "reason_3"]


@table_asset(SELECTED, deps=[dep(WHITESPACE), dep(SHADOW_SCORES)], kinds={"polars"})
def selected(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Take the selected rows of each list, with the challenger's scores beside."""
    for cutoff in context.partition_keys:
        listed = warehouse.read(WHITESPACE, cutoff=cutoff).filter("selected")
        found = with_challenger(listed, warehouse.read(SHADOW_SCORES, cutoff=cutoff))
        store(context, warehouse, SELECTED, found, cutoff=cutoff)


@table_asset(EXPLANATIONS, deps=[dep(WHITESPACE), dep(ICP_SCORES, ALL_DIVISIONS)], kinds={"polars"})
def explained(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Say everything that drives each selected row."""
    for cutoff in context.partition_keys:
        found = explanations(
            warehouse.read(WHITESPACE, cutoff=cutoff),
            all_divisions(warehouse, ICP_SCORES, cutoff, _REASONS),
            settings.whitespace,
            settings.sales_log.base_currency,
        )
        store(context, warehouse, EXPLANATIONS, found, cutoff=cutoff)


@table_asset(THRESHOLDS, deps=[dep(WHITESPACE)], kinds={"polars"})
def capacity_grid(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Say what handing out 5, 10 or 20 % of each list would mean."""
    for cutoff in context.partition_keys:
        found = thresholds(warehouse.read(WHITESPACE, cutoff=cutoff))
        store(context, warehouse, THRESHOLDS, found, cutoff=cutoff)


@table_asset(ACCOUNT_ROLLUP, deps=[dep(WHITESPACE)], kinds={"polars"})
def by_account(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Gather each list by parent account."""
    for cutoff in context.partition_keys:
        found = account_rollup(warehouse.read(WHITESPACE, cutoff=cutoff))
        store(context, warehouse, ACCOUNT_ROLLUP, found, cutoff=cutoff)


# The record is kept in the home folder; these three only publish it, once the lists are made.
@table_asset(ACTIONS, deps=[dep(WHITESPACE)])
def recorded_actions(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Publish what reps answered."""
    store(context, warehouse, ACTIONS, actions.read(warehouse.home_path, ACTIONS))


@table_asset(ACTION_JOBS, deps=[dep(WHITESPACE)])
def recorded_jobs(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Publish which files of actions were imported."""
    store(context, warehouse, ACTION_JOBS, actions.read(warehouse.home_path, ACTION_JOBS))


@table_asset(HANDED_OUT, deps=[dep(WHITESPACE)])
def recorded_hand_outs(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Publish which rows were handed out, and when."""
    store(context, warehouse, HANDED_OUT, actions.read(warehouse.home_path, HANDED_OUT))


ASSETS = [
    *(selected, explained, capacity_grid, by_account),
    *(recorded_actions, recorded_jobs, recorded_hand_outs),
]
CHECKS = [
    contract_check(table)
    for table in (
        SELECTED,
        EXPLANATIONS,
        THRESHOLDS,
        ACCOUNT_ROLLUP,
        ACTIONS,
        ACTION_JOBS,
        HANDED_OUT,
    )
]

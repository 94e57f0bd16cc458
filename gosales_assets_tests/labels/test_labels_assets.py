"""Star and labels through Dagster: what is wired is what was meant, whatever the configuration."""

import random
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from gosales_assets.calendar import add_months
from gosales_assets.labels import assets as labels_room
from gosales_assets.labels.contract import (
    CANDIDATES,
    LABELS,
    NEW_LOGOS,
    PREVALENCE,
    TARGET_WINDOWS,
)
from gosales_assets.labels.windows import months_by_target
from gosales_assets.partitions import KEYS, day
from gosales_assets.settings import Cutoffs, Settings, current_settings
from gosales_assets.sources.contract import LABEL_DENYLIST, PROSPECTS, SALES_LINES
from gosales_assets.star import assets as star_room
from gosales_assets.star.contract import CUSTOMER_MONTH, DIM_CUTOFF, FACT_TRANSACTIONS
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.star.order_lines import line, made, sales_lines, write_sources

SETTINGS = current_settings()
FIRST, LAST = KEYS.cutoffs[0], KEYS.cutoffs[-1]
TARGETS = [name for name in KEYS.divisions if name not in SETTINGS.targets.sku_sets]
WINDOWS = dict.fromkeys(KEYS.divisions, SETTINGS.window_months) | {TARGETS[0]: 12, TARGETS[1]: 24}
# One target is named in another spelling, as people do.
LONGER = SETTINGS.model_copy(
    update={
        "targets": SETTINGS.targets.model_copy(
            update={"windows": {f" {TARGETS[0].upper()}": 12, TARGETS[1]: 24}}
        )
    }
)
LOGO = "new logo"
CUSTOMERS = 30


def toy_lines() -> pl.DataFrame:
    """Lines in every target from a year before the first cutoff to the day of the last."""
    draw = random.Random(5)  # noqa: S311 - a toy log, not a secret
    start, end = day(FIRST) - timedelta(days=300), day(LAST)
    span = (end - start).days
    bought = add_months(day(FIRST), 1)
    rows = [line(LOGO, bought.isoformat(), division=TARGETS[0])]
    rows += [line("c0", start.isoformat()), line("c0", end.isoformat(), division="Unlisted")]
    for customer in range(CUSTOMERS):
        for _ in range(40):
            when = start + timedelta(days=draw.randrange(span))
            returned = draw.random() < 0.1
            rows.append(
                line(
                    f"c{customer}",
                    when.isoformat(),
                    division=draw.choice(TARGETS),
                    quantity=-1 if returned else 2,
                    revenue=-30 if returned else draw.randint(1, 900),
                )
            )
    return sales_lines(*rows)


def run(
    room: Any, warehouse: Warehouse, instance: dg.DagsterInstance, **how: Any
) -> dg.ExecuteInProcessResult:
    resources = {"warehouse": warehouse, "settings": how.pop("settings", SETTINGS)}
    assets = how.pop("assets", room.ASSETS)
    return dg.materialize(
        [*assets, *room.CHECKS],
        selection=how.pop("selection", dg.AssetSelection.assets(*assets)),
        resources=resources,
        instance=instance,
        raise_on_error=False,
        **how,
    )


@pytest.fixture(scope="module")
def lake(
    tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance
) -> tuple[Warehouse, dg.ExecuteInProcessResult]:
    """A warehouse with the star of the toy log."""
    home = tmp_path_factory.mktemp("star")
    warehouse = Warehouse(home=str(home), threads=2, code_version="test", basis="test")
    companies = [{"customer_id": LOGO, "valid_from": day(FIRST)}]
    write_sources(warehouse, toy_lines(), prospects=made(PROSPECTS, companies))
    almost = day(LAST) - timedelta(days=1)  # so that no cutoff has 24 whole months after it
    log = SETTINGS.sales_log.model_copy(update={"complete_through": almost})
    settings = SETTINGS.model_copy(update={"sales_log": log})
    return warehouse, run(star_room, warehouse, instance, settings=settings)


@pytest.fixture(scope="module")
def labelled(
    lake: tuple[Warehouse, dg.ExecuteInProcessResult], instance: dg.DagsterInstance
) -> tuple[Warehouse, dg.ExecuteInProcessResult]:
    """The same warehouse with windows, and the labels of all cutoffs, made by one run."""
    warehouse, _ = lake
    windows = run(
        labels_room, warehouse, instance, assets=[labels_room.target_windows], settings=LONGER
    )
    assert windows.success
    # Nothing closes within 24 months: a warning that names the target, and the run goes on.
    assert failed(windows) == {"enough_buyers"}
    result = run(
        labels_room,
        warehouse,
        instance,
        assets=[labels_room.candidates, labels_room.labels],
        tags={
            "dagster/asset_partition_range_start": f"{FIRST}|{KEYS.divisions[0]}",
            "dagster/asset_partition_range_end": f"{LAST}|{KEYS.divisions[-1]}",
        },
    )
    return warehouse, result


def failed(result: dg.ExecuteInProcessResult) -> set[str]:
    return {c.check_name for c in result.get_asset_check_evaluations() if not c.passed}


def test_the_star_is_made_and_checked(
    lake: tuple[Warehouse, dg.ExecuteInProcessResult],
) -> None:
    warehouse, result = lake
    assert result.success
    assert {c.check_name for c in result.get_asset_check_evaluations()} == {
        "contract",
        "values",
        "as_before",
        "conservation",
        "foreign_keys",
        "one_row_per_customer",
        "lines_in_unlisted_divisions",
        "parent_accounts",
        "side_tables_know_customers",
    }
    assert failed(result) == {"lines_in_unlisted_divisions"}  # a warning: the run goes on
    assert all(warehouse.has(table) for table in (FACT_TRANSACTIONS, CUSTOMER_MONTH, DIM_CUTOFF))


def test_one_run_labels_every_division_of_every_cutoff(
    labelled: tuple[Warehouse, dg.ExecuteInProcessResult],
) -> None:
    warehouse, result = labelled
    assert result.success
    assert failed(result) == set()
    grid = [{"cutoff": c, "division": d} for c in KEYS.cutoffs for d in KEYS.divisions]
    assert warehouse.partitions(CANDIDATES) == grid
    assert warehouse.partitions(LABELS) == grid
    per_partition = [c for c in result.get_asset_check_evaluations() if c.partition]
    assert len(per_partition) == 5 * len(grid)


def test_open_windows_have_no_labels_and_closed_ones_lose_no_candidate(
    labelled: tuple[Warehouse, dg.ExecuteInProcessResult],
) -> None:
    warehouse, _ = labelled
    data_end = warehouse.read(DIM_CUTOFF)["data_end"][0]
    labelled_at: dict[str, int] = dict.fromkeys(KEYS.divisions, 0)
    for keys in warehouse.partitions(LABELS):
        people = warehouse.read(CANDIDATES, **keys)["customer_id"].to_list()
        months = WINDOWS[keys["division"]]
        is_closed = add_months(day(keys["cutoff"]), months) <= data_end
        rows = warehouse.read(LABELS, **keys)
        assert rows["customer_id"].to_list() == (people if is_closed else [])
        assert rows["window_months"].is_in([months]).all()
        labelled_at[keys["division"]] += is_closed
    assert labelled_at[TARGETS[1]] == 0 < labelled_at[TARGETS[0]] < labelled_at[TARGETS[2]]
    table = warehouse.read(TARGET_WINDOWS)
    assert dict(table.select("division", "closed_cutoffs").iter_rows()) == labelled_at
    assert months_by_target(table) == WINDOWS


def test_one_partition_alone_gives_what_one_run_gave(
    labelled: tuple[Warehouse, dg.ExecuteInProcessResult], instance: dg.DagsterInstance
) -> None:
    warehouse, _ = labelled
    key = {"cutoff": FIRST, "division": TARGETS[0]}

    def checksums() -> list[str]:
        return [warehouse.footer(t, **key)["gosales.checksum"] for t in (CANDIDATES, LABELS)]

    together = checksums()
    for table in (CANDIDATES, LABELS):
        warehouse.remove(table, **key)
    both = [labels_room.candidates, labels_room.labels]
    assert run(
        labels_room, warehouse, instance, assets=both, partition_key="|".join(key.values())
    ).success
    assert checksums() == together


def test_net_values_of_a_cutoff_are_those_of_the_facts(
    labelled: tuple[Warehouse, dg.ExecuteInProcessResult],
) -> None:
    warehouse, _ = labelled
    denied = SETTINGS.labels.sku_denylist
    later = warehouse.read(FACT_TRANSACTIONS).filter(
        pl.col("order_date") > day(FIRST), ~pl.col("sku").is_in(denied)
    )
    for division in TARGETS:
        end = add_months(day(FIRST), WINDOWS[division])
        facts = later.filter(pl.col("order_date") <= end)
        rows = warehouse.read(LABELS, cutoff=FIRST, division=division)
        people = facts.filter(
            pl.col("division") == division,
            pl.col("customer_id").is_in(rows["customer_id"].to_list()),
        )
        assert rows["net_gp_window"].sum() == (people["value"].sum() or 0)


def test_products_of_the_denylist_make_nobody_a_buyer(
    labelled: tuple[Warehouse, dg.ExecuteInProcessResult],
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    shutil.copytree(labelled[0].home_path, tmp_path / "home")
    warehouse = Warehouse(home=str(tmp_path / "home"), code_version="test", basis="test")
    warehouse.write(LABEL_DENYLIST, pl.DataFrame({"sku": ["p"]}))
    key = {"cutoff": FIRST, "division": TARGETS[0]}
    assert warehouse.read(LABELS, **key)["label"].sum() > 0
    result = run(
        labels_room,
        warehouse,
        instance,
        assets=[labels_room.labels],
        partition_key=f"{FIRST}|{TARGETS[0]}",
    )
    assert result.success
    assert warehouse.read(LABELS, **key)["label"].sum() == 0


def test_prevalence_counts_closed_cutoffs_and_warns_without_stopping(
    labelled: tuple[Warehouse, dg.ExecuteInProcessResult], instance: dg.DagsterInstance
) -> None:
    warehouse, _ = labelled
    left_over = {"cutoff": FIRST, "division": "No longer a target"}
    one = warehouse.read(LABELS, cutoff=FIRST, division=KEYS.divisions[0])
    warehouse.write(LABELS, one.with_columns(division=pl.lit("No longer a target")), **left_over)
    result = run(
        labels_room,
        warehouse,
        instance,
        assets=[labels_room.new_logos, labels_room.prevalence],
        tags={
            "dagster/asset_partition_range_start": FIRST,
            "dagster/asset_partition_range_end": LAST,
        },
    )
    assert result.success
    assert failed(result) <= {"prevalence_is_usual"}
    logos = warehouse.read(NEW_LOGOS, cutoff=FIRST)
    closed = [name for name in KEYS.divisions if WINDOWS[name] < 24]
    assert logos["division"].to_list() == closed
    assert logos.filter(pl.col("label") == 1).select("customer_id", "division").rows() == [
        (LOGO, TARGETS[0])
    ]
    assert warehouse.read(NEW_LOGOS, cutoff=KEYS.cutoffs[1]).is_empty()
    shares = warehouse.read(PREVALENCE, cutoff=FIRST)
    assert shares.height == 4 * len(closed)
    assert shares.filter(pl.col("cohort") == "new_logo")["positives"].sum() == 1
    later = warehouse.read(PREVALENCE, cutoff=KEYS.cutoffs[1])
    assert sorted(later["cohort"].unique()) == ["all", "expansion", "repeat"]
    assert warehouse.read(PREVALENCE, cutoff=LAST).is_empty()
    warehouse.remove(LABELS, **left_over)


def test_candidates_may_be_only_those_who_do_not_own_the_target(
    labelled: tuple[Warehouse, dg.ExecuteInProcessResult],
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    shutil.copytree(labelled[0].home_path, tmp_path / "home")
    warehouse = Warehouse(home=str(tmp_path / "home"), code_version="test", basis="test")
    mode = SETTINGS.labels.model_copy(update={"mode": "expansion"})
    result = run(
        labels_room,
        warehouse,
        instance,
        assets=[labels_room.candidates, labels_room.labels],
        settings=SETTINGS.model_copy(update={"labels": mode}),
        tags={
            "dagster/asset_partition_range_start": f"{FIRST}|{KEYS.divisions[0]}",
            "dagster/asset_partition_range_end": f"{FIRST}|{KEYS.divisions[-1]}",
        },
    )
    assert result.success
    assert failed(result) == set()
    for division in KEYS.divisions:
        key = {"cutoff": FIRST, "division": division}
        for table in (CANDIDATES, LABELS):
            everybody = labelled[0].read(table, **key)
            strangers = everybody.filter(pl.col("cohort") == "expansion")
            assert warehouse.read(table, **key).equals(strangers)


def test_a_line_lost_on_the_way_stops_what_is_downstream(
    warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    lines = toy_lines()
    write_sources(warehouse, lines)
    assert run(star_room, warehouse, instance, assets=[star_room.fact_transactions]).success
    warehouse.write(SALES_LINES, lines.vstack(sales_lines(line("z", FIRST, line_id="more"))))
    result = run(
        star_room,
        warehouse,
        instance,
        selection=dg.AssetSelection.checks_for_assets(star_room.fact_transactions),
    )
    assert failed(result) == {"conservation"}
    assert warehouse.is_broken(FACT_TRANSACTIONS)


@pytest.mark.parametrize("years", [-20, 20])
def test_cutoffs_without_data_end_the_run_with_one_line(
    years: int, lake: tuple[Warehouse, dg.ExecuteInProcessResult], instance: dg.DagsterInstance
) -> None:
    warehouse, _ = lake
    far = Cutoffs(first=_later(FIRST, min(years, 0)), last=_later(LAST, max(years, 0)))
    settings: Settings = SETTINGS.model_copy(update={"cutoffs": far})
    result = run(star_room, warehouse, instance, assets=[star_room.dim_cutoff], settings=settings)
    assert not result.success
    failure = result.failure_data_for_node("star__dim_cutoff")
    assert failure is not None
    assert failure.error is not None
    assert failure.error.cause is not None
    message = failure.error.cause.message
    assert "SettingsError: cutoffs." in message
    assert "has no data" in message


def _later(cutoff: str, years: int) -> date:
    return add_months(day(cutoff), 12 * years)

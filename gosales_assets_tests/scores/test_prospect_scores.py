"""From new logos to prospects' scores through Dagster: with and without a prospects table."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.calendar import add_months
from gosales_assets.labels.contract import NEW_LOGOS
from gosales_assets.models.metrics import sigmoid
from gosales_assets.models.prospects import ENOUGH, SCORED, TOO_FEW, WARM_UP
from gosales_assets.partitions import KEYS, day
from gosales_assets.scores.assets import ASSETS, CHECKS
from gosales_assets.scores.prospect_assets import PROSPECT_ASSETS, PROSPECT_CHECKS, prospects
from gosales_assets.scores.prospect_contract import PROSPECT_MODELS, PROSPECT_SCORES
from gosales_assets.scores.prospects import not_as_known, prospects_at
from gosales_assets.settings import current_settings
from gosales_assets.sources.contract import PROSPECTS
from gosales_assets.star.contract import CUSTOMER_DAY
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.labels.given_windows import write_windows
from gosales_assets_tests.star.order_lines import made

FIRST, LAST = KEYS.cutoffs[0], KEYS.cutoffs[-1]
DULL, *_, UNSOLD = KEYS.divisions  # bought by chance, and by hardly anybody
COMPANIES = 500
BOUGHT, LATE = "P0001", "P0002"  # a customer by now, and one that buys after the last cutoff
MONTHS = current_settings().window_months


def companies() -> pl.DataFrame:
    random = np.random.default_rng(8)
    rows = [
        {
            "customer_id": f"P{number:04}",
            "valid_from": date(2020, 1, 1),
            "company_name": f"Company {number}",
            "industry": str(random.choice(["Aerospace", "Food", "Glass"])),
            "country": "Norway",
        }
        for number in range(COMPANIES)
    ]
    later = {"customer_id": "known later", "valid_from": add_months(day(LAST), 1)}
    return made(PROSPECTS, [*rows, later, {"customer_id": "undated"}])


def new_logos(known: pl.DataFrame, cutoff: str) -> pl.DataFrame:
    """Aerospace buys, but one division hardly sells, and one sells to anybody."""
    people = known.filter(pl.col("valid_from") < day(cutoff))
    random = np.random.default_rng(int(cutoff.replace("-", "")))
    wanted = (people["industry"] == "Aerospace").to_numpy()
    parts = []
    for division in KEYS.divisions:
        logits = np.where(wanted, -0.5, -3.5) if division != DULL else np.full(people.height, -2.0)
        bought = random.random(people.height) < sigmoid(logits)
        if division == UNSOLD:
            bought[10:] = False
        parts.append(
            people.select("customer_id").with_columns(
                cutoff=pl.lit(day(cutoff)),
                division=pl.lit(division),
                window_months=pl.lit(MONTHS),
                label=pl.Series(bought.astype(int)),
                net_gp_window=pl.lit(0),
                orders_window=pl.lit(0),
            )
        )
    return pl.concat(parts)


def filled(home: Path, known: pl.DataFrame, threads: int = 2, shuffle: bool = False) -> Warehouse:
    warehouse = Warehouse(home=str(home), code_version="test", basis="test", threads=threads)
    warehouse.write(PROSPECTS, known)
    for cutoff in KEYS.cutoffs:
        is_closed = known.height and add_months(day(cutoff), MONTHS) <= day(LAST)
        rows = new_logos(known, cutoff) if is_closed else NEW_LOGOS.empty()
        warehouse.write(NEW_LOGOS, rows, cutoff=cutoff)
    bought = [(BOUGHT, day(LAST)), (LATE, add_months(day(LAST), 1))]
    days = [
        {"customer_id": customer, "scope": "all", "division": "", "order_date": when}
        for customer, when in bought
    ]
    warehouse.write(CUSTOMER_DAY, made(CUSTOMER_DAY, days))
    write_windows(warehouse)
    if shuffle:
        for table, keys in [(PROSPECTS, {}), *((NEW_LOGOS, {"cutoff": c}) for c in KEYS.cutoffs)]:
            path = warehouse.path(table, **keys)
            mixed = warehouse.read(table, **keys).sample(fraction=1, shuffle=True, seed=3)
            mixed.write_parquet(path)
    return warehouse


def scored(warehouse: Warehouse, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [*PROSPECT_ASSETS, *PROSPECT_CHECKS],
        instance=instance,
        resources={"warehouse": warehouse, "settings": current_settings()},
        tags={
            "dagster/asset_partition_range_start": FIRST,
            "dagster/asset_partition_range_end": LAST,
        },
    )


Home = tuple[Warehouse, dg.ExecuteInProcessResult]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Home:
    warehouse = filled(tmp_path_factory.mktemp("prospects"), companies())
    return warehouse, scored(warehouse, instance)


def models(warehouse: Warehouse, cutoff: str = LAST) -> dict[str, dict]:
    rows = warehouse.read(PROSPECT_MODELS, cutoff=cutoff).rows(named=True)
    return {row["division"]: row for row in rows}


def test_they_are_part_of_the_room() -> None:
    assert prospects in ASSETS
    assert set(PROSPECT_CHECKS) <= set(CHECKS)


def test_each_cutoff_and_division_has_a_status(home: Home) -> None:
    warehouse, result = home
    assert result.success
    assert all(e.passed for e in result.get_asset_check_evaluations())
    assert {row["status"] for row in models(warehouse, FIRST).values()} == {WARM_UP}
    assert warehouse.read(PROSPECT_SCORES, cutoff=FIRST).is_empty()
    last = models(warehouse)
    assert sorted(last) == sorted(KEYS.divisions)
    assert last[UNSOLD]["status"] == TOO_FEW
    assert 0 < last[UNSOLD]["conversions"] < ENOUGH
    assert all(row["status"] == SCORED for name, row in last.items() if name not in {DULL, UNSOLD})
    assert {row["prospects"] for row in last.values()} == {COMPANIES - 1}


def test_whoever_is_no_prospect_at_the_cutoff_is_not_scored(home: Home) -> None:
    warehouse, _ = home
    scores = warehouse.read(PROSPECT_SCORES, cutoff=LAST)
    assert set(scores["division"]) == set(KEYS.divisions) - {UNSOLD}
    people = set(scores["customer_id"])
    assert people == {f"P{number:04}" for number in range(COMPANIES)} - {BOUGHT}
    assert LATE in people
    assert scores.height == len(people) * (len(KEYS.divisions) - 1)


def test_the_wanted_industry_is_likelier_and_the_reason(home: Home) -> None:
    warehouse, _ = home
    industries = companies().select("customer_id", "industry")
    rows = warehouse.read(PROSPECT_SCORES, cutoff=LAST).join(industries, on="customer_id")
    rows = rows.filter((pl.col("method") == "model") & (pl.col("division") != DULL))
    wanted = rows.filter(pl.col("industry") == "Aerospace")
    others = rows.filter(pl.col("industry") != "Aerospace")
    assert wanted["reason_1"].unique().to_list() == ["industry is Aerospace: raises"]
    assert others["reason_1"].str.ends_with(": lowers").all()
    assert wanted["probability"].min() > others["probability"].max()
    assert set(wanted["grade"]) <= {"A", "B", "C"}
    assert rows["reason_2"].is_null().all()  # all are in Norway: that is no reason


def test_a_division_that_attributes_say_nothing_of_has_one_chance_for_all(home: Home) -> None:
    warehouse, _ = home
    scores = warehouse.read(PROSPECT_SCORES, cutoff=LAST)
    for division, row in models(warehouse).items():
        own = scores.filter(pl.col("division") == division)
        if row["status"] == "base rate":
            assert own["probability"].unique().to_list() == [row["base_rate"]]
            assert own["method"].unique().to_list() == ["base_rate"]
            assert own["reason_1"].is_null().all()
        else:
            assert (own.height > 0) == (row["base_rate"] is not None)


@pytest.mark.parametrize("how", [{"threads": 1}, {"shuffle": True}], ids=str)
def test_threads_and_row_order_change_nothing(
    how: dict, home: Home, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    warehouse = filled(tmp_path, companies(), **how)
    assert scored(warehouse, instance).success
    for table in (PROSPECT_MODELS, PROSPECT_SCORES):
        for cutoff in KEYS.cutoffs:
            checksums = [
                each.footer(table, cutoff=cutoff)["gosales.checksum"]
                for each in (warehouse, home[0])
            ]
            assert checksums[0] == checksums[1]


def test_without_a_prospects_table_the_tables_are_empty_and_say_how_to_give_one(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    warehouse = filled(tmp_path, PROSPECTS.empty())
    result = scored(warehouse, instance)
    assert result.success
    assert all(e.passed for e in result.get_asset_check_evaluations())
    for table in (PROSPECT_MODELS, PROSPECT_SCORES):
        assert warehouse.read(table, cutoff=LAST).is_empty()
    event = result.get_asset_materialization_events()[0]
    said = event.materialization.metadata["prospects table"].value
    assert "side_tables.prospects" in str(said)


@pytest.mark.parametrize("known", [LATE, "P0003"])
def test_the_check_finds_whoever_is_no_prospect(known: str, home: Home) -> None:
    scores = home[0].read(PROSPECT_SCORES, columns=["division", "customer_id"], cutoff=LAST)
    able = set(scores["division"])
    people = set(scores["customer_id"])
    assert not_as_known(scores, able, people) == []
    found = not_as_known(scores, able, people - {known})
    assert [(breach.rows, breach.examples) for breach in found] == [(1, (known,))] * len(able)
    missing = scores.filter(pl.col("customer_id") != known)
    assert len(not_as_known(missing, able, people)) == len(able)
    assert len(not_as_known(scores, able - {DULL}, people)) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("probability", pl.lit(1.5)), ("grade", pl.lit("E")), ("customer_id", pl.lit("same"))],
)
def test_the_contract_is_kept_and_can_be_broken(home: Home, column: str, value: pl.Expr) -> None:
    frame = home[0].read(PROSPECT_SCORES, cutoff=LAST)
    assert breaches(PROSPECT_SCORES, frame) == []
    assert breaches(PROSPECT_SCORES, frame.with_columns(value.alias(column)))


def test_prospects_are_those_of_the_labels(evaluate_labels: Callable[[date], set]) -> None:
    for cutoff in (date(2024, 6, 29), date(2024, 6, 30), date(2024, 7, 1)):
        ours = prospects_at(KNOWN, DAYS, ["Tools"], cutoff)
        assert set(ours["customer_id"]) == evaluate_labels(cutoff)
        assert ours.height == len(set(ours["customer_id"]))


KNOWN = made(
    PROSPECTS,
    [
        {"customer_id": "a", "valid_from": date(2024, 6, 30)},
        {"customer_id": "a", "valid_from": date(2024, 7, 1)},
        {"customer_id": "b", "valid_from": date(2024, 1, 1)},
        {"customer_id": "b"},
        {"customer_id": "c"},
    ],
)
DAYS = pl.DataFrame({"customer_id": ["b"], "order_date": [date(2024, 6, 30)]})


@pytest.fixture
def evaluate_labels() -> Callable[[date], set]:
    """The prospects of a cutoff by the rule of the labels."""
    from gosales_assets.labels import candidates
    from gosales_assets_tests.star.order_lines import evaluate

    days = DAYS.with_columns(scope=pl.lit("all"), division=pl.lit(""))

    def people(cutoff: date) -> set:
        frame = evaluate(
            lambda known, bought: candidates.prospects(known, bought, ["Tools"], cutoff),
            KNOWN,
            days,
        )
        return set(frame["customer_id"])

    return people

"""Queries of the pages: filters narrow, pages partition, input is never SQL."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from dashboards import account_queries, evidence, matrix_queries, queries
from dashboards.database import Published
from dashboards.queries import Filters
from gosales_assets_tests.dashboards import published_sample as sample

ALL = Filters(sample.NEWEST)
INJECTIONS = ["' or 1=1 --", "'; drop table whitespace.whitespace; --", "$rep", "%", "_"]


def test_recommendations_are_the_potential_rows_in_order_of_rank(db: Published) -> None:
    found = queries.recommendations(db, ALL)
    expected = sample.whitespace().filter(cutoff=sample.NEWEST, state="potential").sort("rank")
    assert found["rank"].to_list() == expected["rank"].to_list()
    assert found["customer_id"].to_list() == expected["customer_id"].to_list()
    assert queries.count_recommendations(db, ALL) == expected.height


def test_pages_put_together_are_the_whole_list(db: Published) -> None:
    whole = queries.recommendations(db, ALL)
    pages = [
        queries.recommendations(db, ALL, limit=40, offset=offset)
        for offset in range(0, whole.height, 40)
    ]
    assert pl.concat(pages).equals(whole)


@pytest.mark.parametrize("column", ["rep", "territory", "segment", "division"])
def test_every_filter_keeps_exactly_the_rows_that_have_the_value(
    db: Published, column: str
) -> None:
    whole = queries.recommendations(db, ALL)
    for value in queries.choices(db, sample.NEWEST)[column]:
        narrowed = replace(ALL, **{column: value})
        found = queries.recommendations(db, narrowed)
        assert found.equals(whole.filter(pl.col(column) == value))
        assert queries.count_recommendations(db, narrowed) == found.height


@pytest.mark.parametrize("typed", INJECTIONS)
def test_input_is_a_value_and_never_sql(db: Published, typed: str) -> None:
    assert queries.recommendations(db, replace(ALL, rep=typed)).is_empty()
    assert account_queries.find_accounts(db, typed).is_empty()
    assert matrix_queries.count_accounts(db, ALL, name=typed) == 0
    assert account_queries.account(db, typed) is None
    assert queries.count_recommendations(db, ALL) > 0


def test_the_shortlist_is_what_was_selected(db: Published) -> None:
    found = queries.recommendations(db, replace(ALL, shortlist=True))
    assert found["rank"].to_list() == list(range(1, 91))


@pytest.mark.parametrize(("order", "column"), [("chance", "icp_score"), ("value", "expected_gp")])
def test_lists_can_be_ordered(db: Published, order: str, column: str) -> None:
    found = queries.recommendations(db, ALL, order=order)
    assert found[column].is_sorted(descending=True)


def test_usual_is_the_mean_chance_of_what_could_be_offered(db: Published) -> None:
    found = queries.recommendations(db, ALL)
    means = found.group_by("division").agg(mean=pl.col("icp_score").mean(), usual=pl.first("usual"))
    assert (means["mean"] - means["usual"]).abs().max() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("C1013", "Beacon Motors"),
        ("c1013", "Beacon Motors"),
        ("motors beac", "Beacon Motors"),
        ("  ELAN   motors ", "Élan Motors"),
        ("Élan mot", "Élan Motors"),
        ("acme & sons", sample.HOSTILE_NAME),
    ],
)
def test_accounts_are_found_by_words_in_any_order_and_by_number(
    db: Published, typed: str, expected: str
) -> None:
    assert account_queries.find_accounts(db, typed)["customer_name"].to_list() == [expected]


def test_a_search_is_limited_and_an_empty_one_finds_nothing(db: Published) -> None:
    assert account_queries.find_accounts(db, "o", limit=7).height == 7
    assert account_queries.find_accounts(db, "   ").is_empty()


def test_names_that_begin_with_the_words_come_first(db: Published) -> None:
    assert account_queries.find_accounts(db, "d")["customer_name"][0].startswith("Dynamo")


def test_an_account_is_scored_once_per_division_and_has_its_states(db: Published) -> None:
    scores = account_queries.account_scores(db, "C1000", sample.NEWEST)
    assert sorted(scores["division"]) == sorted(sample.DIVISIONS)
    assert scores["icp_score"].is_sorted(descending=True)
    states = account_queries.account_states(db, "C1000", sample.NEWEST)
    assert sorted(states["division"]) == sorted(sample.DIVISIONS)
    ranked = states.filter(state="potential")
    assert ranked["rank"].is_sorted()
    assert ranked["nba_reason"].null_count() == 0
    assert account_queries.account_scores(db, "C1000", date(1999, 1, 31)).is_empty()


def test_the_timeline_reads_the_view_over_the_lake(db: Published) -> None:
    expected = sample.customer_months().filter(customer_id="C1000")
    assert account_queries.timeline(db, "C1000").height == expected.height


def test_matrix_pages_hold_each_account_once_with_every_division(db: Published) -> None:
    accounts = matrix_queries.count_accounts(db, ALL)
    seen: list[str] = []
    for offset in range(0, accounts, 20):
        page = matrix_queries.matrix(db, ALL, limit=20, offset=offset)
        counts = page.group_by("customer_id", maintain_order=True).len()
        assert counts["len"].to_list() == [len(sample.DIVISIONS)] * counts.height
        seen += counts["customer_id"].to_list()
    assert len(seen) == len(set(seen)) == accounts == sample.customers().height


def test_the_matrix_narrows_by_state_name_and_rep(db: Published) -> None:
    blocked = matrix_queries.matrix(db, ALL, state="blocked")
    for part in blocked.partition_by("customer_id"):
        assert "blocked" in part["state"].to_list()
    assert matrix_queries.count_accounts(db, ALL, name="elan") == 8
    assert matrix_queries.count_accounts(db, replace(ALL, rep="Ada Moreau")) == 16


def test_choices_leave_out_what_is_not_known(db: Published) -> None:
    known = queries.choices(db, sample.NEWEST)
    assert known["rep"] == sorted(rep for rep in sample.REPS if rep)
    assert queries.choices(db, date(1999, 1, 31))["rep"] == []


def test_lists_say_their_horizon_and_run(db: Published) -> None:
    assert queries.list_source(db, sample.NEWEST) == ([sample.WINDOW], [sample.RUN])
    assert queries.list_source(db, date(1999, 1, 31)) == ([], [])


def test_backtests_set_model_beside_naive_for_each_cohort(db: Published) -> None:
    assert evidence.tested_cutoffs(db) == [date(2024, 6, 30), date(2024, 3, 31)]
    frame = evidence.glance(db, date(2024, 6, 30), "auc")
    assert frame.height == 3 * len(sample.DIVISIONS)
    known = frame.filter(pl.col("model").is_not_null())
    assert (known["model_low"] < known["model"]).all()
    assert known["naive"].null_count() == 0
    few = frame.filter(division="Services", cohort="repeat")
    assert few["model"].to_list() == [None]


def test_quarantine_is_counted_by_reason(db: Published) -> None:
    reasons = evidence.quarantine_reasons(db)
    assert reasons.select("reason", "rows", "first_line").rows() == [
        ("no SKU", 2, 8),
        ("date cannot be read", 1, 17),
    ]
    assert reasons["rows"].sum() == evidence.quarantine(db).height


def test_the_gravest_alerts_come_first(db: Published) -> None:
    assert evidence.alerts(db)["severity"].to_list() == ["hard", "warn", "info"]


def test_grades_narrow_the_list(db: Published) -> None:
    whole = queries.recommendations(db, ALL)
    for grade in "ABCDF":
        found = queries.recommendations(db, replace(ALL, grade=grade))
        assert found.equals(whole.filter(icp_grade=grade))


def test_a_page_is_the_best_rows(db: Published) -> None:
    assert queries.recommendations(db, ALL, limit=10)["rank"].to_list() == list(range(1, 11))


def test_the_sign_of_money_is_that_of_the_newest_run(db: Published) -> None:
    assert queries.currency(db) == "$"


@pytest.mark.parametrize("rep", [None, "Ada Moreau"])
def test_capacity_adds_up_each_reps_best_accounts(db: Published, rep: str | None) -> None:
    """Against the same said in Polars: each account's best row, each rep's best accounts."""
    offered = sample.whitespace().filter(cutoff=sample.NEWEST, state="potential").sort("rank")
    best = offered.unique("customer_id", keep="first", maintain_order=True)
    if rep:
        best = best.filter(rep=rep)
    placed = best.with_columns(place=pl.int_range(1, pl.len() + 1).over("rep"))
    found = queries.capacity(db, replace(ALL, rep=rep), most=7)
    assert found["accounts_per_rep"].to_list() == list(range(1, 8))
    for row in found.iter_rows(named=True):
        called = placed.filter(pl.col("place") <= row["accounts_per_rep"])
        assert row["accounts"] == called.height
        assert row["wins"] == pytest.approx(called["icp_score"].sum())
        assert row["value"] == pytest.approx(called["expected_gp"].sum())


def test_similar_accounts_are_the_most_alike_of_the_industry(db: Published) -> None:
    """Against Jaccard's measure over sets, said in Python."""
    states = sample.whitespace().filter(cutoff=sample.NEWEST, state="owned")
    owned = {str(key[0]): set(part["division"]) for key, part in states.group_by(["customer_id"])}
    industry = dict(sample.customers().select("customer_id", "industry").iter_rows())
    for me in sorted(owned)[:3]:
        kin = {
            other: len(owned[me] & has) / len(owned[me] | has)
            for other, has in owned.items()
            if other != me and industry[other] == industry[me] and owned[me] & has
        }
        found = account_queries.similar(db, me, sample.NEWEST)
        best = sorted(kin.values(), reverse=True)[: account_queries.SIMILAR_SHOWN]
        assert found["likeness"].to_list() == pytest.approx(best)
        for row in found.iter_rows(named=True):
            assert row["likeness"] == pytest.approx(kin[row["customer_id"]])
            assert set(row["shared"]) == owned[me] & owned[row["customer_id"]]
            assert set(row["more"]) == owned[row["customer_id"]] - owned[me]


def test_a_parent_has_its_customers_and_their_sums(db: Published) -> None:
    whole = account_queries.parent(db, sample.NEWEST, "Alder Group")
    family = account_queries.family(db, sample.NEWEST, "Alder Group")
    expected = sample.customers().filter(parent_account="Alder Group")["customer_id"]
    assert set(family["customer_id"]) == set(expected)
    assert whole is not None
    assert whole["rows"] == family["offers"].sum()
    assert whole["expected_gp"] == pytest.approx(family["expected_gp"].sum())
    assert account_queries.parent(db, sample.NEWEST, "nobody") is None


def test_changes_are_counted_and_paged_in_order(db: Published) -> None:
    counts = queries.count_changes(db, ALL)
    assert counts == {"gone": 30, "moved": 30, "new": 30}
    for change, rows in counts.items():
        found = queries.changes(db, ALL, change)
        assert found.height == rows
        assert found["rank_now"].is_sorted()
    narrowed = queries.count_changes(db, replace(ALL, rep="Ada Moreau"))
    assert 0 < sum(narrowed.values()) < 90


def test_a_cell_has_its_row_alone(db: Published) -> None:
    row = account_queries.account_states(db, "C1013", sample.NEWEST, "Training")
    assert row.select("customer_id", "division").rows() == [("C1013", "Training")]


def test_gains_have_points_of_model_and_naive(db: Published) -> None:
    points = evidence.reached(db, "Training", date(2024, 6, 30))
    assert points.select("ranking", "called").rows() == [
        (ranking, share) for ranking in ("model", "naive") for share in (0.05, 0.1, 0.2)
    ]
    assert evidence.verdict(db, "Training")["verdict"] == "promoted"
    assert evidence.calibration(db, "Training")["method"] == "platt"
    assert evidence.verdict(db, "nothing") is None

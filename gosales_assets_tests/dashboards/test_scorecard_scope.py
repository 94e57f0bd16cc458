"""A rep's scope: own accounts only, in every query, whatever is asked for."""

import inspect
from dataclasses import replace

import duckdb
import polars as pl
import pytest

from dashboards import account_queries, evidence, matrix_queries, queries, scope
from dashboards.database import NotPublishedError, Published
from dashboards.queries import Filters
from dashboards.scope import Scope
from gosales_assets_tests.dashboards import published_sample as sample

ADA, BEN = "Ada Moreau", "Ben Okafor"
ALL = Filters(sample.NEWEST)
HOSTILE = [
    BEN,
    "Ada Moreau' or '1'='1",
    "x'; set variable scope_rep = 'Ben Okafor'; --",
    "getvariable('scope_rep')",
    "%",
    "",
]


@pytest.fixture(scope="module")
def ada(db: Published) -> Published:
    return db.within(Scope(ADA))


def ids(rep: str | None) -> set[str]:
    return set(sample.customers().filter(rep=rep)["customer_id"])


MINE, OTHERS = ids(ADA), set(sample.customers()["customer_id"]) - ids(ADA)


def test_the_lists_hold_own_accounts_only_and_all_of_them(ada: Published) -> None:
    expected = sample.whitespace().filter(cutoff=sample.NEWEST, state="potential", rep=ADA)
    found = queries.recommendations(ada, ALL)
    assert set(found["customer_id"]) <= MINE
    assert found.height == queries.count_recommendations(ada, ALL) == expected.height > 0
    matrix = matrix_queries.matrix(ada, ALL)
    assert set(matrix["customer_id"]) == MINE
    assert matrix_queries.count_accounts(ada, ALL) == len(MINE)
    assert sum(queries.count_changes(ada, ALL).values()) > 0
    for change in ("new", "moved", "gone"):
        assert set(queries.changes(ada, ALL, change)["customer_id"]) <= MINE
    assert queries.choices(ada, sample.NEWEST)["rep"] == [ADA]
    assert queries.capacity(ada, ALL, 99)["accounts"].max() == found["customer_id"].n_unique()


@pytest.mark.parametrize("asked", HOSTILE)
def test_filters_from_an_address_do_not_widen_it(ada: Published, asked: str) -> None:
    for column in ("rep", "division"):
        assert queries.recommendations(ada, replace(ALL, **{column: asked})).is_empty()
    assert account_queries.account(ada, asked) is None
    assert set(account_queries.find_accounts(ada, asked)["customer_id"]) <= MINE
    matrix = matrix_queries.matrix(ada, ALL, name=asked, state=asked)
    assert set(matrix["customer_id"]) <= MINE


def test_a_deep_link_to_the_account_of_another_rep_leads_nowhere(ada: Published) -> None:
    for other in sorted(OTHERS)[:6]:
        assert account_queries.account(ada, other) is None
        assert account_queries.account_scores(ada, other, sample.NEWEST).is_empty()
        assert account_queries.account_states(ada, other, sample.NEWEST).is_empty()
    theirs = sorted(OTHERS)[0]
    assert account_queries.timeline(ada, theirs).is_empty()
    assert account_queries.similar(ada, theirs, sample.NEWEST).is_empty()
    assert account_queries.find_accounts(ada, theirs).is_empty()


def test_similar_accounts_and_the_group_are_own_ones(ada: Published, db: Published) -> None:
    mine = sorted(MINE)[0]
    assert set(account_queries.similar(ada, mine, sample.NEWEST)["customer_id"]) <= MINE
    shared = [
        parent
        for parent in sample.customers()["parent_account"].drop_nulls().unique().sort()
        if sample.customers().filter(parent_account=parent)["rep"].n_unique() > 1
    ]
    assert shared
    for parent in shared:
        assert account_queries.parent(db, sample.NEWEST, parent) is not None
        assert account_queries.parent(ada, sample.NEWEST, parent) is None
        assert set(account_queries.family(ada, sample.NEWEST, parent)["customer_id"]) <= MINE


def test_a_parent_of_own_customers_only_is_told(ada: Published) -> None:
    parents = sample.customers().with_columns(pl.coalesce("parent_account", "customer_id"))
    own = parents.group_by("parent_account").agg((pl.col("rep") == ADA).fill_null(False).all())
    alone = own.filter("rep")["parent_account"].sort()[0]
    assert account_queries.parent(ada, sample.NEWEST, alone) is not None


@pytest.mark.parametrize(
    "table",
    ["raw.quarantine", "raw.load_log", "drift.drift_alerts", "scorecard.nothing"],
)
def test_what_no_rule_names_is_not_there(ada: Published, table: str) -> None:
    with pytest.raises(NotPublishedError):
        ada.query(f"select * from {table}")


def test_every_table_with_a_customer_in_it_has_a_rule_that_asks_for_the_rep(db: Published) -> None:
    columns = db.query(
        "select table_schema || '.' || table_name as name, column_name from"
        " information_schema.columns where table_catalog = 'published'"
    )
    holding = columns.filter(column_name="customer_id")["name"].unique()
    for name in holding:
        rule = scope.RULES.get(name)
        assert rule is None or "scope_rep" in rule, name
    assert {"star.dim_customer", "scores.icp_scores", "star.customer_month"} <= set(holding)


def test_a_rep_whom_nobody_knows_sees_nothing(db: Published) -> None:
    for rep in (*HOSTILE[1:], "nobody"):
        nobody = db.within(Scope(rep))
        assert queries.recommendations(nobody, ALL).is_empty()
        assert matrix_queries.count_accounts(nobody, ALL) == 0


def test_figures_that_name_no_account_are_for_everybody(ada: Published, db: Published) -> None:
    mine, whole = (evidence.glance(d, sample.CUTOFFS[0], "auc") for d in (ada, db))
    assert mine.equals(whole)
    usual = queries.recommendations(ada, ALL).select("division", "usual").unique()
    all_usual = queries.recommendations(db, ALL).select("division", "usual").unique()
    assert set(usual.rows()) <= set(all_usual.rows())


def test_the_scope_cannot_be_changed_by_a_value(ada: Published) -> None:
    with pytest.raises(duckdb.Error):
        ada.query("select $a", {"a": "x", "scope_rep": BEN})


def test_no_query_goes_round_the_scope() -> None:
    for module in (queries, account_queries, matrix_queries, evidence):
        assert "published." not in inspect.getsource(module)
        assert "duckdb" not in vars(module)

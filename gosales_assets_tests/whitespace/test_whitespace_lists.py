"""The list keeps its promises: counts add up, and only what should matter to the order does."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.breaches import breaches
from gosales_assets.whitespace.contract import ELIGIBILITY_COUNTS, RULES, WHITESPACE
from gosales_assets.whitespace.eligibility import eligibility_counts
from gosales_assets.whitespace.lists import candidates as gather
from gosales_assets_tests.whitespace.whitespace_world import CUTOFF, candidates, listed, order, side

MODES = st.sampled_from(["division", "pooled"])
worlds = st.builds(candidates, st.integers(1, 40), seed=st.integers(0, 10_000))
few = settings(max_examples=15, deadline=None)


def as_table(rows: pl.DataFrame) -> pl.DataFrame:
    columns = list(WHITESPACE.types)
    return WHITESPACE.typed(rows.with_columns(run_id=pl.lit("r")).select(columns))


@few
@given(worlds)
def test_list_keeps_its_contract_and_every_candidate(found):
    rows = listed(found)
    assert breaches(WHITESPACE, as_table(rows)) == []
    assert rows.select("division", "customer_id").rows() == (
        found.select("division", "customer_id").sort("division", "customer_id").rows()
    )


@few
@given(worlds)
def test_states_add_up_to_the_candidates_of_each_division(found):
    counts = eligibility_counts(listed(found))
    assert breaches(ELIGIBILITY_COUNTS, counts) == []
    totals = counts.group_by("division").agg(pl.col("rows").sum()).sort("division")
    assert totals.rows() == found.group_by("division").len().sort("division").rows()
    assert counts.height == found["division"].n_unique() * len(RULES)


@few
@given(worlds)
def test_only_potential_rows_are_ranked_and_ranks_are_dense(found):
    rows = listed(found)
    ranked = rows.filter(pl.col("state") == "potential")
    assert sorted(ranked["rank"]) == list(range(1, ranked.height + 1))
    for _, group in ranked.group_by("division"):
        assert group.sort("rank")["division_rank"].to_list() == list(range(1, group.height + 1))
    others = rows.filter(pl.col("state") != "potential")
    assert others.select("rank", "score", "nba_reason").null_count().row(0) == (others.height,) * 3
    assert not others["selected"].any()


@few
@given(worlds, MODES, st.integers(0, 100))
def test_order_of_the_rows_does_not_matter(found, mode, seed):
    shuffled = found.sample(fraction=1.0, shuffle=True, seed=seed)
    assert listed(found, normalisation=mode).equals(listed(shuffled, normalisation=mode))


@few
@given(worlds, MODES)
def test_names_of_customers_do_not_matter(found, mode):
    renamed = found.with_columns(
        customer_id=pl.lit("Z") + pl.col("customer_id"), customer_name=pl.lit("X")
    )
    assert order(listed(renamed, normalisation=mode)) == [
        (d, f"Z{c}") for d, c in order(listed(found, normalisation=mode))
    ]


@few
@given(worlds, MODES, st.sampled_from([128, 0.01, 3.7, 1e6]))
def test_unit_of_money_does_not_matter_to_the_order(found, mode, rate):
    in_cents = found.with_columns(pl.col("expected_gp") * rate)
    assert order(listed(in_cents, normalisation=mode)) == order(listed(found, normalisation=mode))


@few
@given(worlds, MODES, st.floats(0, 1))
def test_customers_who_may_not_be_offered_have_no_say(found, mode, p):
    newcomer = found.group_by("division").first().select(found.columns)
    newcomer = newcomer.with_columns(
        customer_id=pl.lit("C9999"), cohort=pl.lit("repeat"), icp_score=pl.lit(p)
    )
    before, after = (
        listed(found, normalisation=mode),
        listed(pl.concat([found, newcomer]), normalisation=mode),
    )
    kept = after.filter(pl.col("customer_id") != "C9999")
    assert kept.equals(before)


@few
@given(worlds, MODES, st.data())
def test_raising_a_probability_never_lowers_its_rank(found, mode, data):
    before = listed(found, normalisation=mode)
    ranked = order(before)
    if not ranked:
        return
    division, customer = data.draw(st.sampled_from(ranked))
    this = (pl.col("division") == division) & (pl.col("customer_id") == customer)
    old = found.filter(this)["icp_score"].item()
    new = data.draw(st.floats(old, 1))
    raised = found.with_columns(
        icp_score=pl.when(this).then(new).otherwise("icp_score"),
        expected_gp=pl.when(this & (pl.col("icp_score") > 0))
        .then(pl.col("expected_gp") / pl.col("icp_score") * new)
        .otherwise("expected_gp"),
    )
    assert order(listed(raised, normalisation=mode)).index((division, customer)) <= ranked.index(
        (division, customer)
    )


def test_nobody_to_rank_gives_a_list_without_ranks():
    rows = listed(candidates(5).with_columns(cohort=pl.lit("repeat")))
    assert set(rows["state"]) == {"owned"}
    assert listed(candidates(5).clear()).is_empty()
    assert eligibility_counts(listed(candidates(5).clear())).is_empty()


def test_equal_rows_are_ordered_by_customer_then_division():
    found = candidates(3).with_columns(
        cohort=pl.lit("expansion"),
        icp_score=pl.lit(0.2),
        expected_gp=pl.lit(10.0),
        als_similarity=pl.lit(0.5),
        lift=pl.lit(2.0),
        lift_from=pl.lit("Services"),
        lift_kind=pl.lit("division"),
        recency_days=pl.lit(4),
    )
    assert order(listed(found)) == sorted(order(listed(found)), key=lambda row: row[::-1])


def test_ties_in_score_go_to_probability_then_value_then_recency():
    base = candidates(4, divisions=["PDM"]).with_columns(
        cohort=pl.lit("expansion"),
        icp_score=pl.lit(0.2),
        als_similarity=pl.lit(0.0),
        lift=pl.lit(None, pl.Float64),
        lift_from=pl.lit(None, pl.String),
        lift_kind=pl.lit(None, pl.String),
        expected_gp=pl.Series([1.0, 3.0, 3.0, 2.0]),
        recency_days=pl.Series([5, 9, 2, 1]),
    )
    rows = listed(base, weights={"icp": 1.0})
    assert rows["score"].n_unique() == 1
    assert [customer for _, customer in order(rows)] == ["C0002", "C0001", "C0003", "C0000"]


def test_gathering_takes_each_fact_from_its_own_table():
    scores = candidates(2, divisions=["PDM"]).select(
        "cutoff",
        "division",
        "customer_id",
        "customer_name",
        "segment",
        "cohort",
        "icp_score",
        "icp_grade",
        "expected_gp",
        "trend",
        "window_months",
    )
    who = {"customer_id": ["C0000", "C0001"]}
    found = gather(
        scores,
        pl.DataFrame(
            {
                "division": ["PDM", "PDM"],
                **who,
                "recency__div__days__ever": [None, 3.0],
                "similarity__div__als__24m": [0.1, 0.0],
            }
        ),
        pl.DataFrame({**who, "recency__all__days__ever": [40.0, 3.0]}),
        pl.DataFrame(
            {
                "customer_id": ["C0001", "C0000"],
                "division": ["PDM"] * 2,
                "kind": ["division", "product"],
                "lift": [2.5, 9.0],
                "antecedent": ["Services", "a SKU"],
            }
        ),
        pl.DataFrame(
            {
                **who,
                "rep": ["Kim", None],
                "region": ["West", None],
                "territory": [None, "North"],
                "parent_account": [None, "C0000"],
            }
        ),
        pl.DataFrame({"sku": ["a SKU", "b"], "product_name": ["The Product", "B"]}),
    )
    facts = ["recency_days", "days_since_division", "lift", "lift_from", "lift_kind"]
    facts += ["account", "rep", "region", "territory"]
    assert found.select(facts).rows() == [
        (40, None, 9.0, "The Product", "product", "C0000", "Kim", "West", None),
        (3, 3.0, 2.5, "Services", "division", "C0000", None, None, "North"),
    ]


def test_a_customer_in_two_rows_of_a_feature_table_is_refused():
    twice = pl.DataFrame(
        {"customer_id": ["C0000", "C0000"], "recency__all__days__ever": [1.0, 2.0]}
    )
    none = pl.DataFrame(
        schema={
            "division": pl.String,
            "customer_id": pl.String,
            "recency__div__days__ever": pl.Float64,
            "similarity__div__als__24m": pl.Float64,
            "lift": pl.Float64,
            "kind": pl.String,
            "antecedent": pl.String,
            **dict.fromkeys(("rep", "region", "territory", "parent_account"), pl.String),
            **dict.fromkeys(("sku", "product_name"), pl.String),
        }
    )
    with pytest.raises(pl.exceptions.ComputeError):
        gather(candidates(2), none, twice, none, none, none)


def test_open_deals_shape_the_newest_list_only():
    found = candidates(10).with_columns(cohort=pl.lit("expansion"))
    everyone = side(deals=[{"customer_id": c} for c in found["customer_id"].unique()])
    assert set(listed(found, everyone.as_known(newest=True))["state"]) == {"open_deal"}
    assert set(listed(found, everyone.as_known(newest=False))["state"]) == {"potential"}
    assert set(listed(found)["cutoff"]) == {CUTOFF}


def test_sums_do_not_depend_on_the_order_of_the_rows():
    """A ratio of 2.25 is said as 2.2x or 2.3x by the last bit of the mean it is taken of."""
    found = candidates(34, seed=2423)
    shuffled = found.sample(fraction=1.0, shuffle=True, seed=0)
    assert listed(found).equals(listed(shuffled))

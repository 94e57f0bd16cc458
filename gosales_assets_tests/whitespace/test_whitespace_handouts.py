"""Tables made of a list: thresholds, accounts, explanations, and what changed since the last."""

import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.changes import changes
from gosales_assets.whitespace.explanations import explanations
from gosales_assets.whitespace.handout_contract import (
    ACCOUNT_ROLLUP,
    CHANGES_TABLE,
    EXPLANATIONS,
    THRESHOLDS,
)
from gosales_assets.whitespace.handouts import account_rollup, thresholds
from gosales_assets_tests.whitespace.whitespace_world import CUTOFF, candidates, listed, order, side


def test_thresholds_say_what_each_share_takes() -> None:
    rows = listed(candidates(200))
    found = thresholds(rows)
    assert breaches(THRESHOLDS, THRESHOLDS.typed(found)) == []
    potential = rows.filter(pl.col("state") == "potential")
    whole = found.filter(pl.col("division").is_null())
    assert whole["share"].to_list() == [0.05, 0.1, 0.2]
    best = potential.sort("rank").head(whole["rows"][1])
    assert whole["rows"][1] == rows["selected"].sum()
    assert whole["lowest_score"][1] == best["score"].min()
    assert whole["expected_buyers"][1] == pytest.approx(best["icp_score"].sum(), abs=1e-6)
    assert found["division"].n_unique() == 4
    assert thresholds(rows.clear()).is_empty()


def test_accounts_gather_their_customers() -> None:
    found = candidates(30).with_columns(
        account=pl.when(pl.col("customer_id") < "C0010")
        .then(pl.lit("Group"))
        .otherwise("customer_id")
    )
    rows = listed(found)
    rolled = account_rollup(rows)
    assert breaches(ACCOUNT_ROLLUP, ACCOUNT_ROLLUP.typed(rolled)) == []
    assert rolled["rows"].sum() == rows["rank"].count()
    group = rolled.filter(account="Group").row(0, named=True)
    own = rows.filter(pl.col("account") == "Group").drop_nulls("rank").sort("rank")
    assert group["customers"] == own["customer_id"].n_unique() > 5
    assert group["best_rank"] == own["rank"][0]
    assert group["best_customer_id"] == own["customer_id"][0]
    assert group["nba_reason"] == own["nba_reason"][0]


def reasons(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("division", "customer_id").with_columns(
        reason_1=pl.lit("3 orders: raises"),
        reason_2=pl.lit("last order: lowers"),
        reason_3=pl.lit(None, pl.String),
    )


@pytest.mark.parametrize("mode", ["pooled", "division"])
def test_drivers_of_a_selected_row_make_up_its_score(mode: str) -> None:
    about = Whitespace(normalisation=mode)
    plain = listed(candidates(80), normalisation=mode)
    shown = plain.filter(pl.col("rank") == 1).select("division", "customer_id")
    rows = listed(candidates(80), surfaced=shown, normalisation=mode)
    found = explanations(rows, reasons(rows), about, "USD")
    assert breaches(EXPLANATIONS, EXPLANATIONS.typed(found)) == []
    assert found["rank"].n_unique() == rows["selected"].sum()
    effects = (
        found.drop_nulls("effect")
        .group_by("rank")
        .agg(product=pl.col("effect").product(), total=pl.col("effect").sum())
    )
    scored = effects.join(rows.select("rank", "score", "surfaced"), on="rank")
    made = scored["product" if mode == "pooled" else "total"].to_numpy()
    assert made == pytest.approx(scored["score"].to_numpy(), abs=1e-9)
    drivers = found.group_by("rank").agg(pl.col("driver"))["driver"].explode().value_counts()
    assert dict(drivers.iter_rows())["model_1"] == rows["selected"].sum()
    assert "model_3" not in set(found["driver"])


def changed(now: pl.DataFrame, before: pl.DataFrame) -> dict[tuple[str, str], dict]:
    found = changes(now, before, Whitespace()).with_columns(cutoff=pl.lit(CUTOFF))
    assert breaches(CHANGES_TABLE, CHANGES_TABLE.typed(found)) == []
    return {(row["division"], row["customer_id"]): row for row in found.to_dicts()}


def test_nothing_changed() -> None:
    rows = listed(candidates(50))
    found = changed(rows, rows)
    assert {row["change"] for row in found.values()} == {"stayed"}
    assert {row["moved_by"] for row in found.values()} == {None}
    assert len(found) == rows["selected"].sum()


def test_a_row_that_became_likelier_is_new_and_says_so() -> None:
    found = candidates(50)
    before = listed(found)
    last = order(before)[-1]
    this = (pl.col("division") == last[0]) & (pl.col("customer_id") == last[1])
    now = listed(
        found.with_columns(
            icp_score=pl.when(this).then(0.99).otherwise("icp_score"),
            expected_gp=pl.when(this).then(4_000.0).otherwise("expected_gp"),
        )
    )
    row = changed(now, before)[last]
    assert (row["change"], row["moved_by"], row["rank_now"]) == ("new", "icp", 1)
    assert row["why"].startswith("chance rose from ")
    pushed = [r for key, r in changed(now, before).items() if key != last]
    assert {r["moved_by"] for r in pushed} <= {"others", "value", None}


def test_a_row_that_may_not_be_offered_any_more_is_gone_by_its_state() -> None:
    found = candidates(50)
    before = listed(found)
    best = order(before)[0]
    now = listed(found, side(deals=[{"customer_id": best[1], "division": best[0]}]))
    row = changed(now, before)[best]
    assert (row["change"], row["moved_by"]) == ("gone", "state")
    assert row["why"] == "was potential, is open deal"
    back = changed(before, now)[best]
    assert (back["change"], back["why"]) == ("new", "was open deal, is potential")
    gone = changed(now, before.filter(pl.col("customer_id") != best[1]))
    assert all(r["state_before"] is not None or r["change"] == "new" for r in gone.values())


def test_a_damped_row_says_so() -> None:
    found = candidates(50)
    before = listed(found)
    best = order(before)[0]
    shown = pl.DataFrame([best], schema=["division", "customer_id"], orient="row")
    row = changed(listed(found, surfaced=shown), before)[best]
    assert row["moved_by"] == "surfaced"
    assert row["why"] == "handed out lately, and nobody acted on it"

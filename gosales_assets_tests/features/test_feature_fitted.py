"""What is fitted: affinity, similarity, rates and BG/NBD do what their papers and names say."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gosales_assets.features import lifetime
from gosales_assets.features.catalog import CATALOG
from gosales_assets.features.fitted import parameters_of
from gosales_assets.features.shrinkage import STRONGEST, gamma_prior, rate_prior
from gosales_assets.features.similarity import als_scores, fit_item_factors
from gosales_assets.settings import Settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import (
    CUTOFF,
    cells,
    facts,
    fill,
    learn,
    matrix,
    world,
)
from gosales_assets_tests.star.order_lines import line


def test_planted_affinity_is_found(warehouse: Warehouse) -> None:
    rows = []
    for number in range(60):
        divisions = ["Wood"] if number % 3 else ["Paint"] + (["Tools"] if number % 2 else [])
        rows += [
            line(f"c{number:02}", "2024-02-10", order_id="o", sku=d, division=d) for d in divisions
        ]
    rows.append(line("new", "2024-06-20", order_id="o", sku="Paint", division="Paint"))
    fill(warehouse, facts(rows))
    learned = learn(warehouse)
    # Half of the 20 buyers of Paint hold Tools; 10 of all 60 do.
    rule = learned.rules.row(by_predicate=(pl.col("antecedent") == "Paint"), named=True)
    assert (rule["division"], rule["support_customers"], rule["lift"]) == ("Tools", 10, 3.0)
    evidence = learned.evidence.filter(pl.col("customer_id") == "new")
    assert evidence.select("division", "antecedent", "lift").rows() == [("Tools", "Paint", 3.0)]
    found = cells(matrix(warehouse))
    assert found["Tools", "new"]["affinity__div__max_lift__12m"] == 3.0
    assert found["Wood", "new"]["affinity__div__max_lift__12m"] is None
    buyer, other = (
        found["Tools", name]["affinity__div__sku_log_lift__12m"] for name in ("new", "c01")
    )
    assert buyer > 0.5 > 0 > other


def test_sku_sets_are_not_explained_by_their_own_products(warehouse: Warehouse) -> None:
    fill(warehouse, facts(world(5, customers=40)), _with_set())
    learned = learn(warehouse, _with_set(), ["Set q", "Tools"])
    own = learned.rules.filter(pl.col("division") == "Set q")
    assert own.height
    assert "Tools" not in own["antecedent"].to_list()
    assert "Set q" not in learned.rules["antecedent"].to_list()


def test_als_finds_who_buys_alike_and_is_quiet_on_tiny_data() -> None:
    months = np.zeros((600, 6))
    months[:300, :3] = 2.0
    months[300:, 3:] = 2.0
    months[0, 0] = months[599, 5] = 0.0
    factors = fit_item_factors(months, 16, 15, seed=1)
    assert factors is not None
    assert factors.shape == (6, 3)
    scores = als_scores(months, factors)
    assert scores[0, 0] > 0.5 > 0.1 > abs(scores[0, 5])
    assert scores[599, 5] > 0.5 > 0.1 > abs(scores[599, 0])
    again = fit_item_factors(months, 16, 15, seed=1)
    assert np.array_equal(factors, np.asarray(again))
    assert fit_item_factors(months, 0, 15, seed=1) is None
    assert fit_item_factors(months[:1], 16, 15, seed=1) is None
    assert fit_item_factors(np.zeros((0, 0)), 16, 15, seed=1) is None


def test_one_customer_with_one_order_has_a_whole_matrix(warehouse: Warehouse) -> None:
    fill(warehouse, facts([line("a", CUTOFF.isoformat(), order_id="o")]))
    frame = matrix(warehouse)
    assert frame.height == 4
    assert frame["lifetime__all__p_alive__ever"].to_list() == [1.0] * 4
    assert frame.select(pl.selectors.float().is_finite().all()).row(0) == (True,) * len(CATALOG)


def test_bgnbd_reproduces_cdnow(shared_data: Path) -> None:
    frame = pl.read_csv(shared_data / "cdnow_summary.csv")
    repeats, recency, age = (
        frame[c].cast(pl.Float64).to_numpy() for c in ("frequency", "recency", "T")
    )
    model = lifetime.fit(repeats, recency, age, seed=1)
    found = [model.r, model.alpha, model.a, model.b]
    assert found == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=2e-3)
    total = lifetime.log_likelihood(model, repeats, recency, age)
    assert total == pytest.approx(-9582.43, abs=0.01)


def test_bgnbd_stays_finite_and_sensible_far_from_the_paper() -> None:
    repeats = np.array([0.0, 1.0, 5.0, 300.0, 2000.0])
    recency = np.array([0.0, 0.2, 90.0, 190.0, 200.0])
    age = np.array([0.0, 200.0, 100.0, 200.0, 200.0])
    for r, alpha, a, b in [(0.003, 0.05, 148, 0.007), (400, 8000, 0.007, 148), (1, 1, 1, 1)]:
        model = lifetime.BGNBD(r, alpha, a, b)
        alive = lifetime.p_alive(model, repeats, recency, age)
        orders = lifetime.expected_orders(model, repeats, recency, age, 26.0)
        assert ((alive >= 0) & (alive <= 1)).all()
        assert np.isfinite(orders).all()
        assert (orders >= -1e-6).all()
    fitted = lifetime.fit(np.zeros(3), np.zeros(3), np.zeros(3), seed=1)
    assert np.isfinite([fitted.r, fitted.alpha, fitted.a, fitted.b]).all()


def test_priors_come_back_from_what_they_made() -> None:
    draw = np.random.default_rng(3)
    trials = np.full(4000, 30.0)
    rates = draw.beta(2.0, 8.0, 4000)
    assert rate_prior(draw.binomial(30, rates).astype(float), trials) == pytest.approx(10, rel=0.15)
    same = draw.binomial(30, 0.2, 4000).astype(float)
    assert rate_prior(same, trials) > 100
    assert rate_prior(np.zeros(5), trials[:5]) == STRONGEST
    exposure = draw.uniform(6, 24, 20_000)
    counts = draw.poisson(draw.gamma(1.5, 1 / 5.0, 20_000) * exposure).astype(float)
    assert gamma_prior(counts, exposure) == pytest.approx((1.5, 5.0), rel=0.15)
    assert gamma_prior(np.zeros(3), np.ones(3)) == (0.0, 3.0)


def test_only_stable_attributes_speak_and_small_groups_are_shrunk(warehouse: Warehouse) -> None:
    rows, industries = [], {}
    for number in range(90):
        customer = f"c{number:02}"
        industries[customer] = ["Mining", "Retail", "Retail"][number % 3]
        division = "Tools" if number % 3 == 0 else "Wood"
        rows.append(line(customer, "2024-02-10", order_id="o", sku=division, division=division))
    industries["c89"] = "Alone"
    fill(warehouse, facts(rows), industries=industries)
    unstable = matrix(warehouse)
    assert unstable["profile__div__industry_rate__12m"].null_count() == unstable.height
    stable = Settings.model_validate(
        {"side_tables": {"customers": {"file": "c.csv", "stable": ["industry"]}}}
    )
    found = cells(matrix(warehouse, stable))
    miner, retailer, alone = (
        found["Tools", customer]["profile__div__industry_rate__12m"]
        for customer in ("c00", "c01", "c89")
    )
    assert miner > 0.9
    assert retailer < 0.1
    assert 0 < alone < 30 / 90
    assert "profile_industry_rate" in parameters_of(learn(warehouse, stable).statistics)


def test_installed_base_counts_as_of_the_cutoff(warehouse: Warehouse) -> None:
    def bought(customer: str, day: date | None, expires: date | None) -> dict[str, object]:
        return {
            "customer_id": customer,
            "sku": "p",
            "purchase_date": day,
            "expiration_date": expires,
            "quantity": 1.0,
        }

    past, soon = date(2024, 3, 31), date(2024, 7, 30)
    base = [
        bought("c00", past, soon),
        bought("c00", past, past),
        bought("c00", None, None),
        bought("c00", date(2024, 7, 1), None),
    ]
    rows = [line("c00", "2024-02-10", order_id="o"), line("c01", "2024-02-10", order_id="o")]
    fill(warehouse, facts(rows), installed=base)
    found = cells(matrix(warehouse))
    names = ("active", "owned", "expiring_90d", "days_since_expiry", "tenure")
    owner, other = (
        [found["Tools", c][f"installed__div__{name}__now"] for name in names]
        for c in ("c00", "c01")
    )
    assert owner == [1, 2, 1, 91, 91]
    assert other == [0, 0, 0, None, None]


def test_base_rate_is_the_last_closed_window(warehouse: Warehouse) -> None:
    rows = [line(f"c{n}", "2023-11-10", order_id="o", division="Wood", sku="s") for n in range(4)]
    rows += [line("c0", "2024-01-10", order_id="b"), line("late", "2024-01-10", order_id="b")]
    fill(warehouse, facts(rows))
    found = cells(matrix(warehouse))
    assert found["Tools", "c1"]["market__mkt__base_rate__now"] == 0.25
    assert found["Wood", "c1"]["market__mkt__base_rate__now"] == 0.0
    assert found["Wood", "c1"]["market__mkt__base_rate_trend__now"] is None


def _with_set() -> Settings:
    return Settings.model_validate(
        {
            "features": {"affinity_min_customers": 2},
            "targets": {"sku_sets": {"Set q": ["q"]}},
        }
    )

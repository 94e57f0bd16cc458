"""Rules between lines and from products: what is learned, what applies, and what is named."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from gosales_assets.features import affinity
from gosales_assets.features.affinity import learn_rules, lines_pull
from gosales_assets.features.holdings import Holdings
from gosales_assets.features.pull import NO_RULE, Pull, best_evidence, places_of
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.features.feature_worlds import facts, fill, learn
from gosales_assets_tests.paths import REPOSITORY
from gosales_assets_tests.star.order_lines import line

CUTOFF, LEARNED = date(2024, 6, 30), date(2024, 4, 30)
LINES = [f"line {n}" for n in range(7)]
TARGETS = LINES[2:5]


def holding(bought: np.ndarray, items: Sequence[str] = LINES) -> Holdings:
    """Holdings of customers who bought these lines, all of it long enough ago to learn from."""
    count = bought.astype(float)
    return Holdings(
        customers=[f"c{n:04}" for n in range(len(bought))],
        items=list(items),
        is_division=np.ones(len(items), dtype=bool),
        own_divisions={},
        orders=count,
        value=count,
        months=count,
        ever=count,
        learned=count,
        learned_until=LEARNED,
        first_age=np.where(bought, 6.0, np.nan),
        last_age=np.where(bought, 6.0, np.nan),
    )


def random_holding(seed: int, customers: int = 150) -> Holdings:
    draw = np.random.default_rng(seed)
    return holding(draw.random((customers, len(LINES))) < draw.uniform(0.1, 0.7, len(LINES)))


def counted(holdings: Holdings, least: int) -> dict[tuple[str, ...], float]:
    """Lifts counted as sets: (antecedents..., target) -> lift."""
    baskets = [
        {item for item, held in zip(holdings.items, row, strict=True) if held}
        for row in holdings.learned
    ]
    population = sum(bool(basket) for basket in baskets)

    def lift(*names: str) -> float:
        holders, both = (
            sum(set(some) <= basket for basket in baskets) for some in (names[:-1], names)
        )
        buyers = sum(names[-1] in basket for basket in baskets)
        return both * population / (holders * buyers) if both >= least else 0.0

    found = {(x, y): lift(x, y) for y in TARGETS for x in LINES if x != y and lift(x, y)}
    for a, b in combinations(LINES, 2):
        for y in TARGETS:
            together = lift(a, b, y) if y not in (a, b) else 0.0
            if together and together > max(found[a, y], found[b, y]):
                found[a, b, y] = together
    return found


def learned_lifts(rules: pl.DataFrame) -> dict[tuple[str, ...], float]:
    names = rules.select("antecedent", "second_antecedent", "division").rows()
    return {
        tuple(name for name in row if name is not None): lift
        for row, lift in zip(names, rules["lift"], strict=True)
    }


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("least", [1, 12])
def test_rules_equal_counted_sets(seed: int, least: int) -> None:
    holdings = random_holding(seed)
    rules = learn_rules(holdings, TARGETS, least, CUTOFF)
    truth = counted(holdings, least)
    assert learned_lifts(rules) == pytest.approx(truth)
    assert {len(names) for names in truth} == {2, 3}
    assert rules.equals(rules.sort("antecedent", "second_antecedent", "division"))
    assert set(rules["fit_date"]) == {LEARNED}


@pytest.mark.parametrize("seed", range(2))
def test_every_rule_that_applies_counts_and_the_strongest_is_named(seed: int) -> None:
    holdings = random_holding(seed, customers=60)
    rules = learn_rules(holdings, TARGETS, 3, CUTOFF)
    lifts = learned_lifts(rules)
    pull = lines_pull(holdings, rules, TARGETS)
    for row, held in enumerate(holdings.held):
        own = {item for item, has in zip(LINES, held, strict=True) if has}
        for column, target in enumerate(TARGETS):
            applying = [v for (*x, y), v in lifts.items() if y == target and own.issuperset(x)]
            place = int(pull.best[row, column])
            found = [part[row, column] for part in (pull.strongest, pull.mean, pull.total)]
            if not applying:
                assert place == NO_RULE
                assert np.isnan(found).all()
                continue
            mean = sum(applying) / len(applying)
            assert found == pytest.approx([max(applying), mean, sum(applying)])
            assert rules["lift"][place] == max(applying)
            assert rules["division"][place] == target


def test_customers_in_another_order_change_no_rule() -> None:
    holdings = random_holding(1)
    shuffled = holding(np.random.default_rng(2).permutation(holdings.learned))
    rules = [learn_rules(h, TARGETS, 3, CUTOFF) for h in (holdings, shuffled)]
    assert rules[0].equals(rules[1])


def test_longer_rules_look_at_the_most_bought_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    holdings = random_holding(3)
    everything = learn_rules(holdings, TARGETS, 1, CUTOFF)
    monkeypatch.setattr(affinity, "MOST_LINES", 4)
    fewer = learn_rules(holdings, TARGETS, 1, CUTOFF)
    most = {LINES[i] for i in np.argsort(-holdings.learned.sum(axis=0))[:4]}
    longer = pl.col("second_antecedent").is_not_null()
    names = fewer.filter(longer).select("antecedent", "second_antecedent", "division")
    assert {name for row in names.rows() for name in row} <= most
    assert 0 < names.height < everything.filter(longer).height
    assert fewer.filter(~longer).equals(everything.filter(~longer))


def test_nothing_bought_gives_no_rule() -> None:
    nobody = holding(np.zeros((3, len(LINES)), dtype=bool))
    rules = learn_rules(nobody, TARGETS, 1, CUTOFF)
    assert rules.is_empty()
    assert (lines_pull(nobody, rules, TARGETS).best == NO_RULE).all()


def test_of_equally_strong_rules_the_first_is_named() -> None:
    rules = pl.DataFrame({"sku": ["a", "b", "c"], "division": ["T"] * 3, "lift": [2.0, 3.0, 3.0]})
    places = places_of(rules, pl.DataFrame({"sku": ["a", "b", "c", "d"]}), ["T"])
    holders = csr_matrix(np.array([[1, 1, 1, 1], [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]]))
    pull = Pull(holders, places, rules["lift"].to_numpy())
    assert pull.best.ravel().tolist() == [1, NO_RULE, 0, NO_RULE]
    assert pull.total.ravel().tolist() == pytest.approx([8, np.nan, 2, np.nan], nan_ok=True)


def test_evidence_names_both_lines_and_a_product_where_no_line_speaks() -> None:
    bought = np.zeros((40, len(LINES)), dtype=bool)
    bought[:10, :3] = True  # both together: always line 2; line 0 or 1 alone: never
    bought[10:20, 0] = bought[20:30, 1] = True
    holdings = holding(bought)
    rules = learn_rules(holdings, ["line 2"], 5, CUTOFF)
    lines = lines_pull(holdings, rules, ["line 2"])
    product_rules = pl.DataFrame({"sku": ["p"], "division": ["line 2"], "lift": [1.5]})
    holders = csr_matrix(np.ones((40, 1)))
    products = Pull(
        holders, places_of(product_rules, product_rules.select("sku"), ["line 2"]), np.array([0.4])
    )
    evidence = best_evidence(
        holdings.customers, ["line 2"], (lines, rules), (products, product_rules), CUTOFF
    )
    said = evidence.select("kind", "antecedent", "lift").rows()
    assert said[0] == ("division", "line 0 and line 1", 3.0)
    assert said[10][:2] == ("division", "line 0")
    assert said[39] == ("product", "p", 1.5)
    assert evidence.height == 40


def test_a_product_may_say_what_its_line_does_not(warehouse: Warehouse) -> None:
    def bought(name: str, *products: tuple[str, str], day: str = "2024-02-10") -> list[dict]:
        return [line(name, day, order_id="o", sku=s, division=d) for s, d in products]

    tool, brush, roller = ("hammer", "Tools"), ("brush", "Paint"), ("roller", "Paint")
    rows = [row for n in range(10) for row in bought(f"a{n}", brush, tool)]
    rows += [row for n in range(30) for row in bought(f"b{n:02}", roller)]
    rows += [row for n in range(10) for row in bought(f"c{n}", tool)]
    rows += bought("new", brush, day="2024-06-20")
    fill(warehouse, facts(rows))
    learned = learn(warehouse)
    rule = learned.product_rules.row(by_predicate=pl.col("sku") == "brush", named=True)
    # All 10 buyers of the brush hold Tools, 20 of all 50 do; eased by two buyers at that rate.
    assert (rule["antecedent_customers"], rule["support_customers"]) == (10, 10)
    assert rule["lift"] == pytest.approx((10 + 2 * 0.4) / 12 / 0.4)
    assert rule["fit_date"] == date(2024, 2, 10)
    said = learned.evidence.filter(pl.col("customer_id") == "new")
    assert said.select("division", "kind", "antecedent").rows() == [("Tools", "product", "brush")]


def test_finding_rules_has_nobody_warned_of_deprecations_elsewhere() -> None:
    program = (
        "import warnings, numpy as np\n"
        "from gosales_assets.features import affinity\n"
        "assert affinity._frequent_triples(np.ones((20, 3)), range(3), 10)\n"
        "assert ('always', DeprecationWarning) not in [f[0:3:2] for f in warnings.filters]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=REPOSITORY, timeout=60)

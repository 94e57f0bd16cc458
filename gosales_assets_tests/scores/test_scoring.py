"""Probabilities, values and reasons of scored rows."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from gosales_assets.models.calibrated import CalibratedModel
from gosales_assets.models.inputs import BASE_RATE, DIVISION, Inputs, ModelMismatch
from gosales_assets.scores import scoring
from gosales_assets.scores.expected_value import purchase_values, value_given_purchase
from gosales_assets.scores.ranking import graded, with_trend
from gosales_assets.scores.reasons import top_reasons
from gosales_assets.scores.scoring import value_groups

ORDERS, DAYS, LOG_DAYS = (
    "rfm__div__orders__12m",
    "recency__all__days__ever",
    "recency__all__log_days__ever",
)
OWNED, MARKET = "ownership__div__owned__ever", "market__mkt__base_rate__now"


def curves(**slopes: float | None) -> pl.DataFrame:
    """Calibrations of divisions, called like "A" or, for one cohort, "A_repeat"."""
    names = [name.partition("_") for name in slopes]
    return pl.DataFrame(
        {
            "division": [division for division, _, _ in names],
            "cohort": [cohort or "all" for _, _, cohort in names],
            "slope": list(slopes.values()),
            "intercept": [0.0] * len(slopes),
            "knots": [None] * len(slopes),
            "raw_low": [-3.0] * len(slopes),
            "raw_high": [3.0] * len(slopes),
            "method": ["platt"] * len(slopes),
        },
        schema_overrides={"slope": pl.Float64, "knots": pl.String},
    )


ROWS = pl.DataFrame(
    {
        "division": ["A", "A", "B", "B"],
        "customer_id": list("1212"),
        "cohort": ["repeat", "expansion"] * 2,
    }
)


def calibrated(logits: list[float], curves: pl.DataFrame) -> pl.DataFrame:
    """Bend log odds without a model that made them."""
    return CalibratedModel.calibrated(SimpleNamespace(curves=curves), ROWS, np.array(logits))


def test_each_division_has_its_own_curve() -> None:
    found = graded(calibrated([-1.0, 1.0, -1.0, 1.0], curves(A=1.0, B=0.0)))
    assert found["icp_score"].to_list() == pytest.approx([0.268941421, 0.731058579, 0.5, 0.5])
    assert found["icp_percentile"].to_list() == [0.25, 0.75, 0.5, 0.5]
    assert found["icp_grade"].to_list() == ["D", "B", "C", "C"]


def test_owners_have_their_own_curve_where_there_is_one() -> None:
    found = calibrated([2.0, 2.0, 2.0, 2.0], curves(A=1.0, A_repeat=0.0, B=0.5))
    assert found["icp_score"].to_list() == pytest.approx(
        [0.5, 0.880797078, 0.731058579, 0.731058579]
    )


def test_a_curve_is_not_trusted_where_it_was_not_fitted() -> None:
    found = calibrated([2.0, 9.0, 2.0, 2.0], curves(A=0.0, A_repeat=0.5, B=0.0))
    assert found["icp_score"].to_list() == pytest.approx([0.880797078, 0.999876605, 0.5, 0.5])
    assert found["calibration_method"].to_list() == ["none", "none", "platt", "platt"]


def test_curves_without_a_noted_range_are_trusted() -> None:
    older = curves(A=0.0, B=0.0).drop("raw_low", "raw_high")
    assert calibrated([9.0] * 4, older)["calibration_method"].to_list() == ["platt"] * 4


@pytest.mark.parametrize("calibration", [curves(A=1.0), curves(A=1.0, B=None)])
def test_a_division_without_calibration_is_named(calibration: pl.DataFrame) -> None:
    with pytest.raises(ModelMismatch, match="no calibration of B"):
        calibrated([0.0] * 4, calibration)


def test_who_was_no_candidate_is_new() -> None:
    now = pl.DataFrame(
        {"division": ["A"] * 2, "customer_id": ["1", "2"], "icp_percentile": [0.25, 0.75]}
    )
    before = now.head(1).with_columns(icp_percentile=pl.lit(0.9))
    assert with_trend(now, before)["trend"].to_list() == ["down", "new"]
    assert with_trend(now, None)["trend"].to_list() == ["new", "new"]


def test_a_group_with_few_buyers_is_worth_about_the_division() -> None:
    buyers = pl.DataFrame(
        {
            "division": ["A"] * 41,
            "customer_id": [f"s{i}" for i in range(40)] + ["big"],
            "net_gp_window": [100.0] * 40 + [100_000.0],
        }
    )
    groups = pl.DataFrame(
        {
            "customer_id": [*buyers["customer_id"], "nobody", "other"],
            "group": ["small"] * 40 + ["large", None, "medium"],
        }
    )
    values = purchase_values(buyers, groups)
    asked = pl.DataFrame(
        {"division": ["A"] * 4 + ["B"], "customer_id": ["s1", "big", "nobody", "other", "s1"]}
    )
    assert value_given_purchase(asked, values, groups).to_list() == [100, 100, 100, 100, 0]
    assert value_given_purchase(asked, purchase_values(buyers, None), None).to_list() == [
        *[100] * 4,
        0,
    ]


def test_a_full_wallet_is_what_one_in_ten_buyers_exceeds() -> None:
    buyers = pl.DataFrame(
        {
            "division": ["A"] * 101,
            "customer_id": [str(i) for i in range(101)],
            "net_gp_window": [float(i) for i in range(101)],
        }
    )
    assert purchase_values(buyers, None)["value"].to_list() == [50]
    assert purchase_values(buyers, None, quantile=0.9)["value"].to_list() == [90]
    # No wallet is beyond the division's 95th percentile.
    assert purchase_values(buyers, None, quantile=0.99)["value"].to_list() == [95]


def test_values_lean_toward_their_group_as_it_grows() -> None:
    buyers = pl.DataFrame(
        {
            "division": ["A"] * 80,
            "customer_id": [str(i) for i in range(80)],
            "net_gp_window": [100.0] * 60 + [400.0] * 20,
        }
    )
    groups = pl.DataFrame(
        {"customer_id": [str(i) for i in range(80)], "group": ["s"] * 60 + ["l"] * 20}
    )
    found = dict(purchase_values(buyers, groups).select("group", "value").iter_rows())
    assert found == {None: 100.0, "s": 100.0, "l": 250.0}


def test_values_are_grouped_by_what_tells_customers_apart() -> None:
    customers = pl.DataFrame(
        {
            "customer_id": ["1", "2"],
            "segment": ["x", "x"],
            "size": [None, None],
            "industry": ["a", "b"],
        }
    )
    found = value_groups(customers)
    assert found is not None
    assert found["group"].to_list() == ["a", "b"]
    assert value_groups(customers.with_columns(industry=pl.lit("a"))) is None
    by_both = value_groups(customers.with_columns(size=pl.Series(["50-249", "1-49"])))
    assert by_both is not None
    assert by_both["group"].to_list() == ["a, 50-249", "b, 1-49"]


def test_reasons_are_the_strongest_stories_in_words() -> None:
    inputs = [ORDERS, DAYS, LOG_DAYS, OWNED, MARKET, DIVISION, BASE_RATE]
    matrix = pl.DataFrame(
        {
            "division": ["Bikes", "Bikes"],
            ORDERS: [3.0, 0.0],
            DAYS: [40.0, None],
            LOG_DAYS: [3.7, None],
            OWNED: [1.0, 0.0],
            MARKET: [0.2, 0.2],
        }
    )
    contributions = np.array(
        [[0.9, -0.3, -0.2, 0.1, 5, 5, 5], [0.001, 0.0, 0.0, -0.8, 5, 5, 5]], dtype=float
    )
    found = top_reasons(matrix, contributions, inputs)
    assert found.row(0) == (
        "3 orders of Bikes in the last 12 months: raises",
        "40 days since the last order: lowers",
        "has bought Bikes before: raises",
    )
    assert found.row(1) == ("has not bought Bikes before: lowers", None, None)


def test_a_row_has_the_same_reasons_alone_and_among_others() -> None:
    draw, inputs = np.random.default_rng(1), [ORDERS, DAYS, LOG_DAYS, OWNED, BASE_RATE]
    known = draw.integers(0, 3, (50, 4)).astype(float)
    matrix = pl.DataFrame(known, schema=inputs[:4]).with_columns(
        pl.Series("division", draw.choice(["Bikes", "Cars"], 50))
    )
    contributions = draw.normal(size=(50, 5)).round(1) * draw.choice([0.0, 1.0], (50, 1))
    together = top_reasons(matrix, contributions, inputs)
    alone = [
        top_reasons(matrix[row : row + 1], contributions[row : row + 1], inputs)
        for row in range(50)
    ]
    assert together.equals(pl.concat(alone))
    assert 0 < together["reason_3"].null_count() < 50
    assert top_reasons(matrix.clear(), contributions[:0], inputs).shape == (0, 3)


def test_a_missing_value_is_told_as_what_it_means() -> None:
    matrix = pl.DataFrame(
        {"division": ["Bikes"], DAYS: [None]}, schema_overrides={DAYS: pl.Float32}
    )
    found = top_reasons(matrix, np.array([[-1.0]]), [DAYS])
    assert found["reason_1"].to_list() == ["days since the last order (no purchase yet): lowers"]
    assert found["reason_2"].to_list() == [None]


@pytest.mark.parametrize("most", [1, 2, 3, 5, 100])
def test_rows_are_scored_by_whole_divisions(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "ROWS_AT_A_TIME", most)
    matrix = pl.DataFrame({"division": list("AABCCC"), "row": range(6)})
    parts = scoring._parts(matrix)
    assert pl.concat(parts).equals(matrix)
    seen = [division for part in parts for division in part["division"].unique()]
    assert len(seen) == len(set(seen)) == 3
    assert scoring._parts(matrix.clear())[0].is_empty()


@pytest.mark.parametrize("most", [1, 40, 60, 100])
def test_batches_change_no_number(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, divisions = np.random.default_rng(2), ["A", "B", "C", "D"]
    orders, features = draw.poisson(2, 20), (ORDERS, DAYS)
    matrix = pl.concat(
        pl.DataFrame({ORDERS: orders, DAYS: draw.integers(0, 5, 20)}).with_columns(
            cutoff=date(2024, 3, 31), division=pl.lit(division)
        )
        for division in divisions
    )
    inputs = Inputs(features, features, tuple(divisions), dict.fromkeys(divisions, 0.5))
    model = SimpleNamespace(
        pooled=SimpleNamespace(inputs=inputs),
        logits=lambda numbers, _: numbers[:, : 2 * len(features)],
        calibrated=lambda _, found: pl.DataFrame(found),
    )
    monkeypatch.setattr(scoring, "ROWS_AT_A_TIME", most)
    found = pl.concat(scoring._judged(model, scoring._parts(matrix), False, 2))
    assert np.array_equal(found.to_numpy(), inputs.numbers(matrix)[:, : 2 * len(features)])

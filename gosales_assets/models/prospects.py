"""Who of those who never bought will: new-logo purchases, told from attributes known at the time.

One logistic regression for all divisions: an intercept per division, the levels of each attribute,
and the same levels within each division, under a ridge. A division that sells little borrows from
the others; one that has something to say of its own departs from them. Where the attributes do not
tell buyers from others, out of time and on companies not learned from, everybody gets the share of
buyers there were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.metrics import log_odds, sigmoid
from gosales_assets.models.prospect_judgement import ALL, judge
from gosales_assets.models.prospect_rows import ATTRIBUTES, weighted_sample, with_attributes
from gosales_assets.models.slices import Slices, folds

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]

SCORED, BASE_RATE, TOO_FEW, WARM_UP = "scored", "base rate", "not enough conversions", "warm-up"
ENOUGH = 50  # conversions: companies that bought a division when they first bought anything
RARE = 20  # a level that fewer companies have is pooled with the other rare ones
RIDGE = 0.01  # sklearn's C: a strong pull to zero
FOLDS = 5
VERDICT = (
    {"division": pl.String, "status": pl.String, "note": pl.String, "conversions": pl.Int64}
    | {"base_rate": pl.Float64, "shift": pl.Float64}
    | {"rows": pl.Int64, "positives": pl.Int64}
    | dict.fromkeys(("auc", "auc_low", "auc_high", "log_loss", "naive_log_loss"), pl.Float64)
    | dict.fromkeys(("gain", "gain_low", "gain_high"), pl.Float64)
)


@dataclass(frozen=True)
class ProspectModel:
    """A fitted model of new-logo purchases.

    Parameters
    ----------
    divisions
        Divisions that it knows, sorted.
    common
        Attribute -> levels that enough companies have, sorted; all rare ones together, and the
        unknown, are levels of their own after them.
    intercepts
        Division -> what is added to its log odds, so that in training they add up to its buyers:
        the ridge is to pull at what attributes say, not at how much a division sells.
    """

    divisions: tuple[str, ...]
    common: Mapping[str, tuple[str, ...]]
    pipeline: "Pipeline"
    intercepts: Mapping[str, float]

    def logits(self, rows: pl.DataFrame) -> Floats:
        """Log odds of a purchase of each row (division, attributes), rounded to 9 decimals."""
        own = rows["division"].replace_strict(self.intercepts, return_dtype=pl.Float64).to_numpy()
        return np.round(self._terms(rows).sum(axis=1) + own, 9)

    def contributions(self, rows: pl.DataFrame) -> Floats:
        """What each of `ATTRIBUTES` adds to a row's log odds, shape (rows, attributes)."""
        _, shared, own = np.split(self._terms(rows), [1, 1 + len(ATTRIBUTES)], axis=1)
        total: Floats = shared + own
        return total

    def _terms(self, rows: pl.DataFrame) -> Floats:
        sizes = _sizes(self.divisions, self.common)
        weights = np.split(self.pipeline[-1].coef_[0], np.cumsum(sizes)[:-1])
        codes = _codes(rows, self.divisions, self.common)
        return np.column_stack([own[code] for own, code in zip(weights, codes.T, strict=True)])


@dataclass(frozen=True)
class Learned:
    """What was learned by a cutoff.

    Parameters
    ----------
    model
        None: there was not enough to learn from.
    divisions
        One row per division with the columns of `VERDICT`: what can be said of it and why, the
        share of buyers, what is added to the model's log odds, and what `judge` found.
    """

    model: ProspectModel | None
    divisions: pl.DataFrame

    def probabilities(self, rows: pl.DataFrame) -> Floats:
        """Chance of a purchase of each row (division, attributes), rounded to 9 decimals.

        NaN where the division is neither scored nor has a base rate.
        """
        known = rows.select("division").join(
            self.divisions, on="division", how="left", maintain_order="left"
        )
        chances = known["base_rate"].fill_null(np.nan).to_numpy().copy()
        scored = (known["status"] == SCORED).to_numpy()
        if self.model is not None and scored.any():
            shifts = known["shift"].filter(scored).to_numpy()
            chances[scored] = sigmoid(self.model.logits(rows.filter(scored)) + shifts)
        return np.round(chances, 9)


def learn(
    rows: pl.DataFrame,
    companies: pl.DataFrame,
    slices: Mapping[str, Slices],
    targets: Sequence[str],
    *,
    most: int,
    replicates: int,
    seed: int,
) -> Learned:
    """Learn who becomes a customer, and decide for each division what can be said of it.

    Parameters
    ----------
    rows
        See `gosales_assets.models.prospect_rows.slice_rows`; about ``most`` of them are used.
    companies
        ``raw.prospects``.
    targets
        All divisions, those in the warm-up (without slices) too.
    replicates
        Bootstrap samples behind the 95 % intervals.
    """
    converted = rows.filter(pl.col("label") == 1)
    counts = converted.group_by("division").agg(pl.col("customer_id").n_unique())
    conversions = dict(counts.iter_rows())
    enough = sorted(name for name, count in conversions.items() if count >= ENOUGH)
    to_learn = converted.filter("learns")["customer_id"].n_unique()
    model, found = None, {}
    if enough and to_learn >= ENOUGH:
        known = with_attributes(weighted_sample(rows, most, seed), companies)
        model = fit(known.filter("learns"))
        judged = _judged(known, seed).filter(pl.col("division").is_in(enough))
        found = _verdicts(model, known, judge(judged, replicates, seed), enough)
    verdicts = [
        {"division": division, "conversions": conversions.get(division, 0)}
        | (found.get(division) or _unable(division, slices, conversions, to_learn))
        for division in sorted(targets)
    ]
    return Learned(model, pl.DataFrame(verdicts, schema=VERDICT))


def fit(rows: pl.DataFrame) -> ProspectModel:
    """Fit on rows with division, attributes, ``weight`` and ``label``, of both outcomes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    divisions = tuple(rows["division"].unique().sort())
    common = {name: _common(rows, name) for name in ATTRIBUTES}
    categories = [np.arange(size) for size in _sizes(divisions, common)]
    pipeline = Pipeline(
        [
            ("levels", OneHotEncoder(categories=categories)),
            ("logistic", LogisticRegression(C=RIDGE, max_iter=1_000, tol=1e-7)),
        ]
    )
    with threadpool_limits(limits=1):  # so that sums are the same on every machine size
        codes, weights = _codes(rows, divisions, common), rows["weight"].to_numpy()
        pipeline.fit(codes, rows["label"].to_numpy(), logistic__sample_weight=weights)
    uneven = ProspectModel(divisions, common, pipeline, dict.fromkeys(divisions, 0.0))
    return replace(uneven, intercepts={name: _shift_of(uneven, rows, name) for name in divisions})


def _shift_of(model: ProspectModel, rows: pl.DataFrame, division: str) -> float:
    """What to add to a division's log odds for its chances to add up to its buyers.

    Half a buyer more, and half another, keep it finite where nobody bought.
    """
    from scipy.optimize import brentq

    own = rows.filter(pl.col("division") == division)
    logits, weights = model.logits(own), own["weight"].to_numpy()
    buyers, total = float(own["label"].sum()), float(np.sum(weights))
    expected = (buyers + 0.5) / (total + 1) * total

    def excess(shift: float) -> float:
        return float(np.sum(weights * sigmoid(logits + shift))) - expected

    return round(float(brentq(excess, -60, 60, xtol=1e-10)), 9)


def _common(rows: pl.DataFrame, name: str) -> tuple[str, ...]:
    counts = rows.drop_nulls(name).group_by(name).agg(pl.col("customer_id").n_unique())
    return tuple(counts.filter(pl.col("customer_id") >= RARE)[name].sort())


def _sizes(divisions: Sequence[str], common: Mapping[str, Sequence[str]]) -> list[int]:
    """Number of levels in each column of `_codes`."""
    sizes = [len(levels) + 2 for levels in common.values()]
    return [len(divisions), *sizes, *(size * len(divisions) for size in sizes)]


def _codes(
    rows: pl.DataFrame, divisions: Sequence[str], common: Mapping[str, Sequence[str]]
) -> NDArray[np.int64]:
    """Number the levels of each row: division, each attribute, each attribute in the division."""
    division = _code("division", divisions)
    levels = {name: _code(name, of_name) for name, of_name in common.items()}
    own = {
        f"{name} in division": division * (len(of_name) + 2) + levels[name]
        for name, of_name in common.items()
    }
    found: NDArray[np.int64] = rows.select(division=division, **levels, **own).to_numpy()
    return found


def _code(name: str, levels: Sequence[str]) -> pl.Expr:
    count = len(levels)
    code = pl.col(name).replace_strict(
        list(levels), list(range(count)), default=count, return_dtype=pl.Int64
    )
    return pl.when(pl.col(name).is_null()).then(count + 1).otherwise(code)


def _judged(rows: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Log odds of the newest slice, each company by a model that has not learned from it.

    Returns
    -------
    pl.DataFrame
        division, customer_id, label, weight, ``logit``, and ``naive``: log odds of the division's
        share of buyers among the rows that were learned from.
    """
    fold = folds(rows["customer_id"], FOLDS, seed)
    judged = []
    for number in range(FOLDS):
        learned = rows.filter(fold != number).filter("learns")
        model = fit(learned)
        rates = learned.group_by("division").agg(
            rate=(pl.col("label").sum() + 0.5) / (pl.col("weight").sum() + 1)
        )
        naive = {division: log_odds(rate) for division, rate in rates.iter_rows()}
        held_out = rows.filter(fold == number).filter("judges")
        held_out = held_out.filter(pl.col("division").is_in(model.divisions))
        judged.append(
            held_out.select(
                *("division", "customer_id", "label", "weight"),
                logit=pl.Series(model.logits(held_out)),
                naive=pl.col("division").replace_strict(naive, return_dtype=pl.Float64),
            )
        )
    return pl.concat(judged).sort("division", "customer_id")


def _verdicts(
    model: ProspectModel,
    rows: pl.DataFrame,
    figures: Mapping[str, Mapping[str, Any]],
    divisions: Sequence[str],
) -> dict[str, dict[str, Any]]:
    """Say of each division whether its attributes tell anything, and set its level.

    The evidence of all divisions together decides whether they do at all, since one division alone
    seldom has enough buyers to tell; then a division must not do worse with them than without.
    """
    together, found = figures.get(ALL, {}), {}
    told = (together.get("gain_low") or 0) > 0
    for division in divisions:
        own = dict(figures.get(division, {}))
        if told and own.get("auc") is not None and own["gain"] > 0:
            status, note = SCORED, f"judged on {own['rows']} companies it had not learned from"
        elif not told:
            status = BASE_RATE
            note = (
                "the attributes say nothing: base rate (of all divisions together, gain "
                f"{_span(together)}; the lower end must be above 0)"
            )
        else:
            status = BASE_RATE
            note = f"the attributes say nothing of this division: base rate (gain {_span(own)})"
        found[division] = {"status": status, "note": note, **own} | _level(
            model if status == SCORED else None, rows.filter(pl.col("division") == division)
        )
    return found


def _span(figures: Mapping[str, Any]) -> str:
    if figures.get("gain") is None:
        return "unknown: there is nobody to judge it on"
    return "{gain:.5f}, 95 % interval {gain_low:.5f} to {gain_high:.5f}".format(**figures)


def _level(model: ProspectModel | None, rows: pl.DataFrame) -> dict[str, Any]:
    """Share of buyers of a division, and what to add to the log odds for scores to agree with it.

    Of the newest slice where that has enough buyers, else of all slices, as few buyers are chance.
    """
    newest = rows.filter("judges")
    of = newest if newest["label"].sum() >= ENOUGH else rows
    share = np.average(of["label"].to_numpy(), weights=of["weight"].to_numpy())
    return {
        "base_rate": round(float(share), 9),
        "shift": None if model is None else _shift_of(model, of, of["division"][0]),
    }


def _unable(
    division: str, slices: Mapping[str, Slices], conversions: Mapping[str, int], to_learn: int
) -> dict[str, Any]:
    """Why nothing can be said of a division."""
    if division not in slices:
        return {"status": WARM_UP, "note": "no window of an earlier cutoff was over by then"}
    count = conversions.get(division, 0)
    if count < ENOUGH:
        note = f"{count} prospects bought it in closed windows, fewer than {ENOUGH}"
    else:
        note = (
            f"only {to_learn} prospects bought anything in the windows before the newest, fewer "
            f"than {ENOUGH}"
        )
    return {"status": TOO_FEW, "note": note}

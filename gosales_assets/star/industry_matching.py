"""Industries from elsewhere: which companies of the industry file a customer's names may mean.

Order of evidence: the same normalised name, then an account prefix that is the company's id, then
a name so similar that only a slip of the pen can lie between. Several customers (branches of one
company) may mean the same company. Which of the companies is taken is decided, and can be decided
again for any day, by `industry_choice`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from gosales_assets.star.contract import MATCH_METHODS
from gosales_assets.star.names import normalised_name, normalised_names
from gosales_assets.star.validity import SINCE, UNTIL, with_end

if TYPE_CHECKING:
    import numpy as np

SURE, LIKELY = 97.0, 94.0
NAME = ["customer_id", "customer_name", "account_prefix", "name_source"]
"""One name of one customer."""

_SAME_NAME, _SAME_ID, _SURE_NAME, _LIKELY_NAME = MATCH_METHODS
_BLOCK = 512  # names compared at once: bounds memory at 512 x companies x 8 bytes
_MANY = 100  # similar companies kept per name: a name like so many others means none of them
_COMPANY = [
    *("enrichment_id", "company_name", "industry", "sub_industry"),
    *("valid_from", "superseded_on", "is_first"),
]


def match_industries(
    names: pl.DataFrame, companies: pl.DataFrame, threads: int = 0
) -> pl.DataFrame:
    """Find the companies of known industry that each name of each customer may mean.

    Parameters
    ----------
    names
        customer_id, customer_name, account_prefix (nullable), name_source, name_known_from: all
        names that customers ever had; see `gosales_assets.star.dimensions.names_over_time`.
    companies
        ``raw.industry_enrichment``.
    threads
        CPU threads of the comparison; 0 means all. The result does not depend on it.

    Returns
    -------
    pl.DataFrame
        Columns of ``star.industry_matches`` less the verdict, and ``is_first`` (whether the row is
        its company's first). Weaker evidence is left out where stronger evidence settles the
        matter on every day, that is, where the file has no history.
    """
    known = _known(companies)
    # Also where a company's newer row tells no industry, and so is not among the known.
    has_history = any(known[day].is_not_null().any() for day in (SINCE, UNTIL))
    ours = _entries(names)
    named = (
        known if has_history else known.unique(["key", "industry", "sub_industry"], keep="first")
    )
    by_name = _candidates(ours.filter(pl.col("key") != "").join(named, on="key"), _SAME_NAME)
    left = ours if has_history else _unsettled(ours, by_name)
    by_id = _candidates(
        left.join(
            known, left_on="account_prefix", right_on="enrichment_id", how="inner", coalesce=False
        ),
        _SAME_ID,
    )
    if not has_history:
        left = ours.join(pl.concat([by_name, by_id]), on=NAME, how="anti", nulls_equal=True)
    similar = _similar(left, known, threads)
    return pl.concat([by_name, by_id, similar])


def _known(companies: pl.DataFrame) -> pl.DataFrame:
    """Companies of known industry, in a total order, with the spans in which their rows hold."""
    keys = companies["company_name"].map_elements(normalised_name, pl.String)
    identity = pl.coalesce(pl.lit("id ") + pl.col("enrichment_id"), pl.lit("name ") + pl.col("key"))
    return (
        with_end(companies.with_columns(key=keys).with_columns(company=identity), "company")
        .drop("company")
        .filter(pl.col("industry").is_not_null())
        .sort("company_name", "enrichment_id", SINCE, "industry", "sub_industry", nulls_last=True)
    )


def _entries(names: pl.DataFrame) -> pl.DataFrame:
    """Names that differ in more than their clothes: one row each, since it was first known.

    A name without a day keeps a row of its own beside the same one with a day: whether it may be
    used is another question, and a day that comes later must not change the answer.
    """
    keys = normalised_names(names["customer_name"].to_list(), names["account_prefix"].to_list())
    return (
        names.with_columns(key=pl.Series(keys, dtype=pl.String))
        .sort("name_known_from", "customer_name", nulls_last=True)
        .group_by(
            *("customer_id", "key", "account_prefix", "name_source"),
            pl.col("name_known_from").is_null().alias("undated"),
            maintain_order=True,
        )
        .first()
        .drop("undated")
    )


def _unsettled(ours: pl.DataFrame, by_name: pl.DataFrame) -> pl.DataFrame:
    """Names that companies of just one industry do not bear already."""
    agreed = by_name.filter(pl.col("industry").n_unique().over(NAME) == 1)
    return ours.join(agreed, on=NAME, how="anti", nulls_equal=True)


def _similar(names: pl.DataFrame, companies: pl.DataFrame, threads: int) -> pl.DataFrame:
    ours, theirs = _comparable(names), _comparable(companies)
    pairs = [pl.DataFrame(schema={"key": pl.String, "their_key": pl.String, "score": pl.Float64})]
    # Numbers are no slips of the pen: Plant 1 is never Plant 2. So only names with equal digits
    # are compared, which also keeps the comparison small.
    by_digits = theirs.partition_by("digits", as_dict=True)
    for digits, some in ours.partition_by("digits", as_dict=True).items():
        if digits in by_digits:
            choices = by_digits[digits]["key"].unique().sort().to_list()
            pairs.append(similar_names(some["key"].unique().sort().to_list(), choices, threads))
    found = pl.concat(pairs).filter(pl.col("key") != pl.col("their_key"))
    joined = names.join(found, on="key").join(companies, left_on="their_key", right_on="key")
    sure = pl.when(pl.col("score") >= SURE).then(pl.lit(_SURE_NAME))
    return _candidates(joined, sure.otherwise(pl.lit(_LIKELY_NAME)))


def _comparable(frame: pl.DataFrame) -> pl.DataFrame:
    digits = pl.col("key").str.replace_all(r"\D", "")
    return frame.filter(pl.col("key") != "").with_columns(digits=digits)


def similar_names(names: Sequence[str], choices: Sequence[str], threads: int = 0) -> pl.DataFrame:
    """Find the choices that are at least `LIKELY` similar to each name, the best 100 at most.

    Returns
    -------
    pl.DataFrame
        ``key`` (the name), ``their_key`` (the choice), ``score``: RapidFuzz's ratio of the names as
        written or in word order, whichever is higher.
    """
    import numpy as np

    spelled, sorted_ = list(choices), _in_word_order(choices)
    found: list[pl.DataFrame] = []
    for start in range(0, len(names), _BLOCK):
        block = names[start : start + _BLOCK]
        # As written, a lost space costs one letter; in word order, swapped words cost nothing.
        similarity = np.maximum(
            _similarities(block, spelled, threads),
            _similarities(_in_word_order(block), sorted_, threads),
        )
        for row in np.flatnonzero((similarity > 0).sum(axis=1) > _MANY):
            similarity[row, np.argsort(-similarity[row], kind="stable")[_MANY:]] = 0
        ours, theirs = np.nonzero(similarity)
        found.append(
            pl.DataFrame(
                {
                    "key": pl.Series(block, dtype=pl.String).gather(ours),
                    "their_key": pl.Series(spelled, dtype=pl.String).gather(theirs),
                    "score": similarity[ours, theirs].astype(np.float64).round(4),
                }
            )
        )
    return pl.concat(found)


def _similarities(
    names: Sequence[str], choices: Sequence[str], threads: int
) -> "np.ndarray[Any, Any]":
    import numpy as np
    from rapidfuzz import fuzz, process

    return process.cdist(
        names,
        choices,
        scorer=fuzz.ratio,
        score_cutoff=LIKELY,
        dtype=np.float32,
        workers=threads or -1,
    )


def _in_word_order(names: Sequence[str]) -> list[str]:
    return [" ".join(sorted(name.split())) for name in names]


def _candidates(joined: pl.DataFrame, method: str | pl.Expr) -> pl.DataFrame:
    named = pl.lit(method) if isinstance(method, str) else method
    score = pl.col("score") if "score" in joined.columns else pl.lit(100.0)
    return joined.select(
        *NAME, "name_known_from", *_COMPANY, method=named, score=score.cast(pl.Float64)
    )

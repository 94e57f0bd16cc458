"""Industries from elsewhere, matched to customers by name, surest evidence first.

Order of evidence: the same normalised name, then an account prefix that is the company's id, then
a name so similar that only a slip of the pen can lie between. Each customer is matched at most
once, and what was matched to what can be reviewed.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from gosales_assets.star.names import normalised_name, normalised_names

if TYPE_CHECKING:
    import numpy as np

SURE, LIKELY = 97.0, 94.0
_BLOCK = 512  # names compared at once: bounds memory at 512 x companies x 4 bytes
_COMPANY = ["enrichment_id", "company_name", "industry", "sub_industry"]


def match_industries(
    customers: pl.DataFrame, companies: pl.DataFrame, threads: int = 0
) -> pl.DataFrame:
    """Match customers to companies of known industry.

    Parameters
    ----------
    customers
        customer_id, customer_name, account_prefix (nullable); one row per customer.
    companies
        ``raw.industry_enrichment``; companies without an industry are of no use and left out.
    threads
        CPU threads of the comparison; 0 means all. The result does not depend on it.

    Returns
    -------
    pl.DataFrame
        Columns of ``star.industry_matches``: one row per customer that was matched. Equal scores
        go to the company that is first by name, then id.
    """
    known = (
        companies.filter(pl.col("industry").is_not_null())
        .sort("company_name", "enrichment_id", "industry", "sub_industry", nulls_last=True)
        .with_columns(key=pl.col("company_name").map_elements(normalised_name, pl.String))
    )
    keys = normalised_names(
        customers["customer_name"].to_list(), customers["account_prefix"].to_list()
    )
    left = customers.with_columns(key=pl.Series("key", keys, pl.String)).sort("customer_id")
    found = []
    for step in (_same_name, _same_id, lambda c, k: _similar_name(c, k, threads)):
        matches = step(left, known)
        found.append(matches)
        left = left.join(matches, on="customer_id", how="anti", maintain_order="left")
    return pl.concat(found).sort("customer_id")


def _same_name(customers: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    named = customers.filter(pl.col("key") != "")
    unique = companies.unique("key", keep="first", maintain_order=True)
    return _matches(named.join(unique, on="key"), "same name")


def _same_id(customers: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    unique = companies.filter(pl.col("enrichment_id").is_not_null()).unique(
        "enrichment_id", keep="first", maintain_order=True
    )
    joined = customers.join(
        unique, left_on="account_prefix", right_on="enrichment_id", how="inner", coalesce=False
    )
    return _matches(joined, "account prefix")


def _similar_name(customers: pl.DataFrame, companies: pl.DataFrame, threads: int) -> pl.DataFrame:
    ours, theirs = _comparable(customers), _comparable(companies)
    found = []
    # Numbers are no slips of the pen: Plant 1 is never Plant 2. So only names with equal digits
    # are compared, which also keeps the comparison small.
    by_digits = theirs.partition_by("digits", as_dict=True, maintain_order=True)
    for digits, names in ours.partition_by("digits", as_dict=True, maintain_order=True).items():
        choices = by_digits.get(digits)
        if choices is not None:
            found.append(_closest(names, choices, threads))
    if not found:
        return _matches(ours.join(theirs, on="key"), "")
    scored = pl.concat(found)
    sure = pl.when(pl.col("score") >= SURE).then(pl.lit("similar name, 97 or more"))
    return _matches(scored, sure.otherwise(pl.lit("similar name, 94 or more")))


def _comparable(frame: pl.DataFrame) -> pl.DataFrame:
    digits = pl.col("key").str.replace_all(r"\D", "")
    return frame.filter(pl.col("key") != "").with_columns(digits=digits)


def _closest(names: pl.DataFrame, choices: pl.DataFrame, threads: int) -> pl.DataFrame:
    position, score = best_matches(names["key"].to_list(), choices["key"].to_list(), threads)
    best = names.select("customer_id", "customer_name").with_columns(
        position=pl.Series(position, dtype=pl.Int64), score=pl.Series(score, dtype=pl.Float64)
    )
    companies = choices.select(_COMPANY).with_columns(
        position=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    return best.filter(pl.col("score") >= LIKELY).join(companies, on="position")


def best_matches(
    names: Sequence[str], choices: Sequence[str], threads: int = 0
) -> tuple[list[int], list[float]]:
    """Find the most similar choice of each name.

    Returns
    -------
    tuple
        Position of the best choice (the first of equals), and its similarity: RapidFuzz's ratio of
        the names as written or in word order, whichever is higher; 0 where below `LIKELY`.
    """
    import numpy as np

    spelled, sorted_ = list(choices), _in_word_order(choices)
    positions: list[int] = []
    scores: list[float] = []
    for start in range(0, len(names), _BLOCK):
        block = names[start : start + _BLOCK]
        # As written, a lost space costs one letter; in word order, swapped words cost nothing.
        similarity = np.maximum(
            _similarities(block, spelled, threads),
            _similarities(_in_word_order(block), sorted_, threads),
        )
        best = similarity.argmax(axis=1)
        positions.extend(best.tolist())
        scores.extend(similarity[np.arange(len(best)), best].astype(float).round(4).tolist())
    return positions, scores


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


def _matches(joined: pl.DataFrame, method: str | pl.Expr) -> pl.DataFrame:
    named = pl.lit(method) if isinstance(method, str) else method
    score = pl.col("score") if "score" in joined.columns else pl.lit(100.0)
    return joined.select(
        "customer_id", "customer_name", *_COMPANY, method=named, score=score.cast(pl.Float64)
    )

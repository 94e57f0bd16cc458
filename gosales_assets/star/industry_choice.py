"""Which of the companies that a customer's names may mean is taken, on any day.

The surest evidence decides: the same name, then the account prefix, then the most similar name.
Companies that are equally good and of different industries decide nothing: the next surest
evidence may, else the customer stays without, and a person should look.
"""

from collections.abc import Collection
from datetime import date

import polars as pl

from gosales_assets.star.contract import MATCH_METHODS, OUTDONE, OWN, PAST, TAKEN, TIED
from gosales_assets.star.industry_matching import NAME
from gosales_assets.star.validity import held_by, shown_on, snapshot_by

_SURE = 2  # methods that do not go by similarity
_AGREE = "industries"


def with_verdicts(candidates: pl.DataFrame, own: pl.DataFrame, day: date) -> pl.DataFrame:
    """Say of each candidate whether its industry is taken, why not, and whether to look at it.

    Parameters
    ----------
    candidates
        See `gosales_assets.star.industry_matching.match_industries`.
    own
        customer_id of the customers whose industry the customers table knows.
    day
        Day for which is decided.

    Returns
    -------
    pl.DataFrame
        Columns of ``star.industry_matches``.
    """
    rows = candidates.with_row_index("row")
    holding = rows.filter(shown_on(day))
    chosen = _chosen(holding)
    tied = _best(holding).join(chosen, on="customer_id", how="anti")
    row, customer = pl.col("row"), pl.col("customer_id")
    verdict = (
        pl.when(~row.is_in(holding["row"].implode()))
        .then(pl.lit(PAST))
        .when(row.is_in(tied["row"].implode()))
        .then(pl.lit(TIED))
        .when(~row.is_in(chosen["row"].implode()))
        .then(pl.lit(OUTDONE))
        .when(customer.is_in(own["customer_id"].implode()))
        .then(pl.lit(OWN))
        .otherwise(pl.lit(TAKEN))
    )
    settled = rows.with_columns(verdict=verdict)
    needs_review = (pl.col("verdict") == TIED) | (
        (pl.col("verdict") == TAKEN) & pl.col("method").is_in(MATCH_METHODS[_SURE:])
    )
    return settled.with_columns(needs_review=needs_review).drop("row", "is_first")


def taken(matches: pl.DataFrame) -> pl.DataFrame:
    """Industries that are taken from ``star.industry_matches``: one row per customer."""
    return _industries(matches.filter(pl.col("verdict") == TAKEN))


def industries_known_by(
    matches: pl.DataFrame, day: date, *, names_are_stable: bool, stable: Collection[str]
) -> pl.DataFrame:
    """Industries from the industry file as they could be told on the evening of ``day``.

    Parameters
    ----------
    matches
        ``star.industry_matches``.
    names_are_stable
        Whether names of a customers table without ``valid_from`` may be used.
    stable
        Columns of the industry file that do not change over time: the only ones that its rows
        without ``valid_from`` tell.

    Returns
    -------
    pl.DataFrame
        One row per customer: customer_id, industry, sub_industry (nullable).
    """
    known_name = pl.col("name_known_from") <= day
    if names_are_stable:
        known_name = known_name | pl.col("name_known_from").is_null()
    known = matches.filter(known_name.fill_null(False))
    rows = [known.filter(held_by(day))]
    if "industry" in stable:
        snapshot = known.filter(snapshot_by(day))
        told = "sub_industry" in stable
        rows.append(snapshot.with_columns(pl.when(told).then("sub_industry").alias("sub_industry")))
    return _industries(_chosen(pl.concat(rows)))


def _best(rows: pl.DataFrame) -> pl.DataFrame:
    """For each name: all sure evidence, or where there is none, the most similar companies."""
    level = pl.col("method").replace_strict(MATCH_METHODS, range(len(MATCH_METHODS)))
    ranked = rows.with_columns(level=level.cast(pl.Int64))
    sure = pl.col("level") < _SURE
    most_similar = ~sure.any().over(NAME) & (pl.col("score") == pl.col("score").max().over(NAME))
    return ranked.filter(sure | most_similar)


def _chosen(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that decide: per customer those of the surest name and evidence that is unanimous."""
    bucket = [*NAME, "level"]
    agreed = _best(rows).filter(pl.col("industry").n_unique().over(bucket) == 1)
    # The log's names before the other table's; newer names before older ones.
    first = (
        agreed.with_columns(in_log=pl.col("name_source") == "log")
        .sort(
            *("customer_id", "level", "in_log", "name_known_from", "customer_name"),
            "account_prefix",
            descending=[False, False, True, True, False, False],
            nulls_last=True,
        )
        .unique("customer_id", keep="first", maintain_order=True)
    )
    return agreed.join(first, on=bucket, how="semi", nulls_equal=True)


def _industries(rows: pl.DataFrame) -> pl.DataFrame:
    sub = pl.col("sub_industry")
    return (
        rows.group_by("customer_id")
        .agg(pl.col("industry").min(), pl.when(sub.n_unique() == 1).then(sub.first()))
        .sort("customer_id")
    )

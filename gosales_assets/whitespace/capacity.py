"""How much of a ranked list is handed out, and to whom: the three capacity modes.

No division may fill more than its share of the selection while others have candidates: its rows
beyond that are passed over, and the next best of the others pulled in from outside the cut.
"""

import math

import polars as pl

from gosales_assets.settings import Whitespace

_NEEDED = ["rank", "division", "customer_id", "rep", "segment"]


def with_selection(ranked: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Add ``selected`` and ``rep_rank``, the place in the rep's own list (null: not selected).

    Modes: ``top_percent`` takes the best share of the rows; ``per_rep`` takes each rep's best
    accounts, with the best row of each; ``hybrid`` does the same, but goes round the segments by
    their shares, and what a segment cannot fill goes to the others. Rows without a rep are a list
    of their own, to be given to somebody.

    Parameters
    ----------
    ranked
        Rows with ``rank`` (from 1, without gaps), ``division, customer_id, rep, segment``.
    """
    rows = ranked.select(_NEEDED).with_columns(passed_over=pl.lit(False))
    chosen = _chosen(rows, settings)
    held_back: set[str] = set()
    # Whoever is pulled in may fill a division in turn; each is held back once at the most.
    while full := sorted(_full(chosen, settings.max_division_share) - held_back):
        for division in full:
            best = chosen.filter(pl.col("division") == division)["rank"].sort()
            kept = best.head(_most(chosen, settings.max_division_share))
            beyond = (pl.col("division") == division) & ~pl.col("rank").is_in(kept.implode())
            rows = rows.with_columns(passed_over=pl.col("passed_over") | beyond)
        held_back |= set(full)
        chosen = _chosen(rows, settings)
    own = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("rep")
    places = chosen.select("rank", rep_rank=own)
    return ranked.join(places, on="rank", how="left", maintain_order="left").with_columns(
        selected=pl.col("rep_rank").is_not_null()
    )


def _most(chosen: pl.DataFrame, share: float) -> int:
    """Rows that one division may have of those that are chosen; one always."""
    return max(1, math.floor(round(share * chosen.height, 9)))


def _full(chosen: pl.DataFrame, share: float) -> set[str]:
    """Divisions that have more than their share of the chosen rows."""
    sizes = chosen.group_by("division").len()
    return set(sizes.filter(pl.col("len") > _most(chosen, share))["division"])


def selection_size(rows: int, top_percent: float) -> int:
    """Rows to select: the share of all, rounded up."""
    return math.ceil(round(rows * top_percent, 9))


def _chosen(rows: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Rows that are taken, in the order in which they are to be worked through."""
    if settings.capacity == "top_percent":
        size = selection_size(rows.height, settings.top_percent)
        best = rows.filter(~pl.col("passed_over")).bottom_k(size, by="rank")
        rest = rows.filter(pl.col("passed_over")).bottom_k(size - best.height, by="rank")
        return pl.concat([best, rest]).sort("rank")
    accounts = (
        rows.sort("passed_over", "rank")
        .unique("customer_id", keep="first", maintain_order=True)
        .with_columns(_turn(settings).alias("turn"))
        .filter(pl.col("turn").is_finite())
        .sort("passed_over", "turn", "rank")
    )
    taken = pl.int_range(pl.len()).over("rep") < settings.accounts_per_rep
    return accounts.filter(taken).sort("turn", "rank")


def _turn(settings: Whitespace) -> pl.Expr:
    """When an account's turn comes: by rank, or going round the rep's segments by their shares.

    The k-th account of a segment with share s has its turn at (k - 1/2) / s; in any stretch each
    segment so gets its share, and where one ends the others go on.
    """
    if settings.capacity == "per_rep":
        return pl.col("rank").cast(pl.Float64)
    shares = {str(name): share for name, share in settings.segment_shares.items()}
    share = pl.col("segment").replace_strict(shares, default=0.0, return_dtype=pl.Float64)
    place = pl.int_range(pl.len()).over("rep", "segment") + 0.5
    return pl.when(share > 0).then(place / share).otherwise(float("inf"))

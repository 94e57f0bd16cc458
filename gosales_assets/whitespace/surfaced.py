"""Which rows were handed out lately without anybody acting on them."""

from datetime import date, timedelta

import polars as pl

from gosales_assets.whitespace.actions import KEYS


def not_acted_on(
    handed_out: pl.DataFrame, actions: pl.DataFrame, *, cutoff: date, on: date, days: int
) -> pl.DataFrame:
    """Rows of earlier lists that were handed out in the last days and that nobody acted on.

    Parameters
    ----------
    handed_out, actions
        whitespace.handed_out and whitespace.actions.
    cutoff
        Cutoff of the list that is being made; handing out this one has no say in it.
    on
        Day on which it is looked at, see `actions.as_of`.
    days
        How many days up to ``on`` count.

    Returns
    -------
    pl.DataFrame
        ``division, customer_id``, one row each.
    """
    day = pl.col("handed_out_at").dt.date()
    shown = (
        handed_out.filter(
            (pl.col("cutoff") < cutoff) & day.is_between(on - timedelta(days=days), on, "right")
        )
        .group_by(KEYS)
        .agg(shown=pl.col("handed_out_at").min())
    )
    acted = actions.filter(pl.col("recorded_at").dt.date() <= on)
    answered = pl.concat(
        [
            acted.filter(pl.col("division").is_not_null())
            .join(shown, on=KEYS)
            .filter(pl.col("recorded_at") >= pl.col("shown"))
            .select(KEYS),
            acted.filter(pl.col("division").is_null())
            .drop("division")
            .join(shown, on="customer_id")
            .filter(pl.col("recorded_at") >= pl.col("shown"))
            .select(KEYS),
        ]
    )
    return shown.join(answered, on=KEYS, how="anti").select(KEYS).sort(KEYS)

"""Seats: units bought of the SKUs that the settings call seats, and how they grow."""

from typing import TYPE_CHECKING

import polars as pl

from gosales_assets.features.activity import Activity, keys_of
from gosales_assets.features.catalog import YEAR
from gosales_assets.features.ratios import log_ratio

if TYPE_CHECKING:
    import ibis


def seats(activity: Activity, scope: str) -> pl.DataFrame | None:
    """Count the seats bought, net of those given back.

    Returns
    -------
    One row per customer (and division or SKU set) that ever bought a seat: the keys and the
    ``seats`` features, which are 0 for everyone else; ``None`` when no SKUs are set as seats.
    """
    t = activity.seats(scope)
    if t is None:
        return None
    keys = keys_of(scope)
    sums = t.group_by(keys).aggregate(
        year=_units(t, t.age < YEAR),
        two_years=_units(t, t.age < 2 * YEAR),
        before=_units(t, t.age >= 2 * YEAR),
        ever=_units(t),
    )
    held, held_before = (pl.col(name).clip(lower_bound=0.0) for name in ("ever", "before"))
    return sums.to_polars().select(
        *keys,
        pl.col("year").alias(f"seats__{scope}__quantity__12m"),
        pl.col("two_years").alias(f"seats__{scope}__quantity__24m"),
        log_ratio(held, held_before).alias(f"seats__{scope}__quantity_log_ratio__24m"),
    )


def _units(t: "ibis.Table", where: "ibis.BooleanValue | None" = None) -> "ibis.Value":
    return t.quantity.sum(where=where).cast("float64").fill_null(0.0)

"""Features from the customer's own past: amounts, recency, trend, rhythm, returns, season.

The same definitions serve the customer as a whole (scope ``all``) and each customer and target
(scope ``div``). Sums are looked up, see `history_sums`; what follows from them is worked out here.
"""

from collections.abc import Collection

import polars as pl

from gosales_assets.features import history_sums
from gosales_assets.features.activity import DAYS, MONTHS, RETURN_DAYS, WHOLE, Activity, Star
from gosales_assets.features.catalog import DECAY_HALF_LIVES, OFFSET_MEASURES, WINDOWS, YEAR
from gosales_assets.features.ledger import Real, Seen, Whole, layout
from gosales_assets.features.ratios import log_ratio, ratio, relative_change

_SLOPE_DIVISOR = sum((2 * i - (YEAR - 1)) ** 2 for i in range(YEAR)) / 2
_DAYS_PER_MONTH = 365.25 / 12


def read_ledgers(star: Star, scope: str, families: Collection[str]) -> None:
    """Make the ledgers that `sums_of` asks, of everything (``all``) or by division (``div``)."""
    kinds = [MONTHS, DAYS, *([RETURN_DAYS] if "offset" in families else [])]
    star.read(*((kind, scope) for kind in kinds))


def sums_of(
    activity: Activity, division: str, columns: Collection[str], customers: Whole
) -> pl.DataFrame:
    """Sum up the own past with a division (or `WHOLE`).

    Parameters
    ----------
    columns
        Which sums: see `history_sums`; others are passed over.
    customers
        Whose, by number (see `Star.numbers`), ascending.

    Returns
    -------
    One row per customer, in this order, with the columns; null: nothing to sum.
    """
    scope = "all" if division == WHOLE else "div"
    months, days = activity.months(division), activity.days(division)
    lots = [
        (months, history_sums.of_months(activity, months, scope, activity.window_of(division))),
        (days, history_sums.of_days(activity, days)),
    ]
    if any(column.startswith("offset__") for column in columns):
        lots += _offset_sums(activity, division, scope)
    laid: dict[str, Real] = {}
    for seen, sums in lots:
        laid_out = layout(seen.customers, customers)
        laid |= {name: laid_out(column()) for name, column in sums.items() if name in columns}
    return pl.DataFrame(laid).fill_nan(None)


def _offset_sums(
    activity: Activity, division: str, scope: str
) -> list[tuple[Seen, history_sums.Sums]]:
    days, returns = activity.days(division), activity.return_days(division)
    lots = []
    for seen, measure, suffix in (
        *((days, measure, "") for measure in OFFSET_MEASURES),
        (returns, "value", "__returned"),
    ):
        found = history_sums.seen_a_while_ago(activity, seen, measure)
        named = {f"offset__{scope}__{measure}__{w}{suffix}": found[w] for w in WINDOWS}
        lots.append((seen, named))
    return lots


def history(
    activity: Activity, division: str, wanted: Collection[str], customers: Whole
) -> pl.DataFrame:
    """Work out the own past with a division (or `WHOLE`).

    Parameters
    ----------
    wanted
        Names of features; others than those of the own past are passed over.
    customers
        Whose, by number (see `Star.numbers`), ascending.

    Returns
    -------
    One row per customer, in this order, with the features; null: as the catalogue says, or, for
    whoever has no line of it, also where nothing counts as 0.
    """
    scope = "all" if division == WHOLE else "div"
    derived = [
        column for of in _DERIVED for column in of(scope) if column.meta.output_name() in wanted
    ]
    roots = {name for column in derived for name in column.meta.root_names()}
    sums = sums_of(activity, division, {*wanted, *roots}, customers).with_columns(derived)
    return sums.select(pl.col(name).cast(pl.Float32) for name in sums.columns if name in wanted)


def revenue_of_nothing(scope: str) -> list[pl.Expr]:
    """Revenue by window, 0 where nothing was bought; null stays where it is unknown."""
    columns = []
    for window in WINDOWS:
        lines = pl.col(f"rfm__{scope}__lines__{window}").fill_null(0.0)
        revenue = pl.col(f"rfm__{scope}__revenue__{window}")
        columns.append(
            pl.when(lines > 0).then(revenue).otherwise(0.0).alias(revenue.meta.output_name())
        )
    return columns


def _amounts(scope: str) -> list[pl.Expr]:
    def of(measure: str, window: str) -> pl.Expr:
        return pl.col(f"rfm__{scope}__{measure}__{window}")

    now, before = of("orders", "12m"), of("orders", "24m") - of("orders", "12m")
    value, value_before = of("value", "12m"), of("value", "24m") - of("value", "12m")
    return [
        (now - before).alias(f"rfm__{scope}__orders_change__12m"),
        log_ratio(now, before).alias(f"rfm__{scope}__orders_log_ratio__12m"),
        relative_change(value, value_before).alias(f"rfm__{scope}__value_change__12m"),
        *(
            ratio(of("value", w), of("orders", w)).alias(f"rfm__{scope}__value_per_order__{w}")
            for w in WINDOWS
        ),
    ]


def _offset(scope: str) -> list[pl.Expr]:
    columns = []
    for window in WINDOWS:
        orders, value = (f"offset__{scope}__{m}__{window}" for m in ("orders", "value"))
        returned = pl.col(f"{value}__returned").fill_null(0.0)
        columns += [pl.col(orders).fill_null(0.0), pl.col(value).fill_null(0.0) + returned]
    return columns


def _recency(scope: str) -> list[pl.Expr]:
    days = pl.col("recent")
    half_lives = [
        (2.0 ** (-days / half_life))
        .fill_null(0.0)
        .alias(f"recency__{scope}__decay_{half_life}d__ever")
        for half_life in DECAY_HALF_LIVES
    ]
    return [
        days.alias(f"recency__{scope}__days__ever"),
        days.log1p().alias(f"recency__{scope}__log_days__ever"),
        *half_lives,
    ]


def _trajectory(scope: str) -> list[pl.Expr]:
    shapes = []
    for measure in ("orders", "value"):
        total = pl.col(f"rfm__{scope}__{measure}__12m")
        spread = (pl.col(f"{measure}_squares") - total**2 / YEAR) / YEAR
        deviation = spread.clip(lower_bound=0.0).sqrt()
        name = f"trajectory__{scope}__{measure}"
        shapes += [
            (pl.col(f"{measure}_tilt") / _SLOPE_DIVISOR).alias(f"{name}_slope__12m"),
            deviation.alias(f"{name}_sd__12m"),
            ratio(deviation, total / YEAR).alias(f"{name}_cv__12m"),
        ]
    return shapes


def _rhythm(scope: str) -> list[pl.Expr]:
    # The gaps between order days add up to the time from the first to the last.
    mean = ratio(pl.col("oldest") - pl.col("recent"), pl.col("gaps"))
    spread = (ratio(pl.col("gap_squares"), pl.col("gaps")) - mean**2).clip(lower_bound=0.0).sqrt()
    columns = {
        "median_gap": pl.col("median_gap"),
        "mean_gap": mean,
        "last_gap": pl.col("last_gap"),
        "overdue_ratio": ratio(pl.col("recent"), pl.col("median_gap")),
        "gap_cv": ratio(spread, mean),
        "days_to_due": pl.col("median_gap") - pl.col("recent"),
    }
    return [e.alias(f"rhythm__{scope}__{name}__ever") for name, e in columns.items()]


def _season(scope: str) -> list[pl.Expr]:
    orders = pl.col(f"rfm__{scope}__orders__24m")
    shares = {"window": "orders_ahead"}
    if scope == "all":
        shares |= {f"quarter_{quarter}": f"orders_quarter_{quarter}" for quarter in range(1, 5)}
    return [
        ratio(pl.col(column), orders).alias(f"season__{scope}__{name}_share__24m")
        for name, column in shares.items()
    ]


def _shares(scope: str) -> list[pl.Expr]:
    lines = pl.col(f"rfm__{scope}__lines__12m")
    sold = pl.col(f"rfm__{scope}__value__12m") + pl.col("returned_value")
    revenue = pl.col(f"rfm__{scope}__revenue__12m")
    return [
        ratio(pl.col("returned_lines"), lines).alias(f"returns__{scope}__line_share__12m"),
        ratio(pl.col("returned_value"), sold).alias(f"returns__{scope}__value_share__12m"),
        ratio(pl.col("gross_profit"), revenue).alias(f"margin__{scope}__gross_margin__12m"),
    ]


def _lifecycle(scope: str) -> list[pl.Expr]:
    units, units_before = pl.col("quantity"), pl.col("quantity_before")
    known = pl.any_horizontal(units.is_not_null(), units_before.is_not_null())
    growth = log_ratio(*(e.fill_null(0.0).clip(lower_bound=0.0) for e in (units, units_before)))
    oldest = pl.col("oldest")
    return [
        pl.when(known).then(growth).alias(f"ownership__{scope}__quantity_log_ratio__12m"),
        oldest.alias(f"lifecycle__{scope}__tenure__ever"),
        (oldest / _DAYS_PER_MONTH).alias(f"ownership__{scope}__months_since_first__ever"),
    ]


_DERIVED = [_amounts, _offset, _recency, _trajectory, _rhythm, _season, _shares, _lifecycle]

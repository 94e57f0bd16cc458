"""Relations between columns of a sample: what is a product, a difference, or decided by another."""

import math

import polars as pl

_CENT = 0.011
_FEWEST = 30  # rows below which a relation is no evidence


def product_share(price: pl.Series, quantity: pl.Series, amount: pl.Series) -> float | None:
    """Share of rows in which price x quantity is the amount, to rounding; None: too few rows."""
    frame = pl.DataFrame({"p": price, "q": quantity, "a": amount}).drop_nulls()
    frame = frame.filter((pl.col("q").abs() > 1) & (pl.col("p") != 0))
    off = (pl.col("p") * pl.col("q") - pl.col("a")).abs()
    return _share(frame, off <= _CENT + 0.006 * pl.col("q").abs())


def difference_share(amount: pl.Series, less: pl.Series, rest: pl.Series) -> float | None:
    """Share of rows in which amount - less is the rest, to rounding; None: too few rows."""
    frame = pl.DataFrame({"a": amount, "l": less, "r": rest}).drop_nulls()
    frame = frame.filter(pl.col("l") != 0)
    return _share(frame, (pl.col("a") - pl.col("l") - pl.col("r")).abs() <= 2 * _CENT)


def steadiness(
    amount: pl.Series, quantity: pl.Series, sku: pl.Series
) -> tuple[float, float] | None:
    """How often an amount, and amount / quantity, is the usual one of its SKU.

    A price of one unit is the same whatever the quantity; a line's total is not.

    Returns
    -------
    Shares of rows with the most frequent value of their SKU, of the amount as it is and of the
    amount per unit, over SKUs sold in different quantities; None: too few such rows.
    """
    frame = (
        pl.DataFrame({"a": amount, "q": quantity, "sku": sku})
        .drop_nulls()
        .filter((pl.col("q") > 0) & (pl.col("a") > 0))
        .with_columns(as_is=pl.col("a").round(2), each=(pl.col("a") / pl.col("q")).round(2))
        .filter((pl.col("q").n_unique().over("sku") > 1) & (pl.len().over("sku") > 2))
    )
    if frame.height < _FEWEST:
        return None
    return _usual(frame, "as_is"), _usual(frame, "each")


def is_of_one_unit(cost: pl.Series, quantity: pl.Series, amount: pl.Series) -> bool | None:
    """Whether a cost is of one unit and not of the line, by its ratio to the line's amount.

    The right one of cost / amount and cost x quantity / amount varies less from line to line.
    None: the ratios do not tell.
    """
    frame = pl.DataFrame({"c": cost, "q": quantity, "a": amount}).drop_nulls()
    frame = frame.filter((pl.col("q") > 1) & (pl.col("c") > 0) & (pl.col("a") > 0))
    if frame.height < _FEWEST:
        return None
    of_line = _spread((frame["c"] / frame["a"]).log())
    of_unit = _spread((frame["c"] * frame["q"] / frame["a"]).log())
    if of_unit < 0.6 * of_line:
        return True
    return False if of_line < 0.6 * of_unit else None


def decided_share(by: pl.Series, of: pl.Series) -> float | None:
    """Share of rows that hold the usual value of their group; 1: ``by`` decides ``of``.

    Parameters
    ----------
    by
        Groups; those of one row are left out, because they decide nothing.
    of
        Values.
    """
    frame = pl.DataFrame({"by": by, "of": of}).drop_nulls()
    frame = frame.filter(pl.len().over("by") > 1)
    if frame.height < _FEWEST:
        return None
    counts = frame.group_by("by", "of").len().group_by("by").agg(pl.col("len").max())
    return float(counts["len"].sum()) / frame.height


def _usual(frame: pl.DataFrame, column: str) -> float:
    counts = frame.group_by("sku", column).len().group_by("sku").agg(pl.col("len").max())
    return float(counts["len"].sum()) / frame.height


def _spread(values: pl.Series) -> float:
    """Median distance from the median."""
    middle = values.median()
    spread = (values - middle).abs().median()
    return float(spread) if isinstance(spread, float) else math.inf


def _share(frame: pl.DataFrame, holds: pl.Expr) -> float | None:
    if frame.height < _FEWEST:
        return None
    return float(frame.select(holds.mean()).item())

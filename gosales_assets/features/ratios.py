"""Ratios and changes that stay finite whatever they are given."""

import polars as pl


def ratio(above: pl.Expr, below: pl.Expr) -> pl.Expr:
    """Quotient; null where the divisor is missing, zero or negative."""
    return pl.when(below > 0).then(above / below)


def log_ratio(now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """Logarithm of (now + 1) / (before + 1): growth that stays finite from and to zero."""
    return ((now + 1) / (before + 1)).log()


def relative_change(now: pl.Expr, before: pl.Expr) -> pl.Expr:
    """(now - before) / (|now| + |before|), from -1 to 1; null where both are zero."""
    return ratio(now - before, now.abs() + before.abs())

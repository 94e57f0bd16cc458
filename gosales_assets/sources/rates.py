"""Rates: what one unit of another currency is worth in base currency on the day of an order.

They are asked only where a row has no rate of its own. Before the first day of a currency's rates
there is none, and none is ever made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from gosales_assets.settings import Settings, SettingsError
from gosales_assets.sources.contract import FX_RATES
from gosales_assets.sources.side_tables import REPEATS, load_side_table

_BEGINNING = date.min


@dataclass(frozen=True)
class Rates:
    """Rates of the settings.

    Parameters
    ----------
    base
        Code of the base currency.
    table
        ``currency, valid_from, rate``: units of base currency for one unit from that day on; null:
        from the beginning.
    """

    base: str
    table: pl.DataFrame

    @classmethod
    def fixed(cls, base: str, rates: Mapping[str, float]) -> "Rates":
        """Make rates that are the same on all days."""
        table = pl.DataFrame(
            {
                "currency": [code.upper() for code in rates],
                "valid_from": None,
                "rate": list(rates.values()),
            },
            schema=FX_RATES.types,
        )
        return cls(base.upper(), table.sort("currency"))

    def on(self, currency: pl.Series, day: pl.Series) -> pl.Series:
        """Rate of each currency on each day: the newest one by then; null: none is known.

        A missing day knows only rates that hold from the beginning.
        """
        if (currency == self.base).all():
            return pl.repeat(1.0, len(currency), dtype=pl.Float64, eager=True).alias("rate")
        rows = pl.DataFrame({"currency": currency, "day": day.fill_null(_BEGINNING)})
        known = self.table.with_columns(pl.col("valid_from").fill_null(_BEGINNING))
        found = (
            rows.unique()
            .sort("day")
            .join_asof(
                known.sort("valid_from"),
                left_on="day",
                right_on="valid_from",
                by="currency",
                check_sortedness=False,
            )
        )
        joined = rows.join(found, on=["currency", "day"], how="left", maintain_order="left")
        return joined.select(
            rate=pl.when(pl.col("currency") == self.base).then(1.0).otherwise("rate")
        )["rate"]


def load_rates(settings: Settings) -> Rates:
    """Read the rates of the settings: ``sales_log.fx_rates`` and the side table together.

    Raises
    ------
    SettingsError
        When a rate or its day cannot be read, is doubled or contradicted, or the base currency
        has a rate other than 1: a wrong rate would be a wrong sum everywhere.
    """
    log, side = settings.sales_log, settings.side_tables.get("fx_rates")
    fixed = Rates.fixed(log.base_currency, log.fx_rates)
    _usable(fixed, "sales_log.fx_rates")
    if side is None:
        return fixed
    load = load_side_table(settings, "fx_rates", {})
    problems = [reason for reason in load.left_out if reason != REPEATS]
    if problems:
        raise SettingsError(
            f"side_tables.fx_rates: {side.file}: {problems[0]}: {load.left_out[problems[0]]}; "
            "every row needs a currency, a rate, and a day (or nothing) in valid_from"
        )
    dated = Rates(fixed.base, load.frame)
    _usable(dated, f"side_tables.fx_rates: {side.file}")
    both = sorted(set(fixed.table["currency"]) & set(dated.table["currency"]))
    if both:
        raise SettingsError(
            f"{both[0]} has a rate in sales_log.fx_rates and in side_tables.fx_rates: keep one"
        )
    return Rates(fixed.base, pl.concat([fixed.table, dated.table]).sort("currency", "valid_from"))


def _usable(rates: Rates, where: str) -> None:
    for code, _, rate in rates.table.filter(~(pl.col("rate") > 0)).iter_rows():
        raise SettingsError(f"{where}: the rate of {code} is {rate}; it must be above 0")
    own = rates.table.filter(currency=rates.base).filter(pl.col("rate") != 1)
    if own.height:
        raise SettingsError(
            f"{where}: {rates.base} is the base currency, so its rate is 1, not {own['rate'][0]}"
        )
    twice = rates.table.filter(pl.struct("currency", "valid_from").is_duplicated())
    if twice.height:
        code, day, _ = twice.sort("currency", "valid_from").row(0)
        raise SettingsError(f"{where}: {code} has two rates {f'from {day}' if day else 'undated'}")

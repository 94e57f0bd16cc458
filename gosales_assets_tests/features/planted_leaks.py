"""Leaks to plant where a slip would let the future in, each by one line of wrong code."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import polars as pl
import pytest

from gosales_assets.features import layers, profile
from gosales_assets.features.activity import Activity
from gosales_assets.features.past import Past


def days_not_cut_off(planted: pytest.MonkeyPatch) -> None:
    def leaking(self: Activity, days: ir.Table) -> ir.Table:
        return days.mutate(days_ago=ibis.literal(self.cutoff).delta(days.order_date, unit="day"))

    planted.setattr(Activity, "_dated", leaking)


def months_not_cut_off(planted: pytest.MonkeyPatch) -> None:
    def leaking(self: Activity, months: ir.Table) -> ir.Table:
        return months.mutate(age=self.cutoff.year * 12 + self.cutoff.month - months.ordinal)

    planted.setattr(Activity, "_aged", leaking)


def installed_base_of_today(planted: pytest.MonkeyPatch) -> None:
    honest = layers.installed

    def leaking(past: Past, base: pl.DataFrame) -> pl.DataFrame | None:
        known = pl.min_horizontal("purchase_date", pl.lit(past.cutoff))
        return honest(past, base.with_columns(purchase_date=known))

    planted.setattr(layers, "installed", leaking)


def attributes_of_today(planted: pytest.MonkeyPatch) -> None:
    honest = profile.known_by
    planted.setattr(
        profile, "known_by", lambda rows, key, *_: honest(rows, key, date.max, rows.columns)
    )


def fitted_on_later_days(planted: pytest.MonkeyPatch) -> None:
    later = property(lambda self: self.cutoff + timedelta(days=1))
    planted.setattr(Past, "last_day", later)

"""Leaks to plant where a slip would let the future in, each by one line of wrong code."""

from dataclasses import replace
from datetime import date, timedelta

import ibis
import polars as pl
import pytest

from gosales_assets.features import layers, profile
from gosales_assets.features.activity import Activity, Star


def days_not_cut_off(planted: pytest.MonkeyPatch) -> None:
    honest = Star.as_of

    def leaking(self: Star, cutoff: date) -> Activity:
        ago = ibis.literal(cutoff).delta(self.days.order_date, unit="day")
        return replace(honest(self, cutoff), days=self.days.mutate(days_ago=ago))

    planted.setattr(Star, "as_of", leaking)


def months_not_cut_off(planted: pytest.MonkeyPatch) -> None:
    honest = Star.as_of

    def leaking(self: Star, cutoff: date) -> Activity:
        age = cutoff.year * 12 + cutoff.month - self.months.ordinal
        return replace(honest(self, cutoff), months=self.months.mutate(age=age))

    planted.setattr(Star, "as_of", leaking)


def installed_base_of_today(planted: pytest.MonkeyPatch) -> None:
    honest = layers.installed

    def leaking(activity: Activity, base: pl.DataFrame) -> pl.DataFrame | None:
        known = pl.min_horizontal("purchase_date", pl.lit(activity.cutoff))
        return honest(activity, base.with_columns(purchase_date=known))

    planted.setattr(layers, "installed", leaking)


def attributes_of_today(planted: pytest.MonkeyPatch) -> None:
    honest = profile.known_by
    planted.setattr(
        profile, "known_by", lambda rows, key, *_: honest(rows, key, date.max, rows.columns)
    )


def fitted_on_later_days(planted: pytest.MonkeyPatch) -> None:
    later = property(lambda self: self.cutoff + timedelta(days=1))
    planted.setattr(Activity, "last_day", later)

"""Leaks to plant where a slip would let the future in, each by one line of wrong code."""

from datetime import date, timedelta

import polars as pl
import pytest

from gosales_assets.features import layers, profile
from gosales_assets.features.activity import Activity
from gosales_assets.features.past import Past

LATER = 10**6


def days_not_cut_off(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(Activity, "days", lambda self, of: self.star.days_of(of).as_of(LATER))


def months_not_cut_off(planted: pytest.MonkeyPatch) -> None:
    planted.setattr(Activity, "months", lambda self, of: self.star.months_of(of).as_of(LATER))


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

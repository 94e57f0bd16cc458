"""Denylist: products whose purchase never makes a customer a buyer, from both places."""

import polars as pl

from gosales_assets.settings import Settings
from gosales_assets.sources.sku_map import load_sku_map


def denied_skus(settings: Settings, listed: pl.DataFrame) -> list[str]:
    """SKUs of ``labels.sku_denylist`` and of the side table, spelled as in the log, sorted.

    Parameters
    ----------
    listed
        ``raw.label_denylist``.
    """
    named = pl.Series(settings.labels.sku_denylist, dtype=pl.String)
    sku_map = load_sku_map(settings)
    spelled = named if sku_map is None else sku_map.spelled(named)
    return sorted({*spelled, *listed["sku"]})

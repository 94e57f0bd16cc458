"""Loads a sales log for a test, with blocks as small as the test wants."""

from unittest.mock import patch

from gosales_assets.settings import Settings
from gosales_assets.sources import delimited
from gosales_assets.sources.load import SalesLogLoad, load_sales_log


def load_log(settings: Settings, block_size: int = delimited.BLOCK) -> SalesLogLoad:
    """What a sales log gives: ``lines``, ``quarantine`` and ``log``, as written to the lake."""
    with patch.object(delimited, "BLOCK", block_size):
        return load_sales_log(settings)

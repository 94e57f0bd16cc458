"""Windows as the labels room would hand them on, for the rooms after it."""

from collections.abc import Mapping

from gosales_assets.labels.contract import TARGET_WINDOWS
from gosales_assets.partitions import KEYS
from gosales_assets.settings import current_settings
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.star.order_lines import made


def write_windows(warehouse: Warehouse, own: Mapping[str, int] | None = None) -> None:
    """Write ``labels.target_windows``: the usual window, but where a target has one of its own."""
    usual = dict.fromkeys(KEYS.divisions, current_settings().window_months)
    rows = [
        {"division": target, "window_months": months, "source": "default", "closed_cutoffs": 1}
        for target, months in (usual | dict(own or {})).items()
    ]
    warehouse.write(TARGET_WINDOWS, made(TARGET_WINDOWS, rows))

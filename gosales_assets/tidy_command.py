"""``gosales tidy``: say on the terminal what can go, and remove it where that is wanted."""

from rich.console import Console

from gosales_assets.definitions import build_resources
from gosales_assets.partitions import KEYS
from gosales_assets.runs.tables import ALL_TABLES
from gosales_assets.settings import current_settings, environment
from gosales_assets.tidying import leftovers, remove
from gosales_assets.tracking import Tracking
from gosales_assets.warehouse import Warehouse


def tidy_up(console: Console, *, remove_it: bool) -> None:
    """List what nobody looks at any more, with its size; remove it only if asked to."""
    made = build_resources(current_settings(), environment())
    warehouse, tracking = made["warehouse"], made["tracking"]
    if not isinstance(warehouse, Warehouse) or not isinstance(tracking, Tracking):
        raise TypeError("definitions.py must provide the resources 'warehouse' and 'tracking'")
    found = leftovers(warehouse, ALL_TABLES, KEYS, tracking)
    for leftover in found:
        line = f"{leftover.bytes / 1e6:8.1f} MB  {leftover.about}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    size = sum(leftover.bytes for leftover in found) / 1e6
    if remove_it:
        remove(found)
        console.print(f"{len(found)} folders removed, {size:,.1f} MB")
    else:
        again = "; --yes removes them" if found else ""
        console.print(f"{len(found)} folders could go, {size:,.1f} MB{again}")

"""Take a file of actions: what customers and divisions it may name comes from the lake."""

from datetime import datetime
from pathlib import Path
from typing import Any

from gosales_assets.division_names import division_identity
from gosales_assets.partitions import KEYS
from gosales_assets.settings import SettingsError
from gosales_assets.star.contract import DIM_CUSTOMER
from gosales_assets.warehouse import MissingPartition, Warehouse
from gosales_assets.whitespace.action_import import Known, import_actions


def take_answers(home: Path, file: Path, at: datetime, by: str) -> dict[str, Any]:
    """Import a file of actions into a home folder; see `import_actions`.

    Raises
    ------
    SettingsError
        When the file cannot be used, or nothing was run yet that says who the customers are.
    """
    if not file.is_file():
        raise SettingsError(f"{file}: no such file")
    try:
        customers = Warehouse(home=str(home)).read(DIM_CUSTOMER, columns=["customer_id"])
    except MissingPartition as error:
        raise SettingsError("no customers are known yet: `gosales run` first") from error
    divisions = {division_identity(name): name for name in KEYS.divisions}
    return import_actions(home, file, Known(set(customers["customer_id"]), divisions), at, by)

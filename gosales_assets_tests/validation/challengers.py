"""A scored lake whose models are registered as challengers."""

from pathlib import Path

from gosales_assets.division_names import registry_name
from gosales_assets.partitions import KEYS
from gosales_assets.tracking import Tracking
from gosales_assets.validation.registry import MlflowRegistry
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.validation.scored_world import OPEN, write_lake


def write_challengers(home: Path) -> None:
    """Write the lake, and register a version of every division but the first."""
    write_lake(Warehouse(home=str(home), code_version="test", basis="test"))
    client = MlflowRegistry(Tracking(home=str(home)))._client()
    for division in KEYS.divisions[1:]:
        name = registry_name(division)
        client.create_registered_model(name)
        version = f"{OPEN}+settings+code"
        tags = {"cutoff": OPEN, "division": division, "model_version": version}
        made = client.create_model_version(name, "file:///nowhere", tags=tags)
        client.set_registered_model_alias(name, "challenger", made.version)

"""What the runs room hands on: the inventory of the lake and the manifest of every run."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import Contract, table


class LakeInventory(Contract):
    """Every table and partition there is, with its rows, checksum, and what it was made on."""

    table_name: str = pa.Field(description="Table, as room.table.")
    cutoff: str = pa.Field(nullable=True, description="Cutoff of the partition; null: none.")
    division: str = pa.Field(nullable=True, description="Division of the partition; null: none.")
    rows: int = pa.Field(ge=0, description="Rows.")
    checksum: str = pa.Field(description="Checksum of the content, less run ids and times.")
    code_version: str = pa.Field(description="Version of the code that wrote it.")
    basis: str = pa.Field(description="Hash of the settings and inputs that it was made on.")
    run_id: str = pa.Field(description="Dagster run that wrote it.")


class RunManifest(Contract):
    """Every run that published results: its code, settings, inputs, outputs, alerts and time."""

    run_id: str = pa.Field(unique=True, description="Dagster run that published.")
    published_at: pl.Datetime = pa.Field(description="When the results were published (UTC).")
    name: str = pa.Field(description="Name of the configuration.")
    currency: str = pa.Field(description="ISO code of the currency that all money is in.")
    code_version: str = pa.Field(description="Version of the code.")
    config_hash: str = pa.Field(description="Hash of the settings.")
    inputs: str = pa.Field(description="JSON: input file -> SHA-256.")
    cutoffs: str = pa.Field(description="JSON: cutoffs.")
    divisions: str = pa.Field(description="JSON: target divisions.")
    tables: str = pa.Field(description="JSON: table -> rows and checksum over its partitions.")
    alerts: str = pa.Field(description="JSON: severity -> number of drift alerts.")
    durations: str = pa.Field(description="JSON: room -> seconds spent; null values: not run.")


class RunRegistry(Contract):
    """What every run was made of that wrote something published: code, settings, inputs.

    The ``run_id`` of any published row leads here, by itself or by runs.lake_inventory.
    """

    run_id: str = pa.Field(unique=True, description="Dagster run that wrote.")
    session: str = pa.Field(
        nullable=True, description="The `gosales run` it belongs to; null: from the Dagster UI."
    )
    code_version: str = pa.Field(description="Version of the code.")
    config_hash: str = pa.Field(description="Hash of the settings.")
    basis: str = pa.Field(description="Hash of the settings and of the inputs it was made on.")
    inputs: str = pa.Field(
        nullable=True,
        description="JSON: input file -> SHA-256; null: the files changed before they were noted.",
    )
    tables: int = pa.Field(ge=0, description="Tables that hold something of it.")
    partitions: int = pa.Field(ge=0, description="Their partitions that it wrote.")


class CheckResults(Contract):
    """What every check found when it was last run, over all partitions of that run."""

    table_name: str = pa.Field(description="Table that was checked, as room.table.")
    check_name: str = pa.Field(description="Name of the check.")
    passed: bool = pa.Field(description="Whether all that was looked at was as it should be.")
    severity: str = pa.Field(
        isin=("error", "warning"), description="error: something is wrong; warning: look at it."
    )
    blocking: bool = pa.Field(description="Whether what fails it is not built upon.")
    found: str = pa.Field(nullable=True, description="What it found, in words; null: it passed.")
    checked_at: pl.Datetime = pa.Field(description="When it was run (UTC).")
    run_id: str = pa.Field(description="Dagster run that ran it.")


LAKE_INVENTORY = table(
    LakeInventory,
    "runs.lake_inventory",
    grain="one row per table partition",
    sort=("table_name", "cutoff", "division"),
    volatile=("run_id",),
)
RUN_MANIFEST = table(
    RunManifest,
    "runs.run_manifest",
    grain="one row per run that published",
    sort=("published_at", "run_id"),
    volatile=("run_id", "published_at", "durations"),
)
RUN_REGISTRY = table(
    RunRegistry,
    "runs.run_registry",
    grain="one row per run that wrote something published",
    sort=("run_id",),
    volatile=("run_id", "session"),
)
CHECK_RESULTS = table(
    CheckResults,
    "runs.check_results",
    grain="one row per check that was ever run",
    sort=("table_name", "check_name"),
    volatile=("checked_at", "run_id"),
)

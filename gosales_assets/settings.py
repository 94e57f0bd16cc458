"""Everything a user may change: one YAML file, read strictly, with defaults and meanings.

The YAML is named by ``GOSALES_CONFIG`` (or ``gosales run --config``). Paths in it are relative
to the YAML itself. Unknown keys are errors that suggest the nearest key. Secrets never stand in
the YAML: they come from the environment or ``.env``.
"""

import hashlib
import os
from collections.abc import Iterable
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gosales_assets.automation_settings import Automation as Automation
from gosales_assets.database_settings import Database
from gosales_assets.environment import Environment as Environment
from gosales_assets.environment import SettingsError as SettingsError
from gosales_assets.environment import environment as environment
from gosales_assets.extracts import current, current_files
from gosales_assets.feature_families import ALWAYS_ON, OFF_BY_DEFAULT, Family
from gosales_assets.gate_settings import Gates
from gosales_assets.settings_problems import first_problem
from gosales_assets.whitespace_settings import Whitespace as Whitespace

Months = Annotated[int, Field(ge=1, le=24)]


class Section(BaseModel):
    """A part of the YAML: immutable, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SalesLog(Section):
    """Where the sales log is and how to read it."""

    files: list[str] = Field(
        default_factory=list, description="File names or globs, relative to the YAML."
    )
    database: Database = Database()
    layout: Literal["long", "wide"] = Field(
        "long", description="long: one row per order line; wide: one column pair per SKU."
    )
    columns: dict[str, str | None] = Field(
        default_factory=dict,
        description="Our column name -> the header in the file. Left out where both are equal; "
        "null: not read, even where a header is called so.",
    )
    date_order: Literal["auto", "ymd", "mdy", "dmy"] = Field(
        "auto", description="Order of year, month and day; auto decides once per file."
    )
    decimal_comma: bool = Field(False, description="True where 1.234,50 means 1234.50.")
    complete_through: date | None = Field(
        None, description="Last day the log is complete for; unset means the last order's day."
    )
    base_currency: str = Field("USD", description="Currency that money is converted to.")
    fx_rates: dict[str, float] = Field(
        default_factory=dict,
        description="Currency -> units of base currency for one unit, where a row has no rate; "
        "rates that change over time go to side_tables.fx_rates.",
    )
    keyword_rules: list[tuple[str, str]] = Field(
        default_factory=list,
        description="Ordered (keyword in the product name, division); the first match decides.",
    )
    other_division: str | None = Field(
        None, description="Division of SKUs that no map or rule knows; unset: quarantine them."
    )


class SideTable(Section):
    """An optional table beside the sales log."""

    file: str
    columns: dict[str, str | None] = Field(default_factory=dict)
    stable: list[str] = Field(
        default_factory=list,
        description="Columns that do not change over time, so that past cutoffs may use them "
        "where a row has no valid_from.",
    )


class Cutoffs(Section):
    """The days that features may see up to: month-ends from first to last."""

    first: date | None = Field(
        None, description="First cutoff; unset: the quarter-end a year after the first order."
    )
    last: date | None = Field(
        None, description="Last cutoff; unset: the last month-end of the log."
    )
    every_months: int = Field(3, ge=1, le=12)


class Targets(Section):
    """What is predicted: divisions and named sets of SKUs."""

    exclude: list[str] = Field(
        default_factory=list, description="Divisions that help to predict but are no target."
    )
    sku_sets: dict[str, list[str]] = Field(
        default_factory=dict, description="Name -> SKUs: a target made of single products."
    )
    windows: dict[str, Months] = Field(
        default_factory=dict,
        description="Target -> months that are predicted of it, where not window_months.",
    )


class Labels(Section):
    """What counts as a purchase in the label window."""

    mode: Literal["all", "expansion"] = Field(
        "all",
        description="Who is a candidate. all: every customer; expansion: only those who do not own "
        "the target yet.",
    )
    gp_min_threshold: float = Field(0.0, ge=0, description="Net value above which a label is 1.")
    sku_denylist: list[str] = Field(default_factory=list, description="SKUs that never count.")
    positives_floor: int = Field(
        0,
        ge=0,
        description="Buyers that a usual closed cutoff must have, or the target's window is "
        "widened, by 3 months at a time up to 12; 0: never.",
    )


class Features(Section):
    """How features are computed."""

    als_factors: int = Field(16, ge=0, description="Latent factors of ALS; 0 turns it off.")
    als_iterations: int = Field(15, ge=1)
    affinity_min_customers: int = Field(
        10, ge=1, description="Support below which a rule is dropped."
    )
    seat_skus: list[str] = Field(
        default_factory=list,
        description="Globs of the SKUs whose units are seats, in any letter case: '*_seats'.",
    )
    families_off: list[Family] = Field(
        default_factory=lambda: list(OFF_BY_DEFAULT),
        description="Families of features that are not computed; see docs/features.md.",
    )

    @field_validator("families_off")
    @classmethod
    def _some_families_stay(cls, families: list[Family]) -> list[Family]:
        needed = sorted(ALWAYS_ON.intersection(families))
        if needed:
            raise ValueError(f"{needed[0]} must stay: naive rankings and checks count with it")
        return families


class Models(Section):
    """How models are trained."""

    training_cutoffs: int = Field(6, ge=1, description="Newest closed cutoffs to learn from.")
    max_training_rows: int = Field(
        240_000, ge=1_000, description="More rows than this are sampled by customer."
    )
    booster_seeds: int = Field(5, ge=1, description="Boosters averaged over as many seeds.")
    tuning_trials: int = Field(
        0,
        ge=0,
        le=500,
        description="Trials of Optuna for each cutoff's hyperparameters; 0: those that were "
        "measured on three logs.",
    )
    division_models: bool = Field(
        True, description="Also fit models of single divisions; they join where they clearly win."
    )


class Validation(Section):
    """How backtests are computed."""

    bootstrap_replicates: int = Field(300, ge=10)


class Drift(Section):
    """Thresholds of the drift alerts."""

    psi: float = Field(0.25, gt=0)
    ks: float = Field(0.15, gt=0)
    calibration: float = Field(0.03, gt=0)


class Settings(Section):
    """The whole YAML file."""

    name: str = Field("sales", description="A short name shown in reports.")
    sales_log: SalesLog = SalesLog()
    sku_map: str | None = Field(None, description="CSV that maps SKUs to divisions.")
    side_tables: dict[
        Literal[
            "customers",
            "industry_enrichment",
            "installed_base",
            "open_deals",
            "contacts_log",
            "blocks",
            "fx_rates",
            "label_denylist",
            "prospects",
        ],
        SideTable,
    ] = Field(default_factory=dict)
    value: Literal["auto", "gross_profit", "revenue"] = Field(
        "auto", description="Money behind labels and features; auto: gross profit where given."
    )
    cutoffs: Cutoffs = Cutoffs()
    window_months: Months = Field(6, description="Months that are predicted.")
    targets: Targets = Targets()
    labels: Labels = Labels()
    features: Features = Features()
    models: Models = Models()
    whitespace: Whitespace = Whitespace()
    validation: Validation = Validation()
    gates: Gates = Gates()
    drift: Drift = Drift()
    automation: Automation = Automation()
    seed: int = Field(20240229, description="Seed of everything that draws random numbers.")
    today: date = Field(
        default_factory=date.today, description="Orders dated later than this are quarantined."
    )
    base: Path = Field(default_factory=Path.cwd, exclude=True, description="Folder of the YAML.")

    def path(self, name: str) -> Path:
        """Resolve a path of the YAML against the folder that the YAML is in."""
        return (self.base / Path(name).expanduser()).resolve()

    @property
    def has_sales_log(self) -> bool:
        """Whether there is anything to read: files are named, or the database was extracted."""
        names = self.sales_log.database.names
        extracted = bool(names) and any(e.extracts for _, e in current(environment(), names))
        return bool(self.sales_log.files) or extracted

    @property
    def sales_files(self) -> list[Path]:
        """Files of the sales log, sorted by name, and the current extracts of the database.

        Raises
        ------
        SettingsError
            When none is named, a name or glob matches nothing, or nothing was extracted yet.
        """
        log = self.sales_log
        if not log.files and not log.database.tables:
            raise SettingsError(
                "sales_log.files is empty: name a YAML in GOSALES_CONFIG (see docs/examples), "
                "or run `gosales demo` to make a sample"
            )
        names = log.database.names
        extracts = current_files(environment(), names) if names else []
        if not log.files and not extracts:
            raise SettingsError(
                "sales_log.database: nothing has been read from the database yet: name it in "
                "GOSALES_DATABASE_URL and run `gosales run`, or materialize raw/database_extracts "
                "and reload; see docs/databases.md"
            )
        return [*_named_files(self), *extracts]

    @cached_property
    def config_hash(self) -> str:
        """Hash of everything in the YAML that can change a result (not of where files are)."""
        return self.hash_without(())

    def hash_without(self, sections: Iterable[str]) -> str:
        """The same, less sections that something does not depend on."""
        left_out = {"base", "automation", *sections}
        if "today" not in self.model_fields_set:
            left_out.add("today")
        dumped = self.model_dump_json(exclude=left_out)
        return hashlib.sha256(dumped.encode()).hexdigest()[:16]


def load_settings(path: Path) -> Settings:
    """Read and check a YAML file.

    Raises
    ------
    SettingsError
        One line that names the file, the key and the fix.
    """
    if not path.is_file():
        raise SettingsError(f"{path}: no such settings file")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not valid YAML: {_one_line(str(error))}") from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: expected keys and values, found {type(content).__name__}")
    if "base" in content:
        raise SettingsError(f"{path}: unknown key 'base'")
    try:
        settings = Settings(**{**content, "base": path.resolve().parent})
    except ValidationError as error:
        raise SettingsError(f"{path}: {first_problem(error, Settings, SideTable)}") from error
    _files_exist(settings, path)
    return settings


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """The settings of this process: ``GOSALES_CONFIG``, else ``.gosales/sample/gosales.yaml``.

    Without either, the built-in defaults are used, so that the code location still loads and the
    sales log's asset can say what is missing.
    """
    env = environment()
    if env.config is not None:
        return load_settings(env.config)
    sample = env.home / "sample" / "gosales.yaml"
    return load_settings(sample) if sample.is_file() else Settings()


def use_settings(config: Path) -> Settings:
    """Make ``config`` the settings of this process and of the processes it starts."""
    os.environ["GOSALES_CONFIG"] = str(config.resolve())
    environment.cache_clear()
    current_settings.cache_clear()
    return current_settings()


def _named_files(settings: Settings) -> list[Path]:
    found: set[Path] = set()
    for pattern in settings.sales_log.files:
        matches = _expand(settings.base, pattern)
        if not matches:
            raise SettingsError(
                f"sales_log.files: no file matches {pattern!r} in {settings.base}; "
                "paths are relative to the YAML"
            )
        found.update(matches)
    return sorted(found)


def _expand(base: Path, pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    if path.is_absolute():
        return [p for p in path.parent.glob(path.name) if p.is_file()]
    direct = base / path
    if direct.is_file():
        return [direct.resolve()]
    if ".." in path.parts:
        anchor = (base / path.parent).resolve()
        return [p for p in anchor.glob(path.name) if p.is_file()]
    return [p.resolve() for p in base.glob(pattern) if p.is_file()]


def _files_exist(settings: Settings, path: Path) -> None:
    reads_database = bool(settings.sales_log.database.tables)
    _ = _named_files(settings) if reads_database else settings.sales_files
    named = {"sku_map": settings.sku_map} | {
        f"side_tables.{name}.file": table.file for name, table in settings.side_tables.items()
    }
    for key, name in named.items():
        if name is not None and key == "sku_map" and not settings.path(name).is_file():
            raise SettingsError(f"{path}: {key}: no such file: {settings.path(name)}")


def _one_line(text: str) -> str:
    return " ".join(text.split())

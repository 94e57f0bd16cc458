"""Every table of every room, in the order in which data flows."""

from types import ModuleType

from gosales_assets.drift import contract as drift
from gosales_assets.features import contract as features
from gosales_assets.labels import contract as labels
from gosales_assets.models import contract as models
from gosales_assets.runs import contract as runs
from gosales_assets.scores import contract as scores
from gosales_assets.scores import prospect_contract as prospects
from gosales_assets.sources import contract as sources
from gosales_assets.sources import database_contract as database
from gosales_assets.star import contract as star
from gosales_assets.tables import Table, tables_of
from gosales_assets.validation import contract as validation
from gosales_assets.whitespace import contract as whitespace
from gosales_assets.whitespace import handout_contract as handouts
from gosales_assets.whitespace import record_contract as record

CONTRACTS: tuple[ModuleType, ...] = (
    database,
    sources,
    star,
    labels,
    features,
    models,
    scores,
    prospects,
    whitespace,
    handouts,
    record,
    validation,
    drift,
    runs,
)


ALL_TABLES: tuple[Table, ...] = tuple(
    {table.name: table for module in CONTRACTS for table in tables_of(module)}.values()
)

"""Report on the extracts of the database, made from what is kept beside them."""

from datetime import datetime
from typing import Any

import polars as pl

from gosales_assets.environment import environment
from gosales_assets.extracts import Extracts, TableName, current
from gosales_assets.settings import Settings
from gosales_assets.sources.database_contract import (
    CURRENT,
    DATABASE_EXTRACTS,
    EARLIER,
    MISSING,
)


def database_report(settings: Settings) -> pl.DataFrame:
    """Describe the current extracts as `raw.database_extracts`; looks at no database."""
    names = settings.sales_log.database.names
    known = {extracts.table: extracts for _, extracts in current(environment(), names)}
    rows = [row for name in names for row in _rows(name, known.get(name))]
    return DATABASE_EXTRACTS.typed(pl.DataFrame(rows, schema=DATABASE_EXTRACTS.types))


def _rows(name: TableName, extracts: Extracts | None) -> list[dict[str, Any]]:
    nothing: dict[str, Any] = dict.fromkeys(DATABASE_EXTRACTS.types) | {
        "table_name": str(name),
        "rows": 0,
        "status": MISSING,
        "note": "nothing was read yet",
    }
    if extracts is None:
        return [nothing]
    about = nothing | {
        "source": extracts.source,
        "status": EARLIER if extracts.problem else CURRENT,
        "note": extracts.problem or extracts.note,
    }
    if not extracts.extracts:
        return [about | {"status": MISSING}]
    return [
        about
        | {
            "file": extract.file,
            "rows": extract.rows,
            "first_watermark": extract.first,
            "last_watermark": extract.last,
            "extracted_at": datetime.fromisoformat(extract.extracted_at),
            "sha256": extract.sha256,
        }
        for extract in extracts.extracts
    ]

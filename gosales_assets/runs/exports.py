"""Hand-outs: the newest lists as CSV for spreadsheets and Parquet for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gosales_assets.features.contract import AFFINITY_RULES
from gosales_assets.partitions import Keys
from gosales_assets.runs.inventory import current_partitions
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import Settings
from gosales_assets.tables import Table
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace.contract import WHITESPACE, WHITESPACE_METRICS
from gosales_assets.whitespace.handout_contract import (
    ACCOUNT_ROLLUP,
    CHANGES_TABLE,
    EXPLANATIONS,
    SELECTED,
    SHADOW_SCORES,
    THRESHOLDS,
)
from gosales_assets.whitespace.handouts import with_challenger
from gosales_assets.whitespace_settings import CRM_FIELDS
from gosales_assets.whole_files import whole, write_text_whole

COLUMNS_PAGE = "COLUMNS.md"
_CHALLENGER = "score_challenger"
_KEYS = ["division", "customer_id"]
# A spreadsheet takes a cell that starts with one of these for a formula.
_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class HandOut:
    """One file to hand out.

    Parameters
    ----------
    name
        Of the file, without ending; ``{cutoff}`` stands for the day of the list.
    about
        What is in it, for people.
    source
        Table whose columns it has.
    also
        Column -> table that it comes from, besides those.
    """

    name: str
    about: str
    source: Table
    also: Mapping[str, Table]

    def columns(self) -> dict[str, str]:
        """Column -> its meaning, as the contracts say it."""
        found = {name: column.description for name, column in self.source.schema.columns.items()}
        more = {name: table.schema.columns[name].description for name, table in self.also.items()}
        return {name: meaning or "" for name, meaning in (found | more).items()}


HAND_OUTS = (
    HandOut(
        "whitespace_{cutoff}",
        "The whole list: every customer and division, ranked or with the reason why not.",
        WHITESPACE,
        {_CHALLENGER: SHADOW_SCORES},
    ),
    HandOut(
        "whitespace_selected_{cutoff}",
        "The rows to work through, rep by rep, in the order of each rep's own list.",
        SELECTED,
        {},
    ),
    HandOut(
        "whitespace_explanations_{cutoff}",
        "Everything that drives each selected row.",
        EXPLANATIONS,
        {},
    ),
    HandOut(
        "whitespace_changes_{cutoff}", "What changed since the list before.", CHANGES_TABLE, {}
    ),
    HandOut(
        "whitespace_thresholds_{cutoff}", "What 5, 10 or 20 % of the list mean.", THRESHOLDS, {}
    ),
    HandOut("account_rollup_{cutoff}", "The list by parent account.", ACCOUNT_ROLLUP, {}),
    HandOut("affinity_rules_{cutoff}", "What goes with what.", AFFINITY_RULES, {}),
    HandOut(
        "whitespace_metrics",
        "How good the lists of all cutoffs are, and what came of those whose window closed.",
        WHITESPACE_METRICS,
        {},
    ),
    HandOut("icp_scores_{cutoff}", "Every score, owners included.", ICP_SCORES, {}),
)
CRM_FILE = "whitespace_crm_{cutoff}"


def export_lists(
    warehouse: Warehouse, settings: Settings, keys: Keys, folder: Path
) -> tuple[list[Path], pl.DataFrame]:
    """Write all hand-outs of the newest list, a file for the CRM, and what the columns mean.

    Returns
    -------
    tuple
        The files, and the selected rows; without files where there is no list yet.
    """
    made = current_partitions(warehouse, WHITESPACE, keys)
    if not made:
        return [], WHITESPACE.empty()
    newest = made[-1]["cutoff"]
    listed = _with_challenger(warehouse, keys, newest)
    selected = listed.filter("selected").sort("rep", "rep_rank", nulls_last=True)
    lists = {
        "whitespace_{cutoff}": listed.sort("rank", *_KEYS, nulls_last=True),
        "whitespace_selected_{cutoff}": selected,
    }
    written = []
    for file in HAND_OUTS:
        of = newest if "{cutoff}" in file.name else None
        frame = lists[file.name] if file.name in lists else _read(warehouse, file.source, keys, of)
        written += export(frame, folder, file.name.format(cutoff=newest))
    written += export(for_crm(selected, settings), folder, CRM_FILE.format(cutoff=newest))
    page = folder / COLUMNS_PAGE
    write_text_whole(page, columns_page(settings))
    return [*written, page], selected


def for_crm(selected: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The selected rows, best first, with the columns and names that the settings ask for."""
    wanted = settings.whitespace.crm_columns
    return selected.sort("rank").select(
        pl.col(CRM_FIELDS[field]).alias(name) for field, name in wanted.items()
    )


def columns_page(settings: Settings) -> str:
    """Say what every column of every hand-out means, as Markdown, from the contracts."""
    lines = ["# Columns of the hand-outs", "", "Each file comes as CSV and as Parquet."]
    for file in HAND_OUTS:
        lines += ["", f"## {file.name.format(cutoff='<cutoff>')}", "", file.about, ""]
        lines += _table(file.columns())
    about = WHITESPACE.schema.columns
    crm = {
        name: about[CRM_FIELDS[field]].description or ""
        for field, name in settings.whitespace.crm_columns.items()
    }
    lines += ["", f"## {CRM_FILE.format(cutoff='<cutoff>')}", ""]
    lines += ["The selected rows for a CRM; whitespace.crm_columns names the columns.", ""]
    return "\n".join([*lines, *_table(crm)]) + "\n"


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Prefix an apostrophe to texts, headers too, that a spreadsheet would run as a formula."""
    safe = frame.with_columns(
        pl.when(pl.any_horizontal(pl.col(name).str.starts_with(start) for start in _STARTS))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name, kind in frame.schema.items()
        if kind == pl.String
    )
    return safe.rename(lambda name: f"'{name}" if name.startswith(_STARTS) else name)


def export(frame: pl.DataFrame, folder: Path, name: str) -> list[Path]:
    """Write ``name.csv`` (formulas defused) and ``name.parquet`` (as is), each moved in whole."""
    csv, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
    with whole(csv) as scratch:
        without_formulas(frame).write_csv(scratch)
    with whole(parquet) as scratch:
        frame.write_parquet(scratch, compression="zstd")
    return [csv, parquet]


def _with_challenger(warehouse: Warehouse, keys: Keys, cutoff: str) -> pl.DataFrame:
    listed = warehouse.read(WHITESPACE, cutoff=cutoff)
    return with_challenger(listed, _read(warehouse, SHADOW_SCORES, keys, cutoff))


def _read(warehouse: Warehouse, table: Table, keys: Keys, cutoff: str | None) -> pl.DataFrame:
    """Rows of a cutoff (None: of all) that are there and kept their contract."""
    wanted = [
        partition
        for partition in current_partitions(warehouse, table, keys)
        if cutoff is None or partition["cutoff"] == cutoff
    ]
    return warehouse.read_many(table, wanted)


def _table(columns: Mapping[str, str]) -> list[str]:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in columns.items()]
    return ["| column | meaning |", "|---|---|", *(row.replace("\n", " ") for row in rows)]

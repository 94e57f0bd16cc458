"""Summary: what was found, as tables on the screen."""

from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from gosales_assets.sources.profile.columns import Column
from gosales_assets.sources.profile.drafting import Draft
from gosales_assets.sources.profile.profiling import Profile
from gosales_assets.sources.profile.remarks import remarks_on


def show(draft: Draft, console: Console) -> None:
    """Print what was found: files, columns, and what to look at first."""
    profile = draft.profile
    console.print(_files(profile))
    console.print(_columns(profile))
    for line in _facts(profile):
        console.print(Text(line))
    remarks = remarks_on(profile)
    if remarks:
        console.print(Text("To look at first:"))
    for remark in remarks:
        console.print(Text(f"- {remark}"))


def show_written(paths: list[Path], problem: str | None, console: Console) -> None:
    """Print what was written, and whether it would run."""
    for path in paths:
        console.print(Text(f"Written: {path}"))
    if problem is None:
        console.print(Text(f"It runs as it is: gosales run --config {paths[0]}"))
    else:
        console.print(Text(f"Edit it first: {problem}"))


def _files(profile: Profile) -> Grid:
    grid = Grid(title="Files", title_justify="left")
    for header in ("name", "is", "rows", "remark"):
        grid.add_column(header, justify="right" if header == "rows" else "left")
    for look in profile.table.looks:
        layout = "sales log, wide" if profile.reading.pairs else "sales log, long"
        _row(grid, look.file.name, layout, f"{look.there or look.rows:,}", "")
    plan = profile.divisions
    if plan.sku_map is not None:
        remark = "drafted" if plan.map_rows else f"knows {plan.known:.1%} of the lines"
        _row(grid, plan.sku_map, "SKU map", "", remark)
    for match in profile.side:
        joined = "" if match.joined is None else f"the log knows {match.joined[1]:.0%} of its ids"
        _row(grid, match.table.name, match.name, f"{match.table.rows:,}", joined)
    for name, why in profile.not_used.items():
        _row(grid, name, "not used", "", why)
    return grid


def _columns(profile: Profile) -> Grid:
    grid = Grid(title="Columns of the sales log", title_justify="left")
    for header in ("ours", "header", "confidence", "missing", "distinct", "examples"):
        numeric = header in ("confidence", "missing", "distinct")
        grid.add_column(header, justify="right" if numeric else "left")
    for choice in profile.choices.values():
        ours = choice.role if choice.sure else f"{choice.role}?"
        _column_row(grid, ours, f"{choice.confidence:.2f}", choice.column)
    for column in profile.kept_out:
        _column_row(grid, "", "", column)
    return grid


def _column_row(grid: Grid, ours: str, confidence: str, column: Column) -> None:
    examples = ", ".join(example[:20] for example in column.examples[:2])
    distinct = f"{'' if column.exact else '~'}{column.distinct:,}"
    _row(grid, ours, column.header, confidence, f"{column.missing_share:.1%}", distinct, examples)


def _facts(profile: Profile) -> list[str]:
    span, plan = profile.span, profile.cutoffs
    days = f", {span[0]} to {span[1]}" if span else ""
    facts = [
        f"{profile.table.rows:,} rows, {len(profile.sales.customers):,} customers{days}",
        f"Dates: {profile.dates.order} ({profile.dates.why})",
        f"Divisions: {profile.divisions.how}",
    ]
    if plan is not None:
        facts.append(
            f"Cutoffs: {plan.cutoffs} from {plan.first} to {plan.last}, {plan.closed} with a known "
            f"outcome; {plan.window_months} months are predicted"
        )
    return facts


def _row(grid: Grid, *cells: str) -> None:
    grid.add_row(*map(Text, cells))

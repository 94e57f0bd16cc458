"""Profiling: from files to everything that a draft says, without asking anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from gosales_assets.settings import SettingsError
from gosales_assets.sources.profile.columns import Column, Table
from gosales_assets.sources.profile.cutoffs import CutoffPlan, plan_cutoffs
from gosales_assets.sources.profile.date_order import DateOrder, order_of_dates
from gosales_assets.sources.profile.divisions import (
    DivisionPlan,
    plan_from_column,
    plan_from_map,
    plan_from_pairs,
    plan_from_wide_map,
    plan_without,
)
from gosales_assets.sources.profile.files import open_any, relative, shown
from gosales_assets.sources.profile.look import FileLook, look_through
from gosales_assets.sources.profile.money import Money, money_of
from gosales_assets.sources.profile.pairs import headers_of, map_rows
from gosales_assets.sources.profile.roles import Choices, unused
from gosales_assets.sources.profile.sales import Sales, read_sales, whole
from gosales_assets.sources.profile.sales_log import Reading, find_log, without_false_line_ids
from gosales_assets.sources.profile.side import SKU_MAP, SideMatch, match_side_tables

_WORTHWHILE = 0.5  # share of lines that a SKU map must know


@dataclass(frozen=True)
class Place:
    """Where a draft is meant to be.

    Parameters
    ----------
    base
        Its folder; paths in it are relative to that.
    writable
        Whether a SKU map can be written beside it.
    """

    base: Path
    writable: bool


@dataclass(frozen=True)
class Profile:
    """Everything that a draft says.

    Parameters
    ----------
    side
        Side tables among the files.
    not_used
        Name of a file -> why it is not used.
    """

    reading: Reading
    sales: Sales
    dates: DateOrder
    cutoffs: CutoffPlan | None
    divisions: DivisionPlan
    money: Money
    side: list[SideMatch]
    place: Place
    today: date
    not_used: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> Table:
        """The sales log."""
        return self.reading.table

    @property
    def choices(self) -> Choices:
        """Its columns."""
        return self.reading.choices

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day of the log; later days than today do not count."""
        days = [day for day in self.dates.days if day <= self.today]
        return (days[0], days[-1]) if days else None

    @property
    def in_future(self) -> int:
        """Rows that are dated later than today."""
        return sum(rows for day, rows in self.dates.days.items() if day > self.today)

    @property
    def kept_out(self) -> list[Column]:
        """Columns of the log without a role."""
        return unused(self.table, self.choices, headers_of(self.reading.pairs))


def look_at_files(paths: Sequence[Path], base: Path) -> tuple[list[FileLook], dict[str, str]]:
    """Look through files.

    Parameters
    ----------
    base
        Folder of the YAML.

    Returns
    -------
    Looks, and name of a file -> why it cannot be read.
    """
    looks: list[FileLook] = []
    unreadable: dict[str, str] = {}
    for path in paths:
        name = shown(path, base)
        try:
            look = look_through(open_any(path, name), among=len(paths))
        except SettingsError as error:
            unreadable[name] = str(error).removeprefix(f"{name}: ").removeprefix(f"{path}: ")
            continue
        same = next((o for o in looks if o.known.sha256 == look.known.sha256), None)
        if same is not None:
            unreadable[name] = f"the same content as {same.file.name}"
        else:
            looks.append(look)
    return looks, unreadable


def profile_tables(
    tables: Sequence[Table],
    beside: Sequence[Table],
    unreadable: Mapping[str, str],
    place: Place,
    today: date,
    *,
    merge: bool = True,
) -> Profile:
    """Find the sales log among tables, and what the others are to it.

    Parameters
    ----------
    beside
        Further tables, none of which is the log.
    unreadable
        What else was named -> why it cannot be read.
    today
        Later order days do not count.
    merge
        As in `sales_log.find_log`.

    Raises
    ------
    SettingsError
        One line, when none is like a sales log.
    """
    reading, rest, others = find_log(tables, merge=merge)
    sales = read_sales(reading.table, reading.choices, reading.pairs)
    reading = without_false_line_ids(reading, sales)
    skus = sales.sku_lines["sku"].hash(1)
    side, reasons = match_side_tables([*rest, *beside], sales.customers, skus)
    reasons = {**unreadable, **others, **reasons}
    side, more = _from_files(side)
    reasons |= more
    sku_map = next((match for match in side if match.name == SKU_MAP), None)
    dates = order_of_dates(reading.table, reading.choices["order_date"].column.header)
    return Profile(
        reading=reading,
        sales=sales,
        dates=dates,
        cutoffs=plan_cutoffs(dates.days, today),
        divisions=_divisions(reading, sales, sku_map, place, reasons),
        money=money_of(reading.table, reading.choices, reading.pairs, sales),
        side=[match for match in side if match is not sku_map],
        place=place,
        today=today,
        not_used=reasons,
    )


def _from_files(side: Sequence[SideMatch]) -> tuple[list[SideMatch], dict[str, str]]:
    """Side tables that are files; those of a database must be exported first."""
    in_database = [match for match in side if match.table.looks[0].there is not None]
    advice = "but such tables are read from files: export it"
    reasons = {match.table.name: f"it is like {match.name}, {advice}" for match in in_database}
    return [match for match in side if match not in in_database], reasons


def _divisions(
    reading: Reading,
    sales: Sales,
    sku_map: SideMatch | None,
    place: Place,
    not_used: dict[str, str],
) -> DivisionPlan:
    if sku_map is not None:
        plan = _of_map(reading, sales, sku_map, place)
        if plan is not None and plan.known >= _WORTHWHILE:
            return plan
        why = f"it knows the SKUs of only {plan.known:.0%} of the lines" if plan else "other layout"
        not_used[sku_map.table.name] = f"a SKU map, but {why}"
    if reading.pairs:
        division = reading.choices.get("division")
        header = None if division is None else division.column.header
        return plan_from_pairs(map_rows(reading.pairs, sales.skus, header), sales.skus)
    if reading.surely("division"):
        choice = reading.choices["division"]
        return plan_from_column(sales.divisions, choice.column.missing, choice)
    return plan_without(sales.sku_lines, writable=place.writable)


def _of_map(
    reading: Reading, sales: Sales, sku_map: SideMatch, place: Place
) -> DivisionPlan | None:
    """Plan with a SKU map; None when it is for the other layout."""
    path = relative(sku_map.table.looks[0].file.path, place.base)
    is_wide = "gp_column" in sku_map.columns
    if is_wide != bool(reading.pairs):
        return None
    if is_wide:
        entries = whole(sku_map.table, {name: name for name in ("gp_column", "division")})
        return plan_from_wide_map(path, entries, sales.skus)
    entries = whole(sku_map.table, {name: name for name in ("sku", "division")})
    return plan_from_map(path, entries, sales.sku_lines)

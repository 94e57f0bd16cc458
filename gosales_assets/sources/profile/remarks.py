"""Remarks: what to look at first, and what is missing and switched off by that."""

from gosales_assets.sources.contract import SIDE_TABLES
from gosales_assets.sources.profile.profiling import Profile

_WITHOUT_COLUMN = {
    "customer_name": "lists show ids instead of customers' names",
    "product_name": "products go by their codes",
    "quantity": "no feature counts units",
    "rep": "lists cannot be given to a rep",
    "branch": "nothing is grouped by branch",
}
_WITHOUT_TABLE = {
    "customers": "no industry, region, segment or territory of customers",
    "industry_enrichment": "no industries from elsewhere",
    "installed_base": "nothing is known of products in use and contracts that end",
    "open_deals": "what is already being talked about stays on the list",
    "contacts_log": "nobody is spared after a contact",
    "blocks": "nobody is left out for a reason",
}


def remarks_on(profile: Profile) -> list[str]:
    """List what the user should look at, the needed edits first."""
    missing = profile.reading.missing
    found = [f"EDIT: {role} is needed and was not found for sure" for role in missing]
    if profile.dates.undecided:
        found.append(profile.dates.why)
    if profile.cutoffs is None:
        found.append("EDIT: no month-end lies in the log, so it has no cutoff: give it more months")
    if not profile.money.known:
        found.append(f"base_currency {profile.money.base}: {profile.money.why}")
    if profile.money.foreign and not profile.money.rated and not _has(profile, "fx_rates"):
        rows = sum(profile.money.foreign.values())
        found.append(f"{rows:,} rows in other currencies have no rate and go to quarantine")
    if profile.table.is_cut:
        found.append(
            f"only the first {profile.table.rows:,} rows were looked at: check the divisions"
        )
    if _has(profile, "fx_rates"):
        base = profile.money.base
        found.append(f"check that fx_rates are units of {base} for one unit of the other currency")
    found += profile.divisions.remarks
    if profile.divisions.map_rows and not profile.place.writable:
        found.append(f"{profile.divisions.sku_map} is drafted, too, and written with --to")
    found += profile.reading.remarks
    found += _rows_lost(profile)
    return found + list(profile.cutoffs.remarks if profile.cutoffs else ())


def missing_parts(profile: Profile) -> list[str]:
    """List what the log and the files beside it do not have, and what that switches off."""
    choices = profile.choices
    there = {role for role in choices if choices[role].sure} | _of_wide(profile)
    found = []
    if not {"order_id", "invoice_id"} & there:
        found.append("order_id: the lines of a customer's day are one order")
    if not {"cost", "gross_profit"} & there:
        found.append("cost or gross_profit: money is revenue")
    if any("sales_rep" in match.columns for match in profile.side):
        there.add("rep")
    found += [f"{role}: {off}" for role, off in _WITHOUT_COLUMN.items() if role not in there]
    return found + [
        f"{name}: {_WITHOUT_TABLE[name]}"
        for name in SIDE_TABLES
        if name in _WITHOUT_TABLE and not _has(profile, name)
    ]


def _rows_lost(profile: Profile) -> list[str]:
    """Rows that will be quarantined, as far as the columns tell."""
    total, found = profile.table.rows, []
    for role, what in (("customer_id", "customer"), ("order_date", "date"), ("sku", "SKU")):
        if role in profile.choices and (rows := profile.choices[role].column.missing):
            found.append(f"{rows:,} of {total:,} rows have no {what} and go to quarantine")
    more = {
        "dates cannot be read": profile.dates.unreadable,
        "rows are dated in the future": profile.in_future,
        "records do not fit the header": profile.table.broken,
    }
    found += [f"{rows:,} {what} and go to quarantine" for what, rows in more.items() if rows]
    return found


def _of_wide(profile: Profile) -> set[str]:
    """What the SKU columns of a wide log stand for."""
    return {"gross_profit", "quantity", "product_name"} if profile.reading.pairs else set()


def _has(profile: Profile, side_table: str) -> bool:
    return any(match.name == side_table for match in profile.side)

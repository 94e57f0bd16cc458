"""The draft: a YAML that runs, with what was found and how sure it is beside each line."""

from collections.abc import Iterator, Sequence

import yaml

from gosales_assets.sources.layout import LINE_COLUMNS, ORDER_COLUMNS
from gosales_assets.sources.profile.columns import Column
from gosales_assets.sources.profile.files import relative
from gosales_assets.sources.profile.profiling import Profile
from gosales_assets.sources.profile.remarks import missing_parts, remarks_on
from gosales_assets.sources.profile.roles import Choice, alternatives
from gosales_assets.sources.profile.side import SideMatch

_ORDER = (
    *("customer_id", "customer_name", "order_id", "invoice_id", "line_id", "order_date"),
    *("sku", "product_name", "division", "quantity", "revenue", "unit_price", "cost"),
    *("gross_profit", "branch", "rep", "order_type", "status", "currency", "currency_rate"),
    "is_new",
)
_ATTRIBUTES = (
    *("industry", "sub_industry", "region", "territory", "segment", "size", "country"),
    *("postcode", "parent_account"),
)
_SHOWN = 12


def draft_yaml(profile: Profile, name: str, source: Sequence[str]) -> str:
    """Write the draft.

    Parameters
    ----------
    name
        Short name for reports.
    source
        Lines under ``sales_log`` that say where the log is.
    """
    return (
        "\n".join(
            line.rstrip()
            for part in (
                _head(profile),
                [f"name: {_flow(name)}"],
                _sales_log(profile, source),
                _sku_map(profile),
                _side_tables(profile),
                _prediction(profile),
                _foot(profile),
            )
            for line in part
        )
        + "\n"
    )


def source_lines(files: Sequence[str], tables: Sequence[str | tuple[str, str]]) -> list[str]:
    """Lines of ``sales_log`` that say where it is: files, or tables of the database."""
    if tables:
        names = [name if isinstance(name, str) else list(name) for name in tables]
        return [f"database: {{tables: {_flow(names)}}}  # its address: set GOSALES_DATABASE_URL"]
    return [f"files: {_flow(list(files))}"]


def _head(profile: Profile) -> Iterator[str]:
    yield "# Drafted by `gosales profile`: look it through, then `gosales run --config` it."
    yield "# Behind a column stand the confidence (0 to 1), what its cells are like, and why."
    remarks = remarks_on(profile)
    if remarks:
        yield "#"
        yield "# To look at first:"
        yield from _items(remarks)


def _sales_log(profile: Profile, source: Sequence[str]) -> Iterator[str]:
    table, dates = profile.table, profile.dates
    yield "sales_log:"
    yield f"  # {_log_in_words(profile)}"
    for line in source:
        yield f"  {line}"
    layout = "wide" if profile.reading.pairs else "long"
    why = (
        f"{len(profile.reading.pairs)} pairs of columns, one per SKU"
        if profile.reading.pairs
        else "one row is one order line"
    )
    yield _line("  layout", layout, why)
    yield "  columns:"
    for role in _ORDER:
        if role in profile.choices:
            yield _column(profile, profile.choices[role])
        elif role in profile.reading.missing:
            yield from _wanted(profile, role)
    for role in not_what_they_are_called(profile):
        yield _line(f"    {role}", None, "a column is called so, and is something else")
    if profile.kept_out:
        yield f"    # Kept out: {_some([_shown(column) for column in profile.kept_out])}"
    yield _line("  date_order", dates.order, dates.why)
    if table.decimal_comma:
        yield _line("  decimal_comma", True, "more numbers can only be read so")
    if profile.cutoffs and profile.cutoffs.complete_through:
        words = "months end so in this log: move it on with new data"
        yield _line("  complete_through", profile.cutoffs.complete_through, words)
    yield from _currency(profile)
    plan = profile.divisions
    if plan.other_division is not None:
        mark = "" if plan.other_is_active else "# "
        yield _line(f"  {mark}other_division", plan.other_division, "for what has no division")


def _column(profile: Profile, choice: Choice) -> str:
    column = choice.column
    distinct = _distinct(column)
    if choice.role == "customer_id":
        distinct = f"{len(profile.sales.customers):,} distinct"
    facts = [f"{choice.confidence:.2f}", f"{column.missing_share:.1%} missing", distinct]
    facts.append(", ".join(choice.reasons))
    if choice.others:
        facts.append("or " + ", ".join(f"{h!r} ({sure:.2f})" for h, sure in choice.others[:3]))
    if choice.sure:
        return _line(f"    {choice.role}", column.header, "; ".join(facts))
    facts.append("not sure enough, so it is commented out")
    return _line(f"    # {choice.role}", column.header, "; ".join(facts))


def not_what_they_are_called(profile: Profile) -> list[str]:
    """Our own names that are headers of something else: unless told so, they would be read."""
    ours = {*ORDER_COLUMNS, *(() if profile.reading.pairs else LINE_COLUMNS)}
    ours -= {role for role, choice in profile.choices.items() if choice.sure}
    return [
        column.header
        for column in profile.table.columns
        if column.header in ours and column.filled and not profile.reading.surely(column.header)
    ]


def _wanted(profile: Profile, role: str) -> Iterator[str]:
    candidates = alternatives(profile.table, role, profile.choices)
    hint = f"could be {', '.join(map(repr, candidates))}" if candidates else "no column is like it"
    yield f"    # EDIT: {role} is needed: {_plain(hint)}"


def _currency(profile: Profile) -> Iterator[str]:
    money = profile.money
    yield _line("  base_currency", money.base, money.why)
    rates = any(match.name == "fx_rates" for match in profile.side)
    if money.foreign and not money.rated and not rates:
        codes = ", ".join(f"{_flow(code)}: 1.0" for code in money.foreign)
        yield f"  # fx_rates: {{{codes}}}  # write the true rates, in {_plain(money.base)} for one"


def _sku_map(profile: Profile) -> Iterator[str]:
    plan = profile.divisions
    if plan.sku_map is None:
        return
    known = f"knows the SKUs of {plan.known:.1%} of the lines"
    yield _line("sku_map", plan.sku_map, "drafted: refine it" if plan.map_rows else known)


def _side_tables(profile: Profile) -> Iterator[str]:
    if profile.side:
        yield "side_tables:"
    for match in profile.side:
        yield f"  {match.name}:"
        path = relative(match.table.looks[0].file.path, profile.place.base)
        yield _line("    file", path, _join_in_words(match))
        if match.mapping:
            yield f"    columns: {_flow(match.mapping)}"
        attributes = [c for c in match.columns if c in _ATTRIBUTES]
        if attributes and "valid_from" not in match.columns:
            words = "features may use what you name here: only what does not change over time"
            yield f"    # stable: {_flow(attributes)}  # {words}"


def _prediction(profile: Profile) -> Iterator[str]:
    if profile.money.value_why:
        yield _line("value", profile.money.value, profile.money.value_why)
    plan = profile.cutoffs
    if plan is not None:
        words = (
            f"{plan.cutoffs} cutoffs, {plan.closed} with a known outcome; "
            f"{plan.history_months} months of history before the first"
        )
        days = f"{{first: {plan.first}, last: {plan.last}, every_months: {plan.every_months}}}"
        yield f"cutoffs: {days}  # {words}"
        yield f"window_months: {plan.window_months}"
    names = profile.divisions.names
    yield "targets:"
    yield _line("  exclude", profile.divisions.exclude, _excluded(profile))
    yield f"  # Lines by division: {_some([f'{name} ({rows:,})' for name, rows in names.items()])}"


def _excluded(profile: Profile) -> str:
    if profile.divisions.exclude:
        return "by their names no products: they help to predict, but are not predicted"
    return "divisions that help to predict, but are not worth predicting"


def _foot(profile: Profile) -> Iterator[str]:
    missing = missing_parts(profile)
    if missing:
        yield "# What is not there, and what that switches off:"
        yield from _items(missing)
    if profile.not_used:
        yield "# Files that are not used:"
        yield from _items([f"{name}: {why}" for name, why in profile.not_used.items()])


def _log_in_words(profile: Profile) -> str:
    table = profile.table
    there = sum(look.there or 0 for look in table.looks)
    rows = f"the first {table.rows:,} of {there:,} rows" if table.is_cut else f"{table.rows:,} rows"
    parts = [rows, f"{len(profile.sales.customers):,} customers"]
    if profile.span is not None:
        parts.append(f"{profile.span[0]} to {profile.span[1]}")
    first = table.looks[0]
    if first.file.delimiter is not None:
        mark = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[first.file.delimiter]
        parts.append(f"{mark}-separated {first.known.encoding}")
    if table.skipped:
        parts.append(f"{table.skipped:,} lines that are no data")
    return _plain("; ".join(parts))


def _join_in_words(match: SideMatch) -> str:
    words = f"{match.table.rows:,} rows"
    if match.joined is None:
        return words
    what, share, count = match.joined
    return f"{words}; the log knows {share:.0%} of its {count:,} {what}s"


def _distinct(column: Column) -> str:
    return f"{'' if column.exact else 'about '}{column.distinct:,} distinct"


def _shown(column: Column) -> str:
    example = f", such as {column.examples[0][:30]}" if column.examples else ""
    return f"{column.header} ({_distinct(column)}{example})"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return _plain(", ".join(names[:_SHOWN]) + more)


def _items(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield f"# - {_plain(text)}"


def _line(key: str, value: object, comment: str) -> str:
    return f"{key}: {_flow(value)}  # {_plain(comment)}"


def _flow(value: object) -> str:
    """Value as YAML on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, width=10**9, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(text: str) -> str:
    """Text for a comment: nothing in it may end the line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())

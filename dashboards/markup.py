"""HTML of the lists and the grid; whatever comes from data is escaped here.

Colours are the text's own colour in thinner shades, or set in ``style.css``, so that light and
dark themes both read well.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import polars as pl

from dashboards import text

Row = Mapping[str, Any]


def account_link(customer_id: str, label: str) -> str:
    """Link to an account's page."""
    address = f"account?account={quote(customer_id, safe='')}"
    return f'<a href="{address}" target="_self">{escape(label)}</a>'


def grade_badge(grade: str | None) -> str:
    """A grade in a small square, with what it means as a tip."""
    if grade is None:
        return ""
    tip = escape(text.GRADES.get(grade, grade), quote=True)
    return f'<span class="gs-grade gs-grade-{escape(grade)}" title="{tip}">{escape(grade)}</span>'


def bar(share: float | None) -> str:
    """A thin bar as long as the share."""
    width = 0.0 if share is None else min(max(share, 0.0), 1.0) * 100
    return f'<span class="gs-bar"><span style="width:{width:.1f}%"></span></span>'


def recommendations(frame: pl.DataFrame) -> str:
    """The list of whom to call: one line per recommendation."""
    return _listing(
        ("#", "Account", "Offer", "Chance", "Expected value", "Why"),
        "gs-calls",
        (_recommendation(row) for row in frame.iter_rows(named=True)),
    )


def matches(frame: pl.DataFrame) -> str:
    """Accounts that a search found, each linking to its page."""
    items = [
        f"<li>{account_link(row['customer_id'], row['customer_name'])}"
        f"<small>{_joined(row['customer_id'], row['territory'], row['rep'])}"
        f" · last order {text.day(row['last_order'])}</small></li>"
        for row in frame.iter_rows(named=True)
    ]
    return f'<ul class="gs-matches">{"".join(items)}</ul>'


def facts(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Name and value pairs in one flowing line; unknown ones are left out."""
    cells = [
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in pairs
        if value
    ]
    return f'<dl class="gs-facts">{"".join(cells)}</dl>'


def state_strip(frame: pl.DataFrame) -> str:
    """One chip per division: what the account owns and what stands in the way elsewhere."""
    order = list(text.STATES)
    rows = sorted(
        frame.iter_rows(named=True),
        key=lambda row: (row["state"] == "potential", _place(order, row["state"]), row["division"]),
    )
    chips = [
        f'<span class="gs-chip gs-{escape(row["state"])}" title="{_tip(row)}">'
        f"{escape(row['division'])}<small>{escape(text.STATES.get(row['state'], row['state']))}"
        "</small></span>"
        for row in rows
    ]
    return f'<div class="gs-strip">{"".join(chips)}</div>'


def offers(frame: pl.DataFrame) -> str:
    """What to offer one account next, with reasons."""
    return _listing(
        ("Offer", "Chance", "Expected value", "Why"),
        "gs-offers",
        (_offer(row) for row in frame.iter_rows(named=True)),
    )


def division_scores(frame: pl.DataFrame) -> str:
    """The account's chance in every division, with grade, standing and reasons."""
    return _listing(
        ("Division", "Chance", "Standing", "What speaks for or against it"),
        "gs-scores",
        (_division_score(row) for row in frame.iter_rows(named=True)),
    )


def score_grid(frame: pl.DataFrame, colour: str) -> str:
    """Accounts by divisions; each cell opens to its reason.

    Parameters
    ----------
    frame
        One row per account and division, accounts in the order shown.
    colour
        ``chance``, ``standing`` or ``state``: what the shade of a cell says.
    """
    divisions = frame["division"].unique().sort().to_list()
    head = "".join(f"<th scope=col><span>{escape(d)}</span></th>" for d in divisions)
    body = []
    for rows in frame.partition_by("customer_id", maintain_order=True):
        first = rows.row(0, named=True)
        cells = {row["division"]: row for row in rows.iter_rows(named=True)}
        name = account_link(first["customer_id"], first["customer_name"])
        columns = "".join(_cell(cells.get(d), colour) for d in divisions)
        body.append(f"<tr><th scope=row>{name}</th>{columns}</tr>")
    return (
        '<div class="gs-scroll"><table class="gs-grid"><thead><tr><th scope=col>Account</th>'
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def grid_legend(colour: str) -> str:
    """What the grid's shades mean."""
    if colour == "state":
        chips = "".join(
            f'<span class="gs-chip gs-{key}">{label}'
            f"<small>{text.STATES_EXPLAINED[key]}</small></span>"
            for key, label in text.STATES.items()
        )
        return f'<div class="gs-strip">{chips}</div>'
    ends = ("0 %", "100 %") if colour == "chance" else ("last", "first")
    return f'<div class="gs-scale"><span>{ends[0]}</span><i></i><span>{ends[1]}</span></div>'


def plain_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A small table of text cells; the first column names the row."""
    titles = "".join(f"<th scope=col>{escape(title)}</th>" for title in head)
    body = "".join(
        f"<tr><th scope=row>{escape(row[0])}</th>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="gs-scroll"><table class="gs-plain"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _listing(head: Sequence[str], kind: str, rows: Iterable[Sequence[str]]) -> str:
    titles = "".join(f"<span role=columnheader>{escape(title)}</span>" for title in head)
    lines = "".join(
        "<div class=gs-line role=row>"
        + "".join(f'<div role=cell class="gs-c{i}">{cell}</div>' for i, cell in enumerate(cells))
        + "</div>"
        for cells in rows
    )
    return (
        f'<div class="gs-list {kind}" role=table><div class=gs-head role=row>{titles}</div>'
        f"{lines}</div>"
    )


def _recommendation(row: Row) -> Sequence[str]:
    about = _joined(row["customer_id"], row["territory"], row["rep"])
    return (
        "" if row["rank"] is None else str(row["rank"]),
        f"<b>{account_link(row['customer_id'], row['customer_name'])}</b><small>{about}</small>",
        f"{grade_badge(row['icp_grade'])} {escape(row['division'])}",
        f"{_chance(row)}<small>{_joined(_usual(row), _trend(row))}</small>",
        text.money(row["expected_gp"]),
        escape(row["nba_reason"] or ""),
    )


def _offer(row: Row) -> Sequence[str]:
    return (
        f"{grade_badge(row['icp_grade'])} <b>{escape(row['division'])}</b>",
        f"{_chance(row)}<small>{escape(_usual(row))}</small>",
        text.money(row["expected_gp"]),
        escape(row["nba_reason"] or ""),
    )


def _division_score(row: Row) -> Sequence[str]:
    reasons = [row[name] for name in ("reason_1", "reason_2", "reason_3") if row[name]]
    items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return (
        f"{grade_badge(row['icp_grade'])} <b>{escape(row['division'])}</b>",
        _chance(row),
        f"{text.standing(row['icp_percentile'])}<small>{escape(_trend(row))}</small>",
        f"<ul>{items}</ul>",
    )


def _chance(row: Row) -> str:
    return f"{_said(row)}{bar(row['icp_score'])}"


def _said(row: Row) -> str:
    return escape(text.chance(row["icp_score"], row["window_months"]))


def _cell(row: Row | None, colour: str) -> str:
    if row is None:
        return "<td></td>"
    share = row["icp_score"] if colour == "chance" else row["icp_percentile"]
    state = str(text.STATES.get(row["state"], row["state"]))
    if colour == "state":
        look, shown = f'class="gs-{escape(row["state"])}"', state
    else:
        shade = 0 if share is None else round(min(max(share, 0), 1) * 100)
        dark = " class=gs-deep" if shade >= 66 else ""
        look = f'style="--shade:{shade}%"{dark}'
        shown = text.percent(share)
    lines = [
        f"<b>{escape(row['customer_name'])}: {escape(row['division'])}</b>",
        escape(f"{state}. {row['state_reason'] or ''}".strip()),
        _said(row),
        escape(row["reason"] or ""),
    ]
    return (
        f"<td {look}><details name=cell><summary>{escape(shown)}</summary>"
        f"<div>{''.join(f'<p>{line}</p>' for line in lines if line)}</div></details></td>"
    )


def _trend(row: Row) -> str:
    return text.TRENDS.get(str(row["trend"]), "")


def _usual(row: Row) -> str:
    return text.multiple(row["icp_score"], row["usual"])


def _tip(row: Row) -> str:
    explained = text.STATES_EXPLAINED.get(row["state"], "")
    return escape(str(row["state_reason"] or explained), quote=True)


def _place(order: Sequence[str], state: str) -> int:
    return order.index(state) if state in order else len(order)


def _joined(*parts: str | None) -> str:
    return escape(" · ".join(part for part in parts if part))

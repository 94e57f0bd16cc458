"""HTML of the lists; whatever comes from data is escaped here.

Colours are the text's own colour in thinner shades, or set in ``style.css``, so that light and
dark themes both read well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote

import polars as pl

from dashboards import answers, text
from dashboards.clicks import mark

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Looks:
    """What all rows of a page have in common.

    Parameters
    ----------
    cutoff
        Cutoff of the list, as in 2024-12-31; goes along with clicks.
    sign
        Put before amounts of money.
    answers
        Answers that stand: (customer, division) -> the action.
    """

    cutoff: str = ""
    sign: str = ""
    answers: Mapping[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


def account_link(customer_id: str, label: str) -> str:
    """Link to an account's page."""
    address = f"account?account={quote(customer_id, safe='')}"
    click = mark("account", customer_id)
    return f'<a href="{address}" target="_self" {click}>{escape(label)}</a>'


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


def answer_cell(customer_id: str, division: str, name: str, looks: Looks) -> str:
    """Button that opens the answers to a row; where one stands, it says which."""
    given = looks.answers.get((customer_id, division))
    said = answers.in_words(given) if given else "Answer"
    about = escape(f"{said}: {name}, {division}", quote=True)
    state = f" gs-given gs-given-{escape(given['kind'])}" if given else ""
    click = mark("offer", looks.cutoff, customer_id, division)
    return (
        f'<button type="button" class="gs-answer{state}" aria-label="{about}" {click}>'
        f"{escape(said)}</button>"
    )


def recommendations(frame: pl.DataFrame, looks: Looks) -> str:
    """The list of whom to call: one line per recommendation."""
    return _listing(
        ("#", "Account", "Offer", "Chance", "Expected value", "Why", ""),
        "gs-calls",
        (_recommendation(row, looks) for row in frame.iter_rows(named=True)),
        [
            (row["customer_id"], row["division"]) in looks.answers
            for row in frame.iter_rows(named=True)
        ],
    )


def matches(frame: pl.DataFrame) -> str:
    """Accounts that a search found, each linking to its page."""
    return _links(
        (
            row,
            f"{_joined(row['customer_id'], row['territory'], row['rep'])}"
            f" · last order {text.day(row['last_order'])}",
        )
        for row in frame.iter_rows(named=True)
    )


def similar(frame: pl.DataFrame) -> str:
    """Accounts like this one, each with the words why."""
    return _links(
        (row, escape(text.alike(row["industry"], row["shared"], row["more"])))
        for row in frame.iter_rows(named=True)
    )


def family(frame: pl.DataFrame, looks: Looks) -> str:
    """Customers of one parent, with what they own and could be offered."""
    return _links(
        (
            row,
            f"owns {row['owned']}, {text.count(row['offers'], 'offer')} open"
            f" · {text.money(row['expected_gp'], looks.sign)} expected"
            + (f" · {escape(row['rep'])}" if row["rep"] else ""),
        )
        for row in frame.iter_rows(named=True)
    )


def facts(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Name and value pairs in one flowing line; unknown ones are left out."""
    cells = [
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in pairs
        if value
    ]
    return f'<dl class="gs-facts">{"".join(cells)}</dl>'


def state_strip(frame: pl.DataFrame) -> str:
    """One chip per division: what the account owns, may be offered, and what stands in the way."""
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


def offers(frame: pl.DataFrame, looks: Looks) -> str:
    """What to offer one account next, with reasons."""
    return _listing(
        ("Offer", "Chance", "Expected value", "Why", ""),
        "gs-offers",
        (_offer(row, looks) for row in frame.iter_rows(named=True)),
        [
            (row["customer_id"], row["division"]) in looks.answers
            for row in frame.iter_rows(named=True)
        ],
    )


def division_scores(frame: pl.DataFrame) -> str:
    """The account's chance in every division, with grade, standing and reasons."""
    return _listing(
        ("Division", "Chance", "Standing", "What speaks for or against it"),
        "gs-scores",
        (_division_score(row) for row in frame.iter_rows(named=True)),
    )


def changed(frame: pl.DataFrame) -> str:
    """What changed on the list: account and division, places before and now, and why."""
    return _listing(
        ("Account", "Offer", "Place", "Why"),
        "gs-changes",
        (_changed(row) for row in frame.iter_rows(named=True)),
    )


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
        f'<div class="gs-scroll" tabindex="0"><table class="gs-plain"><thead><tr>{titles}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def _listing(
    head: Sequence[str], kind: str, rows: Iterable[Sequence[str]], done: Sequence[bool] = ()
) -> str:
    titles = "".join(f"<span role=columnheader>{escape(title)}</span>" for title in head)
    lines = "".join(
        f'<div class="gs-line{" gs-done" if number < len(done) and done[number] else ""}" role=row>'
        + "".join(f'<div role=cell class="gs-c{i}">{cell}</div>' for i, cell in enumerate(cells))
        + "</div>"
        for number, cells in enumerate(rows)
    )
    return (
        f'<div class="gs-list {kind}" role=table><div class=gs-head role=row>{titles}</div>'
        f"{lines}</div>"
    )


def _links(rows: Iterable[tuple[Row, str]]) -> str:
    items = [
        f"<li>{account_link(row['customer_id'], row['customer_name'])}<small>{about}</small></li>"
        for row, about in rows
    ]
    return f'<ul class="gs-matches">{"".join(items)}</ul>'


def _recommendation(row: Row, looks: Looks) -> Sequence[str]:
    about = _joined(row["customer_id"], row["territory"], row["rep"])
    return (
        "" if row["rank"] is None else str(row["rank"]),
        f"<b>{account_link(row['customer_id'], row['customer_name'])}</b><small>{about}</small>",
        f"{grade_badge(row['icp_grade'])} {escape(row['division'])}",
        f"{_chance(row)}<small>{_joined(_usual(row), _trend(row))}</small>",
        text.money(row["expected_gp"], looks.sign),
        escape(row["nba_reason"] or ""),
        answer_cell(row["customer_id"], row["division"], row["customer_name"], looks),
    )


def _offer(row: Row, looks: Looks) -> Sequence[str]:
    return (
        f"{grade_badge(row['icp_grade'])} <b>{escape(row['division'])}</b>",
        f"{_chance(row)}<small>{_joined(_usual(row), _trend(row))}</small>",
        text.money(row["expected_gp"], looks.sign),
        escape(row["nba_reason"] or ""),
        answer_cell(row["customer_id"], row["division"], row["customer_name"], looks),
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


def _changed(row: Row) -> Sequence[str]:
    about = _joined(row["customer_id"], row["territory"], row["rep"])
    before, now = (row[name] for name in ("rank_before", "rank_now"))
    risen = before is not None and now is not None and now < before
    arrow = "" if before is None or now is None or before == now else "↑ " if risen else "↓ "
    return (
        f"<b>{account_link(row['customer_id'], row['customer_name'])}</b><small>{about}</small>",
        escape(row["division"]),
        f"{arrow}{_rank(now)}<small>before: {_rank(before)}</small>",
        escape(_why_moved(row)),
    )


def _why_moved(row: Row) -> str:
    if row["moved_by"] != "state":
        return str(row["why"][:1]).upper() + str(row["why"][1:])
    before, now = (
        text.STATES.get(row[name], "No customer yet") for name in ("state_before", "state_now")
    )
    return f"Was: {before.lower()}; is: {now.lower()}"


def _rank(place: int | None) -> str:
    return "not ranked" if place is None else f"{place:,}"


def _chance(row: Row) -> str:
    said = escape(text.chance(row["icp_score"], row["window_months"]))
    return f"{said}{bar(row['icp_score'])}"


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

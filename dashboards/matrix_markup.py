"""HTML of the whitespace matrix: a heat map whose cells can be clicked and read aloud."""

from collections.abc import Mapping
from html import escape
from math import sqrt
from typing import Any

import polars as pl

from dashboards import answers, text
from dashboards.clicks import mark
from dashboards.markup import Looks, account_link

# Per cent of a shade from which white text reads better on it than black.
DEEP = {"value": 88, "chance": 72}


def heat_map(frame: pl.DataFrame, colour: str, looks: Looks) -> str:
    """Accounts by divisions; each cell opens to its reason and the answers to it.

    Parameters
    ----------
    frame
        One row per account and division, accounts in the order shown.
    colour
        ``value``: the state, and what could be offered shaded by its expected value;
        ``chance``: shaded by the chance of buying, whatever the state.
    """
    divisions = frame["division"].unique().sort().to_list()
    head = "".join(f"<th scope=col><span>{escape(d)}</span></th>" for d in divisions)
    body = []
    for rows in frame.partition_by("customer_id", maintain_order=True):
        first = rows.row(0, named=True)
        cells = {row["division"]: row for row in rows.iter_rows(named=True)}
        name = account_link(first["customer_id"], first["customer_name"])
        columns = "".join(_cell(cells.get(d), colour, looks) for d in divisions)
        body.append(f"<tr><th scope=row>{name}</th>{columns}</tr>")
    return (
        '<div class="gs-scroll" tabindex="0"><table class="gs-grid"><thead><tr>'
        f"<th scope=col>Account</th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def legend(colour: str) -> str:
    """What the shades mean."""
    if colour == "chance":
        return (
            '<div class="gs-scale"><span>0 %</span><i class="gs-blues"></i><span>100 %</span></div>'
        )
    chips = "".join(
        f'<span class="gs-key"><i class="gs-{key}"></i>{escape(text.STATES[key])}</span>'
        for key in text.STATES
        if key != "potential"
    )
    return (
        '<div class="gs-scale"><span>To offer: low value</span><i class="gs-greens"></i>'
        f"<span>high value</span></div><div class=gs-keys>{chips}</div>"
    )


def _cell(row: Mapping[str, Any] | None, colour: str, looks: Looks) -> str:
    if row is None:
        return "<td></td>"
    given = looks.answers.get((row["customer_id"], row["division"]))
    state = answers.STATES[given["kind"]] if given else str(row["state"])
    chance = text.chance(row["icp_score"], row["window_months"])
    words = text.STATES.get(state, state)
    told = f"{row['customer_name']}, {row['division']}: {words}, {chance}"
    if colour == "chance":
        share, shown, look = row["icp_score"], text.percent(row["icp_score"]), "gs-chance"
    elif state == "potential":
        share, shown = _share_of(row), text.money(row["expected_gp"], looks.sign)
        look, told = "gs-potential", f"{told}, expected {shown}"
    else:
        share, shown, look = None, text.STATES_SHORT.get(state, state), f"gs-{escape(state)}"
    shade = 0 if share is None else round(min(max(share, 0), 1) * 100)
    deep = " gs-deep" if share is not None and shade >= DEEP[colour] else ""
    mine = " gs-mine" if given else ""
    click = mark("offer", looks.cutoff, row["customer_id"], row["division"])
    return (
        f'<td class="{look}{deep}{mine}" style="--shade:{shade}%">'
        f'<button type="button" aria-label="{escape(told, quote=True)}" {click}>'
        f"{escape(shown)}</button></td>"
    )


def _share_of(row: Mapping[str, Any]) -> float | None:
    """Expected value against the high end of the list's, by its root: few are worth that much."""
    high = row["high_value"]
    if row["expected_gp"] is None or not high or high <= 0:
        return None
    return sqrt(max(row["expected_gp"], 0) / high)

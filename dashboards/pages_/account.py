"""Account: one customer's chances, what to offer, what it owns, its kin, and its orders."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import account_queries, charts, glossary, markup, queries, text
from dashboards.database import Published
from dashboards.pages_.accounts import looks
from dashboards.widgets import (
    download,
    filter_row,
    hint,
    hint_when_missing,
    list_source,
    page_title,
    pick_cutoff,
)


def render(db: Published) -> None:
    """Show the page: a search, and the account that ``?account=`` or the search names."""
    page_title("Account", glossary.ACCOUNT)
    typed = st.text_input(
        "Find an account",
        placeholder="Name or account number",
        icon=":material/search:",
        key="search",
        on_change=_forget_account,
        label_visibility="collapsed",
    )
    chosen = st.query_params.get("account")
    if chosen is None and (typed or "").strip():
        chosen = _chosen_match(account_queries.find_accounts(db, typed or ""), typed or "")
    if chosen is None:
        if not typed:
            _how_to_begin(db)
        return
    customer = account_queries.account(db, chosen)
    if customer is None:
        st.warning(
            "There is no account with this number"
            + ("" if db.scope.everything else " among yours")
            + ". Try its name in the search above."
        )
        return
    _show(db, customer)


def _forget_account() -> None:
    st.query_params.pop("account", None)


def _how_to_begin(db: Published) -> None:
    cutoffs = queries.list_cutoffs(db)
    if not cutoffs:
        hint("No account has been scored.")
        return
    list_source(cutoffs[0], queries.list_source(db, cutoffs[0]))
    st.caption("Type part of a name, or an account number, to see what to offer and why.")


def _chosen_match(found: pl.DataFrame, typed: str) -> str | None:
    if found.is_empty():
        st.info("No account has this name or number. Parts of a name will do.")
        return None
    if found.height == 1 or found["customer_id"][0].lower() == typed.strip().lower():
        return str(found["customer_id"][0])
    more = "the first " if found.height == account_queries.MATCHES_SHOWN else ""
    st.caption(f"Several accounts fit; here are {more}{found.height}.")
    st.html(markup.matches(found))
    return None


def _show(db: Published, customer: dict[str, Any]) -> None:
    customer_id = customer["customer_id"]
    st.subheader(_plain(customer["customer_name"]), anchor=False)
    cutoffs = queries.list_cutoffs(db)
    if not cutoffs:
        hint("No account has been scored.")
        return
    source = st.container()
    st.html(markup.facts(_facts(customer)))
    with filter_row():
        cutoff = pick_cutoff(cutoffs)
        scores = account_queries.account_scores(db, customer_id, cutoff)
        download("Download scores", lambda: scores, f"account_{customer_id}_{cutoff}.csv")
    with source:
        list_source(cutoff, queries.list_source(db, cutoff))
    with hint_when_missing():
        _states(db, account_queries.account_states(db, customer_id, cutoff), cutoff)
    st.markdown("##### Orders over time")
    with hint_when_missing():
        _timeline(db, customer_id, cutoff)
    with hint_when_missing():
        _kin(db, customer, cutoff)
    st.markdown("##### Chance in every division")
    if scores.is_empty():
        st.info("This account had not bought anything by this day, so it has no scores.")
    else:
        st.html(markup.division_scores(scores))


def _states(db: Published, states: pl.DataFrame, cutoff: date) -> None:
    if states.is_empty():
        st.info("This account was not yet on the list for this day.")
        return
    offers = states.filter(pl.col("state") == "potential")
    st.markdown("##### What it owns, and what is open")
    st.html(markup.state_strip(states))
    st.markdown("##### What to offer next")
    if offers.is_empty():
        st.info("Nothing is open to offer: see above what it owns and what stands in the way.")
    else:
        st.html(markup.offers(offers, looks(db, cutoff, offers)))


def _timeline(db: Published, customer_id: str, cutoff: date) -> None:
    orders = account_queries.timeline(db, customer_id)
    if orders.is_empty():
        st.info("No orders are known.")
        return
    picture = charts.timeline(orders, cutoff, queries.currency(db))
    st.altair_chart(picture, alt="Orders of each division by month")
    st.caption(
        "Larger dots: more money that month. Dashed line: the day these scores were made for."
    )


def _kin(db: Published, customer: dict[str, Any], cutoff: date) -> None:
    """Similar accounts, and the others of the same parent."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("##### Similar accounts")
        kin = account_queries.similar(db, customer["customer_id"], cutoff)
        if kin.is_empty():
            st.info("No account owns the same divisions.")
        else:
            st.html(markup.similar(kin))
    with right:
        _family(db, customer["parent_account"] or customer["customer_id"], cutoff)


def _family(db: Published, parent: str, cutoff: date) -> None:
    """The other customers of a parent; nothing where there are none."""
    others = account_queries.family(db, cutoff, parent)
    if others.height < 2:
        return
    names = dict(others.select("customer_id", "customer_name").iter_rows())
    st.markdown(f"##### The group of {_plain(names.get(parent, parent))}")
    sign = queries.currency(db)
    total = account_queries.parent(db, cutoff, parent)
    if total is not None:
        st.html(
            f"<p class=gs-why>{text.count(total['customers'], 'customer')} with "
            f"{text.count(total['rows'], 'open offer')}, "
            f"{text.money(total['expected_gp'], sign)} expected in all.</p>"
        )
    st.html(markup.family(others, markup.Looks(sign=sign)))


def _facts(customer: dict[str, Any]) -> list[tuple[str, str | None]]:
    named = {
        "Account": "customer_id",
        "Rep": "rep",
        "Territory": "territory",
        "Industry": "industry",
        "Size": "size",
        "Parent": "parent_account",
    }
    days = {"Customer since": "first_order", "Last order": "last_order"}
    return [(label, customer[column]) for label, column in named.items()] + [
        (label, text.day(customer[column])) for label, column in days.items()
    ]


def _plain(name: str) -> str:
    # A name is data: what Markdown would read as formatting is shown as it is.
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|$~:" else c for c in name)

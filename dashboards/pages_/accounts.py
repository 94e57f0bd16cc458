"""My accounts: whom to call for what, and why."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import streamlit as st

from dashboards import answers, glossary, markup, queries, text
from dashboards.database import Published
from dashboards.widgets import (
    download,
    filter_row,
    hint,
    list_source,
    page_title,
    pager,
    pick,
    pick_cutoff,
)

PER_PAGE = 25


def render(db: Published) -> None:
    """Show the page: filters, one line per recommendation, a download of the best of them."""
    page_title("My accounts", glossary.LIST)
    cutoffs = queries.list_cutoffs(db)
    if not cutoffs:
        hint("There is no list of recommendations.")
        return
    source = st.container()
    filters = _pick_filters(db, cutoffs)
    with source:
        list_source(filters.cutoff, queries.list_source(db, filters.cutoff))
    rows = queries.count_recommendations(db, filters)
    if not rows:
        st.info(_nothing(filters))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{text.count(rows, 'recommendation')}**", width="stretch")
        order = st.selectbox(
            "Order by",
            list(queries.ORDERS),
            format_func=queries.ORDERS.__getitem__,
            key="order",
            persist_state="session",
            label_visibility="collapsed",
            width=190,
        )
        order = order or "rank"
        download(
            "Download" if rows <= queries.MOST_ROWS else f"Best {queries.MOST_ROWS:,}",
            lambda: queries.recommendations(db, filters, order=order),
            f"accounts_to_call_{filters.cutoff}.csv",
        )
    page = st.empty()
    offset = pager(rows, PER_PAGE, (filters, order))
    shown = queries.recommendations(db, filters, order=order, limit=PER_PAGE, offset=offset)
    page.html(markup.recommendations(shown, looks(db, filters.cutoff, shown)))


def looks(db: Published, cutoff: date, shown: pl.DataFrame) -> markup.Looks:
    """Sign of the money, and the answers that stand about the rows shown."""
    told = answers.standing(
        db,
        shown["customer_id"].unique().to_list(),
        shown["division"].unique().sort().to_list(),
        datetime.now(UTC).date(),
    )
    return markup.Looks(cutoff.isoformat(), queries.currency(db), told)


def _pick_filters(db: Published, cutoffs: list[date]) -> queries.Filters:
    with filter_row():
        filters = queries.Filters(pick_cutoff(cutoffs))
        known = queries.choices(db, filters.cutoff)
        rep = pick("Rep", known["rep"], "rep") if db.scope.everything else None
        territory = pick("Territory", known["territory"], "territory")
        division = pick("Division", known["division"], "division")
        grade = pick("Grade", list(text.GRADES), "grade", text.GRADES)
        segment = pick("Segment", known["segment"], "segment", text.SEGMENTS)
    shortlist = st.toggle(
        "Only this period's shortlist",
        value=True,
        key="shortlist",
        bind="query-params",
        help="The best recommendations, as many as can be called. Off: everything worth offering.",
    )
    return replace(
        filters,
        rep=rep,
        territory=territory,
        division=division,
        grade=grade,
        segment=segment,
        shortlist=shortlist,
    )


def _nothing(filters: queries.Filters) -> str:
    if filters.shortlist:
        return "Nobody on the shortlist fits these filters. Switch the shortlist off to see more."
    return "Nobody fits these filters."

"""Score grid: accounts by divisions, at a glance."""

from dataclasses import replace
from datetime import date

import streamlit as st

from dashboards import markup, queries, text
from dashboards.database import Published
from dashboards.widgets import (
    PICKER_WIDTH,
    download,
    filter_row,
    hint,
    list_source,
    pager,
    pick,
    pick_cutoff,
)

PER_PAGE = 30
COLOURS = {"chance": "Chance of buying", "standing": "Standing", "state": "State"}


def render(db: Published) -> None:
    """Show the page: filters, the grid of one page of accounts, a download of all of them."""
    st.header("Score grid", anchor=False)
    cutoffs = queries.whitespace_cutoffs(db)
    if not cutoffs:
        hint("There are no scores to compare.")
        return
    source = st.container()
    filters, name, state = _pick_filters(db, cutoffs)
    with source:
        list_source(filters.cutoff, queries.whitespace_source(db, filters.cutoff))
    accounts = queries.count_grid_accounts(db, filters, name=name, state=state)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colour = st.segmented_control(
            "Colour by",
            list(COLOURS),
            default="chance",
            required=True,
            format_func=COLOURS.__getitem__,
            key="colour",
            bind="query-params",
        )
        st.space("stretch")
        download(
            "Download",
            lambda: queries.grid(db, filters, name=name, state=state),
            f"score_grid_{filters.cutoff}.csv",
        )
    if not accounts:
        st.info("No account fits these filters.")
        return
    colour = colour or "chance"
    st.html(markup.grid_legend(colour))
    page = st.empty()
    offset = pager(accounts, PER_PAGE, (filters, name, state))
    shown = queries.grid(db, filters, name=name, state=state, limit=PER_PAGE, offset=offset)
    page.html(markup.score_grid(shown, colour))
    st.caption(f"{text.count(accounts, 'account')}. Click a cell for its reason.")


def _pick_filters(db: Published, cutoffs: list[date]) -> tuple[queries.Filters, str, str | None]:
    with filter_row():
        filters = queries.Filters(pick_cutoff(cutoffs))
        known = queries.choices(db, filters.cutoff)
        rep = pick("Rep", known["rep"], "rep")
        territory = pick("Territory", known["territory"], "territory")
        segment = pick("Segment", known["segment"], "segment", text.SEGMENTS)
        state = pick("With at least one", list(text.STATES), "state", text.STATES)
        name = st.text_input(
            "Account", placeholder="Name or number", key="name", width=PICKER_WIDTH
        )
    return replace(filters, rep=rep, territory=territory, segment=segment), name or "", state

"""Whitespace matrix: accounts by divisions, how many to call, and what changed."""

from dataclasses import replace

import streamlit as st

from dashboards import charts, glossary, markup, matrix_markup, matrix_queries, queries, text
from dashboards.database import Published
from dashboards.pages_.accounts import looks
from dashboards.widgets import (
    PICKER_WIDTH,
    download,
    filter_row,
    hint,
    hint_when_missing,
    list_source,
    page_title,
    pager,
    pick,
    pick_cutoff,
)

PER_PAGE, CHANGES_PER_PAGE = 25, 20
COLOURS = {"value": "State and value", "chance": "Chance of buying"}
VIEWS = {"matrix": "Matrix", "capacity": "How many to call", "changes": "What changed"}
MOST_PER_REP, USUAL_PER_REP = 200, 25


def render(db: Published) -> None:
    """Show the page: one of its three views, under filters that they share."""
    page_title("Whitespace matrix", glossary.MATRIX)
    cutoffs = queries.list_cutoffs(db)
    if not cutoffs:
        hint("There is no list of recommendations.")
        return
    source = st.container()
    view = st.segmented_control(
        "View",
        list(VIEWS),
        default="matrix",
        required=True,
        format_func=VIEWS.__getitem__,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    shown = {"capacity": _capacity, "changes": _changes}.get(view or "matrix", _matrix)
    with filter_row():
        filters = queries.Filters(pick_cutoff(cutoffs))
        known = queries.choices(db, filters.cutoff)
        rep = pick("Rep", known["rep"], "rep") if db.scope.everything else None
        territory = pick("Territory", known["territory"], "territory")
        filters = replace(filters, rep=rep, territory=territory)
        with source:
            list_source(filters.cutoff, queries.list_source(db, filters.cutoff))
        if shown is not _changes:
            segment = pick("Segment", known["segment"], "segment", text.SEGMENTS)
            filters = replace(filters, segment=segment)
        name, state = _pick_accounts() if shown is _matrix else ("", None)
    with hint_when_missing():
        if shown is _matrix:
            _matrix(db, filters, name, state)
        else:
            shown(db, filters)


def _pick_accounts() -> tuple[str, str | None]:
    state = pick("With at least one", list(text.STATES), "state", text.STATES)
    name = st.text_input("Account", placeholder="Name or number", key="name", width=PICKER_WIDTH)
    return name or "", state


def _matrix(
    db: Published, filters: queries.Filters, name: str = "", state: str | None = None
) -> None:
    accounts = matrix_queries.count_accounts(db, filters, name=name, state=state)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colour = st.segmented_control(
            "Colour by",
            list(COLOURS),
            default="value",
            required=True,
            format_func=COLOURS.__getitem__,
            key="colour",
            bind="query-params",
        )
        st.space("stretch")
        most = matrix_queries.MOST_ACCOUNTS
        download(
            "Download" if accounts <= most else f"Best {most:,} accounts",
            lambda: matrix_queries.matrix(db, filters, name=name, state=state),
            f"whitespace_matrix_{filters.cutoff}.csv",
        )
    if not accounts:
        st.info("No account fits these filters.")
        return
    colour = colour or "value"
    key, page = st.empty(), st.empty()
    offset = pager(accounts, PER_PAGE, (filters, name, state))
    rows = matrix_queries.matrix(db, filters, name=name, state=state, limit=PER_PAGE, offset=offset)
    about = looks(db, filters.cutoff, rows)
    key.html(matrix_markup.legend(colour))
    page.html(matrix_markup.heat_map(rows, colour, about))
    st.caption(f"{text.count(accounts, 'account')}, best first. Click a cell for its reason.")


def _capacity(db: Published, filters: queries.Filters) -> None:
    frame = queries.capacity(db, filters, MOST_PER_REP)
    if frame.is_empty():
        st.info("No account fits these filters.")
        return
    sign, most = queries.currency(db), frame.height
    chosen = most
    if most > 1:
        chosen = st.slider(
            "Accounts that each rep calls", 1, most, min(USUAL_PER_REP, most), key="per_rep"
        )
    row = frame.row(chosen - 1, named=True)
    tiles = st.columns(3)
    tiles[0].metric("Accounts called", f"{row['accounts']:,}", border=True)
    tiles[1].metric("Expected wins", f"{row['wins']:,.0f}", border=True)
    tiles[2].metric("Expected value", text.money(row["value"], sign), border=True)
    left, right = st.columns(2)
    for column, measure, words in (
        (left, "wins", "Expected wins"),
        (right, "value", "Expected value"),
    ):
        with column:
            st.markdown(f"**{words}** by accounts for each rep")
            picture = charts.capacity(frame, measure, chosen, sign if measure == "value" else "")
            st.altair_chart(picture, alt=f"{words} by number of accounts that each rep calls")
    st.caption(
        "Of each account its best offer, and of each rep the best accounts first. The curve bends "
        "where calling more brings less."
    )
    download("Download", lambda: frame, f"capacity_{filters.cutoff}.csv")


def _changes(db: Published, filters: queries.Filters) -> None:
    counts = queries.count_changes(db, filters)
    if not counts:
        st.info("There is no list before this one to compare with, or nothing fits these filters.")
        return
    kinds = [kind for kind in text.CHANGES if counts.get(kind)]
    kind = st.segmented_control(
        "Change",
        kinds,
        default=kinds[0],
        required=True,
        format_func=lambda each: f"{text.CHANGES[each]} ({counts[each]:,})",
        key="change",
        label_visibility="collapsed",
    )
    kind = kind or kinds[0]
    page = st.empty()
    offset = pager(counts[kind], CHANGES_PER_PAGE, (filters, kind))
    page.html(
        markup.changed(queries.changes(db, filters, kind, limit=CHANGES_PER_PAGE, offset=offset))
    )
    download("Download", lambda: queries.changes(db, filters, kind), f"{kind}_{filters.cutoff}.csv")

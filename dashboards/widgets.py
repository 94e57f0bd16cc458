"""What the pages share: hints instead of errors, pickers kept in the address, pages, downloads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from html import escape

import polars as pl
import streamlit as st

from dashboards import text
from dashboards.database import NotPublishedError
from dashboards.downloads import csv_bytes

DAGSTER_UI = "http://localhost:3000"
ALL = "All"
PICKER_WIDTH = 164


@contextmanager
def hint_when_missing() -> Iterator[None]:
    """Show a friendly hint in place of what cannot be read yet."""
    try:
        yield
    except NotPublishedError as missing:
        hint(str(missing))


def hint(what: str) -> None:
    """Say what is not there yet, and how it comes to be."""
    st.info(
        f"**Nothing to show here yet.** {what}\n\n"
        f"Results appear by themselves after the first run: `gosales run`, "
        f"or *Materialize all* in the [Dagster UI]({DAGSTER_UI}).",
        icon=":material/hourglass_empty:",
    )


def page_title(words: str, explained: str) -> None:
    """Title of a page, with what its figures mean a click away."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(words, anchor=False, width="stretch")
        with st.popover("What does this mean?", icon=":material/help:", type="tertiary"):
            st.markdown(explained)


def source_line(*parts: str) -> None:
    """Say which cutoff and run a page shows, under its title."""
    st.html(f'<div class="gs-source">{escape(" · ".join(part for part in parts if part))}</div>')


def list_source(cutoff: date, source: tuple[Sequence[int], Sequence[str]]) -> None:
    """Say up to which day a list has seen, how far it looks ahead, and which run made it."""
    windows, run_ids = source
    source_line(
        f"As of {text.day(cutoff)}",
        f"looking ahead {text.ahead(windows)}" if windows else "",
        text.runs(run_ids),
    )


def filter_row() -> AbstractContextManager[object]:
    """Lay pickers side by side, as many as the screen is wide."""
    return st.container(horizontal=True, vertical_alignment="bottom")


def pick_cutoff(cutoffs: Sequence[date], label: str = "As of", key: str = "cutoff") -> date:
    """Let people switch between cutoffs, newest first; the choice stays in the address.

    An address may also write the day as 2024-12-31.
    """
    by_day = {text.day(cutoff, " "): cutoff for cutoff in cutoffs}
    asked = st.query_params.get(key)
    for words, cutoff in by_day.items():
        if asked == cutoff.isoformat():
            st.query_params[key] = st.session_state[key] = words
    chosen = st.selectbox(label, list(by_day), key=key, bind="query-params", width=PICKER_WIDTH)
    return by_day.get(chosen or "", cutoffs[0])


def pick(
    label: str, values: Sequence[str], key: str, words: Mapping[str, str] | None = None
) -> str | None:
    """Let people narrow to one value; None means all. ``words`` says values in plain words."""
    known = words or {}
    shown = {known.get(value, value): value for value in values}
    choice = st.selectbox(label, [ALL, *shown], key=key, bind="query-params", width=PICKER_WIDTH)
    return shown.get(choice or ALL)


def pager(rows: int, per_page: int, what: object) -> int:
    """Let people turn the pages of a list; returns the offset of the page chosen.

    Parameters
    ----------
    what
        What is listed (filters and order): another list begins at its first page again.
    """
    pages = -(-rows // per_page)
    return (st.pagination(pages, key=f"page of {what}") - 1) * per_page if pages > 1 else 0


def download(label: str, rows: Callable[[], pl.DataFrame], file_name: str) -> None:
    """Offer a table as CSV; it is read when people ask for it."""
    st.download_button(
        label,
        data=lambda: csv_bytes(rows()),
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"download {file_name}",
    )

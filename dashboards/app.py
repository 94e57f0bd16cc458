"""The scorecard: `streamlit run dashboards/app.py` shows the published results of a home folder."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dashboards.database import Published, published
from dashboards.pages_ import account, accounts, divisions, grid, health
from dashboards.widgets import hint_when_missing


def _page(render: Callable[[Published], None]) -> Callable[[], None]:
    def run() -> None:
        with hint_when_missing():
            render(published())

    return run


def main() -> None:
    """Set up the pages and show the one that was asked for."""
    st.set_page_config(page_title="GoSales", page_icon=":material/target:", layout="wide")
    st.html(Path(__file__).with_name("style.css"))
    pages = [
        st.Page(
            _page(accounts.render),
            title="Accounts to call",
            icon=":material/call:",
            url_path="calls",
            default=True,
        ),
        st.Page(
            _page(account.render), title="Account", icon=":material/apartment:", url_path="account"
        ),
        st.Page(_page(grid.render), title="Score grid", icon=":material/grid_on:", url_path="grid"),
        st.Page(
            _page(divisions.render),
            title="Divisions",
            icon=":material/monitoring:",
            url_path="divisions",
        ),
        st.Page(
            _page(health.render),
            title="Health",
            icon=":material/health_and_safety:",
            url_path="health",
        ),
    ]
    st.navigation(pages, position="top").run()


main()

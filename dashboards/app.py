"""The scorecard: `streamlit run dashboards/app.py` shows the published results of a home folder."""

import logging
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dashboards.access import NoAccessError, granted, sign_out_button
from dashboards.answering import open_offer
from dashboards.clicks import clicked
from dashboards.database import Published, published
from dashboards.pages_ import account, accounts, divisions, health, matrix
from dashboards.scope import Scope
from dashboards.widgets import hint_when_missing

log = logging.getLogger(__name__)
Render = Callable[[Published], None]


def _pages(scope: Scope) -> dict[str, st.Page]:
    """The pages that somebody may open, by their addresses; the first is where one lands."""
    shown: list[tuple[Render, str, str, str]] = [
        (accounts.render, "My accounts", "call", "calls"),
        (account.render, "Account", "apartment", "account"),
        (matrix.render, "Whitespace matrix", "grid_on", "matrix"),
        (divisions.render, "Divisions", "monitoring", "divisions"),
    ]
    if scope.everything:  # it shows records of all customers
        shown.append((health.render, "Health", "health_and_safety", "health"))
    pages: dict[str, st.Page] = {}
    for render, title, icon, address in shown:
        pages[address] = st.Page(
            _run(render, scope, pages),
            title=title,
            icon=f":material/{icon}:",
            url_path=address,
            default=not pages,
        )
    return pages


def _run(render: Render, scope: Scope, pages: dict[str, st.Page]) -> Callable[[], None]:
    def run() -> None:
        click = clicked()
        if click and click[0] == "account" and len(click) == 2:
            cutoff = st.query_params.get("cutoff")
            also = {} if cutoff is None else {"cutoff": cutoff}
            st.switch_page(pages["account"], query_params={"account": click[1], **also})
        database = published().within(scope)
        try:
            with hint_when_missing():
                render(database)
            if click and click[0] == "offer":
                open_offer(database, click)
        except Exception:
            # People get a sentence, never a traceback; the log has it all.
            log.exception("The page could not be drawn")
            st.error("Something went wrong here; it is noted in the log.", icon=":material/error:")

    return run


def main() -> None:
    """Set up the pages and show the one that was asked for."""
    st.set_page_config(page_title="GoSales", page_icon=":material/target:", layout="wide")
    st.html(Path(__file__).with_name("style.css"))
    try:
        scope = granted()
    except NoAccessError as refused:
        st.header("GoSales", anchor=False)
        st.warning(str(refused), icon=":material/lock:")
        sign_out_button()
        return
    page = st.navigation(list(_pages(scope).values()), position="top")
    sign_out_button()
    page.run()


main()

"""The dialog of a recommendation: why it stands there, and what a rep answers to it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any

import streamlit as st

from dashboards import answers, markup, text
from dashboards.access import signed_in_name
from dashboards.account_queries import account_states
from dashboards.answers import Answer, NotYoursError
from dashboards.database import NotPublishedError, Published
from dashboards.queries import currency
from gosales_assets.whitespace.actions import ActionProblem

WAIT_DAYS = 90  # how far ahead "not now" is suggested


def open_offer(db: Published, click: Sequence[str]) -> None:
    """Open the dialog that a click on a row or a cell asks for; what nobody may see opens nothing.

    Parameters
    ----------
    click
        ``offer``, the cutoff, the customer and the division, as a browser sent them.
    """
    if len(click) != 4:
        return
    try:
        cutoff = date.fromisoformat(click[1])
        found = account_states(db, click[2], cutoff, click[3])
    except (ValueError, NotPublishedError):
        return
    if not found.is_empty():
        _dialog(db, cutoff, found.row(0, named=True))


@st.dialog("Why, and what next", width="medium")
def _dialog(db: Published, cutoff: date, row: Mapping[str, Any]) -> None:
    st.html(
        f"<h3 class=gs-offer>{markup.account_link(row['customer_id'], row['customer_name'])}"
        f"<small>{markup.grade_badge(row['icp_grade'])} {escape(row['division'])}</small>"
        "</h3>"
    )
    st.html(markup.facts(_facts(row, currency(db))))
    reason = row["nba_reason"] or row["state_reason"] or text.STATES_EXPLAINED.get(row["state"], "")
    st.html(f"<p class=gs-why>{escape(reason)}</p>")
    today = datetime.now(UTC).date()
    key = (row["customer_id"], row["division"])
    given = answers.standing(db, [key[0]], [key[1]], today).get(key)
    who = _who()
    if given is None:
        _ask(db, cutoff, row, who, today)
        return
    st.info(f"{answers.in_words(given)}. The next list takes it into account.")
    undo = Answer("withdrawn", *key)
    if st.button("Undo", icon=":material/undo:", disabled=not who):
        _give(db, cutoff, undo, who)


def _ask(db: Published, cutoff: date, row: Mapping[str, Any], who: str, today: date) -> None:
    kind = st.segmented_control(
        "What came of it?",
        list(answers.KINDS),
        format_func=answers.KINDS.__getitem__,
        key="answer_kind",
    )
    until, why = None, None
    if kind == "not_now":
        until = st.date_input(
            "Leave it until, inclusive", today + timedelta(days=WAIT_DAYS), min_value=today
        )
    if kind in ("not_now", "blocked"):
        why = st.text_input(
            "Why?" if kind == "blocked" else "Why? (if you like)", max_chars=200, key="answer_why"
        )
    needed = bool(kind and who and (kind != "blocked" or (why or "").strip()))
    if st.button("Save", type="primary", icon=":material/check:", disabled=not needed) and kind:
        given = Answer(kind, row["customer_id"], row["division"], until, why)
        _give(db, cutoff, given, who)


def _who() -> str:
    """Who answers: whoever is signed in, else the name that people give."""
    name = signed_in_name()
    if name:
        return name
    typed = st.text_input(
        "Your name", key="who", persist_state="session", max_chars=80, placeholder="Kim Lee"
    )
    return (typed or "").strip()


def _give(db: Published, cutoff: date, answer: Answer, who: str) -> None:
    try:
        answers.give(db, cutoff, answer, datetime.now(UTC).replace(tzinfo=None), who)
    except (NotYoursError, ActionProblem) as problem:
        st.error(str(problem))
        return
    st.toast("Undone." if answer.kind == "withdrawn" else "Saved: the next list knows it.")
    st.rerun()


def _facts(row: Mapping[str, Any], sign: str) -> list[tuple[str, str | None]]:
    usual = text.multiple(row["icp_score"], row["usual"])
    offered = row["state"] == "potential"
    return [
        ("State", text.STATES.get(row["state"], row["state"])),
        ("Chance", text.chance(row["icp_score"], row["window_months"])),
        ("Against the usual", usual),
        ("Expected value", text.money(row["expected_gp"], sign) if offered else None),
        ("Place on the list", f"{row['rank']:,}" if row["rank"] else None),
    ]

"""Answers from the pages: appended, seen at once, undone by a later entry, one's own only."""

from datetime import date, datetime
from pathlib import Path

import pytest

from dashboards import answers
from dashboards.answers import Answer, NotYoursError
from dashboards.database import Published
from dashboards.scope import Scope
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.record_contract import ACTIONS
from gosales_assets_tests.dashboards import published_sample as sample

TODAY = date(2025, 1, 10)
AT = datetime(2025, 1, 10, 9, 30)
ME, THERE = "C1013", "Training"


@pytest.fixture
def own(home: Path) -> Published:
    return Published(sample.publish(home), threads=1)


def standing(db: Published, today: date = TODAY) -> dict:
    return answers.standing(db, [ME], sample.DIVISIONS, today)


def give(db: Published, kind: str, minute: int = 0, **about) -> None:
    answer = Answer(kind, about.pop("customer_id", ME), about.pop("division", THERE), **about)
    answers.give(db, sample.NEWEST, answer, AT.replace(minute=minute), "Kim")


def test_an_answer_is_appended_with_who_and_when_and_seen_at_once(own: Published) -> None:
    give(own, "blocked", reason=" they moved away ")
    row = actions.read(own.home, ACTIONS).row(0, named=True)
    assert (row["kind"], row["reason"], row["recorded_by"]) == ("blocked", "they moved away", "Kim")
    assert row["recorded_at"] == AT.replace(minute=0)
    said = answers.in_words(standing(own)[ME, THERE]).replace("\N{NO-BREAK SPACE}", " ")
    assert said == "Do not call: they moved away (Kim, 10 Jan 2025)"


def test_an_answer_is_undone_by_a_later_entry(own: Published) -> None:
    give(own, "won", 1)
    give(own, "withdrawn", 2)
    assert standing(own) == {}
    assert actions.read(own.home, ACTIONS)["kind"].to_list() == ["won", "withdrawn"]
    give(own, "talking", 3)
    assert standing(own)[ME, THERE]["kind"] == "talking"


def test_not_now_stands_until_its_last_day(own: Published) -> None:
    give(own, "not_now", until=TODAY)
    assert (ME, THERE) in standing(own)
    assert standing(own, date(2025, 1, 11)) == {}


def test_an_answer_about_all_divisions_stands_at_each(own: Published) -> None:
    actions.record(own.home, [actions.talking(ME, None, AT, "Lee")])
    assert {division for _, division in standing(own)} == set(sample.DIVISIONS)


@pytest.mark.parametrize(
    "about", [{"customer_id": "nobody"}, {"division": "nothing"}, {"customer_id": "' or 1=1 --"}]
)
def test_what_is_not_on_the_list_cannot_be_answered(own: Published, about: dict) -> None:
    with pytest.raises(NotYoursError):
        give(own, "won", **about)
    assert actions.read(own.home, ACTIONS).is_empty()


def test_a_rep_cannot_answer_for_the_accounts_of_another(own: Published) -> None:
    mine = sample.customers().filter(customer_id=ME)["rep"][0]
    with pytest.raises(NotYoursError):
        give(own.within(Scope("Chiara Rossi" if mine != "Chiara Rossi" else "Ada Moreau")), "won")
    give(own.within(Scope(mine)), "won")
    assert actions.read(own.home, ACTIONS).height == 1


@pytest.mark.parametrize(
    ("kind", "about"), [("blocked", {}), ("blocked", {"reason": "  "}), ("not_now", {})]
)
def test_what_is_missing_is_said_and_nothing_is_written(
    own: Published, kind: str, about: dict
) -> None:
    with pytest.raises(actions.ActionProblem):
        give(own, kind, **about)
    assert actions.read(own.home, ACTIONS).is_empty()


def test_every_answer_of_the_record_can_be_shown() -> None:
    from gosales_assets.whitespace.contract import STATES
    from gosales_assets.whitespace.record_contract import ACTION_KINDS

    standing_kinds = set(ACTION_KINDS) - {"withdrawn"}
    assert set(answers.STATES) == standing_kinds
    assert set(answers.STATES.values()) <= set(STATES)
    for kind in standing_kinds:
        row = {"kind": kind, "until": None, "reason": None, "recorded_by": "K", "recorded_at": AT}
        assert answers.in_words(row)

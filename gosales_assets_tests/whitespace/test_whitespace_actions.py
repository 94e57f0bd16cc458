"""What reps answer is recorded, never edited, and shapes the next list."""

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from gosales_assets.division_names import division_identity
from gosales_assets.settings import SettingsError
from gosales_assets.warehouse import Warehouse
from gosales_assets.whitespace import actions
from gosales_assets.whitespace.action_import import Known, import_actions
from gosales_assets.whitespace.contract import WHITESPACE
from gosales_assets.whitespace.record_contract import ACTION_JOBS, ACTIONS, HANDED_OUT
from gosales_assets.whitespace.surfaced import not_acted_on
from gosales_assets_tests.whitespace.whitespace_world import (
    CUTOFF,
    candidates,
    listed,
    order,
    side,
)

AT = datetime(2025, 1, 10, 9, 30)
KNOWN = Known(
    {"C0000", "C0001", '=1+1, "Ltd"'},
    {division_identity(name): name for name in ("PDM", "Post_Processing")},
)


def test_what_is_recorded_is_read_in_order_and_kept(tmp_path: Path) -> None:
    actions.record(tmp_path, [actions.talking("C0000", "PDM", AT, "Kim")])
    before = sorted(tmp_path.rglob("*.parquet"))
    contents = [path.read_bytes() for path in before]
    later = AT + timedelta(days=1)
    actions.record(
        tmp_path,
        [
            actions.lost("C0000", "PDM", later, "Lee", "too dear"),
            actions.not_now("C0001", None, date(2025, 3, 1), later, "Lee"),
        ],
    )
    read = actions.read(tmp_path, ACTIONS)
    assert read.select("kind", "customer_id", "recorded_by", "recorded_at").rows() == [
        ("talking", "C0000", "Kim", AT),
        ("lost", "C0000", "Lee", later),
        ("not_now", "C0001", "Lee", later),
    ]
    assert [path.read_bytes() for path in before] == contents
    assert len(sorted(tmp_path.rglob("*.parquet"))) == 2


def test_nothing_recorded_is_an_empty_record(tmp_path: Path) -> None:
    assert actions.read(tmp_path, ACTIONS).is_empty()
    actions.record(tmp_path, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"kind": "maybe"}, "unknown action 'maybe'"),
        ({"customer_id": ""}, "needs a customer"),
        ({"recorded_by": " "}, "a person"),
        ({"kind": "not_now"}, "last day"),
        ({"kind": "won", "until": date(2025, 1, 1)}, "last day"),
        ({"kind": "blocked"}, "reason"),
    ],
)
def test_an_action_that_says_too_little_is_refused(wrong: dict, problem: str) -> None:
    good = {"kind": "won", "customer_id": "C", "division": None}
    good |= {"recorded_at": AT, "recorded_by": "Kim"}
    with pytest.raises(actions.ActionProblem, match=problem):
        actions.Action(**(good | wrong))


def test_the_newest_list_is_looked_at_on_the_last_known_day() -> None:
    recorded = side(actions=[{"customer_id": "C", "kind": "won", "recorded_at": AT}]).actions
    end = CUTOFF + timedelta(days=3)
    assert actions.as_of(CUTOFF, True, end, recorded) == AT.date()
    assert actions.as_of(CUTOFF, True, end, recorded.clear()) == end
    assert actions.as_of(CUTOFF, False, end, recorded) == CUTOFF


def write(folder: Path, *lines: str) -> Path:
    file = folder / "answers.csv"
    file.write_text("\n".join(("action,customer_id,division,until,reason", *lines)) + "\n")
    return file


def test_a_file_of_actions_is_taken_row_by_row_and_logged(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "talking,C0000,PDM,,",
        "Not now,C0001,post processing,2025-03-31,budget",
        "blocked,C0001,all,,moved away",
        'won,"=1+1, ""Ltd""",PDM,,',
        "perhaps,C0000,PDM,,",
        "won,C9999,PDM,,",
        "won,C0000,Printers,,",
        "not_now,C0000,PDM,soon,",
        "blocked,C0000,PDM,,",
    )
    home = tmp_path / "home"
    job = import_actions(home, file, KNOWN, AT, "Kim")
    assert (job["rows_read"], job["rows_taken"], job["rows_refused"]) == (9, 4, 5)
    for part in ("line 6: unknown action 'perhaps'", "C9999", "'Printers'", "'soon'", "reason"):
        assert part in job["problems"]
    taken = actions.read(home, ACTIONS)
    assert taken.select("kind", "customer_id", "division", "until", "reason").rows() == [
        ("talking", "C0000", "PDM", None, None),
        ("not_now", "C0001", "Post_Processing", date(2025, 3, 31), "budget"),
        ("blocked", "C0001", None, None, "moved away"),
        ("won", '=1+1, "Ltd"', "PDM", None, None),
    ]
    assert set(taken["job_id"]) == {job["job_id"]}
    assert actions.read(home, ACTION_JOBS).to_dicts() == [job]
    with pytest.raises(SettingsError, match="same content was imported on 2025-01-10"):
        import_actions(home, file, KNOWN, AT, "Kim")


def test_a_file_without_its_columns_is_refused_whole(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("customer_id,division\nC0000,PDM\n")
    with pytest.raises(SettingsError, match="no column 'action'"):
        import_actions(tmp_path / "home", file, KNOWN, AT, "Kim")
    assert not (tmp_path / "home").exists()


HANDED = {"cutoff": date(2024, 9, 30), "division": "PDM", "customer_id": "C0000"}


def surfaced(days_ago: int = 5, days: int = 30, answers: list[dict] | None = None, **changes):
    at = datetime(2024, 12, 31) - timedelta(days=days_ago)
    handed_out = pl.DataFrame([HANDED | {"handed_out_at": at} | changes], schema=HANDED_OUT.types)
    told = side(actions=answers).actions
    return not_acted_on(handed_out, told, cutoff=CUTOFF, on=CUTOFF, days=days).rows()


def test_rows_handed_out_lately_and_not_acted_on() -> None:
    row = [("PDM", "C0000")]
    assert surfaced() == row
    assert surfaced(days_ago=29) == row
    assert surfaced(days_ago=30) == []
    assert surfaced(days_ago=10, days=10) == []
    assert surfaced(cutoff=CUTOFF) == []
    answer = {"customer_id": "C0000", "division": "PDM", "kind": "lost"}
    assert surfaced(answers=[answer]) == []
    assert surfaced(answers=[answer | {"division": None}]) == []
    assert surfaced(answers=[answer | {"division": "Simulation"}]) == row
    assert surfaced(answers=[answer | {"recorded_at": datetime(2024, 12, 1)}]) == row


def test_a_surfaced_row_is_damped_and_sorted_anew() -> None:
    found = candidates(40)
    plain = listed(found)
    best = order(plain)[0]
    shown = pl.DataFrame([best], schema=["division", "customer_id"], orient="row")
    after = listed(found, surfaced=shown)
    assert order(after).index(best) > 0
    this = (pl.col("division") == best[0]) & (pl.col("customer_id") == best[1])
    score = plain.filter(this)["score"].item()
    assert after.filter(this)["score"].item() == pytest.approx(0.75 * score)
    assert after.filter("surfaced").height == 1
    assert order(listed(found, surfaced=shown, surfaced_factor=1.0)) == order(plain)


def test_a_new_action_makes_the_list_out_of_date(warehouse: Warehouse) -> None:
    warehouse.write(WHITESPACE, WHITESPACE.empty(), cutoff="2024-12-31")
    assert warehouse.is_fresh(WHITESPACE, cutoff="2024-12-31")
    actions.record(warehouse.home_path, [actions.won("C", None, AT, "Kim")])
    assert not warehouse.is_fresh(WHITESPACE, cutoff="2024-12-31")
    warehouse.write(WHITESPACE, WHITESPACE.empty(), cutoff="2024-12-31")
    assert warehouse.is_fresh(WHITESPACE, cutoff="2024-12-31")

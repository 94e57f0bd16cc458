"""How much of a list is handed out: shares of divisions, reps, segments."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.capacity import with_selection
from gosales_assets_tests.whitespace.whitespace_world import candidates, listed


def ranked(divisions: str, **columns: object) -> pl.DataFrame:
    """A ranking written as one letter, the division, per row."""
    given = {name: pl.Series(values, dtype=pl.String) for name, values in columns.items()}
    usual = {
        "rank": pl.int_range(1, pl.len() + 1),
        "customer_id": pl.format("C{}", pl.int_range(pl.len())),
        "rep": pl.lit("Kim"),
        "segment": pl.lit("warm"),
    }
    return pl.DataFrame({"division": list(divisions)}).with_columns(**(usual | given))


def selection(divisions: str, top: float, share: float = 0.6) -> str:
    about = Whitespace(top_percent=top, max_division_share=share)
    return "".join(with_selection(ranked(divisions), about).filter("selected")["division"])


@pytest.mark.parametrize(
    ("ranking", "top", "expected"),
    [
        ("AAAAABBBBB", 0.5, "AAABB"),
        ("ABABABABAB", 0.5, "ABABA"),
        ("AAAAAAAAAB", 0.5, "AAAAB"),
        ("AAAAAAAAAA", 0.5, "AAAAA"),
        ("AAAABBCDDD", 0.5, "AAABB"),
        ("AB", 0.1, "A"),
        ("AB", 0.0, ""),
        ("", 0.1, ""),
        ("AAB", 1.0, "AAB"),
    ],
)
def test_selection_takes_the_best_without_one_division_taking_over(ranking, top, expected):
    assert selection(ranking, top) == expected


def test_share_of_a_division_follows_the_setting():
    assert selection("AAAAABBBBB", 0.5, share=0.8) == "AAAAB"
    assert selection("AAAAABBBBB", 0.5, share=1.0) == "AAAAA"


@given(
    st.text("ABCD", min_size=1, max_size=60), st.floats(0.01, 1), st.sampled_from([0.2, 0.34, 0.6])
)
@settings(max_examples=120, deadline=None)
def test_no_division_fills_more_than_its_share_while_others_have_candidates(ranking, top, share):
    chosen = selection(ranking, top, share)
    assert len(chosen) == np.ceil(round(len(ranking) * top, 9))
    # With a few rows to pick, whole rows cannot always keep to a share: one is always allowed.
    most = max(1, int(round(share * len(chosen), 9)))
    over = [division for division in set(ranking) if chosen.count(division) > most]
    others_left = [
        division
        for division in set(ranking)
        if chosen.count(division) < min(most, ranking.count(division))
    ]
    assert not (over and others_left), (chosen, over, others_left)


def test_who_is_pulled_in_keeps_to_the_share_as_well():
    assert selection("A" * 10 + "B" * 10 + "C" * 10 + "D" * 10, 0.25, share=0.3) == "AAABBBCCCD"


def test_accounts_that_are_pulled_in_keep_to_the_share_as_well():
    rows = ranked("A" * 10 + "B" * 10 + "C" * 10 + "D" * 10)
    found = chosen(rows, capacity="per_rep", accounts_per_rep=10, max_division_share=0.3)
    assert "".join(row[2] for row in found) == "AAABBBCCCD"


def chosen(rows: pl.DataFrame, **about: object) -> list[tuple]:
    """(rep, customer, division) in the order of the reps' lists."""
    picked = with_selection(rows, Whitespace(**about)).filter("selected")
    return picked.sort("rep", "rep_rank").select("rep", "customer_id", "division").rows()


def test_each_rep_gets_so_many_accounts_and_of_each_its_best_row():
    rows = ranked(
        "ABABAB",
        customer_id=["1", "1", "2", "3", "4", "5"],
        rep=["Kim", "Kim", "Kim", "Kim", "Lee", "Lee"],
    )
    two_each = {"capacity": "per_rep", "accounts_per_rep": 2, "max_division_share": 1}
    assert chosen(rows, **two_each) == [
        ("Kim", "1", "A"),
        ("Kim", "2", "A"),
        ("Lee", "4", "A"),
        ("Lee", "5", "B"),
    ]
    assert len(chosen(rows, **two_each | {"accounts_per_rep": 1})) == 2


def test_a_passed_over_account_is_offered_its_next_division():
    rows = ranked("AAAABB", customer_id=["1", "2", "3", "4", "4", "5"])
    found = chosen(rows, capacity="per_rep", accounts_per_rep=5, max_division_share=0.6)
    assert found == [
        ("Kim", "1", "A"),
        ("Kim", "2", "A"),
        ("Kim", "3", "A"),
        ("Kim", "4", "B"),
        ("Kim", "5", "B"),
    ]


def test_rows_without_a_rep_are_a_list_of_their_own():
    rows = ranked("ABAB", rep=[None, None, "Lee", "Lee"])
    assert [row[0] for row in chosen(rows, capacity="per_rep", accounts_per_rep=1)] == [None, "Lee"]


HYBRID = {"capacity": "hybrid", "accounts_per_rep": 10, "max_division_share": 1}


def segments(letters: str, **about: object) -> str:
    """Segments of a rep's list in order, from a ranking written as w, c or p per row."""
    names = {"w": "warm", "c": "cold", "p": "prospect"}
    rows = ranked("A" * len(letters), segment=[names[letter] for letter in letters])
    picked = with_selection(rows, Whitespace(**HYBRID | about)).filter("selected")
    return "".join(name[0] for name in picked.sort("rep_rank")["segment"])


def test_hybrid_goes_round_the_segments_by_their_shares():
    found = segments("w" * 20 + "c" * 20 + "p" * 20)
    assert (found.count("w"), found.count("c"), found.count("p")) == (7, 3, 0)
    assert set(found[:4]) == {"w", "c"}  # not all warm ones first
    even = segments("w" * 20 + "c" * 20, segment_shares={"warm": 0.5, "cold": 0.5})
    assert even == "wc" * 5


def test_a_share_that_is_not_used_is_handed_on():
    assert sorted(segments("w" * 20 + "c")) == sorted("c" + "w" * 9)
    assert segments("w" * 4 + "p" * 20) == "wwww"
    assert segments("c" * 20) == "c" * 10


def test_modes_select_differently_and_number_each_reps_list():
    found = candidates(60)
    modes = {
        mode: listed(found, capacity=mode, accounts_per_rep=8).filter("selected")
        for mode in ("top_percent", "per_rep", "hybrid")
    }
    assert modes["per_rep"].group_by("rep").len()["len"].to_list() == [8, 8]
    assert modes["hybrid"]["segment"].to_list() != modes["per_rep"]["segment"].to_list()
    assert modes["top_percent"].height != modes["per_rep"].height
    for rows in modes.values():
        for _, own in rows.group_by("rep"):
            assert sorted(own["rep_rank"]) == list(range(1, own.height + 1))

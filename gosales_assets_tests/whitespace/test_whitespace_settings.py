"""Every setting of the list changes what is handed out; a setting that is ignored fails here."""

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from gosales_assets.runs.exports import for_crm
from gosales_assets.settings import Settings
from gosales_assets.whitespace.lists import View, whitespace
from gosales_assets.whitespace.record_contract import HANDED_OUT
from gosales_assets.whitespace.surfaced import not_acted_on
from gosales_assets.whitespace_settings import Whitespace
from gosales_assets_tests.whitespace.whitespace_world import (
    CUTOFF,
    candidates,
    days_before,
    side,
)

# Setting -> what it is changed to, and what else must be set for it to matter.
CHANGED: dict[str, tuple[Any, dict[str, Any]]] = {
    "weights": ({"icp": 0.1, "value": 0.9}, {}),
    "coverage_floor": (1.0, {}),
    "normalisation": ("division", {}),
    "owned_within_months": (12, {}),
    "expired_back_days": (30, {}),
    "contact_cooldown_days": (3, {}),
    "lost_cooldown_days": (5, {}),
    "regions": ({"PDM": ["East"]}, {}),
    "territories": ({"Kim": ["East"]}, {}),
    "surfaced_days": (2, {}),
    "surfaced_factor": (0.1, {}),
    "max_division_share": (0.34, {"top_percent": 0.3}),
    "capacity": ("per_rep", {}),
    "top_percent": (0.3, {}),
    "accounts_per_rep": (3, {"capacity": "per_rep"}),
    "segment_shares": ({"warm": 0.1, "cold": 0.9}, {"capacity": "hybrid", "accounts_per_rep": 8}),
    "crm_columns": ({"grade": "Rating"}, {}),
}
FOUND = candidates(60, seed=4)
KNOWN = side(
    contacts=[{"customer_id": "C0003", "contact_date": days_before(10)}],
    actions=[
        {"customer_id": f"C{n:04d}", "kind": "lost", "recorded_at": datetime(2024, 12, 20)}
        for n in range(30, 40)
    ],
    assets=[
        {
            "division": "PDM",
            "customer_id": f"C{n:04d}",
            "purchase_date": date(2020, 1, 1),
            "expiration_date": days_before(100),
        }
        for n in range(20)
    ],
)


def handed_out(settings: Whitespace) -> tuple[list[Any], list[str]]:
    """Everything that a setting may shape: the list, and the file for the CRM."""
    best = FOUND.sort("icp_score", descending=True).head(10)
    before = best.select(
        "division",
        "customer_id",
        cutoff=pl.lit(date(2024, 9, 30)),
        handed_out_at=pl.lit(datetime(2024, 12, 20)),
    ).select(list(HANDED_OUT.types))
    shown = not_acted_on(
        before, KNOWN.actions, cutoff=CUTOFF, on=CUTOFF, days=settings.surfaced_days
    )
    rows = whitespace(FOUND, KNOWN, View(CUTOFF, "USD", shown), settings)
    kept = rows.select("state", "score", "rank", "selected", "rep_rank").rows()
    crm = for_crm(
        rows.filter("selected").with_columns(run_id=pl.lit("r")), Settings(whitespace=settings)
    )
    return kept, crm.columns


def test_every_setting_is_tried() -> None:
    assert set(CHANGED) == set(Whitespace.model_fields)


@pytest.mark.parametrize("name", list(CHANGED))
def test_a_setting_changes_the_outcome(name: str) -> None:
    value, others = CHANGED[name]
    assert handed_out(Whitespace(**others)) != handed_out(Whitespace(**others, **{name: value}))


@pytest.mark.parametrize("wrong", [{"warm": -1.0}, {"warm": 0.0}, {"warm": float("inf")}])
def test_shares_of_segments_must_make_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="segment_shares must be finite"):
        Whitespace(segment_shares=wrong)

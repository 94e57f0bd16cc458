"""``docs/features.md`` says what the catalogue and the measurements say."""

import json
import re
from itertools import product
from typing import Any

from gosales_assets.features.catalog import WINDOWS, feature_names
from gosales_assets.features.document import GAINS, PAGE, PLACEBO, brings_nothing, page
from gosales_assets.settings import Features


def gains() -> dict[str, Any]:
    """What was measured."""
    found: dict[str, Any] = json.loads(GAINS.read_text(encoding="utf-8"))
    return found


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(gains()), "run `make docs`"


def test_page_names_every_feature_once() -> None:
    named = []
    for pattern, cells in re.findall(r"^\| `([a-z]+__.*?)` \|(.*)\|$", page(gains()), re.MULTILINE):
        windows = re.findall(r"\d+|ever|now", cells.split(" | ")[2])
        spelled = [f"{w}m" if f"{w}m" in WINDOWS else w for w in windows]
        scopes = re.findall(r"all|div|mkt", pattern.split("__")[1])
        family, _, measure, *window = pattern.split("__")
        combined = product(scopes, window or spelled)
        named += [f"{family}__{scope}__{measure}__{w}" for scope, w in combined]
    assert sorted(named) == sorted(feature_names())


def test_what_was_found_to_bring_nothing_is_off_by_default() -> None:
    measured = gains()
    assert Features().families_off == measured["off"]
    assert set(measured["off"]) <= set(brings_nothing(measured["logs"]))


def test_a_family_brings_nothing_only_if_it_helps_on_none_of_several_logs() -> None:
    def log(**families: list[float]) -> dict[str, Any]:
        placebo = [0.0, -0.1, 0.1]
        found = {"rfm": placebo, PLACEBO: placebo, **families}
        return {"gains": {family: {"all auc": figures} for family, figures in found.items()}}

    helps, does_not = [0.1, 0.05, 0.2], [0.0, -0.1, 0.2]
    measured = {
        "one": log(rate=does_not, mix=does_not, installed=does_not),
        "two": log(rate=helps, mix=[0.0, 0.0, 0.0]),
    }
    assert brings_nothing(measured) == ["mix"]

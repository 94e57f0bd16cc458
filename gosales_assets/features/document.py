"""The catalogue on paper: renders ``docs/features.md``.

Run: ``python -m gosales_assets.features.document`` (or ``make docs``) after a change of the
catalogue, and after ``bench_families`` has measured anew what each family brings.
"""

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gosales_assets.feature_families import ALWAYS_ON, READ_ELSEWHERE
from gosales_assets.features.catalog import CATALOG, FAMILIES, NEVER, WINDOWS, Feature
from gosales_assets.features.catalog.feature import period

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "features.md"
GAINS = DOCS / "family_gains.json"

_GROUPS = {
    "The past, of the customer as a whole and within the target": {"all", "div"},
    "The customer as a whole": {"all"},
    "Customer and target": {"div"},
    "The target alone": {"mkt"},
}
_TARGET = "{division}"
_IN_WINDOW = "in the window"

_INTRO = """\
# Features

Everything a model may look at: {count} numbers per customer and target, in {families} families, as
they were known on the day of the cutoff. This page is made from the catalogue
(`gosales_assets/features/catalog`) by `make docs`; edit that, not this. The same catalogue, with
the share of values known in your data, is the table `features.feature_catalog`; how each feature is
spread is in `features.feature_statistics`, drawn in the Dagster UI.

## How to read a name

`family__scope__measure__window`, such as `rfm__div__orders__12m`: orders of the target in the last
12 months. The scope is `all` (the customer, whatever the target), `div` (customer and target) or
`mkt` (the target alone). A window of 3, 6, 12 or 24 months ends with the cutoff, that day included;
`ever` reaches back to the first order, `now` is the state on the day. Below, names stand without
their window where there are several, and `{{all,div}}` stands for both scopes.

*Value* is gross profit where the log has it, else revenue (`value` in the settings). Returns take
from value and units, and are no orders.

## As it was known on the day

Nothing dated after the cutoff exists for a feature: not in the log, not in the installed base, not
in a table beside them. What a side table says counts from its `valid_from`; without one it is a
snapshot of today, and only columns declared `stable` are used (see
[configuration](configuration.md)). No feature depends on calendar years, on today's date, or on how
a division is spelled. Checks compute orders, value and recency anew from order lines cut off at the
cutoff, and compare.

A missing value says something of its own; the tables below say what. Counts are 0, not missing, for
whoever has none. A signal that a log does not have (no installed base, no industries) is missing
for everybody: its coverage is 0, models do without it, and nothing fails.

## Two layers and a matrix

- `features.customer_features`: what is known of a customer (`all`), once per cutoff for all
  targets.
- `features.division_features`: what is known of a customer and one target (`div`, `mkt`), all
  targets of a cutoff in one pass.
- `features.feature_matrix`: both, joined for the candidates of a target. Here, and only here, money
  and quantities count at most up to their winsor cap, so that a few giants do not rule a model.

All three hold 32-bit numbers; sums are made in full before they are cut to that length.

## What is fitted

Some features need something learned first. It is learned per cutoff, from who bought what by then
(`features.customer_past`, `features.division_past`, `features.purchase_gaps`,
`features.product_past`, `features.product_divisions`), and stored with its fit date: rules and
their evidence (`features.affinity_rules`, `features.product_rules`, `features.affinity_evidence`),
winsor caps (`features.winsor_caps`: 99th percentile of those above zero), and in
`features.fitted_statistics` the priors of the eased shares and rates, the buying rates of
industries, regions and reps, the factors of ALS, the BG/NBD model, and how many bought after as
long a wait. Scalers and quantile maps belong to a model and are learned on its training rows only.

## Switching families off

`features.families_off: [name, ...]` in the settings leaves families out: they are not computed,
models neither see nor need them, and the catalogue calls them "off by setting". To switch one on
has all features made anew. {read} is computed all the same, since lists are ranked with it. {stay}
always stay: naive rankings and checks count with them.
"""

_METHOD = """\
The platform's own pooled model, trained with all families and with all but one, on the same rows
with the same seeds. A gain is the figure with the family less the figure without it; the figure is
the mean over divisions and cutoffs, out of time. In brackets the 95 % interval of a paired
bootstrap over customers; bold where it lies above luck. Families share what they know, so that most
could be missed one at a time: the table says what each adds to the others, not what it is worth
alone.

The placebo leaves nothing out; it has the columns in another order, so that the trees draw others.
Its "gain" is luck, and smaller ones say nothing. The intervals are about the customers who are
ranked; what a model that learned from other rows would say is not in them, so that of the small
gains of expansion rows even the sign may turn. A dot stands for a signal that the log does not
have. Models were trained on at most {rows:,} rows with {boosters} boosters, so that two cores take
minutes. `python -m gosales_assets_tests.benchmarks.bench_families` measures it all anew.
"""
_FIGURES = {
    "auc": ("AUC, in thousandths", 1000),
    "lift_10": ("Lift in the best tenth, in hundredths", 100),
}
_COHORTS = {"all": "all customers", "expansion": "expansion"}
PLACEBO, TOGETHER = "placebo", "those off by default, together"


def page(gains: Mapping[str, Any]) -> str:
    """Render the whole page.

    Parameters
    ----------
    gains
        What `bench_families` measured: content of ``docs/family_gains.json``.
    """
    stay = _quoted(sorted(ALWAYS_ON))
    by_family: dict[str, list[Feature]] = defaultdict(list)
    for entry in CATALOG:
        by_family[entry.family].append(entry)
    read = _quoted(sorted(READ_ELSEWHERE))
    parts = [_INTRO.format(count=len(CATALOG), families=len(FAMILIES), stay=stay, read=read)]
    for title, scopes in _GROUPS.items():
        parts.append(f"## {title}\n")
        for family, about in FAMILIES.items():
            if {entry.scope for entry in by_family[family]} == scopes:
                parts.append(_family(family, about, by_family[family]))
    counts: dict[str, int] = {family: len(by_family[family]) for family in FAMILIES}
    return "\n".join([*parts, _measured(gains, counts)])


def brings_nothing(logs: Mapping[str, Any]) -> list[str]:
    """Families that gained nothing on any log: no interval of theirs lies above its luck.

    Luck is what the placebo seems to gain or lose on that log by the same figure. One log alone,
    made up perhaps, is too little to judge by: a family that no other log can have is not named,
    nor are those that always stay.

    Parameters
    ----------
    logs
        ``logs`` of what `bench_families` measured.
    """
    wins: dict[str, list[bool]] = defaultdict(list)
    for of_log in logs.values():
        for family, figures in of_log["gains"].items():
            wins[family].append(any(_is_gain(of_log, family, key) for key in figures))
    judged = set(wins) - {PLACEBO, TOGETHER, *ALWAYS_ON}
    return sorted(f for f in judged if len(wins[f]) > 1 and not any(wins[f]))


def _is_gain(of_log: Mapping[str, Any], family: str, key: str) -> bool:
    """Whether an interval lies above what luck does on the log."""
    low, luck = of_log["gains"][family][key][1], of_log["gains"][PLACEBO][key][0]
    return bool(low > abs(luck))


def _family(family: str, about: str, entries: Sequence[Feature]) -> str:
    heading = ["feature", "meaning", "unit", "window", "missing"]
    return "\n".join(
        [f"### {family}\n", f"{textwrap.fill(about, 100)}\n", *_table(heading, _rows(entries)), ""]
    )


def _rows(entries: Sequence[Feature]) -> Iterator[list[str]]:
    """One row per measure, its scopes and windows gathered where all else is the same."""
    gathered: dict[tuple[str, ...], list[Feature]] = defaultdict(list)
    for entry in entries:
        anyone = entry.meaning.replace(f" of {_TARGET}", "")
        said = anyone.replace(period(entry.window), _IN_WINDOW)
        gathered[entry.measure, said, entry.unit, entry.null_means].append(entry)
    for (measure, _, unit, missing), alike in gathered.items():
        first = alike[0]  # of the customer as a whole, where there are both
        windows = list(dict.fromkeys(entry.window for entry in alike))
        scopes = list(dict.fromkeys(entry.scope for entry in alike))
        scope = scopes[0] if len(scopes) == 1 else f"{{{','.join(scopes)}}}"
        name, said = f"{first.family}__{scope}__{measure}", first.meaning
        if len(windows) > 1:
            said = said.replace(period(first.window), _IN_WINDOW)
        else:
            name = f"{name}__{first.window}"
        never = "never" if missing == NEVER else missing
        yield [f"`{name}`", said.replace(_TARGET, "the target"), unit, _spans(windows), never]


def _spans(windows: Sequence[str]) -> str:
    months = [str(WINDOWS[window]) for window in windows if window in WINDOWS]
    others = [window for window in windows if window not in WINDOWS]
    return ", ".join([*([f"{', '.join(months)} months"] if months else []), *others])


def _measured(gains: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    logs = gains["logs"]
    parts = ["## What each family brings\n", _METHOD.format(**next(iter(logs.values())))]
    parts += [f"- {log}: {_size(of_log)}" for log, of_log in logs.items()]
    parts.append(f"\n{_verdict(gains)}")
    columns = [(log, cohort, words) for log in logs for cohort, words in _COHORTS.items()]
    left_out = [PLACEBO, *counts, *([TOGETHER] if gains["off"] else [])]
    for metric, (title, scale) in _FIGURES.items():
        heading = ["left out", "features", *(f"{log}, {words}" for log, _, words in columns)]
        keys = [(logs[log], f"{cohort} {metric}") for log, cohort, _ in columns]
        whole = [f"{of_log['everything'][key]:.3f}" for of_log, key in keys]
        rows = [["nothing: the figure itself", str(sum(counts.values())), *whole]]
        for family in left_out:
            shown = [_gain(of_log, family, key, scale) for of_log, key in keys]
            rows.append([family, str(counts.get(family, "")), *shown])
        parts += [f"### {title}\n", *_table(heading, rows), ""]
    return "\n".join(parts)


def _size(of_log: Mapping[str, Any]) -> str:
    customers, targets = of_log["customers"], of_log["divisions"]
    return f"{customers:,} customers, {targets} targets, cutoffs {_listed(of_log['cutoffs'])}"


def _verdict(gains: Mapping[str, Any]) -> str:
    nothing = brings_nothing(gains["logs"])
    if not gains["off"]:
        return "No family is off by default: each brings something on some log.\n"
    said = (
        f"**Off by default: {_quoted(gains['off'])}.** Measured on more than one log, and nowhere "
        "does an interval lie above what luck does there; nor does one of all together lie above "
        "zero (the last row). A family that only one log can have is not judged by it, and stays "
        "where it is given. The choice was made on these very cutoffs, so that what it wins is "
        "mildly flattered. "
    )
    kept = [family for family in nothing if family not in gains["off"]]
    if kept:
        said += f"{_quoted(kept)} alone would not be missed either, but together with these."
    return f"{textwrap.fill(said, 100)}\n"


def _gain(of_log: Mapping[str, Any], family: str, key: str, scale: int) -> str:
    if family not in of_log["gains"]:
        return "·"
    gain, low, high = (scale * figure for figure in of_log["gains"][family][key])
    shown = f"{gain:+.1f} ({low:+.1f} to {high:+.1f})"
    return f"**{shown}**" if _is_gain(of_log, family, key) else shown


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heading, ["---"] * len(heading), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _quoted(words: Iterable[str]) -> str:
    return _listed(f"`{word}`" for word in words)


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def main() -> None:
    """Write ``docs/features.md``."""
    gains = json.loads(GAINS.read_text(encoding="utf-8"))
    PAGE.write_text(page(gains), encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()

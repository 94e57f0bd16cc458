"""Whether what the models look at most still looks as it did when they learned."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from gosales_assets.drift.alerts import Alert, Severity
from gosales_assets.drift.distances import Floats, ks, psi
from gosales_assets.drift.scores import ENOUGH_ROWS, STRONG_FACTOR
from gosales_assets.features.catalog import plain_words
from gosales_assets.settings import Drift

TOP_FEATURES = 10
# These are estimated anew at each cutoff: their values move without anything having happened.
ESTIMATED = {"affinity", "lifetime", "market", "mix", "profile", "rate", "similarity"}
# Looked at in any case, after the model's own: they show whether orders still arrive as they did.
VITAL = [
    "rfm__div__orders__12m",
    "recency__div__days__ever",
    "rfm__all__orders__12m",
    "recency__all__days__ever",
]
# A feature that told this share of the customers apart, and now tells nobody, was lost on the way.
TOLD_APART = 0.05


def top_features(card: dict[str, Any], columns: Sequence[str]) -> list[str]:
    """Features that moved the model of a card most, best first, and a few vital ones.

    Only what is counted from a customer's own past: see ``ESTIMATED``.
    """
    drivers = [str(driver["input"]) for driver in card.get("drivers", [])]
    counted = [
        name
        for name in dict.fromkeys([*drivers, *VITAL])
        if name in columns and name.split("__")[0] not in ESTIMATED
    ]
    return counted[:TOP_FEATURES]


def feature_alerts(
    reference: pl.DataFrame,
    current: pl.DataFrame,
    division: str | None,
    since: str,
    limits: Drift,
) -> Iterator[Alert]:
    """Compare features of one division, column by column, with those of another cutoff.

    Customers grow older and a log grows longer, so that features move with time alone: past a
    threshold is worth knowing (info), past both at twice their height worth a look (warn). Hard is
    only a feature that told customers apart and now is the same for all.

    Parameters
    ----------
    reference, current
        The same columns; missing values count as a value of their own, below all others.
    division
        None where the features are about customers as a whole.
    since
        Words for the other cutoff, such as "the previous cutoff 2024-09-30".
    """
    if min(reference.height, current.height) < ENOUGH_ROWS:
        return
    for name in reference.columns:
        before, now = _filled(reference[name], current[name])
        if np.ptp(before) == 0 and np.ptp(now) == 0:
            continue
        about = f" of {division}" if division else ""
        words = plain_words(name).replace("{division}", division or "the division")
        if np.ptp(now) == 0 and _told_apart(before) >= TOLD_APART:
            yield Alert(
                division,
                f"feature {name} lost since {since}",
                "hard",
                0.0,
                TOLD_APART,
                f'"{words}" is the same for all customers{about}; on {since} it told '
                f"{_told_apart(before):.0%} of them apart.",
                "Look for a file, a column or a side table that is no longer delivered.",
            )
            continue
        yield from _moved(name, words, before, now, division, since, limits)


def _moved(
    name: str,
    words: str,
    before: Floats,
    now: Floats,
    division: str | None,
    since: str,
    limits: Drift,
) -> Iterator[Alert]:
    found = {"PSI": (psi(before, now), limits.psi), "KS": (ks(before, now), limits.ks)}
    excess = {which: figure / limit for which, (figure, limit) in found.items()}
    leading = max(excess, key=lambda which: excess[which])
    if excess[leading] <= 1:
        return
    severity: Severity = "warn" if min(excess.values()) > STRONG_FACTOR else "info"
    figure, limit = found[leading]
    yield Alert(
        division,
        f"feature {name}: {leading} against {since}",
        severity,
        figure,
        limit,
        f'"{words}" has moved since {since}: mean {before.mean():.2f} then, {now.mean():.2f} now '
        f"(PSI {found['PSI'][0]:.2f}, KS {found['KS'][0]:.2f}).",
        "The models go by it much: see whether the customers changed, or how it is recorded.",
    )


def _filled(before: pl.Series, now: pl.Series) -> tuple[Floats, Floats]:
    """Both as numbers, with one value below all others for what is missing."""
    lowest = pl.concat([before, now]).min()
    missing = (float(str(lowest)) if lowest is not None else 0.0) - 1.0
    return tuple(s.cast(pl.Float64).fill_null(missing).to_numpy() for s in (before, now))  # type: ignore[return-value]


def _told_apart(values: Floats) -> float:
    """Share of the values that are not the most common one."""
    counts = np.unique(values, return_counts=True)[1]
    return float(1 - counts.max() / values.size)

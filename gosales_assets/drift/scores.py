"""Whether scores, and what came of them, still look like what the models learned on."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from gosales_assets.drift.alerts import Alert, Severity
from gosales_assets.drift.distances import Floats, ks, psi
from gosales_assets.settings import Drift

# Under this many scores on either side, PSI and KS mostly measure chance.
ENOUGH_ROWS = 200
SEVERITIES: tuple[Severity, ...] = ("info", "warn", "hard")
STRONG_FACTOR = 2.0
LEVEL_RATIO = 1.5
# The promotion gate's ceiling: probabilities further off than this must not be used as such.
HARD_CALIBRATION = 0.10
PREVALENCE_RATIO = 1.5
SURE = 3.0  # standard errors
# Fewer expected buyers than this may be none by chance.
ENOUGH_EXPECTED = 10.0


@dataclass(frozen=True)
class Training:
    """What a division's model learned on: its latest closed slice."""

    slice: str
    base_rate: float
    positives: int


@dataclass(frozen=True)
class Rate:
    """How many of how many candidates bought in a window that has closed."""

    rows: int
    buyers: float


def score_alerts(
    reference: Floats,
    current: Floats,
    division: str,
    since: str,
    limits: Drift,
    rates: Sequence[Rate] = (),
    calibrated_on: int | None = None,
) -> Iterator[Alert]:
    """Compare the scores of one division with those of another cutoff.

    Models are refitted at each cutoff, and with few buyers a refit alone moves the shape of the
    scores, and their mean as far as buying rates have moved. So passing a threshold is worth
    knowing (info); passing both at twice their height, or a mean unlike any buying rate seen so
    far, is worth a look (warn); both together are hard.

    Parameters
    ----------
    since
        Words for the other cutoff, such as "the previous cutoff 2024-09-30".
    rates
        Buying rates of the closed windows known by then; without any, the mean of ``reference``
        stands in.
    calibrated_on
        Buyers that the current scores were calibrated on: their level is no surer than that.
    """
    if min(reference.size, current.size) < ENOUGH_ROWS:
        return
    found = {
        "PSI": (psi(reference, current), limits.psi),
        "KS": (ks(reference, current), limits.ks),
    }
    excess = {name: figure / limit for name, (figure, limit) in found.items()}
    leading = max(excess, key=lambda name: excess[name])
    if excess[leading] <= 1:
        return
    strong = min(excess.values()) > STRONG_FACTOR
    seen = rates or [Rate(reference.size, float(reference.sum()))]
    severity = SEVERITIES[strong + level_unheard_of(current, seen, calibrated_on)]
    figure, limit = found[leading]
    yield Alert(
        division,
        f"scores: {leading} against {since}",
        severity,
        figure,
        limit,
        f"Scores of {division} have moved since {since}: mean {reference.mean():.3f} then, "
        f"{current.mean():.3f} now (PSI {found['PSI'][0]:.2f}, KS {found['KS'][0]:.2f}).",
        "See whether the customers or the model changed: compare the feature statistics of both "
        "cutoffs before using these scores.",
    )


def level_unheard_of(
    current: Floats, rates: Sequence[Rate], calibrated_on: int | None = None
) -> bool:
    """Whether the mean score lies outside all buying rates seen, by more than chance explains.

    Outside: half as much again above the highest rate, or as much below the lowest. The log of a
    rate has a standard error of 1 / sqrt(buyers); the scores' mean has that of the buyers it was
    calibrated on, or of as many as are expected where these are fewer.
    """
    mean, expected = float(current.mean()), float(current.sum())
    behind = expected if calibrated_on is None else min(expected, float(calibrated_on))
    known = [rate for rate in rates if rate.rows > 0]
    if not known:
        return False
    highest = max(known, key=lambda rate: rate.buyers / rate.rows)
    lowest = min(known, key=lambda rate: rate.buyers / rate.rows)
    if behind <= 0:
        return expected <= 0 and lowest.buyers > ENOUGH_EXPECTED
    if highest.buyers <= 0:
        return expected > ENOUGH_EXPECTED
    return any(
        rate.buyers > 0
        and sign * math.log(mean * rate.rows / rate.buyers)
        > max(math.log(LEVEL_RATIO), SURE * math.sqrt(1 / behind + 1 / rate.buyers))
        for rate, sign in ((highest, 1), (lowest, -1))
    )


def prevalence_alerts(
    rows: int, positives: int, training: Training, division: str
) -> Iterator[Alert]:
    """Compare how many bought in a closed window with how many did in the training slice."""
    expected = training.base_rate * rows
    if expected < ENOUGH_EXPECTED:
        return
    ratio = positives / expected
    # The rate itself was learned from few buyers, which adds to what chance explains.
    error = math.sqrt(expected * (1 - training.base_rate) + expected**2 / training.positives)
    surprising = abs(positives - expected) > SURE * error
    about = f"{positives} of {rows} bought {division}; {expected:.0f} would have at the rate of "
    if positives == 0:
        yield Alert(
            division,
            "prevalence",
            "hard",
            0.0,
            1 / PREVALENCE_RATIO,
            f"Nobody bought {division} in the window; {expected:.0f} were expected.",
            "Check whether the division was withdrawn or renamed, or its lines are missing.",
        )
    elif surprising and not 1 / PREVALENCE_RATIO <= ratio <= PREVALENCE_RATIO:
        yield Alert(
            division,
            "prevalence",
            "warn",
            ratio,
            PREVALENCE_RATIO if ratio > 1 else 1 / PREVALENCE_RATIO,
            f"{about}the training slice {training.slice}.",
            "Expect probabilities to be off; retrain on newer cutoffs as soon as they close.",
        )


def calibration_alerts(
    calibration_error: float, gains: pl.DataFrame, division: str, limits: Drift
) -> Iterator[Alert]:
    """Judge how far probabilities were off, beyond what chance alone would show.

    After calibration the training slice has an error of about nothing, so that the threshold is
    the error itself, less `expected_by_chance`.
    """
    excess = calibration_error - expected_by_chance(gains)
    if excess > limits.calibration:
        yield Alert(
            division,
            "calibration",
            "hard" if excess > HARD_CALIBRATION else "warn",
            excess,
            limits.calibration,
            f"The probabilities of {division} were off by {calibration_error:.3f} on average, "
            f"{excess:.3f} more than chance explains.",
            "Trust the order of the list, not its probabilities, until it is calibrated on a "
            "newer cutoff.",
        )


def expected_by_chance(gains: pl.DataFrame) -> float:
    """Calibration error that perfect probabilities would show in samples of this size.

    Mean over the deciles, by count, of E|p - rate| = sqrt(2 / pi) * sqrt(p (1 - p) / rows).
    """
    p, rows = pl.col("mean_score"), pl.col("rows")
    noise = (2 / math.pi * p * (1 - p) / rows).sqrt()
    return float(gains.select((rows * noise).sum() / rows.sum()).item())


def unscored_alerts(unscored: pl.DataFrame) -> Iterator[Alert]:
    """One alert per division of ``scores.unscored``: it has no list at this cutoff."""
    for row in unscored.sort("division").iter_rows(named=True):
        yield Alert(
            division=row["division"],
            alert="division not scored",
            severity="warn",
            figure=1.0,
            threshold=0.0,
            message=f"{row['reason']}.",
            action="Clear this up, or leave the division out; the others have their scores.",
        )

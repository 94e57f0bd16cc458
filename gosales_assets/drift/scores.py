"""Whether scores, and what came of them, still look like what the models learned on."""

import math
from collections.abc import Iterator
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


def score_alerts(
    reference: Floats, current: Floats, division: str, since: str, limits: Drift
) -> Iterator[Alert]:
    """Compare the scores of one division with those of another cutoff.

    Models are refitted at each cutoff, and with few buyers a refit alone moves the shape of the
    scores. So passing a threshold is worth knowing (info); passing both at twice their height, or
    a mean that moved more than chance explains, is worth a look (warn); both together are hard.

    Parameters
    ----------
    since
        Words for the other cutoff, such as "the previous cutoff 2024-09-30".
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
    severity = SEVERITIES[strong + level_moved(reference, current)]
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


def level_moved(reference: Floats, current: Floats) -> bool:
    """Whether the mean score moved by half or more, and by more than chance explains.

    The level is calibrated on about as many buyers as the scores add up to, so that its log has a
    standard error of 1 / sqrt(buyers) on either side.
    """
    buyers = reference.sum(), current.sum()
    if min(buyers) <= 0:
        return max(buyers) > ENOUGH_EXPECTED
    moved = abs(math.log(current.mean() / reference.mean()))
    chance = math.hypot(*(1 / math.sqrt(count) for count in buyers))
    return bool(moved > max(math.log(LEVEL_RATIO), SURE * chance))


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

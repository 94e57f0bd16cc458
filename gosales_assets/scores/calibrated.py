"""Whether probabilities add up to what happened."""

import polars as pl

TOLERANCE = 1 / 3
ERRORS = 3


def calibrated_in_the_large(scores: pl.Series, labels: pl.Series) -> str | None:
    """Say how the expected and the actual number of buyers differ; None where they agree.

    They agree within a third of the expected number, or within three standard errors,
    sqrt(sum p (1 - p)), whichever is wider. Without scores or labels there is nothing to say.
    """
    if scores.is_empty() or labels.is_empty():
        return None
    expected, happened = float(scores.sum()), int(labels.sum())
    error = float((scores * (1 - scores)).sum()) ** 0.5
    if abs(happened - expected) <= max(TOLERANCE * expected, ERRORS * error):
        return None
    return f"{expected:.1f} buyers expected, {happened} bought"

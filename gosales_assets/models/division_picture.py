"""A picture of one division's gains and reliability, written as SVG.

Plain text takes a millisecond, a drawing library a tenth of a second: there is one per version.
"""

from collections.abc import Sequence
from html import escape

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.models.metrics import sigmoid

SIZE, GAP = 240, 60
BINS = 10
STEPS = 50  # points of the gains curve

Points = Sequence[tuple[float, float]]


def division_picture(judged: pl.DataFrame, title: str) -> str:
    """Draw who is reached first, and how probabilities compare with what happened.

    Parameters
    ----------
    judged
        Selection rows of one division with ``label, final`` (raw log odds, before calibration).
    """
    labels = judged["label"].to_numpy().astype(np.float64)
    raw = judged["final"].to_numpy()
    reliability = _reliability(sigmoid(raw), labels)
    top = max((max(point) for point in reliability), default=0.0) or 1.0
    panels = [
        _panel(0, "Gains", "share of customers called", "share of buyers reached")
        + _line(0, _gains(raw, labels), 1.0),
        _panel(1, "Reliability", f"probability before calibration (0 to {top:.0%})", "share bought")
        + _line(1, reliability, top),
    ]
    width, height = 2 * SIZE + 3 * GAP, SIZE + 2 * GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{GAP}" y="20" font-size="14">{escape(title)}</text>{"".join(panels)}</svg>\n'
    )


def _gains(raw: NDArray[np.float64], labels: NDArray[np.float64]) -> Points:
    """Share of customers and share of buyers among the best; ties count with their mean outcome."""
    order = np.argsort(-raw, kind="stable")
    _, tie = np.unique(-raw[order], return_inverse=True)
    mean = (np.bincount(tie, labels[order]) / np.bincount(tie))[tie]
    reached = np.concatenate([[0.0], np.cumsum(mean)]) / max(1.0, float(labels.sum()))
    at = np.unique(np.linspace(0, len(labels), STEPS + 1).astype(np.int64))
    return [(float(n) / max(1, len(labels)), float(reached[n])) for n in at]


def _reliability(p: NDArray[np.float64], labels: NDArray[np.float64]) -> Points:
    parts = np.array_split(np.argsort(p, kind="stable"), BINS)
    return [(float(p[part].mean()), float(labels[part].mean())) for part in parts if len(part)]


def _panel(number: int, title: str, below: str, beside: str) -> str:
    left, bottom = _at(number, 0, 0)
    right, top = _at(number, 1, 1)
    middle = (left + right) / 2
    return (
        f'<text x="{middle}" y="{top - 8}" text-anchor="middle">{title}</text>'
        f'<text x="{middle}" y="{bottom + 20}" text-anchor="middle">{below}</text>'
        f'<text transform="translate({left - 10} {(top + bottom) / 2}) rotate(-90)" '
        f'text-anchor="middle">{beside}</text>'
        f'<rect x="{left}" y="{top}" width="{SIZE}" height="{SIZE}" fill="none" stroke="black"/>'
        f'<line x1="{left}" y1="{bottom}" x2="{right}" y2="{top}" stroke="grey" '
        'stroke-dasharray="2 4"/>'
    )


def _line(number: int, points: Points, top: float) -> str:
    placed = " ".join("{:.1f},{:.1f}".format(*_at(number, x / top, y / top)) for x, y in points)
    return f'<polyline points="{placed}" fill="none" stroke="#1f77b4" stroke-width="2"/>'


def _at(number: int, x: float, y: float) -> tuple[float, float]:
    """Where a share of a panel's width and height is in the picture."""
    return GAP + number * (SIZE + GAP) + x * SIZE, GAP + (1 - y) * SIZE

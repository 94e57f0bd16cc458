"""How well attributes tell which prospects buy: AUC and log loss beside the base rate's."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALL = ""  # stands for all divisions together
_TAIL = 2.5  # per cent on either side of the 95 % intervals


def judge(judged: pl.DataFrame, replicates: int, seed: int) -> dict[str, dict[str, Any]]:
    """Judge log odds per division, and of all divisions together.

    Parameters
    ----------
    judged
        Rows that were not learned from: division, customer_id, label, ``weight`` (rows that it
        stands for), ``logit`` of the model and ``naive`` (of the base rate); sorted by division
        and customer.
    replicates
        Bootstrap samples of companies, each with all its rows, behind the 95 % intervals.

    Returns
    -------
    dict
        Division, or `ALL` -> rows, positives, auc (a base rate alone has .5), log_loss,
        naive_log_loss, ``gain`` (how much lower the model's log loss is, in nats per row), and
        auc_low, auc_high, gain_low, gain_high. None: not defined, as only one outcome occurred.
        Empty without rows.
    """
    if judged.is_empty():
        return {}
    company = judged["customer_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    divisions = judged["division"].to_numpy()
    parts = {ALL: np.arange(judged.height)} | {
        name: np.flatnonzero(divisions == name) for name in judged["division"].unique().sort()
    }
    rows = {name: _Rows(judged[part]) for name, part in parts.items()}
    random, companies = np.random.default_rng(seed), int(company.max()) + 1
    drawn: dict[str, list[tuple[float, float]]] = {name: [] for name in parts}
    for _ in range(replicates):
        sample = random.integers(companies, size=companies)
        times = np.bincount(sample, minlength=companies).astype(np.float64)[company]
        for name, part in parts.items():
            drawn[name].append(rows[name].figures(times[part]))
    return {name: rows[name].about() | _intervals(drawn[name]) for name in parts}


class _Rows:
    """Rows that are judged together, laid out for weighing them again and again."""

    def __init__(self, judged: pl.DataFrame) -> None:
        self.labels = judged["label"].to_numpy().astype(np.float64)
        self.weights = judged["weight"].to_numpy()
        self.losses = _losses(judged["logit"].to_numpy(), self.labels)
        self.naive_losses = _losses(judged["naive"].to_numpy(), self.labels)
        self.places = judged["logit"].rank("dense").cast(pl.Int64).to_numpy()

    def figures(self, times: Floats) -> tuple[float, float]:
        """AUC and gain where each row is drawn so many ``times``; NaN: not defined.

        The AUC is the share of pairs of a buyer and another in which the buyer is ranked higher,
        ties counting half.
        """
        weights = self.weights * times
        buyers = np.bincount(self.places, weights * self.labels)
        others = np.bincount(self.places, weights * (1 - self.labels))
        pairs, total = buyers.sum() * others.sum(), weights.sum()
        won = float(np.sum(buyers * (np.cumsum(others) - others / 2)))
        gain = float(np.sum(weights * (self.naive_losses - self.losses)))
        return (won / pairs if pairs else np.nan, gain / total if total else np.nan)

    def about(self) -> dict[str, Any]:
        """Figures of the rows as they are."""
        area, gain = self.figures(np.ones(len(self.labels)))
        return {
            "rows": round(float(self.weights.sum())),
            "positives": int(self.labels.sum()),
            "auc": _figure(area),
            "log_loss": _figure(float(np.average(self.losses, weights=self.weights))),
            "naive_log_loss": _figure(float(np.average(self.naive_losses, weights=self.weights))),
            "gain": _figure(gain),
        }


def _losses(logits: Floats, labels: Floats) -> Floats:
    """Negative log likelihood of each row."""
    losses: Floats = np.logaddexp(0, logits) - labels * logits
    return losses


def _intervals(drawn: list[tuple[float, float]]) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, values in zip(("auc", "gain"), np.array(drawn).T, strict=True):
        defined = values[~np.isnan(values)]
        ends = np.percentile(defined, [_TAIL, 100 - _TAIL]) if defined.size else [np.nan, np.nan]
        found |= {f"{name}_low": _figure(ends[0]), f"{name}_high": _figure(ends[1])}
    return found


def _figure(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)

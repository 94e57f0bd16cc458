"""Whether scores of closed cutoffs rank better than counting, beyond chance: a paired bootstrap.

Run: ``python -m gosales_assets_tests.benchmarks.paired_auc HOME CUTOFF [CUTOFF ...]``

For each cutoff of a finished home folder and for all customers and expansion alone: the mean over
divisions of the AUC of the scores, less that of a ranking by divisions owned and of one by the last
order (of the division, else of anything). Customers are drawn 500 times with replacement, the same
for both rankings; the interval holds 95 % of the differences. Divisions with fewer than 10 buyers
are left out.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.labels.contract import LABELS
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.tables import Table

DRAWS, BUYERS = 500, 10
KEYS = ["division", "customer_id"]
COLUMNS = {
    "owned": "diversity__all__divisions_owned__ever",
    "days": "recency__div__days__ever",
    "days_of_anything": "recency__all__days__ever",
}
LONG_AGO = 100_000  # days: later than nobody

Floats = NDArray[np.float64]


def rows_of(home: Path, cutoff: str) -> pl.DataFrame:
    """Scored customers of a cutoff with their outcome, and what the counting rankings go by."""

    def part(table: Table, columns: list[str]) -> pl.DataFrame:
        files = home / "lake" / table.name.replace(".", "/") / f"cutoff={cutoff}"
        found = pl.scan_parquet(files / "**/part.parquet", hive_partitioning=False)
        return found.select(*KEYS, *columns).collect()

    features = part(FEATURE_MATRIX, list(COLUMNS.values())).rename(
        {name: short for short, name in COLUMNS.items()}
    )
    days, anything = (
        pl.col(name).cast(pl.Float64).fill_null(LONG_AGO) for name in ("days", "days_of_anything")
    )
    return (
        part(ICP_SCORES, ["icp_score", "cohort"])
        .join(part(LABELS, ["label"]), on=KEYS)
        .join(features, on=KEYS)
        .select(
            *KEYS,
            "cohort",
            "label",
            "icp_score",
            pl.col("owned").cast(pl.Float64) - anything / (10 * LONG_AGO),
            recency=-(days + anything / (10 * LONG_AGO)),
        )
        .sort(KEYS)
    )


def resampled_auc(scores: Floats, labels: Floats, weights: Floats) -> Floats:
    """AUC with weighted rows, one figure per row of ``weights``; ties count half."""
    order = np.argsort(scores, kind="stable")
    _, starts = np.unique(scores[order], return_index=True)
    labels, weights = labels[order], weights[:, order]
    buyers = np.add.reduceat(weights * labels, starts, axis=1)
    others = np.add.reduceat(weights * (1 - labels), starts, axis=1)
    below = np.cumsum(others, axis=1) - others
    won = (buyers * (below + others / 2)).sum(axis=1)
    return won / (buyers.sum(axis=1) * others.sum(axis=1))


def leads(rows: pl.DataFrame, seed: int = 1) -> dict[str, Floats]:
    """Mean AUC of the scores and its lead over each ranking: as it is first, then as drawn."""
    customers = rows["customer_id"].unique().sort()
    draw = np.random.default_rng(seed)
    drawn = draw.multinomial(len(customers), np.full(len(customers), 1 / len(customers)), DRAWS)
    weights = np.vstack([np.ones(len(customers)), drawn])
    found: dict[str, list[Floats]] = {"icp_score": [], "owned": [], "recency": []}
    for _, own in rows.group_by("division", maintain_order=True):
        labels = own["label"].to_numpy().astype(np.float64)
        if labels.sum() < BUYERS or labels.sum() == len(labels):
            continue
        places = customers.search_sorted(own["customer_id"]).to_numpy()
        for name, figures in found.items():
            scores = own[name].to_numpy().astype(np.float64)
            figures.append(resampled_auc(scores, labels, weights[:, places]))
    means = {name: np.nanmean(figures, axis=0) for name, figures in found.items()}
    ours = means.pop("icp_score")
    return {"model": ours} | {name: ours - other for name, other in means.items()}


def main(home: Path, cutoffs: list[str]) -> None:
    """Print the leads."""
    for cutoff in cutoffs:
        rows = rows_of(home, cutoff)
        for cohort in ("all", "expansion"):
            own = rows if cohort == "all" else rows.filter(pl.col("cohort") == cohort)
            shown = []
            for name, figures in leads(own).items():
                low, high = np.quantile(figures[1:], [0.025, 0.975])
                less = "" if name == "model" else "less "
                shown.append(f"{less}{name} {figures[0]:.3f} [{low:.3f}, {high:.3f}]")
            print(f"{cutoff} {cohort}: {'; '.join(shown)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

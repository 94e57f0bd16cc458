"""One logistic regression for all divisions: ranks of the features, an intercept per division.

Interactions of ownership and base rate with the strongest counts were tried on two years of real
orders and left out: most variants ranked worse at the next cutoff (one of them .781 to .775 AUC),
as they follow the season of their training.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gosales_assets.models.inputs import Inputs

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

QUANTILES = 100
QUANTILE_ROWS = 20_000
PIECE = 20_000  # rows that are judged at a time
PENALTY = 0.001  # sklearn's C: a strong pull to zero, as the features are many and alike


def logistic_pipeline(inputs: Inputs, seed: int) -> "Pipeline":
    """Build the pipeline: normal scores and missing flags, one-hot divisions, logistic regression.

    Normal scores (quantile maps learned on at most 20,000 rows) make one weight fit counts, money
    and days alike; a missing value counts as the median and has a flag beside it. Everything is
    then brought to unit variance, so that the penalty treats all alike.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

    count = len(inputs.usable)
    normal_scores = QuantileTransformer(
        n_quantiles=QUANTILES,
        output_distribution="normal",
        subsample=QUANTILE_ROWS,
        random_state=seed,
    )
    numbers = Pipeline(
        [
            ("normal_scores", normal_scores),
            ("missing", SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True)),
        ]
    )
    codes = [list(map(float, range(len(inputs.divisions))))]
    return Pipeline(
        [
            (
                "inputs",
                ColumnTransformer(
                    [
                        ("numbers", numbers, list(range(count))),
                        (
                            "division",
                            OneHotEncoder(categories=codes, sparse_output=False),
                            [count],
                        ),
                        ("base_rate", "passthrough", [count + 1]),
                    ]
                ),
            ),
            ("scale", StandardScaler()),
            (
                "logistic",
                LogisticRegression(C=PENALTY, solver="newton-cholesky", max_iter=100, tol=1e-6),
            ),
        ]
    )


def fit_logistic(
    inputs: Inputs, numbers: NDArray[np.float32], labels: NDArray[np.float64], seed: int
) -> "Pipeline":
    """Fit on training rows; one BLAS thread, so that sums are the same on every machine size."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        return logistic_pipeline(inputs, seed).fit(numbers.astype(np.float64), labels)


def logistic_logits(
    pipeline: "Pipeline", numbers: NDArray[np.float32], threads: int
) -> NDArray[np.float64]:
    """Log odds of a purchase for each row; pieces of fixed size, several at a time."""
    from threadpoolctl import threadpool_limits

    starts = range(0, len(numbers), PIECE)

    def piece(start: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = pipeline.decision_function(
            numbers[start : start + PIECE].astype(np.float64)
        )
        return found

    with threadpool_limits(limits=1), ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        return np.concatenate([np.empty(0), *pool.map(piece, starts)])

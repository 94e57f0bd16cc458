"""One logistic regression for all divisions: normal scores of the features, division intercepts.

Interactions of ownership and base rate with the strongest counts were tried on two years of real
orders and left out: most variants ranked worse at the next cutoff (one of them .781 to .775 AUC),
as they follow the season of their training.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gosales_assets.models.hyperparameters import MEASURED
from gosales_assets.models.inputs import Inputs, Numbers
from gosales_assets.models.pieces import by_pieces

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]


def logistic_pipeline(inputs: Inputs, penalty: float = MEASURED.penalty) -> "Pipeline":
    """Build the pipeline: one-hot divisions, unit variance, logistic regression.

    It sees the normal scores only (``inputs.relative``): so one weight fits counts, money and days
    alike. A missing value counts as the median; flags for it were tried and cost up to .02 AUC, as
    they change with the length of the history. Everything is brought to unit variance, so that
    the penalty treats all alike.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    count = len(inputs.usable)
    codes = [list(map(float, range(len(inputs.divisions))))]
    missing = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    encoder = OneHotEncoder(categories=codes, sparse_output=False)
    transformers = [
        ("scores", missing, list(range(count))),
        ("division", encoder, [count]),
    ]
    return Pipeline(
        [
            ("inputs", ColumnTransformer(transformers)),
            ("scale", StandardScaler()),
            (
                "logistic",
                LogisticRegression(C=penalty, solver="newton-cholesky", max_iter=100, tol=1e-6),
            ),
        ]
    )


def fit_logistic(
    inputs: Inputs, numbers: Numbers, labels: Floats, penalty: float = MEASURED.penalty
) -> "Pipeline":
    """Fit on training rows; one BLAS thread, so that sums are the same on every machine size."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    seen = numbers[:, inputs.relative].astype(np.float64, order="C")
    with threadpool_limits(limits=1):
        return logistic_pipeline(inputs, penalty).fit(seen, labels)


def logistic_logits(pipeline: "Pipeline", inputs: Inputs, numbers: Numbers, threads: int) -> Floats:
    """Log odds of a purchase for each row; pieces of fixed size, several at a time.

    The pipeline's own arithmetic without its copies: what it does to a number is linear.
    """
    from threadpoolctl import threadpool_limits

    weights, start = _weights(pipeline)
    count, found = len(inputs.usable), np.empty(len(numbers))

    def judge(piece: slice) -> None:
        codes = numbers[piece, 2 * count].astype(np.intp)
        found[piece] = _scores(numbers[piece, count : 2 * count]) @ weights[:count]
        found[piece] += weights[count:][codes] + start

    with threadpool_limits(limits=1):
        by_pieces(judge, len(numbers), threads)
    return found


def linear_terms(pipeline: "Pipeline", inputs: Inputs, numbers: Numbers) -> Iterator[Floats]:
    """What each feature adds to a row's log odds: weight times distance from the training mean.

    Feature by feature, in the order of ``inputs.usable``. A missing value counts as the median, as
    in the pipeline.
    """
    weights, _ = _weights(pipeline)
    means, count = pipeline.named_steps["scale"].mean_, len(inputs.usable)
    for position in range(count):
        found = _scores(numbers[:, count + position])
        found -= means[position]
        found *= weights[position]
        yield found


def _weights(pipeline: "Pipeline") -> tuple[Floats, float]:
    """Weights of the scores and of the divisions' ones, and what to add."""
    scaler, model = pipeline.named_steps["scale"], pipeline.named_steps["logistic"]
    weights: Floats = model.coef_[0] / scaler.scale_
    return weights, float(model.intercept_[0] - scaler.mean_ @ weights)


def _scores(numbers: Numbers) -> Floats:
    """Normal scores of features, the median for what is missing."""
    scores = numbers.astype(np.float64)
    np.copyto(scores, 0.0, where=np.isnan(numbers))
    return scores

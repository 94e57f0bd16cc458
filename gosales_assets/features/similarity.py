"""Which customers resemble the buyers of a target: implicit ALS, and item-based neighbours.

Only the item factors are fitted and stored; a customer's factors follow from them and the
customer's own purchases in closed form (Hu, Koren, Volinsky 2008, equation 4). Raw factors are
no features: they rotate from fit to fit, dot products do not.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gosales_assets.features.holdings import Array

REGULARIZATION = 20.0
"""Strong, for there are few items: with less, spare factors copy each customer's own purchases."""
CONFIDENCE = 1.0
NEIGHBOURS = 20
MOST_CUSTOMERS = 5_000
"""Item factors are fitted on so many customers at most: there are few items to place, and the
regularization weighs less the more customers there are."""
_FEWEST = 2
_AT_ONCE = 20_000


def fit_item_factors(months: Array, factors: int, iterations: int, seed: int) -> Array | None:
    """Fit ALS item factors on distinct order months per customer and item.

    Of more than 5,000 customers as many are drawn with ``seed``.

    Parameters
    ----------
    months
        Customers x items, distinct months with an order.
    factors
        Latent factors wanted; at most half as many as items bought, for more would only copy
        the purchases back. 0 turns ALS off.

    Returns
    -------
    Items x factors; ``None`` when turned off, or when fewer than two customers or items have any
    purchase.
    """
    if len(months) > MOST_CUSTOMERS:
        drawn = np.random.default_rng(seed).choice(len(months), MOST_CUSTOMERS, replace=False)
        months = months[np.sort(drawn)]
    bought = (months > 0).any(axis=0)
    enough = min(int((months > 0).any(axis=1).sum()), int(bought.sum())) >= _FEWEST
    if factors == 0 or not enough:
        return None
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    confidence = np.where(months > 0, 1.0 + CONFIDENCE * months, 0.0).astype(np.float32)
    # The limit has to be set after the import, which brings a BLAS of its own.
    with threadpool_limits(1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=max(1, min(factors, int(bought.sum()) // 2)),
            regularization=REGULARIZATION,
            iterations=iterations,
            num_threads=1,  # the order of summation, and so the factors, must not vary
            random_state=seed,
            use_cg=False,
        )
        model.fit(csr_matrix(confidence), show_progress=False)
    return np.where(
        np.asarray(bought)[:, None], np.asarray(model.item_factors, dtype=np.float64), 0.0
    )


def als_scores(months: Array, item_factors: Array) -> Array:
    """Score customers x items: toward 1 for what fits the customer's purchases, toward 0 else.

    With confidence c = 1 + weight on what was bought, customer factors solve
    (Y'Y + sum w y y' + reg I) x = sum c y.
    """
    items, size = item_factors.shape
    outer = (item_factors[:, :, None] * item_factors[:, None, :]).reshape(items, size * size)
    ground = item_factors.T @ item_factors + REGULARIZATION * np.eye(size)
    scores = np.empty(months.shape)
    for start in range(0, len(months), _AT_ONCE):  # a square of factors each: not all at once
        some = slice(start, start + _AT_ONCE)
        weights = CONFIDENCE * months[some]
        gram = (weights @ outer).reshape(-1, size, size) + ground
        wanted = np.where(weights > 0, 1.0 + weights, 0.0) @ item_factors
        factors = np.linalg.solve(gram, wanted[:, :, None])[:, :, 0]
        scores[some] = factors @ item_factors.T
    return scores


def item_cosines(months: Array, speaks: npt.NDArray[np.bool_], columns: Sequence[int]) -> Array:
    """Cosine between items and each target over customers (bought or not, last 24 months).

    Parameters
    ----------
    speaks
        Items x targets: False for the target's own purchases, which are left out.
    columns
        Items that the targets are.

    Returns
    -------
    Items x targets; 0 for all but the nearest twenty items of a target.
    """
    bought = (months > 0).astype(np.float64)
    buyers = bought.sum(axis=0)
    norms = np.sqrt(np.maximum(np.outer(buyers, buyers[columns]), 1.0))
    cosines = np.where(speaks, bought.T @ bought[:, columns] / norms, 0.0)
    # Sorted stably: of equally near items those that come first by name.
    distance = np.argsort(np.argsort(-cosines, axis=0, kind="stable"), axis=0, kind="stable")
    return np.where(distance < NEIGHBOURS, cosines, 0.0)


def neighbour_scores(months: Array, cosines: Array) -> Array:
    """Share of each target's neighbourhood (by cosine) that was bought; NaN: no neighbour."""
    total = cosines.sum(axis=0)
    scores = (months > 0).astype(np.float64) @ cosines
    return np.where(total > 0, scores / np.where(total > 0, total, 1.0), np.nan)

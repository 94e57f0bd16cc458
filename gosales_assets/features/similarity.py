"""Which customers resemble the buyers of a target: implicit ALS, and item-based neighbours.

Only the item factors are fitted and stored; a customer's factors follow from them and the
customer's own purchases in closed form (Hu, Koren, Volinsky 2008, equation 4). Raw factors are
no features: they rotate from fit to fit, dot products do not.
"""

import numpy as np

from gosales_assets.features.holdings import Array

REGULARIZATION = 20.0
"""Strong, for there are few items: with less, spare factors copy each customer's own purchases."""
CONFIDENCE = 1.0
_FEWEST = 2


def fit_item_factors(months: Array, factors: int, iterations: int, seed: int) -> Array | None:
    """Fit ALS item factors on distinct order months per customer and item.

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
    weights = CONFIDENCE * months
    outer = (item_factors[:, :, None] * item_factors[:, None, :]).reshape(items, size * size)
    gram = (weights @ outer).reshape(-1, size, size)
    gram += item_factors.T @ item_factors + REGULARIZATION * np.eye(size)
    wanted = np.where(months > 0, 1.0 + weights, 0.0) @ item_factors
    factors = np.linalg.solve(gram, wanted[:, :, None])[:, :, 0]
    return np.asarray(factors @ item_factors.T)


def item_cosines(months: Array) -> Array:
    """Cosine between items over customers (bought or not, last 24 months); 0 with itself."""
    bought = (months > 0).astype(np.float64)
    together = bought.T @ bought
    norms = np.sqrt(np.diag(together))
    cosines = together / np.maximum(np.outer(norms, norms), 1.0)
    np.fill_diagonal(cosines, 0.0)
    return np.asarray(cosines)


def neighbour_scores(months: Array, cosines: Array) -> Array:
    """Share of each item's neighbourhood (by cosine) that was bought; NaN: no neighbour."""
    total = cosines.sum(axis=0)
    scores = (months > 0).astype(np.float64) @ cosines
    return np.where(total > 0, scores / np.where(total > 0, total, 1.0), np.nan)

"""Features that only the customer as a whole has."""

from collections.abc import Iterator

from gosales_assets.features.catalog.feature import NOT_IN_WINDOW, Feature, period


def customer_features() -> Iterator[Feature]:
    """Features that only the customer as a whole has."""
    yield Feature("lifecycle", "all", "tenure", "ever", "days since the first order", "days")
    for quarter in range(1, 5):
        meaning = f"share of the orders of 24 months that fell in quarter {quarter} of a year"
        yield Feature(
            "season", "all", f"quarter_{quarter}_share", "24m", meaning, "share", NOT_IN_WINDOW
        )
    yield Feature(
        "margin",
        "all",
        "gross_margin",
        "12m",
        "gross profit over revenue in the last 12 months",
        "share",
        "gross profit or revenue unknown, or no revenue",
    )
    for window in ("12m", "ever"):
        measure = "divisions" if window == "12m" else "divisions_owned"
        meaning = f"different product lines bought {period(window)}"
        yield Feature("diversity", "all", measure, window, meaning, "product lines")
    meaning = "different products bought in the last 12 months"
    yield Feature("diversity", "all", "skus", "12m", meaning, "products")
    meaning = "how evenly orders spread over product lines in the last 12 months"
    yield Feature("diversity", "all", "entropy", "12m", meaning, "nats", NOT_IN_WINDOW)
    yield Feature("lifetime", "all", "p_alive", "ever", "chance to still be a customer", "0 to 1")
    yield Feature(
        "lifetime",
        "all",
        "expected_orders",
        "ever",
        "orders expected in the period ahead",
        "orders",
    )

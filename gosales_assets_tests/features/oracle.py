"""The slow truth of every feature: all families of one customer and target, in plain Python."""

from gosales_assets_tests.features import oracle_own_past as own_past
from gosales_assets_tests.features.oracle_fitted import of_fitted, of_lifetime
from gosales_assets_tests.features.oracle_market import of_market
from gosales_assets_tests.features.oracle_past import Past, Truth
from gosales_assets_tests.features.oracle_rules import Rules, of_rules
from gosales_assets_tests.features.oracle_side_tables import installed_products, of_profile
from gosales_assets_tests.features.oracle_timing import Asked, of_timing


def truth_of(past: Past, rules: Rules, asked: Asked, customer: str, target: str) -> Truth:
    """Every feature of a customer and target, by its catalogue name."""
    lines, of_target = past.of(customer), past.of(customer, target)
    cutoff, usual = past.cutoff, past.settings.window_months
    seats = past.seats or set()
    products = installed_products(past, customer, target)
    truth = (
        own_past.of_history(lines, "all", cutoff, usual)
        | own_past.of_history(of_target, "div", cutoff, past.window(target))
        | own_past.of_customer(lines, cutoff)
        | own_past.of_target(of_target, cutoff)
        | own_past.of_seats(lines, "all", cutoff, seats)
        | own_past.of_seats(of_target, "div", cutoff, seats)
        | own_past.of_installed(products, cutoff)
        | of_lifetime(past, customer)
        | of_fitted(past, customer, target)
        | of_rules(rules, customer, target)
        | of_profile(past, customer, target)
        | of_timing(asked, customer, target)
        | of_market(past, target)
    )
    return truth | dict.fromkeys(name for name in truth if _absent(past, name))


def _absent(past: Past, name: str) -> bool:
    """Whether a feature says nothing, for nobody said anything about what it counts."""
    known = any(
        row["purchase_date"] and row["purchase_date"] <= past.cutoff for row in past.installed
    )
    return (name.startswith("seats__") and past.seats is None) or (
        name.startswith("installed__") and not known
    )

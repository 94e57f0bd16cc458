"""The families of features: what each is about, in the order in which people want to read them."""

from gosales_assets.feature_families import Family

FAMILIES: dict[Family, str] = {
    "rfm": "How often, how much, for what money: counts and sums over windows that end at the "
    "cutoff, and the last 12 months against the 12 before.",
    "offset": "The same counts as they stood 60 days before the cutoff. Together with the windows "
    "that end at the cutoff they show what the last two months changed.",
    "recency": "How long ago the last order was, as it is, on a log scale, and as a freshness "
    "that halves with time.",
    "trajectory": "Where the last twelve months point: trend and unevenness of the monthly sums, "
    "months without orders counting as zero.",
    "rhythm": "The usual gap between orders, and how far the present one is beyond it.",
    "returns": "How much of what was bought came back.",
    "season": "Whether past orders fell into the months that are predicted.",
    "lifecycle": "How long the customer has been one.",
    "margin": "What is earned on the revenue.",
    "diversity": "How widely the customer buys: product lines, products, evenness.",
    "seats": "Units of the products that stand for users (`features.seat_skus` in the settings).",
    "lifetime": "A model of how customers come and go (BG/NBD, fitted on the customers known by "
    "the cutoff): are they still there, and how many orders may be expected.",
    "ownership": "Whether, since when, and with what growth of units the target is bought.",
    "mix": "The target's share of what the customer spends; the eased one leans toward the "
    "market's share where orders are few.",
    "rate": "How many of the months to come bring an order of the target, leaning toward its usual "
    "rate where a customer's history is short (gamma-Poisson empirical Bayes, on the months with "
    "an order: several orders in one month say no more than one).",
    "affinity": "What goes with what: market-basket rules between product lines, and from single "
    "products, to the target. Learned on orders that end 60 days before the cutoff.",
    "timing": "When others in the same position bought: owners again, after as long a wait, and "
    "customers who own what this one owns for as long, for the first time. Counted at the ends of "
    "all past months whose window has closed, in quarters of a year; missing for everybody while "
    "there is none.",
    "similarity": "Customers alike (ALS matrix factorisation) and product lines alike (nearest "
    "neighbours), by the months in which things were bought.",
    "installed": "What is installed at the customer, running or about to expire, where a table of "
    "the installed base is given. What was bought after the cutoff does not exist.",
    "profile": "Industry, region, size, rep and the like, as the buying rate of customers of the "
    "same kind, leaning toward the general rate where there are few of them.",
    "market": "The target itself: how many buy it, and whether they become more. Equal for all "
    "customers of a target.",
}
"""Family -> what it is about."""

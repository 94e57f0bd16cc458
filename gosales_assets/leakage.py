"""The leakage battery: by which probes it is shown that no result knows the future."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """One probe of the battery.

    Parameters
    ----------
    number
        Its number in the specification.
    name, proves
        What it is called, and what holds when it passes, in words for people.
    checks
        Asset checks that run it on everybody's data: (table, name of the check).
    tests
        Test files that run it on made and real data, with planted leaks that it must catch.
    """

    number: int
    name: str
    proves: str
    checks: tuple[tuple[str, str], ...] = ()
    tests: tuple[str, ...] = ()


_FUTURE = "features/test_leakage_future.py"
_SEEN_LINES = (("features.customer_features", "as_of"), ("features.feature_matrix", "as_of"))
_FITTED = ("fitted_statistics", "affinity_rules", "product_rules", "winsor_caps")
_MODELS = "validation.leakage_probes"
_PLANTED = "validation/test_leakage_models.py"

PROBES = (
    Probe(
        1,
        "Another future",
        "Rewriting, doubling or deleting whatever is dated after a cutoff changes no byte of its "
        "matrices.",
        checks=_SEEN_LINES,
        tests=(_FUTURE,),
    ),
    Probe(
        2,
        "No future",
        "Data that end at a cutoff give the same matrices, byte for byte, as data that go on.",
        checks=_SEEN_LINES,
        tests=(_FUTURE,),
    ),
    Probe(
        3,
        "Before and after",
        "Every day is either seen by features or counted by labels, never both, and no window is "
        "labelled before it has closed.",
        checks=(("labels.labels", "after_cutoff"), ("labels.labels", "windows_closed")),
        tests=("labels/test_leakage_labels.py",),
    ),
    Probe(
        4,
        "Snapshots of today",
        "What a side table says without a day since when it holds reaches no feature, unless the "
        "settings call the column stable; installed products count from the day of purchase.",
        checks=(("features.division_features", "side_tables_as_of"),),
        tests=(_FUTURE, "features/test_feature_profile.py"),
    ),
    Probe(
        5,
        "Fitted by then",
        "Every rule, rate, factor, prior and cap says until when it was fitted: not after its "
        "cutoff.",
        checks=tuple((f"features.{table}", "as_of") for table in _FITTED),
        tests=(_FUTURE,),
    ),
    Probe(
        6,
        "A slow second opinion",
        "Every feature and every label equals what a plain, slow program works out from the order "
        "lines of a few customers.",
        checks=(*_SEEN_LINES, ("labels.labels", "after_cutoff")),
        tests=("features/test_feature_oracle.py", "labels/test_labels_oracle.py"),
    ),
    Probe(
        7,
        "Shuffled labels",
        "A model that is trained and judged on shuffled labels ranks no better than a coin: "
        "nothing of what it is judged by reaches it.",
        checks=((_MODELS, "shuffled_labels"),),
        tests=(_PLANTED,),
    ),
    Probe(
        8,
        "A canary",
        "No feature tells buyers from others all by itself; a copy of the label with noise, "
        "planted beside the features each time, is caught.",
        checks=((_MODELS, "canary"),),
        tests=(_PLANTED,),
    ),
    Probe(
        9,
        "Fourteen days later",
        "Moving the window by 14 days leaves the AUC of the scores within its interval, or better: "
        "they owe nothing to the first days after their cutoff.",
        checks=((_MODELS, "shift_14_days"),),
        tests=(_PLANTED,),
    ),
    Probe(
        10,
        "Later slices",
        "What calibrates and judges a model is later than what it learned from, and had closed by "
        "its cutoff; the gate judges each cutoff by the scores of its own model.",
        checks=((_MODELS, "later_slices"),),
        tests=(_PLANTED,),
    ),
    Probe(
        11,
        "One side only",
        "Where customers are divided between training and judging, nobody is on both sides.",
        checks=((_MODELS, "one_side_only"),),
        tests=(_PLANTED,),
    ),
    Probe(
        12,
        "No clock",
        "No result depends on the day on which it is computed: only listed places look at the "
        "clock, each for a reason.",
        tests=("features/test_leakage_wall_clock.py",),
    ),
    Probe(
        13,
        "The same again",
        "Two runs, one thread or two, shuffled rows, other spellings of a division, and one "
        "partition at a time or all at once give the same bytes.",
        tests=("features/test_leakage_repeats.py", "features/test_feature_assets.py"),
    ),
)

"""What changed since the last list: new, gone, moved, and what moved each row."""

import polars as pl

from gosales_assets.settings import Whitespace
from gosales_assets.whitespace.contract import POTENTIAL
from gosales_assets.whitespace.signals import LEAST_CHANCE
from gosales_assets.whitespace.words import percent

KEYS = ["division", "customer_id"]
_COMPARED = ["state", "rank", "selected", "surfaced", "icp_score", "expected_gp"]
_COMPARED += ["p_icp_pct", "lift_norm", "als_norm", "ev_norm"]
# A smaller change of the score (of its logarithm, where the list is pooled) moves nothing.
LEAST = 1e-6
SIGNAL_WORDS = {
    "icp": "chance",
    "affinity": "what goes with what it bought",
    "als": "likeness to buyers",
    "value": "expected value",
}


def changes(now: pl.DataFrame, before: pl.DataFrame, settings: Whitespace) -> pl.DataFrame:
    """Make ``whitespace.whitespace_changes``, without its cutoff, of two lists of one platform.

    What moved a row is the signal whose change pushed its score most in the direction in which it
    went. Where none did, the others passed it, or fell behind.

    Parameters
    ----------
    now, before
        This list and the one of the cutoff before, all states.
    """
    both = (
        now.select(*KEYS, *_COMPARED)
        .join(
            before.select(*KEYS, *_COMPARED), on=KEYS, how="full", coalesce=True, suffix="_before"
        )
        .filter(pl.col("selected").fill_null(False) | pl.col("selected_before").fill_null(False))
        .with_columns(change=_change())
        .with_columns(**{f"push_{name}": push for name, push in _pushes(settings).items()})
        .with_columns(moved_by=_moved_by())
        .with_columns(why=_why())
    )
    return both.select(
        *KEYS,
        "change",
        "rank_before",
        "state_before",
        "moved_by",
        "why",
        rank_now="rank",
        state_now="state",
    ).sort(KEYS)


def overlap(now: pl.DataFrame, before: pl.DataFrame) -> float | None:
    """Share of the selected rows that were selected on the list before; null: none now or then."""
    selected, earlier = now.filter("selected").select(KEYS), before.filter("selected").select(KEYS)
    if selected.is_empty() or earlier.is_empty():
        return None
    return selected.join(earlier, on=KEYS, how="semi").height / selected.height


def _change() -> pl.Expr:
    return (
        pl.when(~pl.col("selected_before").fill_null(False))
        .then(pl.lit("new"))
        .when(~pl.col("selected").fill_null(False))
        .then(pl.lit("gone"))
        .when(pl.col("rank") != pl.col("rank_before"))
        .then(pl.lit("moved"))
        .otherwise(pl.lit("stayed"))
    )


def _pushes(settings: Whitespace) -> dict[str, pl.Expr]:
    """How much each signal changed, in the unit of the score (of its logarithm, if pooled)."""
    columns = {"icp": "p_icp_pct", "affinity": "lift_norm", "als": "als_norm", "value": "ev_norm"}
    weights = {str(name): weight for name, weight in settings.weights.items()}
    pushes = {
        name: weights.get(name, 0.0) * (pl.col(column) - pl.col(f"{column}_before"))
        for name, column in columns.items()
    }
    if settings.normalisation == "pooled":
        for name, column in {"icp": "icp_score", "value": "expected_gp"}.items():
            ratio = pl.col(column).clip(LEAST_CHANCE) / pl.col(f"{column}_before").clip(
                LEAST_CHANCE
            )
            pushes[name] = weights.get(name, 0.0) * ratio.log()
    damping = (1 - settings.surfaced_factor) * sum(weights.values())
    surfaced = pl.col("surfaced").cast(pl.Int8) - pl.col("surfaced_before").cast(pl.Int8)
    pushes["surfaced"] = -damping * surfaced
    return {name: push.fill_null(0.0).round(9) for name, push in pushes.items()}


def _moved_by() -> pl.Expr:
    ranked = (pl.col("state") == POTENTIAL).fill_null(False)
    was_ranked = (pl.col("state_before") == POTENTIAL).fill_null(False)
    names = ["icp", "affinity", "als", "value", "surfaced"]
    # A smaller rank is a better place: then what pushed up counts, else what pushed down.
    up = pl.when(pl.col("rank") < pl.col("rank_before")).then(1.0).otherwise(-1.0)
    strongest = pl.concat_list(pl.col(f"push_{name}") * up for name in names)
    mover = strongest.list.arg_max().replace_strict(
        dict(enumerate(names)), default=None, return_dtype=pl.String
    )
    return (
        pl.when(~ranked | ~was_ranked)
        .then(pl.lit("state"))
        .when(pl.col("change") == "stayed")
        .then(pl.lit(None, pl.String))
        .when(strongest.list.max() > LEAST)
        .then(mover)
        .otherwise(pl.lit("others"))
    )


def _why() -> pl.Expr:
    mover = pl.col("moved_by")
    from_state = pl.coalesce("state_before", pl.lit("no candidate")).str.replace("_", " ")
    to_state = pl.coalesce("state", pl.lit("no candidate")).str.replace("_", " ")
    risen = pl.when(pl.col("rank") < pl.col("rank_before")).then(pl.lit("rose"))
    direction = risen.otherwise(pl.lit("fell"))
    then, today = percent(pl.col("icp_score_before")), percent(pl.col("icp_score"))
    chance = pl.when(then == today).then(
        pl.format("chance {} a little, it is {}", direction, today)
    )
    cases = {
        "state": pl.format("was {}, is {}", from_state, to_state),
        "icp": chance.otherwise(pl.format("chance {} from {} to {}", direction, then, today)),
        "surfaced": pl.when("surfaced")
        .then(pl.lit("handed out lately, and nobody acted on it"))
        .otherwise(pl.lit("no longer damped for having been handed out")),
        "others": pl.when(pl.col("rank") < pl.col("rank_before"))
        .then(pl.lit("others fell behind"))
        .otherwise(pl.lit("others passed it")),
        **{
            name: pl.format("{} {}", pl.lit(SIGNAL_WORDS[name]), direction)
            for name in ("affinity", "als", "value")
        },
    }
    told = pl.coalesce(pl.when(mover == name).then(words) for name, words in cases.items())
    return told.fill_null("same place as before")

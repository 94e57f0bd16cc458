"""Assets of the scores room: each candidate's calibrated chance, grade, trend and reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from gosales_assets.breaches import Breach, remarks
from gosales_assets.contracts import (
    asset_key,
    check_partitions,
    contract_check,
    dep,
    table_asset,
    table_check,
)
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.features.profile import attributes_known_by
from gosales_assets.labels.contract import CANDIDATES, LABELS, TARGET_WINDOWS
from gosales_assets.labels.reading import windows_of
from gosales_assets.models.assets import POOLED_MODEL
from gosales_assets.models.calibrated import CalibratedModel
from gosales_assets.models.contract import CALIBRATION
from gosales_assets.models.cores import cores
from gosales_assets.models.slices import slices_by_division
from gosales_assets.partitions import (
    ALL_DIVISIONS,
    GRID,
    KEYS,
    SAME_CUTOFF,
    day,
    divisions_by_cutoff,
    earlier,
    grid_up_to_cutoff,
    grid_with_previous,
)
from gosales_assets.pictures import png
from gosales_assets.scores.calibrated import calibrated_in_the_large
from gosales_assets.scores.contract import ICP_SCORES, UNSCORED
from gosales_assets.scores.figures import score_histogram
from gosales_assets.scores.guards import Usable, unreadable, usable
from gosales_assets.scores.prospect_assets import PROSPECT_ASSETS, PROSPECT_CHECKS
from gosales_assets.scores.scoring import rank, score
from gosales_assets.settings import Settings
from gosales_assets.sources.contract import CUSTOMERS
from gosales_assets.star.contract import DIM_CUSTOMER, INDUSTRY_MATCHES
from gosales_assets.storing import store
from gosales_assets.warehouse import Warehouse

FEATURES = [name for name in FEATURE_MATRIX.types if "__" in name]
BUYERS = ["division", "customer_id", "label", "net_gp_window"]


@dataclass
class _Cutoff:
    """What a cutoff is scored with; models and matrices are read once per run."""

    warehouse: Warehouse
    settings: Settings
    windows: dict[str, int]
    standing: dict[tuple[str, tuple[str, ...]], pl.DataFrame | None] = field(default_factory=dict)
    models: dict[str, Usable] = field(default_factory=dict)

    def matrix(self, cutoff: str, divisions: Sequence[str]) -> pl.DataFrame:
        """Feature rows of the divisions, sorted by division and customer."""
        wanted = [{"cutoff": cutoff, "division": division} for division in sorted(divisions)]
        return self.warehouse.read_many(FEATURE_MATRIX, wanted)

    def model(self, cutoff: str) -> Usable:
        """Model of a cutoff, and what it must not score."""
        if cutoff not in self.models:
            self.models[cutoff] = _usable(self.warehouse, cutoff)
        return self.models[cutoff]

    def ranked(self, cutoff: str, divisions: Sequence[str]) -> pl.DataFrame | None:
        """Scores and reasons of the divisions that a cutoff's model knows; None: none."""
        found = self._rank(cutoff, divisions, explain=True)
        self.standing[(cutoff, tuple(sorted(divisions)))] = _standing(found)
        return found

    def earlier(self, cutoff: str, divisions: Sequence[str]) -> pl.DataFrame | None:
        """Percentiles of the divisions as a cutoff's own model ranks them; None: none."""
        key = (cutoff, tuple(sorted(divisions)))
        if key not in self.standing:
            self.standing[key] = _standing(self._rank(cutoff, divisions, explain=False))
        return self.standing[key]

    def _rank(self, cutoff: str, divisions: Sequence[str], *, explain: bool) -> pl.DataFrame | None:
        model = self.model(cutoff)
        scored = model.scorable(divisions)
        if model.trained is None or not scored:
            return None
        wanted = [{"cutoff": cutoff, "division": division} for division in scored]
        return rank(
            CalibratedModel.of(model.trained, self.warehouse.read_many(CALIBRATION, wanted)),
            self.matrix(cutoff, scored),
            cutoff=day(cutoff),
            windows=self.windows,
            explain=explain,
            threads=cores(self.warehouse.threads),
        )


def _standing(ranked: pl.DataFrame | None) -> pl.DataFrame | None:
    return None if ranked is None else ranked.select("division", "customer_id", "icp_percentile")


@table_asset(
    ICP_SCORES,
    deps=[
        dep(FEATURE_MATRIX, grid_with_previous()),
        dep(CALIBRATION, grid_with_previous()),
        dg.AssetDep(POOLED_MODEL, partition_mapping=SAME_CUTOFF),
        dep(CANDIDATES),
        dep(TARGET_WINDOWS),
        dep(LABELS, grid_up_to_cutoff()),
        *(dep(table) for table in (DIM_CUSTOMER, CUSTOMERS, INDUSTRY_MATCHES)),
    ],
    kinds={"scikitlearn", "lightgbm"},
)
def icp_scores(
    context: dg.AssetExecutionContext, warehouse: Warehouse, settings: dg.ResourceParam[Settings]
) -> None:
    """Score every candidate of a cutoff with the model of that cutoff.

    The trend compares with the previous cutoff as its own model ranks it, computed here, so that
    it does not depend on which cutoffs were scored before.
    """
    known = _Cutoff(warehouse, settings, windows_of(warehouse, KEYS.divisions))
    names = warehouse.read(DIM_CUSTOMER, columns=["customer_id", "customer_name"])
    side, matches = warehouse.read(CUSTOMERS), warehouse.read(INDUSTRY_MATCHES)
    for cutoff, divisions in divisions_by_cutoff(context.partition_keys).items():
        attributes = attributes_known_by(side, matches, day(cutoff), settings)
        named = names.join(attributes, on="customer_id", how="left", maintain_order="left")
        frame = _scores(known, context.run.run_id, named, cutoff, divisions)
        picture = {"scores": png(score_histogram(frame))} if frame.height else {}
        by_division = frame.partition_by("division", as_dict=True)
        for division in divisions:
            rows = by_division.get((division,), ICP_SCORES.empty())
            graded = rows.filter(pl.col("icp_grade") == "A").height
            metadata = {"graded A": graded, **picture}
            store(context, warehouse, ICP_SCORES, rows, metadata, cutoff=cutoff, division=division)


@table_asset(
    UNSCORED,
    deps=[
        dep(ICP_SCORES, ALL_DIVISIONS),
        dg.AssetDep(POOLED_MODEL),
        dep(CALIBRATION, ALL_DIVISIONS),
        dep(TARGET_WINDOWS),
    ],
    kinds={"polars"},
)
def unscored(context: dg.AssetExecutionContext, warehouse: Warehouse) -> None:
    """Say for each division of a cutoff that has no scores why it has none."""
    for cutoff in context.partition_keys:
        refused = _usable(warehouse, cutoff).refused
        records = [
            {"cutoff": day(cutoff), "division": division, "reason": reason}
            for division, reason in refused.items()
        ]
        frame = UNSCORED.typed(pl.DataFrame(records, schema=UNSCORED.types))
        store(context, warehouse, UNSCORED, frame, metadata=dict(refused), cutoff=cutoff)


every_division_is_scored = table_check(
    UNSCORED,
    "every_division_is_scored",
    lambda warehouse, keys: remarks(warehouse.read(UNSCORED, **keys)["reason"].to_list()),
    "No division had to be left out. A breach says which and why; the others have their scores, "
    "and nothing stops.",
    severity=dg.AssetCheckSeverity.ERROR,
)


@dg.asset_check(
    asset=asset_key(ICP_SCORES),
    name="scores_cover_all_candidates",
    additional_deps=[asset_key(CANDIDATES)],
    blocking=True,
    partitions_def=GRID,
    description=(
        "Each candidate of a division has one score, except in the division's warm-up, when "
        "nobody has. "
        "A breach stops everything downstream."
    ),
)
def scores_cover_all_candidates(
    context: dg.AssetCheckExecutionContext,
    warehouse: Warehouse,
    settings: dg.ResourceParam[Settings],
) -> dg.AssetCheckResult:
    """Compare the customers scored with the candidates, partition by partition."""
    known = _Cutoff(warehouse, settings, windows_of(warehouse, KEYS.divisions))

    def find(keys: dict[str, str]) -> list[Breach]:
        trained = bool(known.model(keys["cutoff"]).scorable([keys["division"]]))
        scored = set(warehouse.read(ICP_SCORES, columns=["customer_id"], **keys)["customer_id"])
        wanted = set(warehouse.read(CANDIDATES, columns=["customer_id"], **keys)["customer_id"])
        differing = scored ^ (wanted if trained else set())
        if not differing:
            return []
        rule = "one score per candidate" if trained else "no scores without a model of the division"
        return [Breach("customer_id", rule, len(differing), tuple(sorted(differing)[:3]))]

    return check_partitions(context, ICP_SCORES, find, name="scores_cover_all_candidates")


def _off_the_level(warehouse: Warehouse, keys: dict[str, str]) -> list[Breach]:
    """Compare the sum of a partition's scores with the buyers there were."""
    scores = warehouse.read(ICP_SCORES, columns=["icp_score"], **keys)["icp_score"]
    labels = warehouse.read(LABELS, columns=["label"], **keys)["label"]
    problem = calibrated_in_the_large(scores, labels)
    return remarks([problem] if problem else [])


probabilities_are_calibrated = table_check(
    ICP_SCORES,
    "calibrated_in_the_large",
    _off_the_level,
    "Where the outcome is known by now, the scores of a division add up to its buyers, within a "
    "third or three standard errors. A breach is a warning: seasons move the level.",
    against=[LABELS],
)


def _usable(warehouse: Warehouse, cutoff: str) -> Usable:
    """Model of a cutoff, less the divisions whose matrix or calibration failed a check."""
    broken = unreadable(warehouse, cutoff, KEYS.divisions, (FEATURE_MATRIX, CALIBRATION))
    return usable(warehouse.home_path, cutoff, KEYS.divisions, FEATURES, broken)


def _scores(
    known: _Cutoff, run_id: str, customers: pl.DataFrame, cutoff: str, divisions: list[str]
) -> pl.DataFrame:
    """Rows of all divisions that the cutoff's model knows; none where there is no model."""
    ranked = known.ranked(cutoff, divisions)
    trained, scored = known.model(cutoff).trained, known.model(cutoff).scorable(divisions)
    if ranked is None or trained is None:
        return ICP_SCORES.empty()
    before = earlier(KEYS.cutoffs, cutoff)[-1:]
    about = {
        "run_id": run_id,
        "model_version": trained.card["model_version"],
    }
    return score(
        trained.model,
        known.matrix(cutoff, scored),
        ranked,
        buyers=_buyers(known, cutoff, scored),
        customers=customers,
        earlier=known.earlier(before[0], divisions) if before else None,
        about=about,
    )


def _buyers(known: _Cutoff, cutoff: str, divisions: list[str]) -> pl.DataFrame:
    """Buying rows of the cutoffs that this cutoff's model learned from and was judged on."""
    slices = slices_by_division(
        [day(key) for key in KEYS.cutoffs],
        day(cutoff),
        {division: known.windows[division] for division in divisions},
        known.settings.models.training_cutoffs,
    )
    wanted = [
        {"cutoff": c.isoformat(), "division": division}
        for division, own in slices.items()
        for c in own.cutoffs
    ]
    rows = known.warehouse.read_many(LABELS, wanted, columns=BUYERS)
    return rows.filter(pl.col("label") == 1).drop("label")


ASSETS = [icp_scores, unscored, *PROSPECT_ASSETS]
CHECKS = [
    contract_check(ICP_SCORES),
    contract_check(UNSCORED),
    every_division_is_scored,
    scores_cover_all_candidates,
    probabilities_are_calibrated,
    *PROSPECT_CHECKS,
]

"""Training, calibrating and scoring one cutoff of 20,000 customers; scoring a million rows.

Run: ``python -m gosales_assets_tests.benchmarks.bench_models``

- one cutoff: model, calibrations, versions in MLflow, and scores with reasons of the last cutoff;
  12 targets, six stacked cutoffs; under 60 s and 3 GB. The reference is one booster as LightGBM
  comes (100 trees of 31 leaves), fitted on the same training rows.
- scoring: a million rows of customer and division are ranked, calibrated and given reasons; under
  20 s. The reference are that booster's raw scores of the same rows.

Each part runs in a process of its own, on all cores. Processor seconds stand beside those of the
wall: they tell on a busy machine.
"""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gosales_assets_tests.benchmarks.bench_features import make_layers, make_matrix
from gosales_assets_tests.benchmarks.measuring import (
    Cost,
    apart,
    cost_since,
    materialize,
    report,
    write_world,
)

if TYPE_CHECKING:
    import polars as pl

    from gosales_assets.warehouse import Warehouse

SECONDS, GB = 60.0, 3.0
SCORING_SECONDS, ROWS = 20.0, 1_000_000
LINES, CUSTOMERS = 400_000, 20_000


def write_customers(folder: Path) -> None:
    """Write the dim_customer of the facts: scores ask it for names."""
    import polars as pl

    from gosales_assets.star.contract import DIM_CUSTOMER

    facts = pl.scan_parquet(folder / "home/lake/star/fact_transactions/*.parquet")
    customers = facts.group_by("customer_id").agg(
        first_order=pl.col("order_date").min(), last_order=pl.col("order_date").max()
    )
    known = customers.sort("customer_id").with_columns(
        customer_name="customer_id",
        normalised_name="customer_id",
        in_log=pl.lit(value=True),
        in_customers=pl.lit(value=True),
    )
    unknown = [
        pl.lit(None, kind).alias(name)
        for name, kind in DIM_CUSTOMER.types.items()
        if name not in known.collect_schema()
    ]
    frame = known.with_columns(unknown).collect()
    _warehouse(folder).write(DIM_CUSTOMER, DIM_CUSTOMER.typed(frame))


def train_previous(folder: Path) -> Cost:
    """Make the model of the cutoff before, too: the trend compares with it."""
    from gosales_assets.models import assets as models
    from gosales_assets.models.contract import CALIBRATION, MODEL_METRICS
    from gosales_assets.tracking import Tracking

    return materialize(
        folder,
        models.ASSETS,
        [MODEL_METRICS, CALIBRATION],
        beside=[models.POOLED_MODEL, models.CALIBRATED_MODEL],
        newest=2,
        resources={"tracking": Tracking(home=str(folder / "home"))},
    )


def train_and_score(folder: Path) -> Cost:
    """Materialize models and scores of the last cutoff."""
    from gosales_assets.models import assets as models
    from gosales_assets.models.contract import CALIBRATION, MODEL_METRICS
    from gosales_assets.scores import assets as scores
    from gosales_assets.scores.contract import ICP_SCORES
    from gosales_assets.tracking import Tracking

    return materialize(
        folder,
        [*models.ASSETS, scores.icp_scores],
        [MODEL_METRICS, CALIBRATION, ICP_SCORES],
        beside=[models.POOLED_MODEL, models.CALIBRATED_MODEL],
        newest=1,
        resources={"tracking": Tracking(home=str(folder / "home"))},
    )


def plain_booster(folder: Path) -> tuple[Cost, Cost]:
    """Fit LightGBM as it comes on what the model learned from, and score the million rows."""
    import lightgbm as lgb

    from gosales_assets.models.slices import slices_by_division
    from gosales_assets.models.training_rows import slice_rows
    from gosales_assets.partitions import KEYS, day
    from gosales_assets.settings import current_settings

    settings, windows = current_settings(), dict.fromkeys(KEYS.divisions, 6)
    most = settings.models.training_cutoffs
    slices = slices_by_division(
        [day(key) for key in KEYS.cutoffs], day(KEYS.cutoffs[-1]), windows, most
    )
    rows = settings.models.max_training_rows
    training, _ = slice_rows(_warehouse(folder), slices, windows, rows, settings.seed)
    features = [name for name in training.columns if "__" in name]
    numbers, labels = training.select(features).to_numpy(), training["label"].to_numpy()
    million = _million(folder).select(features).to_numpy()
    began, spent = time.monotonic(), time.process_time()
    parameters = {"objective": "binary", "verbose": -1}
    booster = lgb.train(parameters, lgb.Dataset(numbers, labels), 100)
    fitted = cost_since(began, spent, {})
    began, spent = time.monotonic(), time.process_time()
    booster.predict(million)
    return fitted, cost_since(began, spent, {})


def score_a_million(folder: Path) -> Cost:
    """Rank, calibrate and explain a million rows with the last cutoff's model."""
    from gosales_assets.models import artefact
    from gosales_assets.models.calibrated import CalibratedModel
    from gosales_assets.models.contract import CALIBRATION
    from gosales_assets.models.cores import cores
    from gosales_assets.partitions import KEYS, day
    from gosales_assets.scores.scoring import rank

    warehouse, cutoff = _warehouse(folder), KEYS.cutoffs[-1]
    trained = artefact.load(warehouse.home_path, cutoff)
    if trained is None:
        raise RuntimeError(f"no model of {cutoff}")
    wanted = [{"cutoff": cutoff, "division": division} for division in KEYS.divisions]
    model = CalibratedModel.of(trained, warehouse.read_many(CALIBRATION, wanted))
    rows, windows = _million(folder), dict.fromkeys(KEYS.divisions, 6)
    began, spent = time.monotonic(), time.process_time()
    rank(model, rows, cutoff=day(cutoff), windows=windows, explain=True, threads=cores(0))
    return cost_since(began, spent, {})


def _million(folder: Path) -> "pl.DataFrame":
    """The last cutoff's matrices, again and again as further customers."""
    import polars as pl

    from gosales_assets.features.contract import FEATURE_MATRIX
    from gosales_assets.partitions import KEYS

    keys = [{"cutoff": KEYS.cutoffs[-1], "division": division} for division in KEYS.divisions]
    rows = _warehouse(folder).read_many(FEATURE_MATRIX, keys)
    copies = [
        rows.with_columns(pl.col("customer_id") + f"-{number}")
        for number in range(-(-ROWS // rows.height))
    ]
    return pl.concat(copies).head(ROWS).sort("division", "customer_id")


def _warehouse(folder: Path) -> "Warehouse":
    from gosales_assets.warehouse import Warehouse

    return Warehouse(home=str(folder / "home"))


def run(folder: Path) -> None:
    """Make the world, then print both parts, each beside its reference."""
    write_world(folder, LINES, CUSTOMERS)
    apart(write_customers, folder)
    apart(make_layers, folder)
    apart(make_matrix, folder)
    apart(train_previous, folder)
    whole = report("one cutoff trained, calibrated and scored", apart(train_and_score, folder))
    scored = report("a million rows scored with reasons", apart(score_a_million, folder))
    fitted, plain = apart(plain_booster, folder)
    print(f"bounds {SECONDS} s, {GB} GB: {whole.seconds:.1f} s, {whole.peak:.2f} GB")
    print(f"bound {SCORING_SECONDS} s: {scored.seconds:.1f} s, {scored.peak:.2f} GB")
    for what, cost, reference in (("training", whole, fitted), ("scoring", scored, plain)):
        ratio = cost.processor / reference.processor
        print(f"{what}: {ratio:.1f} x the processor seconds of a plain booster")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gosales-bench-") as scratch:
        run(Path(scratch))

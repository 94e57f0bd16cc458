"""The registry: one bundle per cutoff, a version per division, loaded alike by any process."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gosales_assets.division_names import registry_name
from gosales_assets.models import artefact, bundle
from gosales_assets.models.calibrated import CalibratedModel
from gosales_assets.models.card import markdown, trained_card
from gosales_assets.models.contract import CALIBRATION
from gosales_assets.models.evaluation import model_metrics
from gosales_assets.models.mlflow_record import DivisionCard
from gosales_assets.models.registry import calibrated_divisions, register
from gosales_assets.models.slices import Slices
from gosales_assets.models.training import Fitted, fit_all
from gosales_assets.tracking import Tracking
from gosales_assets.validation.registry import CannotScore, MlflowRegistry
from gosales_assets_tests.paths import REPOSITORY

CAD, PRINT, SCAN = "CAD & design", "Print", "Scan"  # the last is not calibrated
OLD, NEW = "2024-06-30", "2024-12-31"
FEATURES = [
    "diversity__all__divisions_owned__ever",
    "recency__div__days__ever",
    "rfm__all__orders__ever",
    "rfm__div__orders__ever",
]


def matrix_of(cutoff: date, divisions: Iterable[str] = (CAD, PRINT, SCAN)) -> pl.DataFrame:
    """A feature matrix of 300 customers per division, with missing values."""
    parts = []
    for seed, division in enumerate(divisions):
        random = np.random.default_rng(seed)
        part = pl.DataFrame(
            {"customer_id": [f"C{i:03d}" for i in range(300)]}
            | {name: random.poisson(2, 300).astype(np.float32) for name in FEATURES}
        )
        parts.append(
            part.select(
                pl.lit(cutoff).alias("cutoff"),
                pl.lit(division).alias("division"),
                "customer_id",
                pl.when(pl.col(FEATURES[3]) > 0)
                .then(pl.lit("repeat"))
                .otherwise(pl.lit("expansion"))
                .alias("cohort"),
                *(pl.when(pl.col(name) != 3).then(pl.col(name)).alias(name) for name in FEATURES),
            )
        )
    return pl.concat(parts)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Fitted]:
    made = {}
    for seed, cutoff in enumerate((OLD, NEW)):
        rows = matrix_of(date(2024, 3, 31))
        chance = 1 / (1 + np.exp(2 - rows["rfm__div__orders__ever"].fill_null(3).to_numpy()))
        drawn = np.random.default_rng(seed).random(rows.height)
        rows = rows.with_columns(label=pl.Series((drawn < chance).astype(int)))
        made[cutoff] = fit_all(
            rows,
            rows,
            cutoff=date.fromisoformat(cutoff),
            windows=dict.fromkeys([CAD, PRINT, SCAN], 6),
            seeds=2,
            own_models=True,
            seed=seed,
            threads=1,
        )
    return made


def curves_of(cutoff: str, slope: float = 0.8) -> pl.DataFrame:
    """Calibrations: one cohort with a curve of its own, one division with too few buyers."""
    rows = [
        (CAD, "all", slope, "calibrated"),
        (CAD, "expansion", slope / 2, "calibrated"),
        (CAD, "repeat", slope, "calibrated"),
        (PRINT, "all", slope, "calibrated"),
        (SCAN, "all", 1.0, "not enough evidence"),
    ]
    return pl.DataFrame(
        [
            {
                "cutoff": date.fromisoformat(cutoff),
                "division": division,
                "cohort": cohort,
                "method": "platt",
                "slope": own,
                "intercept": -0.5,
                "knots": None,
                "raw_low": None,
                "raw_high": None,
                "rows": 300,
                "positives": 90,
                "base_rate": 0.3,
                "calibration_cutoff": date(2024, 3, 31),
                "status": status,
                "note": "made for a test",
            }
            for division, cohort, own, status in rows
        ],
        schema_overrides=CALIBRATION.types,
    )


CARDS = {
    division: DivisionCard({"division": division, "winner": "blend"}, f"# {division}\n")
    for division in (CAD, PRINT)
}


class World:
    """A home folder with artefacts, an MLflow database, and what the models room does with them."""

    def __init__(self, home: Path, fitted: dict[str, Fitted]) -> None:
        self.home, self.fitted = home, fitted
        self.tracking = Tracking(home=str(home))
        self.registry = MlflowRegistry(self.tracking)
        self.client = self.tracking.client()

    def folder(self, cutoff: str, recipe: str = "settings+code") -> Path:
        made = self.fitted[cutoff]
        by_time = Slices((date(2023, 12, 31),), date(2024, 3, 31), "time")
        slices = dict.fromkeys([CAD, PRINT, SCAN], by_time)
        rows = dict.fromkeys(
            ["training", "training_positives", "selection", "selection_positives"], 900
        )
        metrics = model_metrics(made.judgements, date.fromisoformat(cutoff))
        card = trained_card(made, slices, rows, metrics, {}, {})
        card |= {
            "model_version": f"{cutoff}+{recipe}",
            "buyers": {CAD: 9},
            "selection_buyers": {CAD: 9},
        }
        return artefact.save(self.home, cutoff, card, markdown(card), made)

    def register(
        self, cutoff: str, slope: float = 0.8, recipe: str = "settings+code"
    ) -> dict[str, str]:
        with self.tracking.run(f"pooled model {cutoff}", {"cutoff": cutoff}) as run:
            folder = self.folder(cutoff, recipe)
        return register(self.tracking, run.info.run_id, folder, curves_of(cutoff, slope), CARDS)

    def challenger(self, division: str = CAD) -> tuple[str, str] | None:
        found = self.registry.challenger(division)
        return (found.number, found.cutoff) if found else None

    def numbers(self, division: str = CAD) -> list[str]:
        name = registry_name(division)
        found = self.client.search_model_versions(f"name = '{name}'")
        return sorted(str(version.version) for version in found)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database made once: the first use of a new one costs ten seconds."""
    home = tmp_path_factory.mktemp("mlflow")
    MlflowRegistry(Tracking(home=str(home))).champion("none")
    return home / "mlflow.db"


@pytest.fixture
def world(tmp_path: Path, database: Path, fitted: dict[str, Fitted]) -> World:
    shutil.copy(database, tmp_path / "mlflow.db")
    return World(tmp_path, fitted)


def test_a_fresh_process_scores_by_the_champion_as_this_one_does(world: World) -> None:
    world.register(NEW)
    challenger = world.registry.challenger(CAD)
    assert challenger is not None
    assert challenger.model_version == f"{NEW}+settings+code"
    assert world.registry.champion(CAD) is None, "registering never makes a champion"
    world.registry.crown(CAD, challenger.number)
    matrix = matrix_of(date(2025, 6, 30), [CAD]).sample(fraction=1, shuffle=True, seed=3)
    trained = artefact.load(world.home, NEW)
    assert trained is not None
    expected = CalibratedModel.of(trained, curves_of(NEW)).probabilities(matrix, 1)
    matrix.write_parquet(world.home / "matrix.parquet")
    code = (
        "import mlflow, polars as pl\n"
        f"mlflow.set_tracking_uri({world.tracking.tracking_uri!r})\n"
        f"model = mlflow.pyfunc.load_model('models:/{registry_name(CAD)}@champion')\n"
        f"rows = pl.read_parquet({str(world.home / 'matrix.parquet')!r}).to_pandas()\n"
        f"pl.DataFrame({{'p': model.predict(rows)}}).write_parquet("
        f"{str(world.home / 'found.parquet')!r})\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=world.home,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "", "HOME": str(world.home)},
    )
    found = pl.read_parquet(world.home / "found.parquet")["p"]
    assert found.equals(expected["icp_score"].alias("p"))
    assert found.n_unique() > 10
    here = world.registry.scores(CAD, challenger.number, matrix)
    assert np.array_equal(here, found.to_numpy())


def test_each_calibrated_division_has_a_version_and_a_run_of_its_own(world: World) -> None:
    assert calibrated_divisions(curves_of(NEW)) == [CAD, PRINT]
    made = world.register(NEW)
    assert made == {CAD: "1", PRINT: "1"}
    assert world.registry.challenger(SCAN) is None
    versions = [world.client.get_model_version(registry_name(d), n) for d, n in made.items()]
    assert len({version.source for version in versions}) == 1, "one bundle for all"
    for version, division in zip(versions, made, strict=True):
        assert version.tags["division"] == division
        assert version.tags["cutoff"] == NEW
        run = world.client.get_run(str(version.run_id))
        parent = world.client.get_run(run.data.tags["mlflow.parentRunId"])
        assert {run.info.status, parent.info.status} == {"FINISHED"}
        assert run.data.params["window_months"] == "6"
        assert run.data.params["calibration.all"] == "platt"
        assert {"blend.all.auc", "naive.repeat.lift_10", "calibration.all.slope"} <= set(
            run.data.metrics
        )
        logged = {file.path for file in world.client.list_artifacts(run.info.run_id)}
        assert logged == {"card.json", "card.md", "calibration.csv", "gains_and_reliability.svg"}
        features = world.client.download_artifacts(parent.info.run_id, "features.json")
        said = json.loads(Path(features).read_text("utf-8"))
        assert said["features"] == FEATURES
        assert said["sha256"] == version.tags["features_checksum"] == bundle.checksum_of(FEATURES)


def test_the_same_files_again_make_no_new_version(world: World) -> None:
    assert world.register(NEW) == world.register(NEW) == {CAD: "1", PRINT: "1"}
    assert world.numbers() == ["1"]


def test_other_files_of_the_same_version_replace_it(world: World) -> None:
    world.register(NEW)
    assert world.register(NEW, slope=0.7)[CAD] == "2"
    assert world.numbers() == ["2"]
    assert world.challenger() == ("2", NEW)


def test_what_is_or_was_champion_is_never_replaced(world: World) -> None:
    world.register(OLD)
    world.registry.crown(CAD, "1")
    world.register(NEW)
    world.register(OLD, slope=0.7)
    assert world.numbers() == ["1", "2", "3"]
    champion = world.registry.champion(CAD)
    assert champion is not None
    assert champion.number == "1"
    world.registry.crown(CAD, "2")
    world.register(OLD, slope=0.6)
    assert world.numbers() == ["1", "2", "4"], "a rollback finds its version, the third is replaced"
    world.registry.crown(CAD, "1")


def test_an_older_cutoff_does_not_move_the_challenger(world: World) -> None:
    world.register(NEW)
    world.register(OLD)
    assert world.numbers() == ["1", "2"]
    assert world.challenger() == ("1", NEW)


def test_among_equal_cutoffs_the_latest_registration_is_the_challenger(world: World) -> None:
    world.register(NEW, recipe="first")
    world.register(NEW, recipe="second")
    assert world.challenger() == ("2", NEW)
    assert world.register(NEW, recipe="first")[CAD] == "1", "settings turned back"
    assert world.challenger() == ("1", NEW)
    assert world.numbers() == ["1", "2"], "another recipe is not replaced"


@pytest.mark.parametrize("name", ["booster_1.txt", "logistic.joblib", bundle.CURVES])
def test_an_incomplete_version_is_refused_by_name(world: World, name: str) -> None:
    number = world.register(NEW)[CAD]
    (found,) = (world.home / "mlflow-artifacts").rglob(name)
    found.unlink()
    with pytest.raises(CannotScore, match=name):
        world.registry.scores(CAD, number, matrix_of(date(2025, 6, 30), [CAD]))


@pytest.mark.parametrize("key", ["cutoff", "model_version", "divisions", "features_checksum"])
def test_a_bundle_that_does_not_say_enough_is_refused(world: World, key: str) -> None:
    target = world.home / "bundle"
    bundle.write(target, world.folder(NEW), curves_of(NEW), [CAD])
    path = target / bundle.CONTENTS
    said = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({k: v for k, v in said.items() if k != key}))
    with pytest.raises(bundle.UnusableBundle, match=key):
        bundle.read(target)
    path.write_text(json.dumps(said | {key: "2020-01-31" if key == "cutoff" else ["other"]}))
    with pytest.raises(bundle.UnusableBundle):
        bundle.read(target)


def test_nothing_is_registered_of_an_incomplete_artefact(world: World) -> None:
    with world.tracking.run("pooled model", {}) as run:
        folder = world.folder(NEW)
    (folder / "booster_0.txt").unlink()
    with pytest.raises(bundle.UnusableBundle, match=r"booster_0\.txt"):
        register(world.tracking, run.info.run_id, folder, curves_of(NEW), CARDS)
    with pytest.raises(ValueError, match="no model card of Print"):
        register(world.tracking, run.info.run_id, folder, curves_of(NEW), {CAD: CARDS[CAD]})
    assert world.client.search_registered_models() == []


def test_rows_that_do_not_fit_are_refused_with_the_reason(world: World) -> None:
    number = world.register(NEW)[CAD]
    rows = matrix_of(date(2025, 6, 30), [CAD])
    with pytest.raises(CannotScore, match="rfm__all__orders__ever"):
        world.registry.scores(CAD, number, rows.drop("rfm__all__orders__ever"))
    with pytest.raises(CannotScore, match="does not know the division Laser"):
        world.registry.scores(CAD, number, rows.with_columns(division=pl.lit("Laser")))


def test_a_feature_that_the_model_does_not_know_changes_nothing(world: World) -> None:
    """A champion stays able to score when a later recipe adds features."""
    number = world.register(NEW)[CAD]
    rows = matrix_of(date(2025, 6, 30), [CAD])
    more = rows.with_columns(new__all__thing__now=pl.lit(1.0, pl.Float32))
    known = world.registry.scores(CAD, number, rows)
    assert np.array_equal(world.registry.scores(CAD, number, more), known)

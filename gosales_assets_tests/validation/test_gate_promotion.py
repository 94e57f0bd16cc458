"""The gate over a real MLflow registry: promoted, refused, rolled back, every step written down."""

from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gosales_assets.breaches import breaches
from gosales_assets.calendar import add_months
from gosales_assets.division_names import registry_name
from gosales_assets.features.contract import FEATURE_MATRIX
from gosales_assets.gate_settings import Gates
from gosales_assets.labels.contract import LABELS
from gosales_assets.scores.contract import ICP_SCORES
from gosales_assets.settings import current_settings
from gosales_assets.tracking import Tracking
from gosales_assets.validation.archive import archived
from gosales_assets.validation.contract import GATE, GATE_HISTORY, PROMOTED_SCORES
from gosales_assets.validation.gate_assets import refusals
from gosales_assets.validation.history import (
    NothingToRollBack,
    added,
    champion_of,
    next_step,
    roll_back,
)
from gosales_assets.validation.promotion import Gatekeeper, hold_gate, read_history
from gosales_assets.validation.registry import CannotScore, MlflowRegistry
from gosales_assets.warehouse import Warehouse
from gosales_assets_tests.validation.scored_world import rows

CUTOFFS = ["2023-06-30", "2023-09-30", "2023-12-31", "2024-03-31"]
CLOSED, PEOPLE = 3, 900
DIVISIONS = ["PDM", "Simulation & CAD"]
IDS = [f"C{i:04d}" for i in range(PEOPLE)]
WHEN = datetime(2024, 4, 1, 9)


class World:
    """A lake and a registry into which recipes of known quality are put."""

    def __init__(self, home: Path, tracking: Tracking) -> None:
        self.warehouse = Warehouse(home=str(home), code_version="test", basis="test")
        self.registry = MlflowRegistry(tracking)
        self.settings = current_settings().model_copy(update={"gates": Gates(replicates=300)})
        rng = np.random.default_rng(5)
        self.truth = {
            (cutoff, division): rng.normal(-2.2, 1.8, PEOPLE)
            for cutoff in CUTOFFS
            for division in DIVISIONS
        }
        for (cutoff, division), logits in self.truth.items():
            keys, on = {"cutoff": cutoff, "division": division}, date.fromisoformat(cutoff)
            same = {**keys, "cutoff": on, "customer_id": IDS}
            label = (rng.random(PEOPLE) < 1 / (1 + np.exp(-logits))).astype(int)
            orders = {
                "rfm__div__orders__ever": np.floor(np.exp(logits / 4 + rng.normal(0, 1, 900)))
            }
            self.warehouse.write(
                FEATURE_MATRIX, rows(FEATURE_MATRIX, 900, **same, **orders), **keys
            )
            known = rows(LABELS, PEOPLE, **same, label=label, net_gp_window=label * 50)
            is_closed = cutoff in CUTOFFS[:CLOSED]
            self.warehouse.write(LABELS, known if is_closed else LABELS.empty(), **keys)

    def score(self, recipe: str, noise: float) -> None:
        """Score all cutoffs as-of with a recipe that sees the truth through noise."""
        for index, ((cutoff, division), logits) in enumerate(self.truth.items()):
            kept = 1.8**2 / (1.8**2 + noise**2)
            seen = logits + np.random.default_rng(index).normal(0, noise, PEOPLE)
            left = np.pi / 8 * 1.8**2 * (1 - kept)
            p = 1 / (1 + np.exp(-(-2.2 + kept * (seen + 2.2)) / np.sqrt(1 + left)))
            frame = rows(
                ICP_SCORES,
                PEOPLE,
                cutoff=date.fromisoformat(cutoff),
                division=division,
                customer_id=IDS,
                icp_score=p,
                model_version=f"{cutoff}+{recipe}",
            )
            self.warehouse.write(ICP_SCORES, frame, cutoff=cutoff, division=division)

    def register(self, recipe: str, cutoff: str = CUTOFFS[-1]) -> None:
        """Register a version of each division as the models room does: the challenger."""
        client = self.registry._client()
        for division in DIVISIONS:
            name = registry_name(division)
            if not client.search_registered_models(f"name = '{name}'"):
                client.create_registered_model(name)
            tags = {"cutoff": cutoff, "division": division, "model_version": f"{cutoff}+{recipe}"}
            made = client.create_model_version(name, "file:///nowhere", tags=tags)
            client.set_registered_model_alias(name, "challenger", made.version)

    def hold(self) -> dict[str, str]:
        before = read_history(self.warehouse)
        keeper = Gatekeeper(self.warehouse, self.registry, self.settings, CUTOFFS)
        judged = hold_gate(keeper, DIVISIONS, next_step(before, WHEN, "ann", "run-1"), before)
        return {j.division: j.verdict for j in judged}

    def undo(self, *divisions: str) -> None:
        before = read_history(self.warehouse)
        entries = roll_back(before, self.registry, next_step(before, WHEN, "bob", ""), divisions)
        self.warehouse.write(GATE_HISTORY, added(before, entries))

    def champions(self) -> list[str | None]:
        found = [self.registry.champion(division) for division in DIVISIONS]
        return [version.number if version else None for version in found]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database made once: the first use of a new one costs ten seconds."""
    home = tmp_path_factory.mktemp("mlflow")
    MlflowRegistry(Tracking(home=str(home))).champion("none")
    return home / "mlflow.db"


@pytest.fixture
def world(tmp_path: Path, database: Path) -> World:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mlflow.db").write_bytes(database.read_bytes())
    made = World(home, Tracking(home=str(home)))
    made.score("first", noise=1.5)
    made.register("first")
    return made


def history(world: World) -> pl.DataFrame:
    found = world.warehouse.read(GATE_HISTORY)
    assert breaches(GATE_HISTORY, found) == []
    return found


def test_a_life_of_champions(world: World) -> None:
    assert set(world.hold().values()) == {"promoted"}
    assert world.champions() == ["1", "1"]
    kept = archived(world.warehouse, "PDM", world.registry.champion("PDM"), CUTOFFS[0])
    given = world.warehouse.read(ICP_SCORES, cutoff=CUTOFFS[0], division="PDM")["icp_score"]
    assert kept["score"].equals(given)

    first = history(world)
    assert set(world.hold().values()) == {"in office"}
    world.hold()
    entries = history(world)
    assert entries.head(first.height).equals(first), "only ever added to"
    assert entries.height == 4, "the same decision is written once"

    world.score("worse", noise=5.0)
    world.register("worse")
    assert set(world.hold().values()) == {"refused"}
    assert world.champions() == ["1", "1"]
    told = refusals(world.warehouse.read(GATE))
    assert len(told) == 2
    assert "AUC 0." in told[0].rule

    world.score("better", noise=0.2)
    world.register("better")
    assert set(world.hold().values()) == {"promoted"}
    assert world.champions() == ["3", "3"]
    last = history(world).tail(1).row(0, named=True)
    assert (last["who"], last["from_version"], last["to_version"]) == ("ann", "1", "3")
    assert "better than the champion" in last["why"]
    assert '"over_champion":' in last["figures"]

    world.undo()
    assert world.champions() == ["1", "1"]
    last = history(world).tail(1).row(0, named=True)
    assert (last["who"], last["verdict"], last["undoes"]) == ("bob", "rolled back", 4)
    assert set(world.hold().values()) == {"rolled back before"}
    assert world.champions() == ["1", "1"]
    world.undo("PDM")
    assert world.champions() == [None, "1"]
    assert champion_of(history(world), "PDM") is None
    world.undo()
    assert world.champions() == [None, None]
    with pytest.raises(NothingToRollBack, match="no move"):
        world.undo()


def test_the_archive_stays_when_scores_are_made_anew(world: World) -> None:
    world.hold()
    champion = world.registry.champion("PDM")
    before = archived(world.warehouse, "PDM", champion, CUTOFFS[-1])
    world.score("better", noise=0.2)
    world.register("better")
    world.hold()
    assert archived(world.warehouse, "PDM", champion, CUTOFFS[-1]).equals(before)
    assert breaches(PROMOTED_SCORES, world.warehouse.read(PROMOTED_SCORES)) == []
    assert breaches(GATE, world.warehouse.read(GATE)) == []


def test_scores_of_another_recipe_are_no_evidence(world: World) -> None:
    world.register("never scored")
    assert set(world.hold().values()) == {"not enough evidence"}
    assert world.champions() == [None, None]


def test_a_champion_moved_by_hand_is_found(world: World) -> None:
    world.hold()
    world.registry.crown("PDM", None)
    world.hold()
    verdicts = history(world).filter(pl.col("division") == "PDM")["verdict"].to_list()
    assert verdicts == ["promoted", "moved outside the gate", "promoted"]


def test_a_champion_that_moved_since_is_not_rolled_back(world: World) -> None:
    world.hold()
    world.registry.crown("PDM", None)
    with pytest.raises(NothingToRollBack, match="PDM: the champion is no longer version 1"):
        world.undo()
    assert world.champions() == [None, "1"], "nothing moved at all"


def test_the_registry_of_nothing(world: World) -> None:
    assert world.registry.challenger("Unknown") is None
    with pytest.raises(CannotScore, match="PDM: version 1 cannot score"):
        world.registry.scores("PDM", "1", pl.DataFrame({"x": [1.0]}))


def test_a_registered_version_scores(world: World) -> None:
    """A real model, logged and registered, loaded by the registry's name and version."""
    import mlflow

    class Orders(mlflow.pyfunc.PythonModel):
        def __init__(self, most: float) -> None:
            self.most = most

        def predict(self, model_input):
            return (model_input["rfm__div__orders__ever"] / self.most).to_numpy()

    keys = {"cutoff": CUTOFFS[0], "division": "PDM"}
    matrix = world.warehouse.read(FEATURE_MATRIX, **keys)
    orders = matrix["rfm__div__orders__ever"].cast(pl.Float64)
    numbers = {}
    with world.registry.tracking.run("test", {}):
        for most in (float(orders.max()), float(orders.max()) / 2):
            logged = mlflow.pyfunc.log_model(
                name="m", python_model=Orders(most), pip_requirements=["numpy"]
            )
            made = mlflow.register_model(logged.model_uri, registry_name("PDM"))
            numbers[most] = str(made.version)
    fine, broken = numbers.values()
    found = world.registry.scores("PDM", fine, matrix)
    assert found == pytest.approx((orders / orders.max()).to_numpy())
    with pytest.raises(CannotScore, match="gives no probability per row"):
        world.registry.scores("PDM", broken, matrix)


def test_later_cutoffs_are_scored_by_the_champion_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cutoffs that closed after it was promoted, without scores of its own in the archive."""
    world.register("first", cutoff=CUTOFFS[1])
    keeper = Gatekeeper(world.warehouse, world.registry, world.settings, CUTOFFS)
    champion = world.registry.challenger("PDM")
    asked: list[int] = []

    def scores(self: MlflowRegistry, division: str, number: str, matrix: pl.DataFrame):
        asked.append(matrix.height)
        if len(asked) > 1:
            raise CannotScore("no")
        return np.full(matrix.height, 0.1)

    monkeypatch.setattr(MlflowRegistry, "scores", scores)
    found = keeper.evidence("PDM", champion, champion)
    by_cutoff = dict(found.group_by("cutoff").agg(pl.col("champion").count()).iter_rows())
    assert by_cutoff == {
        add_months(date(2023, 6, 1), 0): 0,  # it knows what came of the cutoff before its own
        date(2023, 9, 30): 0,  # it could not score
        date(2023, 12, 31): PEOPLE,
    }
    assert keeper.remarks == ["2023-09-30: no"]

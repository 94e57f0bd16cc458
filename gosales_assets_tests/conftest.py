"""What all tests share: a small sample as the configuration, one Dagster instance, a warehouse.

Partitions are read from the settings at import, so the configuration is set before anything of
the package is imported.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import hypothesis
import pytest
import yaml

HOME = Path(tempfile.mkdtemp(prefix="gosales-tests-"))
os.environ["GOSALES_HOME"] = str(HOME)
os.environ["GOSALES_CONFIG"] = str(HOME / "sample" / "gosales.yaml")
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"

from gosales_assets.sources.sample import SampleSpec, generate  # noqa: E402

hypothesis.settings.register_profile("unhurried", deadline=None)  # a slow machine is no bug
hypothesis.settings.load_profile("unhurried")

SAMPLE_CUSTOMERS = 400
# Fewer partitions than the demo has: each costs a test suite the same seconds.
CUTOFFS = {"first": "2022-12-31", "last": "2024-12-31", "every_months": 6}
TARGETS = {
    "exclude": ["Hardware", "Maintenance", "CAMWorks", "CPE", "Scanning", "Post_Processing"],
    "sku_sets": {"SW_Electrical": ["SW_Electrical"], "SW_Inspection": ["SW_Inspection"]},
}


def _make_sample() -> None:
    made = generate(HOME / "sample", SampleSpec(customers=SAMPLE_CUSTOMERS))
    content = yaml.safe_load(made.config.read_text(encoding="utf-8"))
    content |= {"cutoffs": CUTOFFS, "targets": TARGETS}
    content["side_tables"]["prospects"] = {"file": "side/prospects.csv"}  # nobody delivered it
    content["features"]["families_off"] = []  # what is off by default is tested all the same
    content["models"] = {"booster_seeds": 2, "division_models": False}  # these have their own tests
    made.config.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


_make_sample()

from gosales_assets.warehouse import Warehouse  # noqa: E402
from gosales_assets_tests.paths import SHARED_DATA  # noqa: E402


@pytest.hookimpl(optionalhook=True)  # also without pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests also wait, for processes, files and locks."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys first: what takes longest must not be what one worker does alone at the end."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


def pytest_unconfigure() -> None:
    """Remove the sample and whatever the tests made beside it."""
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    """One ephemeral Dagster instance: the first costs seconds, the others nothing."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """An empty warehouse of its own."""
    return Warehouse(home=str(tmp_path / "home"), code_version="test", basis="test")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real sales logs that live beside the checkout; a newcomer's clone has none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return SHARED_DATA

from pathlib import Path

import pytest

from dashboards.database import Published
from gosales_assets_tests.dashboards.published_sample import publish


@pytest.fixture(scope="session")
def db(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return Published(publish(tmp_path_factory.mktemp("published") / "home"), threads=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"

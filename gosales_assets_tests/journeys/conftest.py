"""What journeys share: one whole run on the small sample."""

import os
from pathlib import Path

import pytest

from gosales_assets_tests.journeys.commands import Outcome, run


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One whole run on the small sample that the tests share."""
    config = Path(os.environ["GOSALES_CONFIG"])
    return run(tmp_path_factory.mktemp("small"), config)

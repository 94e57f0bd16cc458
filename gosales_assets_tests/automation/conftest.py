"""What the tests of the automation share: a webhook that listens."""

from collections.abc import Iterator

import pytest

from gosales_assets.settings import environment
from gosales_assets_tests.automation.hook import Hook, listening


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    with listening() as made:
        monkeypatch.setenv("GOSALES_ALERT_WEBHOOK_URL", made.address)
        environment.cache_clear()
        yield made
        monkeypatch.undo()
        environment.cache_clear()

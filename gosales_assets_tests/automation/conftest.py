"""What the tests of the automation share: a webhook that listens."""

import threading
from collections.abc import Iterator

import pytest

from gosales_assets.settings import environment
from gosales_assets_tests.automation.hook import Hook


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("GOSALES_ALERT_WEBHOOK_URL", made.address)
    environment.cache_clear()
    yield made
    monkeypatch.undo()
    environment.cache_clear()
    made.server.shutdown()
    made.server.server_close()
    thread.join()

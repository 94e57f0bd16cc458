"""The list of probes names checks and tests that there are."""

from gosales_assets.features.assets import CHECKS as FEATURE_CHECKS
from gosales_assets.labels.assets import CHECKS as LABEL_CHECKS
from gosales_assets.leakage import PROBES
from gosales_assets.validation.probe_assets import CHECKS as MODEL_CHECKS
from gosales_assets_tests.paths import REPOSITORY


def test_every_probe_runs_somewhere_and_what_it_names_is_there() -> None:
    keys = [
        key for check in (*FEATURE_CHECKS, *LABEL_CHECKS, *MODEL_CHECKS) for key in check.check_keys
    ]
    there = {(".".join(key.asset_key.path), key.name) for key in keys}
    for probe in PROBES:
        assert probe.tests
        assert set(probe.checks) <= there, probe.name
        for test in probe.tests:
            assert (REPOSITORY / "gosales_assets_tests" / test).is_file(), test
    assert [probe.number for probe in PROBES] == list(range(1, 14))

"""A kill at any moment leaves every file whole: the old one or the new one."""

import json
import subprocess
import sys
from pathlib import Path

from gosales_assets.models import artefact
from gosales_assets_tests.foundation.killed import without_settings
from gosales_assets_tests.foundation.writers import CUTOFF, write_model
from gosales_assets_tests.paths import REPOSITORY

KILLS, SEED = 12, 8


def test_whoever_is_killed_leaves_old_or_new_and_nothing_between(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "gosales_assets_tests.foundation.killed_writers"]
    done = subprocess.run(
        [*program, str(tmp_path / "home"), str(KILLS), str(SEED)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=without_settings(),
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"{KILLS} killed" in done.stdout


def test_a_model_is_not_lost_between_the_two_moves_of_its_swap(tmp_path: Path) -> None:
    write_model(tmp_path, 1)
    folder = artefact.folder_of(tmp_path, CUTOFF)
    retired = folder.with_name(f".{folder.name}.old")
    folder.rename(retired)  # a kill came before the new one was moved in
    assert artefact.is_there(tmp_path, CUTOFF)
    assert artefact.load_card(tmp_path, CUTOFF)["model_version"] == "1"
    assert not retired.exists()
    retired.mkdir()  # a kill came before the old one was removed
    (retired / "card.json").write_text(json.dumps({"model_version": "0"}))
    write_model(tmp_path, 2)
    assert artefact.load_card(tmp_path, CUTOFF)["model_version"] == "2"
    assert not retired.exists()

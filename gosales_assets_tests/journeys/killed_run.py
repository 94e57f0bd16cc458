"""``gosales run``, killed at one of its file operations, or counting them.

``python -m gosales_assets_tests.journeys.killed_run HOME OPERATION PUT_OFF run --config ...``; with
operation 0 nothing is killed, and the number of operations is written to HOME/operations.
"""

import sys
from pathlib import Path

from gosales_assets.cli import app
from gosales_assets_tests.foundation.killed import kill_at

if __name__ == "__main__":
    home, operation, put_off, *command = sys.argv[1:]
    seen = kill_at(home, int(operation), float(put_off))
    try:
        app(command)
    finally:
        (Path(home) / "operations").write_text(str(seen()))

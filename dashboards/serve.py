"""``make dev``: the Dagster UI and the scorecard, both on localhost, ended together by Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

DAGSTER_PORT = 3000
SCORECARD_PORT = 8501
# Parts of Dagster that we use are beta, which it says again at every load; whoever looks around
# cannot do anything about it. Only the beginnings of messages can be named here.
QUIET = {"PYTHONWARNINGS": "ignore:Class `Multi,ignore:Specifying a partitions_def"}


def commands() -> list[list[str]]:
    """Commands of the two servers, run by the Python that runs this."""
    python = sys.executable
    dagster = [python, "-m", "dagster", "dev", "-w", "workspace.yaml"]
    streamlit = [python, "-m", "streamlit", "run", "dashboards/app.py"]
    return [
        [*dagster, "--host", "127.0.0.1", "--port", str(DAGSTER_PORT)],
        [
            *streamlit,
            *("--server.address", "127.0.0.1"),
            *("--server.port", str(SCORECARD_PORT)),
            *("--server.headless", "true"),
        ],
    ]


def serve(arguments: Sequence[Sequence[str]]) -> int:
    """Run the servers until one of them ends, Ctrl-C or a kill; end the others.

    Returns
    -------
    int
        Exit code of the server that ended by itself, else 0.
    """
    # A kill ends the servers like Ctrl-C does, also where the shell has Ctrl-C ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    environment = os.environ | QUIET
    servers = [subprocess.Popen(list(a), env=environment) for a in arguments]  # noqa: S603
    try:
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
        return next(server.returncode for server in servers if server.returncode is not None)
    except KeyboardInterrupt:
        return 0
    finally:
        for server in servers:
            if server.poll() is None:
                server.send_signal(signal.SIGINT)
        for server in servers:
            server.wait()


if __name__ == "__main__":
    print(f"Dagster UI: http://localhost:{DAGSTER_PORT}")
    print(f"Scorecard:  http://localhost:{SCORECARD_PORT}")
    sys.exit(serve(commands()))

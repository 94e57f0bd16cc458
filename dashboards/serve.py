"""``make dev``: the Dagster UI and the scorecard, both on localhost, ended together by Ctrl-C."""

import signal
import subprocess
import sys
from collections.abc import Sequence

DAGSTER_PORT = 3000
SCORECARD_PORT = 8501


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
    """Run the servers until one of them ends or Ctrl-C; end the others, return the exit code."""
    servers = [subprocess.Popen(list(command)) for command in arguments]  # noqa: S603
    code = 0
    try:
        while all(server.poll() is None for server in servers):
            try:
                code = servers[0].wait(timeout=1)
            except subprocess.TimeoutExpired:
                continue
    except KeyboardInterrupt:
        code = 0
    finally:
        for server in servers:
            if server.poll() is None:
                server.send_signal(signal.SIGINT)
        for server in servers:
            server.wait()
    return code


if __name__ == "__main__":
    print(f"Dagster UI: http://localhost:{DAGSTER_PORT}")
    print(f"Scorecard:  http://localhost:{SCORECARD_PORT}")
    sys.exit(serve(commands()))

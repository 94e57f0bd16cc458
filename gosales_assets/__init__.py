"""GoSales Assets: who buys what next, from a raw sales log, as a graph of Dagster assets."""

import os

# MLflow would look up a server in the network at its first call. Whichever process computes here
# (the command, a run that the Dagster UI launched, a loaded bundle), it imports this package first.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

__version__ = "0.1.0"

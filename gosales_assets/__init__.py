"""GoSales Assets: who buys what next, from a raw sales log, as a graph of Dagster assets."""

__version__ = "0.1.0"

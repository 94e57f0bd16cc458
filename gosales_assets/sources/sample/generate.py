"""Put a sample together: settings, SKU map, log, side tables and truth in one folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from .catalogue import SEAT_SKUS, SKU_MAP_HEADER, SKU_SETS, WHOLE_DIVISIONS, sku_map_rows
from .customers import Customers, draw_customers
from .dirt import LEDGER_HEADER
from .log_files import LogFiles
from .orders import Orders, build_orders
from .purchases import Simulation
from .side_tables import SIDE_COLUMNS, InstalledBase, write_side_tables
from .spec import WINDOW_MONTHS, SampleSpec
from .truth import TruthFile

_STABLE = SIDE_COLUMNS["customers"][2:]
_STREAMS = ("customers", "purchases", "orders", "shuffle", "dirt", "side")


@dataclass(frozen=True)
class SampleSummary:
    """What `generate` wrote.

    Parameters
    ----------
    folder, config, sku_map, log_files, side_files
        Paths; `config` is the YAML to run.
    truth
        True probabilities; None for a shuffled sample, which has none worth knowing.
    ledger
        CSV of every planted flaw: file, line, flaw, treatment.
    customers
        Customers in the log.
    order_rows
        Rows of the spotless log.
    file_rows
        Lines below the headers: order rows, repeated rows, repeated headers, total rows.
    flaws
        Planted flaws by treatment.
    """

    folder: Path
    config: Path
    sku_map: Path
    log_files: tuple[Path, ...]
    side_files: tuple[Path, ...]
    truth: Path | None
    ledger: Path
    customers: int
    order_rows: int
    file_rows: int
    flaws: dict[str, int]


def streams(spec: SampleSpec) -> dict[str, np.random.Generator]:
    """Spawn one random stream per concern, so that no setting stirs another's draws."""
    seeds = np.random.SeedSequence(spec.seed).spawn(len(_STREAMS))
    return {
        name: np.random.Generator(np.random.PCG64(seed))
        for name, seed in zip(_STREAMS, seeds, strict=True)
    }


def generate(out: Path, spec: SampleSpec | None = None) -> SampleSummary:
    """Write a sample into the folder `out` (made if missing; files of the same names replaced).

    Parameters
    ----------
    out
        The folder: `gosales.yaml`, `sku_map.csv`, `landing/`, `side/`, and, outside what any
        pipeline reads, `truth/`.
    spec
        What to make; the default is 2,000 customers over four years.
    """
    spec = spec or SampleSpec()
    for name in ("landing", "side", "truth"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rngs = streams(spec)
    customers = draw_customers(spec, rngs["customers"])
    installed = InstalledBase(spec)
    truth = None if spec.shuffled else out / "truth" / "true_probability.parquet"
    with LogFiles(out / "landing", spec, customers, rngs["dirt"]) as log:
        if truth is None:
            _run(spec, customers, rngs, log, installed, None)
        else:
            with TruthFile(truth, customers.table["customer_id"]) as truth_file:
                _run(spec, customers, rngs, log, installed, truth_file)
    ledger = out / "truth" / "dirt.csv"
    _write_rows(ledger, LEDGER_HEADER, log.ledger.rows)
    sku_map = out / "sku_map.csv"
    _write_rows(sku_map, SKU_MAP_HEADER, sku_map_rows())
    config = out / "gosales.yaml"
    config.write_text(_settings(spec), encoding="utf-8")
    return SampleSummary(
        folder=out,
        config=config,
        sku_map=sku_map,
        log_files=tuple(log.paths),
        side_files=write_side_tables(out / "side", spec, customers, installed, rngs["side"]),
        truth=truth,
        ledger=ledger,
        customers=len(customers),
        order_rows=log.order_rows,
        file_rows=log.file_rows,
        flaws=log.ledger.counts(),
    )


def _run(
    spec: SampleSpec,
    customers: Customers,
    rngs: dict[str, np.random.Generator],
    log: LogFiles,
    installed: InstalledBase,
    truth: TruthFile | None,
) -> None:
    """Simulate month by month; hand each month to the log, each quarter-end to the truth."""
    simulation = Simulation(spec, customers, rngs["purchases"])
    invoice = 1
    for month in range(spec.months):
        orders = build_orders(simulation.step(), customers, spec, rngs["orders"], invoice)
        invoice = int(orders.invoice.max(initial=invoice - 1)) + 1
        installed.add(orders)
        log.write(_shuffled(orders, len(customers), rngs["shuffle"]) if spec.shuffled else orders)
        if truth is not None and spec.ends_quarter(month):
            truth.write(spec.month_end(month), simulation.probability())


def _shuffled(orders: Orders, customers: int, rng: np.random.Generator) -> Orders:
    """Give each invoice to a customer drawn uniformly among all.

    A permutation of the customer column would keep heavy buyers heavy, and so predictable. Draws
    that know nothing of each other leave nothing: what anybody gets after a cutoff is independent
    of what they got before it, also given that they got something before it (are candidates).
    """
    invoice = orders.invoice - orders.invoice.min(initial=0)
    drawn = rng.integers(0, customers, int(invoice.max(initial=-1)) + 1)
    return replace(orders, customer=drawn[invoice])


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _first_cutoff(spec: SampleSpec) -> date:
    """Two years before the end, or a year after the start where that is later."""
    return spec.month_end(max(spec.months - 25, 11 + (spec.months - 12) % 3))


def _settings(spec: SampleSpec) -> str:
    """Write the YAML that runs the sample."""
    side = "\n".join(
        f"  {name}: {{file: side/{name}.csv"
        + (f", stable: [{', '.join(_STABLE)}]" if name == "customers" else "")
        + "}"
        for name in SIDE_COLUMNS
    )
    sets = "\n".join(
        f"    {'# ' if name in WHOLE_DIVISIONS else ''}{name}: [{', '.join(skus)}]"
        for name, skus in SKU_SETS.items()
    )
    return f"""\
# A generated sample: an ERP export of a software reseller, side tables and a SKU map.
# Paths are relative to this file. truth/ holds the answers and is read by no pipeline.
sales_log:
  files: [landing/*.csv.gz]
  layout: wide
  columns:
    customer_id: CustomerId
    customer_name: Customer
    order_date: Rec Date
    division: Division
    branch: Branch
    rep: Rep
    order_type: OrderType
    status: Status
    invoice_id: InvoiceId
    currency: InvoiceCurrency
    currency_rate: UsdCadConversionRate  # Canadian dollars for one US dollar
    is_new: New
  date_order: ymd
  complete_through: {spec.last_day}
sku_map: sku_map.csv
side_tables:
{side}
cutoffs: {{first: {_first_cutoff(spec)}, last: {spec.last_day}, every_months: 3}}
window_months: {WINDOW_MONTHS}
targets:
  exclude: [Hardware, Maintenance]
  # Commented out: sets that hold (nearly) all of their division, and would say everything twice.
  sku_sets:
{sets}
features:
  seat_skus: {json.dumps(SEAT_SKUS)}
"""

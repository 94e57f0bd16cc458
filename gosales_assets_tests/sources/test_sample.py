"""The sample: reproducible, spoiled as told, and true to the probabilities it states."""

import csv
import gzip
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import rankdata

from gosales_assets.settings import load_settings
from gosales_assets.sources.sample import SampleSpec, SampleSummary, generate, world
from gosales_assets.sources.sample.customers import draw_customers
from gosales_assets.sources.sample.purchases import Simulation

SMALL = SampleSpec(customers=300)
CUTOFF = date(2024, 3, 31)
WINDOW_END = date(2024, 9, 30)

# As sources.md has it, and the rest of the default SKU map behind it.
HEADER = (
    "CustomerId,Customer,Rec Date,Division,Branch,Rep,OrderType,Status,InvoiceId,InvoiceCurrency,"
    "UsdCadConversionRate,New,SWX_Core,SWX_Core_Qty,SWX_Pro_Prem,SWX_Pro_Prem_Qty,Core_New_UAP,"
    "Core_New_UAP_Qty,Simulation,Simulation_Qty,PDM,PDM_Qty,Services,Services_Qty,Training,"
    "Training_Qty,Success Plan GP,Success_Plan_Qty,FormLabs,FormLabs_Qty,FDM,FDM_Qty,"
    "SAF,SAF_Qty,SLA,SLA_Qty,P3,P3_Qty,Metals,Metals_Qty,Polyjet,Polyjet_Qty,Fortus,Fortus_Qty,"
    "uPrint,uPrint_Qty,_1200_Elite_Fortus250,_1200_Elite_Fortus250_Qty,Consumables,Consumables_Qty,"
    "SpareParts_RepairParts_TimeAndMaterials,SpareParts_RepairParts_TimeAndMaterials_Qty,"
    "AM_Software,AM_Software_Qty,AM_Support,AM_Support_Qty,Post_Processing,Post_Processing_Qty,"
    "HV_Simulation,HV_Simulation_Qty,CATIA,CATIA_Qty,Delmia_Apriso,Delmia_Apriso_Qty,DELMIA,"
    "Delmia_Qty,Creaform,Creaform_Qty,Artec,Artec_Qty,CAMWorks_Seats,CAMWorks_Seats_Qty,"
    "SW_Electrical,SW_Electrical_Qty,SW_Inspection,SW_Inspection_Qty,Pro_Prem_New_UAP,"
    "Pro_Prem_New_UAP_Qty,EPDM_CAD_Editor_Seats,EPDM_CAD_Editor_Seats_Qty,SW_Plastics,"
    "SW_Plastics_Qty"
)

DIVISIONS = {
    *("Solidworks", "Maintenance", "PDM", "Simulation", "Services", "Training", "Success Plan"),
    *("Hardware", "Post_Processing", "CPE", "Scanning", "CAMWorks"),
}


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def net_by_month(sample: SampleSummary) -> pl.DataFrame:
    """Net gross profit by customer, division and month, read from a spotless log's files."""
    log = pl.concat(
        pl.read_csv(path, infer_schema=False) for path in sample.log_files
    ).with_columns(pl.col("Rec Date").str.to_date())
    sku_map = pl.read_csv(sample.sku_map, infer_schema=False)
    columns = [c for c in sku_map["gp_column"].unique(maintain_order=True) if c in log.columns]
    plain = sku_map.filter(pl.col("route_by").is_null())
    division_of = dict(zip(plain["gp_column"], plain["division"], strict=True))
    routed = (pl.col("gp_column") == "AM_Support") & (pl.col("Division") == "Scanning")
    return (
        log.select("CustomerId", "Rec Date", "Division", *columns)
        .unpivot(columns, index=["CustomerId", "Rec Date", "Division"], variable_name="gp_column")
        .drop_nulls("value")
        .with_columns(
            pl.when(routed)
            .then(pl.lit("Scanning"))
            .otherwise(pl.col("gp_column").replace_strict(division_of))
            .alias("division")
        )
        .group_by(
            customer_id="CustomerId", division="division", month=pl.col("Rec Date").dt.month_end()
        )
        .agg(pl.col("value").cast(pl.Float64).sum().alias("net"))
    )


def with_labels(truth: pl.DataFrame, net: pl.DataFrame, cutoff: date, end: date) -> pl.DataFrame:
    """Truth at a cutoff, with label, orders so far in the division, and months by parents."""
    keys = ["customer_id", "division"]
    bought = net.filter(pl.col("month").is_between(cutoff, end, closed="right"))
    past = net.filter(pl.col("month") <= cutoff)
    return (
        truth.filter(pl.col("cutoff") == cutoff)
        .join(bought.group_by(keys).agg((pl.col("net").sum() > 0).alias("label")), keys, "left")
        .join(past.group_by(keys).agg(pl.len().alias("orders")), keys, "left")
        .with_columns(pl.col("label").fill_null(value=False), pl.col("orders").fill_null(0))
    )


def auc(label: pl.Series, score: pl.Series) -> float:
    positive = label.to_numpy()
    ranks = rankdata(score.to_numpy())
    hits, misses = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return generate(tmp_path_factory.mktemp("clean"), SampleSpec(customers=6000, dirty_share=0))


@pytest.fixture(scope="module")
def net(clean: SampleSummary) -> pl.DataFrame:
    return net_by_month(clean)


@pytest.fixture(scope="module")
def truth(clean: SampleSummary) -> pl.DataFrame:
    assert clean.truth is not None
    return pl.read_parquet(clean.truth)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return generate(tmp_path_factory.mktemp("dirty"), SampleSpec(customers=2000))


def test_same_seed_same_bytes_another_seed_others(tmp_path: Path) -> None:
    generate(tmp_path / "one", SMALL)
    generate(tmp_path / "other", replace(SMALL, seed=7))
    one, other = hashes(tmp_path / "one"), hashes(tmp_path / "other")
    assert one.keys() == other.keys()
    data = [name for name in one if name not in {"gosales.yaml", "sku_map.csv"}]
    assert all(one[name] != other[name] for name in data)
    code = (
        "import sys; from pathlib import Path; from gosales_assets.sources.sample import *;"
        "generate(Path(sys.argv[1]), SampleSpec(customers=300))"
    )
    for threads in ("1", "2"):
        folder = tmp_path / threads
        environment = {**os.environ, "POLARS_MAX_THREADS": threads}
        subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=environment)
        assert hashes(folder) == one


def test_files_and_settings(dirty: SampleSummary) -> None:
    settings = load_settings(dirty.config)
    assert [path.name for path in dirty.log_files] == [
        f"sales_log_{year}.csv.gz" for year in (2021, 2022, 2023, 2024)
    ]
    assert settings.cutoffs.first == date(2022, 12, 31)
    for name, table in settings.side_tables.items():
        header = settings.path(table.file).read_text(encoding="utf-8").splitlines()[0]
        assert set(table.stable) <= set(header.split(",")), name
    assert all("truth" not in str(path) for path in (*dirty.log_files, *dirty.side_files))


def test_header_and_sku_map_are_the_specification(dirty: SampleSummary) -> None:
    assert all(lines_of(path)[0] == HEADER for path in dirty.log_files)
    sku_map = pl.read_csv(dirty.sku_map, infer_schema=False)
    assert set(sku_map["division"]) == DIVISIONS
    in_log = set(sku_map["gp_column"]) - {"Success_Plan", "_3DP_Software"}
    assert in_log | set(sku_map["qty_column"]) - {"_3DP_Software_Qty"} == set(
        HEADER.split(",")[12:]
    )
    support = sku_map.filter(pl.col("sku") == "AM_Support")
    assert support.select("division", "route_by", "route_value").rows() == [
        ("Scanning", "Division", "Scanning"),
        ("Hardware", None, None),
    ]


def test_size_of_the_log(clean: SampleSummary) -> None:
    assert clean.order_rows == clean.file_rows
    assert clean.flaws == {}
    assert 10.2 < clean.order_rows / clean.customers < 11.3


def test_truth_has_exactly_the_customers_seen(truth: pl.DataFrame, net: pl.DataFrame) -> None:
    assert truth["cutoff"].unique().len() == 16
    for cutoff in (date(2021, 3, 31), CUTOFF, date(2024, 12, 31)):
        seen = set(net.filter(pl.col("month") <= cutoff)["customer_id"])
        at = truth.filter(pl.col("cutoff") == cutoff)
        assert set(at["customer_id"]) == seen
        assert len(at) == 12 * len(seen)
    assert truth.select("customer_id", "division", "cutoff").is_unique().all()


@pytest.mark.parametrize(
    ("cutoff", "end"),
    [(date(2022, 6, 30), date(2022, 12, 31)), (CUTOFF, WINDOW_END)],
    ids=["young log", "old log"],
)
def test_truth_is_calibrated(
    truth: pl.DataFrame, net: pl.DataFrame, cutoff: date, end: date
) -> None:
    rows = with_labels(truth, net, cutoff, end)
    bins = rows.with_columns(
        (pl.col("probability").rank("ordinal") * 10 / (pl.len() + 1))
        .floor()
        .over("division")
        .alias("decile")
    )
    for keys, limit in ((["division"], 3.5), (["division", "decile"], 4.5)):
        # Given the truth, labels of one division are independent: a sum has a known spread.
        p = pl.col("probability")
        groups = bins.group_by(keys).agg(
            (pl.col("label").sum() - p.sum()).alias("gap"),
            (p * (1 - p)).sum().sqrt().alias("spread"),
            p.sum().alias("expected"),
        )
        # The normal bound needs a few expected buyers; rare ones get slack of one or two.
        excess = groups.filter(pl.col("gap").abs() > limit * pl.col("spread") + 1)
        assert excess.is_empty(), excess
        spread = groups.filter(pl.col("expected") > 3)
        assert 0.5 < float((spread["gap"] / spread["spread"]).pow(2).mean() or 0) < 2.0


def bias_of_truth(customers: int) -> np.ndarray:
    """Standardised gap of realised and true buyers per division, over six windows end to end."""
    spec = SampleSpec(customers=customers)
    drawn = draw_customers(spec, np.random.default_rng(11))
    simulation = Simulation(spec, drawn, np.random.default_rng(12))
    cutoffs = range(12, spec.months, 6)
    expected = {}
    bought = np.zeros((spec.months, 12, customers), np.bool_)
    for month in range(spec.months):
        if month in cutoffs:
            expected[month] = simulation.probability()
        purchases = simulation.step().bought
        bought[month, :, : purchases.shape[1]] = purchases
    gap = np.zeros(12)
    variance = np.zeros(12)
    for month, p in expected.items():
        gap += (bought[month : month + 6, :, : p.shape[1]].any(axis=0) - p).sum(axis=1)
        variance += (p * (1 - p)).sum(axis=1)
    return gap / np.sqrt(variance)


def test_truth_is_exact_on_many_customers() -> None:
    assert np.abs(bias_of_truth(40_000)).max() < 4


def test_a_broken_lag_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = world.RAMP.copy()
    hasty[1 : world.LAG] = 1
    monkeypatch.setattr(world, "RAMP", hasty)
    assert np.abs(bias_of_truth(40_000)).max() > 5


def test_a_bought_month_never_nets_to_zero_or_less(net: pl.DataFrame) -> None:
    assert net["net"].min() > 0  # type: ignore[operator]


def test_there_is_something_to_learn_beyond_counting(
    truth: pl.DataFrame, net: pl.DataFrame
) -> None:
    rows = with_labels(truth, net, CUTOFF, WINDOW_END)
    by_truth, by_count = [], []
    for (_division,), group in rows.group_by("division", maintain_order=True):
        by_truth.append(auc(group["label"], group["probability"]))
        by_count.append(auc(group["label"], group["orders"]))
    assert 0.75 < np.mean(by_truth) < 0.87
    assert np.mean(by_truth) - np.mean(by_count) > 0.07
    rare = rows.filter(pl.col("division").is_in(["CPE", "Post_Processing", "CAMWorks"]))
    shares = rare.group_by("division").agg(pl.col("probability").mean())["probability"]
    assert shares.is_between(0.008, 0.025).all()


@pytest.mark.parametrize(
    ("parent", "child"),
    [("Solidworks", "PDM"), ("PDM", "Simulation"), ("Hardware", "Post_Processing")],
)
def test_adoption_paths_show_in_the_log(
    truth: pl.DataFrame, net: pl.DataFrame, parent: str, child: str
) -> None:
    rows = with_labels(truth, net, CUTOFF, WINDOW_END)
    long_ago = net.filter((pl.col("division") == parent) & (pl.col("month") <= date(2023, 9, 30)))
    fresh = rows.filter((pl.col("division") == child) & (pl.col("orders") == 0))
    owner = pl.col("customer_id").is_in(long_ago["customer_id"].unique().to_list())
    assert fresh.filter(owner)["label"].mean() > 1.5 * fresh.filter(~owner)["label"].mean()  # type: ignore[operator]


def test_shuffled_sample_has_nothing_to_learn(tmp_path: Path) -> None:
    spec = SampleSpec(customers=8000, dirty_share=0, shuffled=True)
    sample = generate(tmp_path, spec)
    assert sample.truth is None
    net = net_by_month(sample)
    past = net.filter(pl.col("month") <= CUTOFF)
    candidates = past.group_by("customer_id").agg(
        pl.len().alias("lines"), pl.col("month").max().alias("latest"), pl.col("net").sum()
    )
    future = net.filter(pl.col("month").is_between(CUTOFF, WINDOW_END, closed="right"))
    for division in ("Solidworks", "Maintenance", "Hardware"):
        buyers = future.filter((pl.col("division") == division) & (pl.col("net") > 0))
        own = past.filter(pl.col("division") == division).group_by("customer_id").len("own")
        rows = candidates.join(own, "customer_id", "left").with_columns(pl.col("own").fill_null(0))
        label = rows["customer_id"].is_in(buyers["customer_id"].implode())
        for score in ("lines", "latest", "net", "own"):
            assert abs(auc(label, rows[score].to_physical()) - 0.5) < 0.03, (division, score)


def test_shuffling_keeps_side_tables(tmp_path: Path) -> None:
    generate(tmp_path / "real", SMALL)
    generate(tmp_path / "shuffled", replace(SMALL, shuffled=True))
    assert hashes(tmp_path / "real" / "side") == hashes(tmp_path / "shuffled" / "side")
    assert hashes(tmp_path / "real" / "landing") != hashes(tmp_path / "shuffled" / "landing")


def test_dirty_share_and_ledger(dirty: SampleSummary) -> None:
    flaws = dirty.flaws
    touched = flaws["repaired"] + flaws["quarantined"] + flaws["duplicate"]
    assert 0.007 < touched / dirty.order_rows < 0.013
    assert flaws["repaired"] > flaws["quarantined"] + flaws["duplicate"]
    assert dirty.file_rows == dirty.order_rows + flaws["duplicate"] + flaws["structure"]
    text = {path.name: lines_of(path) for path in dirty.log_files}
    assert sum(len(lines) - 1 for lines in text.values()) == dirty.file_rows
    for row in pl.read_csv(dirty.ledger).iter_rows(named=True):
        line = text[row["file"]][row["line"] - 1]
        cells = next(csv.reader([line]))
        match row["flaw"]:
            case "repeated_header":
                assert line == HEADER
            case "total_row":
                assert line.startswith("Total,")
                assert row["line"] == len(text[row["file"]])
            case "repeated_row":
                assert line == text[row["file"]][row["line"] - 2]
            case "no_customer":
                assert cells[0] == ""
            case "id_with_decimal":
                assert cells[0].endswith(".0")


def test_repairable_flaws_keep_every_value(tmp_path: Path) -> None:
    spec = SampleSpec(customers=300, dirty_share=0.5)
    dirty, clean = (
        generate(tmp_path / str(share), replace(spec, dirty_share=share)) for share in (0.5, 0.0)
    )
    rows = {}
    for path in clean.log_files:
        for cells in csv.reader(lines_of(path)[1:]):
            rows[cells[8], cells[3], cells[6]] = cells
    text = {path.name: lines_of(path) for path in dirty.log_files}
    seen = set()
    for row in pl.read_csv(dirty.ledger).iter_rows(named=True):
        if row["treatment"] != "repaired":
            continue
        seen.add(row["flaw"])
        cells = next(csv.reader([text[row["file"]][row["line"] - 1]]))
        wanted = rows[cells[8], cells[3], cells[6]]
        assert repaired_id(cells[0]) == wanted[0]
        assert [money(cell) for cell in cells[12:]] == [money(cell) for cell in wanted[12:]]
        assert day(cells[2]) == date.fromisoformat(wanted[2])
    assert len(seen) == 7


def repaired_id(cell: str) -> str:
    return cell.strip().removesuffix(".0")


def money(cell: str) -> float | None:
    if not cell:
        return None
    sign = -1 if re.search(r"[-−(]", cell) else 1
    return sign * float(re.sub(r"[^\d.]", "", cell))


def day(cell: str) -> date:
    serial = date(1899, 12, 30).toordinal()
    return date.fromordinal(serial + int(cell)) if cell.isdigit() else date.fromisoformat(cell[:10])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"customers": 3}, "customers must be 50 or more, got 3"),
        ({"first_day": date(2021, 1, 2)}, "first day of a month"),
        ({"last_day": date(2024, 12, 30)}, "last day of a month"),
        ({"last_day": date(2022, 6, 30)}, "24 months or more, got 18"),
        ({"dirty_share": 0.9}, "dirty_share"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_impossible_requests_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(SampleSpec(), **wrong)  # type: ignore[arg-type]

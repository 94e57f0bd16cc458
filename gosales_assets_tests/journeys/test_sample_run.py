"""A whole run on the small sample: complete, repeatable, restartable, honest about bad settings."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml

from gosales_assets_tests.journeys.commands import Outcome, gosales, run

SAMPLE = Path(os.environ["GOSALES_CONFIG"]).parent


def test_the_run_succeeds_and_tells_it_in_plain_words(small_run: Outcome) -> None:
    assert small_run.code == 0, small_run.errors
    assert small_run.summary["succeeded"]
    for heading in ("What came in", "How good the ranking was", "The ten best recommendations"):
        assert heading in small_run.output
    assert len(small_run.summary["best"]) == 10
    assert "Traceback" not in small_run.output + small_run.errors


def test_a_missing_side_table_is_a_note(small_run: Outcome) -> None:
    told = "no file side/prospects.csv for prospects, so what needs it is switched off"
    assert told in " ".join(small_run.output.split())


def test_every_table_of_the_interface_is_published_and_commented(small_run: Outcome) -> None:
    tables = {
        "raw.quarantine",
        "raw.quarantine_reasons",
        "raw.load_log",
        "star.fact_transactions",
        "star.dim_customer",
        "star.column_profile",
        "labels.labels",
        "features.customer_features",
        "features.division_features",
        "features.feature_catalog",
        "scores.icp_scores",
        "whitespace.whitespace",
        "validation.backtests",
        "drift.drift_alerts",
        "runs.run_manifest",
    }
    listed = small_run.query(
        "select schema_name || '.' || table_name as name, comment from duckdb_tables() "
        "union all select schema_name || '.' || view_name, comment from duckdb_views() "
        "where not internal"
    )
    assert tables - set(listed["name"]) == set()
    assert listed.filter(pl.col("comment").is_null()).is_empty()


def test_rows_read_are_loaded_quarantined_or_repeats(small_run: Outcome) -> None:
    log = small_run.query("select * from raw.load_log")
    accounted = log["rows_loaded"] + log["rows_quarantined"] + log["rows_duplicate"]
    assert (log["rows_read"] == accounted).all()
    assert log["rows_quarantined"].sum() == small_run.query("from raw.quarantine").height > 0
    counted = small_run.query("select reason, count(*) from raw.quarantine group by reason")
    assert small_run.summary["quarantined"] == dict(counted.iter_rows())
    told = {file["source_file"]: file["rows"]["quarantined"] for file in small_run.summary["files"]}
    assert told == dict(log.select("source_file", "rows_quarantined").iter_rows())
    for measure in ("quantity", "gross_profit"):
        parts = sum(log[f"{measure}_{fate}"] for fate in ("loaded", "quarantined", "duplicate"))
        assert (parts == log[f"{measure}_read"]).all()


def test_every_planted_flaw_met_its_fate(small_run: Outcome) -> None:
    ledger = pl.read_csv(SAMPLE / "truth" / "dirt.csv", infer_schema=False)
    expected = dict(ledger.group_by("treatment").len().iter_rows())
    log = small_run.query("select * from raw.load_log")
    assert log["rows_quarantined"].sum() == expected["quarantined"]
    assert log["rows_duplicate"].sum() == expected["duplicate"]


def test_candidates_are_conserved_from_labels_to_whitespace(small_run: Outcome) -> None:
    counts = small_run.query(
        """
        select c.cutoff, c.division, count(*) as candidates, any_value(s.n) as scored,
               any_value(w.n) as listed
        from labels.candidates c
        left join (select cutoff, division, count(*) n from scores.icp_scores group by all) s
          using (cutoff, division)
        left join (select cutoff, division, count(*) n from whitespace.whitespace group by all) w
          using (cutoff, division)
        group by all
        """
    )
    scored = counts.filter(pl.col("scored").is_not_null())
    assert scored.height > 0
    assert (scored["candidates"] == scored["scored"]).all()
    assert (scored["candidates"] == scored["listed"]).all()


def test_only_owners_whose_assets_expired_are_recommended_and_ranks_are_total(
    small_run: Outcome,
) -> None:
    ranked = small_run.query(
        """
        select w.cutoff, w.rank, c.cohort, w.nba_reason, w.customer_id in (
            select customer_id from raw.installed_base where expiration_date <= w.cutoff - 365
        ) as back_in
        from whitespace.whitespace w
        join labels.candidates c using (cutoff, division, customer_id) where w.rank is not null
        """
    )
    assert ranked.filter(pl.col("cohort") == "repeat")["back_in"].all()
    per_cutoff = ranked.group_by("cutoff").agg(pl.col("rank").sort())
    for ranks in per_cutoff["rank"]:
        assert ranks.to_list() == list(range(1, len(ranks) + 1))
    assert ranked["nba_reason"].str.len_chars().max() <= 150
    assert ranked["nba_reason"].null_count() == 0


def test_backtests_come_with_the_naive_ranking_beside_them(small_run: Outcome) -> None:
    auc = small_run.query("from validation.backtests where metric = 'auc' and value is not null")
    sides = auc.pivot(on="ranking", index=["division", "cutoff", "cohort"], values="value")
    assert {"model", "naive"} <= set(sides.columns)
    assert sides.height > 0
    assert auc.select((pl.col("low") <= pl.col("value")).all()).item()


def test_the_ui_shows_rows_of_every_table_and_where_models_and_files_are(
    small_run: Outcome,
) -> None:
    with dg.DagsterInstance.from_config(str(small_run.home / "dagster")) as instance:
        shown = {
            key: instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()
        }
    metadata = {
        key.to_user_string(): event.asset_materialization.metadata
        for key, event in shown.items()
        if event is not None and event.asset_materialization is not None
    }
    assert len(metadata) > 70
    not_tables = {
        "models/pooled_model": "MLflow run",
        "models/calibrated_model": "version",
        "runs/exports": "COLUMNS.md",
        "runs/published_database": "file",
    }
    for asset, about in metadata.items():
        assert not_tables.get(asset, "dagster/row_count") in about, asset


def test_a_second_run_finds_nothing_to_do(small_run: Outcome) -> None:
    again = run(small_run.home, SAMPLE / "gosales.yaml")
    assert again.code == 0
    assert len(again.summary["up_to_date"]) > 20
    for table in ("scores.icp_scores", "whitespace.whitespace"):
        assert again.checksum(table) == small_run.checksum(table)
    assert again.query("from runs.run_manifest").height == 2


def test_any_published_row_leads_back_to_code_settings_and_inputs(small_run: Outcome) -> None:
    registry = small_run.query(
        "select run_id, session, code_version, config_hash, inputs from runs.run_registry"
    )
    for table in (
        "scores.icp_scores",
        "whitespace.whitespace",
        "runs.lake_inventory",
        "runs.run_manifest",
    ):
        runs = small_run.query(f"select distinct run_id from {table}")
        known = runs.join(registry, on="run_id")
        assert known.height == runs.height > 0, table
        assert set(known["config_hash"]) == {small_run.summary["config_hash"]}
        assert set(known["code_version"]) == {small_run.summary["code_version"]}
        # Tests that run the platform again on this home add sessions of their own.
        assert small_run.summary["session"] in set(known["session"])
        for inputs in known["inputs"]:
            found = json.loads(inputs)
            assert {"sku_map.csv", "side/customers.csv"} <= set(found)
            assert any(name.endswith(".csv.gz") for name in found)
    assert f"Run {small_run.summary['run_id']}" in small_run.output


def test_every_published_table_leads_back_by_the_inventory(small_run: Outcome) -> None:
    """Tables without a run_id of their own: each partition is in the inventory, with its run."""
    published = small_run.query(
        "select schema_name || '.' || table_name as name, list(column_name) as columns "
        "from duckdb_columns() where not internal group by all order by all"
    )
    inventory = small_run.query(
        "select table_name, cutoff, division, run_id, inputs is not null as known "
        "from runs.lake_inventory left join runs.run_registry using (run_id)"
    )
    assert inventory["known"].fill_null(False).all()
    keys = ["cutoff", "division"]
    walked = 0
    for name, columns in published.iter_rows():
        if "run_id" in columns or name.startswith("scorecard."):
            continue  # see the test above; what pages are turned by is made of published tables
        own = inventory.filter(table_name=name)
        assert own.height > 0, name
        by = [key for key in keys if own[key].null_count() == 0]
        assert set(by) <= set(columns), name
        if by:
            cast = ", ".join(f"{key}::varchar as {key}" for key in by)
            rows = small_run.query(f"select distinct {cast} from {name}")
            assert rows.join(own, on=by, how="anti").is_empty(), name
        walked += 1
    assert walked > 40


def test_input_checksums_are_those_of_the_files(small_run: Outcome) -> None:
    inputs = json.loads(small_run.query("from runs.run_registry")["inputs"][0])
    for name, checksum in inputs.items():
        (file,) = [path for path in SAMPLE.rglob("*") if path.as_posix().endswith(f"/{name}")]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == checksum, name


@pytest.mark.slow
def test_an_old_cutoff_run_again_gives_the_same_bytes(small_run: Outcome, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_run.home, home)
    scored = small_run.query("select distinct cutoff from scores.icp_scores order by 1")
    old = scored["cutoff"][0].isoformat()
    for folder in [*home.glob(f"lake/*/*/cutoff={old}"), *home.glob(f"models/cutoff={old}")]:
        shutil.rmtree(folder)
    again = run(home, SAMPLE / "gosales.yaml")
    assert again.code == 0, again.errors
    sql = (
        "select table_name, division, checksum from runs.lake_inventory "
        f"where cutoff = '{old}' and table_name <> 'validation.backtests' order by all"
    )
    assert again.query(sql).equals(small_run.query(sql))
    assert again.query(sql).height > 20
    # They also hold whoever was champion when they were made: nobody in the first run.
    of_model = (
        f"from validation.backtests where cutoff = '{old}' and ranking <> 'champion' order by all"
    )
    assert again.query(of_model).equals(small_run.query(of_model))
    assert again.query(of_model).height > 20


ONE_THREAD = {"GOSALES_THREADS": "1", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_one_cutoff_from_scratch_on_one_thread_gives_the_same_bytes(
    small_run: Outcome, tmp_path: Path
) -> None:
    scored = small_run.query("select distinct cutoff from scores.icp_scores order by 1")
    first = scored["cutoff"][0].isoformat()
    other = run(tmp_path, SAMPLE / "gosales.yaml", "--cutoffs", first, **ONE_THREAD)
    assert other.code == 0, other.errors
    sql = (
        "select table_name, division, checksum from runs.lake_inventory "
        f"where cutoff = '{first}' or starts_with(table_name, 'star.') order by all"
    )
    assert other.query(sql).equals(small_run.query(sql))
    assert other.query(sql).height > 100


@pytest.mark.slow
def test_equal_checksums_from_scratch_on_one_thread(small_run: Outcome, tmp_path: Path) -> None:
    other = run(tmp_path, SAMPLE / "gosales.yaml", **ONE_THREAD)
    assert other.code == 0, other.errors
    differing = [
        table
        for table, about in small_run.summary["tables"].items()
        if about["checksum"] != other.summary["tables"][table]["checksum"]
    ]
    assert differing == []


def test_a_lost_partition_is_rebuilt_and_nothing_else(small_run: Outcome) -> None:
    lost = sorted(small_run.home.glob("lake/whitespace/whitespace/cutoff=*"))[-1]
    shutil.rmtree(lost)
    healed = run(small_run.home, SAMPLE / "gosales.yaml")
    assert healed.code == 0
    assert healed.checksum("whitespace.whitespace") == small_run.checksum("whitespace.whitespace")
    assert "star/fact_transactions" in healed.summary["up_to_date"]
    assert "whitespace/whitespace" not in healed.summary["up_to_date"]


@pytest.mark.slow
def test_a_setting_of_the_list_leaves_what_it_is_made_of_alone(
    small_run: Outcome, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_run.home, home)
    config = SAMPLE / "shorter.yaml"
    content = yaml.safe_load((SAMPLE / "gosales.yaml").read_text(encoding="utf-8"))
    content |= {"whitespace": {"top_percent": 0.05}}
    config.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    again = run(home, config)
    assert again.code == 0, again.errors
    kept = {name.split("/")[0] for name in again.summary["up_to_date"]}
    assert kept >= {"raw", "star", "labels", "features", "models", "scores", "validation"}
    assert "models/pooled_model" in again.summary["up_to_date"]
    assert again.checksum("scores.icp_scores") == small_run.checksum("scores.icp_scores")
    selected = "select count(*) from whitespace.whitespace where selected"
    assert again.query(selected).item() < small_run.query(selected).item()
    registry = again.query("select distinct config_hash from runs.run_registry")
    assert registry.height == 2, "old partitions tell of the settings that they were made with"


@pytest.mark.slow
def test_a_backfill_makes_the_cells_that_were_named(small_run: Outcome, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_run.home, home)
    scored = small_run.query("select distinct cutoff from scores.icp_scores order by 1")["cutoff"]
    old, division = scored[0].isoformat(), "Simulation"
    for table in ("scores/icp_scores", "validation/backtests"):
        shutil.rmtree(home / "lake" / table)
    asked = ["--cutoffs", old, "--divisions", division.lower()]
    done = gosales(home, "run", "--config", str(SAMPLE / "gosales.yaml"), *asked)
    assert done.returncode == 0, done.stderr
    for table in ("scores/icp_scores", "validation/backtests"):
        made = [part.parent for part in (home / "lake" / table).rglob("part.parquet")]
        assert [(at.parent.name, at.name) for at in made] == [
            (f"cutoff={old}", f"division={division}")
        ]
    cell = (home / "lake" / "scores" / "icp_scores").rglob("part.parquet")
    before = small_run.query(
        f"select * exclude (run_id) from scores.icp_scores where cutoff = '{old}' "
        f"and division = '{division}' order by customer_id"
    )
    again = pl.read_parquet(next(cell), hive_partitioning=False).drop("run_id")
    assert again.equals(before.select(again.columns))


BASE = f"""
sales_log:
  files: ["{SAMPLE}/landing/*.csv.gz"]
  layout: wide
  columns: {{customer_id: CustomerId, customer_name: Customer, order_date: Rec Date,
            division: Division, currency: InvoiceCurrency, currency_rate: UsdCadConversionRate}}
  date_order: ymd
sku_map: {SAMPLE}/sku_map.csv
"""


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(BASE + "window_month: 6\n", "did you mean 'window_months'", id="unknown key"),
        pytest.param("sales_log: {files: [gone.csv]}\n", "gone.csv", id="missing file"),
        pytest.param(BASE.replace("Rec Date", "Rec Day"), "Rec Day", id="missing column"),
        pytest.param(
            BASE + "cutoffs: {first: 2019-12-31, last: 2023-12-31}\n",
            "2019-12-31",
            id="cutoff without data",
        ),
        pytest.param(
            BASE + "cutoffs: {first: 2024-09-30, last: 2024-12-31}\n",
            "window",
            id="label window past the data",
        ),
    ],
)
def test_bad_settings_give_one_line_and_exit_2(
    tmp_path: Path, settings: str, expected: str
) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text(settings, encoding="utf-8")
    done = gosales(tmp_path / "home", "run", "--config", str(config))
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert expected in lines[0]

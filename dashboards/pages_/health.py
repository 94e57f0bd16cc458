"""Health: what was loaded, what was set aside, what drifted, and which runs made it."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboards import evidence, evidence_charts, glossary, text
from dashboards.database import Published
from dashboards.evidence_charts import SEVERITIES
from dashboards.widgets import DAGSTER_UI, download, hint_when_missing, page_title, source_line

LINKS = {"Checks and tables": "/assets", "Runs": "/runs", "Lineage": "/asset-groups"}
ALERT_COLUMNS = {
    "cutoff": "Cutoff",
    "severity": "Severity",
    "division": "Division",
    "message": "What",
    "action": "What to do",
    "figure": "Figure",
    "threshold": "Threshold",
    "alert": "Alert",
}
CHECK_COLUMNS = {
    "result": "Result",
    "table_name": "Table",
    "check_name": "Check",
    "found": "What it found",
    "checked_at": "Checked (UTC)",
}
PROOF_COLUMNS = {
    "result": "Result",
    "name": "Test",
    "proves": "What it proves",
    "detail": "What it found",
    "how": "How",
}
LOAD_COLUMNS = {
    "source_file": "File",
    "status": "Status",
    "rows_read": "Records read",
    "rows_loaded": "Loaded",
    "rows_quarantined": "Set aside",
    "rows_duplicate": "Repeats",
    "lines_loaded": "Order lines",
    "first_day": "First day",
    "last_day": "Last day",
    "revenue_read": "Revenue read",
    "revenue_loaded": "Revenue loaded",
    "revenue_quarantined": "Revenue set aside",
    "date_order": "Date order",
    "encoding": "Encoding",
    "notes": "Notes",
}
REASON_COLUMNS = {
    "rows": "Records",
    "reason": "Reason",
    "first_example": "Example",
    "source_file": "File",
    "first_line": "First line",
    "revenue": "Revenue set aside",
    "gross_profit": "Profit set aside",
}
RUN_COLUMNS = {
    "published_at": "Published (UTC)",
    "run": "In Dagster",
    "name": "Settings",
    "code_version": "Code",
    "config_hash": "Settings hash",
    "alerts": "Alerts",
    "durations": "Seconds per room",
    "cutoffs": "Cutoffs",
    "divisions": "Divisions",
    "inputs": "Inputs",
    "tables": "Tables",
}


def render(db: Published) -> None:
    """Show the page: alerts, loads, quarantine, run records, links into the Dagster UI."""
    page_title("Health", glossary.HEALTH)
    _source(db)
    st.markdown(
        "In the Dagster UI: "
        + " · ".join(f"[{label}]({DAGSTER_UI}{path})" for label, path in LINKS.items())
    )
    for words, show in (
        ("Alerts", _alerts),
        ("Checks", _checks),
        ("Proof that no result knew the future", _proof),
        ("Files of the sales log", _loads),
        ("Records set aside", _quarantine),
        ("Runs", _runs),
    ):
        st.markdown(f"##### {words}")
        with hint_when_missing():
            show(db)


def _source(db: Published) -> None:
    newest, runs = evidence.newest_cutoff(db), evidence.run_records(db)
    parts = []
    if newest is not None:
        parts += [f"Newest cutoff {text.day(newest['cutoff'])}"]
        parts += [f"sales log complete up to {text.day(newest['data_end'])}"]
    if not runs.is_empty():
        run = runs.row(0, named=True)
        parts += [f"published {text.day(run['published_at'])} by {text.runs([run['run_id']])}"]
    source_line(*parts)


def _alerts(db: Published) -> None:
    frame = evidence.alerts(db)
    if frame.is_empty() and evidence.newest_cutoff(db) is None:
        st.info("No cutoff has been looked at.")
        return
    if frame.is_empty():
        st.success("No alerts.", icon=":material/check_circle:")
        return
    st.altair_chart(
        evidence_charts.drift(frame, evidence.looked_at(db)), alt="Alerts over the cutoffs"
    )
    _table(frame.with_columns(pl.col("severity").replace(SEVERITIES)), ALERT_COLUMNS)
    download("Download alerts", lambda: frame, "alerts.csv")


def _checks(db: Published) -> None:
    frame = evidence.check_results(db)
    if frame.is_empty():
        st.info("Nothing has been checked yet.")
        return
    failed = frame.filter(~pl.col("passed"))
    errors = failed.filter(severity="error").height
    told = f"{frame.height - failed.height} of {text.count(frame.height, 'check')} passed."
    if errors:
        st.error(f"{told} {text.count(errors, 'check')} failed.", icon=":material/error:")
    elif failed.height:
        st.warning(f"{told} The others warn.", icon=":material/warning:")
    else:
        st.success(told, icon=":material/check_circle:")
    result = pl.when("passed").then(pl.lit("passed")).otherwise("severity")
    _table(frame.with_columns(result=result), CHECK_COLUMNS)
    download("Download checks", lambda: frame, "check_results.csv")


def _proof(db: Published) -> None:
    frame = evidence.proof(db)
    if frame.is_empty():
        st.info("Nothing has been tested yet.")
        return
    failed = frame.filter(result="failed").height
    if failed:
        st.error(f"{text.count(failed, 'test')} failed.", icon=":material/error:")
    _table(frame, PROOF_COLUMNS)
    download("Download tests", lambda: frame, "leakage_report.csv")


def _loads(db: Published) -> None:
    frame = evidence.load_log(db)
    if frame.is_empty():
        st.info("No file has been loaded.")
        return
    _table(frame, LOAD_COLUMNS)
    download("Download load log", lambda: frame, "load_log.csv")


def _quarantine(db: Published) -> None:
    frame = evidence.quarantine_reasons(db)
    if frame.is_empty() and evidence.load_log(db).is_empty():
        st.info("No file has been loaded.")
        return
    if frame.is_empty():
        st.success("Every record could be used.", icon=":material/check_circle:")
        return
    _table(frame, REASON_COLUMNS)
    download("Download the records", lambda: evidence.quarantine(db), "quarantine.csv")


def _runs(db: Published) -> None:
    frame = evidence.run_records(db)
    if frame.is_empty():
        st.info("No run has been recorded.")
        return
    _table(frame.with_columns(run=f"{DAGSTER_UI}/runs/" + pl.col("run_id")), RUN_COLUMNS)
    download("Download run records", lambda: frame, "run_records.csv")


def _table(frame: pl.DataFrame, columns: Mapping[str, str]) -> None:
    """Show the columns named, under plain titles; the download has them all."""
    titles: dict[str, Any] = dict(columns)
    kinds = st.column_config
    for name, title in columns.items():
        if frame.schema[name] == pl.Date:
            titles[name] = kinds.DateColumn(title, format="D MMM YYYY")
        elif frame.schema[name].is_temporal():
            titles[name] = kinds.DatetimeColumn(title, format="D MMM YYYY, HH:mm")
        elif frame.schema[name].is_integer():
            titles[name] = kinds.NumberColumn(title, format="localized")
        elif name == "run":
            titles[name] = kinds.LinkColumn(title, display_text=r"/runs/(.{8})")
    st.dataframe(frame.select(*columns), hide_index=True, column_config=titles, placeholder="–")

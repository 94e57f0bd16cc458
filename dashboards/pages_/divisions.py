"""Divisions: how right the scores were where the outcome is known, beside a naive ranking."""

from datetime import date

import polars as pl
import streamlit as st

from dashboards import evidence, evidence_charts, glossary, markup, queries, text
from dashboards.database import Published
from dashboards.widgets import (
    download,
    filter_row,
    hint,
    hint_when_missing,
    page_title,
    pick_cutoff,
    source_line,
)

METRICS = {
    "lift_10": "Times more buyers in the top 10 %",
    "capture_10": "Share of buyers in the top 10 %",
    "auc": "Ranking quality (AUC)",
    "pr_auc": "Precision over recall (PR AUC)",
    "value_lift_10": "Times more value in the top 10 %",
    "brier": "Brier score (lower is better)",
    "log_loss": "Log loss (lower is better)",
    "calibration_error": "Calibration error (lower is better)",
}
COHORTS = {
    "expansion": "New to it",
    "repeat": "Bought before",
}


def render(db: Published) -> None:
    """Show the page: all divisions at a glance, then one over time, its gains and reliability."""
    page_title("Divisions", glossary.DIVISIONS)
    cutoffs = evidence.tested_cutoffs(db)
    if not cutoffs:
        hint("No cutoff has both scores and a known outcome.")
        return
    source = st.container()
    with filter_row():
        cutoff = pick_cutoff(cutoffs, "Tested on", key="tested")
        metric = st.selectbox(
            "Measure",
            list(METRICS),
            format_func=METRICS.__getitem__,
            key="measure",
            persist_state="session",
            width=330,
        )
    metric = metric or "lift_10"
    with source:
        _source(db, cutoff)
    _glance(db, cutoff, metric)
    division = st.selectbox(
        "Division",
        evidence.tested_divisions(db),
        key="division",
        bind="query-params",
        width=330,
    )
    if division is not None:
        _one_division(db, division, cutoff, metric)


def _source(db: Published, cutoff: date) -> None:
    with hint_when_missing():
        windows, run_ids = queries.list_source(db, cutoff)
        source_line(
            f"Scores as of {text.day(cutoff)} against what was then bought",
            f"within {text.ahead(windows)}" if windows else "",
            text.runs(run_ids),
        )


def _glance(db: Published, cutoff: date, metric: str) -> None:
    frame = evidence.glance(db, cutoff, metric)
    st.markdown(f"##### {METRICS[metric]}")
    rows = []
    for (division,), part in frame.group_by(["division"], maintain_order=True):
        by_cohort = {row["cohort"]: row for row in part.iter_rows(named=True)}
        cells = [str(division)]
        for cohort in COHORTS:
            row = by_cohort.get(cohort, {})
            cells += [
                _figure(row.get("model"), row.get("model_low"), row.get("model_high")),
                _figure(row.get("naive"), None, None),
                "–" if not row else f"{row['positives']:,} of {row['rows']:,}",
            ]
        rows.append(cells)
    head = ["Division"]
    for words in COHORTS.values():
        head += [f"{words}: our scores (95 %)", "simple count", "buyers"]
    st.html(markup.plain_table(head, rows))
    download("Download", lambda: frame, f"backtest_{metric}_{cutoff}.csv")


def _one_division(db: Published, division: str, cutoff: date, metric: str) -> None:
    with hint_when_missing():
        _model_card(db, division)
    frame = evidence.backtests(db, division, metric)
    for column, (cohort, words) in zip(st.columns(2), COHORTS.items(), strict=True):
        part = frame.filter((pl.col("cohort") == cohort) & pl.col("value").is_not_null())
        with column:
            st.markdown(f"**{words}**: {METRICS[metric].lower()}")
            if part.is_empty():
                st.info("Too few buyers to tell.")
            else:
                st.altair_chart(
                    evidence_charts.backtest(part, METRICS[metric]),
                    alt=f"{METRICS[metric]} of {division}, {words}, over the cutoffs",
                )
    st.caption(
        "Simple count: whoever ordered the division most often first; among accounts new to it, "
        "whoever owns most divisions first. Champion: the model that went live last, by the scores "
        "that it gave itself. Bars: 95\N{NO-BREAK SPACE}% intervals."
    )
    with hint_when_missing():
        _tenths(db, division, cutoff)


def _model_card(db: Published, division: str) -> None:
    """What is live, whether it may be, and how its chances were made."""
    judged, fitted = evidence.verdict(db, division), evidence.calibration(db, division)
    pairs: list[tuple[str, str | None]] = []
    if judged is not None:
        pairs += [("Verdict", f"{judged['verdict']}: {judged['why']}")]
        pairs += [("Judged on", judged["cutoffs"]), ("Model", judged["challenger_model"])]
    if fitted is not None:
        buyers = f"{fitted['positives']:,} buyers among {fitted['rows']:,}"
        pairs += [("Chances fitted by", f"{fitted['method'].replace('_', ' ')}, on {buyers}")]
        pairs += [("How many buy as a rule", text.percent(fitted["base_rate"]))]
    if pairs:
        st.html(f"<div class=gs-card>{markup.facts(pairs)}</div>")


def _tenths(db: Published, division: str, cutoff: date) -> None:
    tenths = evidence.gains(db, division, cutoff)
    if tenths.is_empty():
        st.info("No gains are known for this cutoff.")
        return
    left, right = st.columns(2)
    with left:
        st.markdown("**Buyers reached by calling the best first**")
        picture = evidence_charts.gains(tenths, evidence.reached(db, division, cutoff))
        st.altair_chart(picture, alt=f"Buyers of {division} reached by share of accounts called")
    with right:
        st.markdown("**Did the chances come true?**")
        st.altair_chart(
            evidence_charts.reliability(tenths),
            alt=f"Chance said against share that bought, {division}",
        )
    st.caption(
        "Dashed grey: calling at random, and chances that come true exactly. "
        "Bars: 95\N{NO-BREAK SPACE}% intervals."
    )
    download("Download gains", lambda: tenths, f"gains_{division}_{cutoff}.csv")


def _figure(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    if low is None or high is None:
        return f"{value:.2f}"
    return f"{value:.2f} ({low:.2f} to {high:.2f})"

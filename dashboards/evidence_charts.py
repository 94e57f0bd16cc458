"""Charts of the proof: backtests, gains and reliability with intervals, and drift over time."""

from datetime import date, timedelta

import altair as alt
import polars as pl

from dashboards.charts import BLUE, GREEN, GREY, ORANGE, Picture

MODEL, CHAMPION, NAIVE = "our scores", "champion", "simple count"
RANKINGS = {"model": MODEL, "champion": CHAMPION, "naive": NAIVE}
COLORS = {MODEL: BLUE, CHAMPION: GREEN, NAIVE: ORANGE}
DASHES = {MODEL: [1, 0], CHAMPION: [8, 3], NAIVE: [5, 4]}
# Gravest first; told apart by shape and place too.
SEVERITIES = {"hard": "act now", "warn": "look", "info": "note"}
_SEVERE = {"act now": "#d55e00", "look": ORANGE, "note": "#56b4e9"}
_SHAPES = {"act now": "triangle-up", "look": "diamond", "note": "circle"}
SURE = 1.96  # standard errors of a 95 % interval


def backtest(frame: pl.DataFrame, title: str) -> Picture:
    """One metric over the cutoffs: our scores beside champion and naive, with 95 % intervals.

    Parameters
    ----------
    frame
        One row per cutoff and ranking (model, champion, naive): ``value``, ``low``, ``high``.
    title
        The metric's name, for the tips.
    """
    named = _side_by_side(frame).with_columns(pl.col("ranking").replace(RANKINGS))
    shown = [words for key, words in RANKINGS.items() if key in frame["ranking"]]
    base = alt.Chart(named).encode(
        x=alt.X("beside:T", title=None, axis=_days(frame["cutoff"])),
        color=alt.Color(
            "ranking:N",
            title=None,
            scale=alt.Scale(domain=shown, range=[COLORS[words] for words in shown]),
            legend=alt.Legend(
                orient="bottom", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1
            ),
        ),
    )
    bands = base.mark_errorbar(opacity=0.6, thickness=3).encode(
        y=alt.Y("low:Q", title=None, scale=alt.Scale(zero=False)), y2="high:Q"
    )
    lines = base.mark_line(point=alt.OverlayMarkDef(size=60), strokeWidth=2.5).encode(
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
        strokeDash=alt.StrokeDash(
            "ranking:N",
            scale=alt.Scale(domain=shown, range=[DASHES[words] for words in shown]),
            legend=None,
        ),
        tooltip=[
            alt.Tooltip("ranking:N", title="Ranking"),
            alt.Tooltip("cutoff:T", title="Cutoff", format="%-d %b %Y"),
            alt.Tooltip("value:Q", title=title, format=".3f"),
            alt.Tooltip("low:Q", title="Low (95 %)", format=".3f"),
            alt.Tooltip("high:Q", title="High (95 %)", format=".3f"),
            alt.Tooltip("rows:Q", title="Accounts", format=","),
            alt.Tooltip("positives:Q", title="Buyers", format=","),
        ],
    )
    return alt.layer(bands, lines).properties(height=260)


def gains(frame: pl.DataFrame, points: pl.DataFrame) -> Picture:
    """Share of all buyers reached when accounts are called in order, and by simple count.

    Parameters
    ----------
    frame
        One row per tenth of the accounts with ``decile`` and ``cumulative_capture``.
    points
        One row per ranking and share called: ``called``, ``value``, ``low``, ``high``.
    """
    percent = alt.Axis(format="%")
    x = alt.X("called:Q", title="Share of accounts called", axis=alt.Axis(format="%", grid=False))
    reached = "Share of buyers reached"
    y = alt.Y("value:Q", title=reached, axis=percent)
    named = points.with_columns(pl.col("ranking").replace(RANKINGS)).with_columns(
        beside=pl.col("called") + pl.when(ranking=NAIVE).then(0.006).otherwise(-0.006)
    )
    lines = alt.Chart(_curves(frame, named)).mark_line(strokeWidth=2.5)
    bars = alt.Chart(named).mark_errorbar(thickness=3, opacity=0.6)
    dots = alt.Chart(named).mark_circle(size=60, opacity=1)
    tip = [
        alt.Tooltip("ranking:N", title="Ranking"),
        alt.Tooltip("called:Q", title="Called", format=".0%"),
        *_interval("Buyers reached", ".0%"),
    ]
    beside = alt.X("beside:Q", title="Share of accounts called")
    return alt.layer(
        _diagonal(1.0),
        bars.encode(x=beside, y=alt.Y("low:Q", title=reached), y2="high:Q", color=_ranked()),
        lines.encode(x=x, y=y, color=_ranked(), strokeDash=_dashed()),
        dots.encode(x=beside, y=y, color=_ranked(), tooltip=tip),
    ).properties(height=280)


def _curves(tenths: pl.DataFrame, points: pl.DataFrame) -> pl.DataFrame:
    """Buyers reached by ranking, from nobody called: our tenths, and what was measured between."""
    known = ["called", "value", "ranking"]
    ours = tenths.select(
        called=pl.col("decile") / 10, value="cumulative_capture", ranking=pl.lit(MODEL)
    )
    measured = points.select(*known)
    start = measured.select("ranking").unique().select(called=0.0, value=0.0, ranking="ranking")
    return (
        pl.concat(
            [
                part.select(known).with_columns(pl.col(known[:2]).cast(pl.Float64))
                for part in (start, ours, measured)
            ]
        )
        .unique(["ranking", "called"], keep="first", maintain_order=True)
        .sort("ranking", "called")
    )


def reliability(frame: pl.DataFrame) -> Picture:
    """Chance we said against the share that bought, per tenth of the accounts, with intervals.

    The intervals are Wilson's, of the buyers among the accounts of a tenth.
    """
    n, p = pl.col("rows").cast(pl.Float64), pl.col("observed_rate").cast(pl.Float64)
    middle = (p + SURE**2 / (2 * n)) / (1 + SURE**2 / n)
    half = SURE / (1 + SURE**2 / n) * (p * (1 - p) / n + SURE**2 / (4 * n**2)).sqrt()
    told = frame.with_columns(value=p, low=(middle - half).clip(0), high=(middle + half).clip(0, 1))
    top = max(_highest(told["mean_score"]), _highest(told["value"]), 0.01)
    x = alt.X("mean_score:Q", title="Chance we said", axis=alt.Axis(format="%", grid=False))
    bars = (
        alt.Chart(told)
        .mark_errorbar(thickness=3, opacity=0.6, color=BLUE)
        .encode(
            x=x, y=alt.Y("low:Q", title="Share that bought", axis=alt.Axis(format="%")), y2="high:Q"
        )
    )
    dots = (
        alt.Chart(told)
        .mark_circle(color=BLUE, size=80, opacity=1)
        .encode(
            x=x,
            y=alt.Y("value:Q", title="Share that bought", axis=alt.Axis(format="%")),
            tooltip=[
                alt.Tooltip("decile:O", title="Tenth"),
                alt.Tooltip("mean_score:Q", title="We said", format=".1%"),
                *_interval("Bought", ".1%"),
                alt.Tooltip("rows:Q", title="Accounts", format=","),
            ],
        )
    )
    return alt.layer(_diagonal(top), bars, dots).properties(height=280)


def drift(frame: pl.DataFrame, cutoffs: pl.Series) -> Picture:
    """Alerts over the cutoffs: one mark for each kind and severity, larger for more divisions.

    Parameters
    ----------
    frame
        ``drift.drift_alerts``.
    cutoffs
        All cutoffs that were looked at, so that quiet ones show as such.
    """
    counted = _counted(frame)
    names = list(_SEVERE)
    ends = [alt.DateTime(year=d.year, month=d.month, date=d.day) for d in _ends(cutoffs)]
    colours = alt.Scale(domain=names, range=list(_SEVERE.values()))
    shapes = alt.Scale(domain=names, range=list(_SHAPES.values()))
    marks = (
        alt.Chart(counted)
        .mark_point(filled=True, opacity=0.9)
        .encode(
            x=alt.X(
                "cutoff:T",
                title=None,
                axis=_days(cutoffs),
                scale=alt.Scale(domain=ends, padding=18),
            ),
            y=alt.Y("alert:N", title=None, axis=alt.Axis(grid=True, labelLimit=320)),
            color=alt.Color(
                "severity:N", title=None, scale=colours, legend=alt.Legend(orient="bottom")
            ),
            shape=alt.Shape("severity:N", title=None, scale=shapes),
            size=alt.Size("alerts:Q", scale=alt.Scale(range=[70, 420]), legend=None),
            tooltip=[
                alt.Tooltip("cutoff:T", title="Cutoff", format="%-d %b %Y"),
                alt.Tooltip("alert:N", title="Alert"),
                alt.Tooltip("severity:N", title="Severity"),
                alt.Tooltip("alerts:Q", title="How many"),
                alt.Tooltip("what:N", title="For example"),
            ],
        )
    )
    return alt.layer(marks).properties(height=90 + 28 * counted["alert"].n_unique())


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    """Alerts by cutoff, kind and severity, each with an example of what it says."""
    # What an alert was compared with, and which feature it is about, would be a line each.
    kind = (
        pl.col("alert")
        .str.replace(r"\s*\d{4}-\d{2}-\d{2}", "")
        .str.replace(r"^feature [^:]+:", "features:")
        .str.replace_all("_", " ")
    )
    return (
        frame.with_columns(pl.col("severity").replace(SEVERITIES), alert=kind)
        .group_by("cutoff", "alert", "severity")
        .agg(alerts=pl.len(), what=pl.col("message").sort().first())
        .sort("cutoff", "alert", "severity")
    )


def _ends(cutoffs: pl.Series) -> list[date]:
    days: list[date] = cutoffs.sort().to_list()
    return [days[0], days[-1]]


def _side_by_side(frame: pl.DataFrame) -> pl.DataFrame:
    """Add ``beside``: the cutoff, a little earlier or later by ranking, so that bars show."""
    days = frame["cutoff"].cast(pl.Datetime)
    span = (max(days) - min(days)) if frame.height else None
    step = pl.lit(span / 90 if span else timedelta(days=1))
    order = pl.col("ranking").replace_strict({"model": -1, "champion": 0, "naive": 1})
    return frame.with_columns(beside=days + step * order)


def _ranked() -> alt.Color:
    shown = [MODEL, NAIVE]
    legend = alt.Legend(orient="bottom", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1)
    scale = alt.Scale(domain=shown, range=[COLORS[words] for words in shown])
    return alt.Color("ranking:N", title=None, scale=scale, legend=legend)


def _dashed() -> alt.StrokeDash:
    shown = [MODEL, NAIVE]
    scale = alt.Scale(domain=shown, range=[DASHES[words] for words in shown])
    return alt.StrokeDash("ranking:N", scale=scale, legend=None)


def _interval(words: str, form: str) -> list[alt.Tooltip]:
    titles = {"value": words, "low": "Low (95 %)", "high": "High (95 %)"}
    return [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, title in titles.items()]


def _days(cutoffs: pl.Series) -> alt.Axis:
    # The ticks stand on the cutoffs themselves, not on round months beside them.
    days = cutoffs.unique().sort().to_list()
    values = [alt.DateTime(year=d.year, month=d.month, date=d.day) for d in days]
    return alt.Axis(grid=False, format="%-d %b %Y", values=values, labelOverlap=True)


def _diagonal(end: float) -> alt.Chart:
    ends = pl.DataFrame({"x": [0.0, end], "y": [0.0, end]})
    line: alt.Chart = alt.Chart(ends).mark_line(strokeDash=[4, 4], color=GREY)
    return line.encode(x="x:Q", y="y:Q")


def _highest(values: pl.Series) -> float:
    highest = values.cast(pl.Float64).max()
    return highest if isinstance(highest, float) else 0.0

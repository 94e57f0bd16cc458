"""Charts of the scorecard: Altair specifications of finished tables."""

from datetime import date

import altair as alt
import polars as pl

Picture = alt.LayerChart | alt.FacetChart
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#e69f00", "#009e73", "#8a8f94"
MODEL, CHAMPION, NAIVE = "our scores", "champion", "simple count"
RANKINGS = {"model": MODEL, "champion": CHAMPION, "naive": NAIVE}
COLORS = {MODEL: BLUE, CHAMPION: GREEN, NAIVE: ORANGE}
DASHES = {MODEL: [1, 0], CHAMPION: [8, 3], NAIVE: [5, 4]}


def timeline(frame: pl.DataFrame, cutoff: date | None) -> Picture:
    """Months by divisions: a dot where something was bought, larger for more money.

    Parameters
    ----------
    frame
        One row per month and division with ``orders`` and ``value``.
    cutoff
        The day up to which the scores saw the orders, drawn as a line; None: no line.
    """
    dots = frame.with_columns(
        pl.col("value").cast(pl.Float64), size=pl.col("value").cast(pl.Float64).clip(lower_bound=0)
    )
    base = alt.Chart(dots).encode(
        x=alt.X(
            "month:T", title=None, axis=alt.Axis(grid=False, format="%b %Y", labelOverlap=True)
        ),
        y=alt.Y("division:N", title=None, axis=alt.Axis(grid=True, labelLimit=170)),
    )
    circles = base.mark_circle(color=BLUE, opacity=0.75).encode(
        size=alt.Size("size:Q", scale=alt.Scale(range=[25, 500]), legend=None),
        tooltip=[
            alt.Tooltip("division:N", title="Division"),
            alt.Tooltip("month:T", title="Month", format="%b %Y"),
            alt.Tooltip("orders:Q", title="Orders"),
            alt.Tooltip("value:Q", title="Value", format=",.0f"),
        ],
    )
    height = 60 + 30 * dots["division"].n_unique()
    if cutoff is None:
        return alt.layer(circles).properties(height=height)
    line = alt.Chart(pl.DataFrame({"cutoff": [cutoff]})).mark_rule(strokeDash=[4, 4], color=GREY)
    return alt.layer(circles, line.encode(x="cutoff:T")).properties(height=height)


def backtest(frame: pl.DataFrame, title: str) -> Picture:
    """One metric over the cutoffs: our scores beside champion and naive, with 95 % intervals.

    Parameters
    ----------
    frame
        One row per cutoff and ranking (model, champion, naive): ``value``, ``low``, ``high``.
    title
        The metric's name, for the tips.
    """
    named = frame.with_columns(pl.col("ranking").replace(RANKINGS))
    shown = [words for key, words in RANKINGS.items() if key in frame["ranking"]]
    base = alt.Chart(named).encode(
        x=alt.X("cutoff:T", title=None, axis=_days(frame["cutoff"])),
        color=alt.Color(
            "ranking:N",
            title=None,
            scale=alt.Scale(domain=shown, range=[COLORS[words] for words in shown]),
            legend=alt.Legend(
                orient="bottom", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1
            ),
        ),
    )
    bands = base.mark_errorbar(opacity=0.45, thickness=3).encode(
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


def gains(frame: pl.DataFrame) -> Picture:
    """Share of all buyers reached when accounts are called in the order of their scores."""
    start = pl.DataFrame({"called": [0.0], "reached": [0.0]})
    reached = frame.select(called=pl.col("decile") / 10, reached="cumulative_capture")
    curve = pl.concat([start, reached.cast({"called": pl.Float64, "reached": pl.Float64})])
    percent = alt.Axis(format="%", grid=False)
    line = (
        alt.Chart(curve)
        .mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE, size=50), strokeWidth=2.5)
        .encode(
            x=alt.X("called:Q", title="Share of accounts called", axis=percent),
            y=alt.Y("reached:Q", title="Share of buyers reached", axis=alt.Axis(format="%")),
            tooltip=[
                alt.Tooltip("called:Q", title="Called", format=".0%"),
                alt.Tooltip("reached:Q", title="Buyers reached", format=".0%"),
            ],
        )
    )
    return alt.layer(_diagonal(1.0), line).properties(height=260)


def reliability(frame: pl.DataFrame) -> Picture:
    """Chance we said against the share that bought, per tenth of the accounts."""
    dots = (
        alt.Chart(frame)
        .mark_circle(color=BLUE, size=90, opacity=0.85)
        .encode(
            x=alt.X("mean_score:Q", title="Chance we said", axis=alt.Axis(format="%", grid=False)),
            y=alt.Y("observed_rate:Q", title="Share that bought", axis=alt.Axis(format="%")),
            tooltip=[
                alt.Tooltip("decile:O", title="Tenth"),
                alt.Tooltip("mean_score:Q", title="We said", format=".1%"),
                alt.Tooltip("observed_rate:Q", title="Bought", format=".1%"),
                alt.Tooltip("rows:Q", title="Accounts", format=","),
            ],
        )
    )
    top = max(_highest(frame["mean_score"]), _highest(frame["observed_rate"]), 0.01)
    return alt.layer(_diagonal(top), dots).properties(height=260)


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

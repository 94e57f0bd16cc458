"""Charts for people who sell: an account's orders, and what calling more accounts would bring."""

from datetime import date

import altair as alt
import polars as pl

from dashboards.text import money

Picture = alt.LayerChart | alt.FacetChart
# Okabe and Ito's hues: colour-blind people tell them apart.
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#e69f00", "#009e73", "#8a8f94"


def timeline(frame: pl.DataFrame, cutoff: date | None, sign: str) -> Picture:
    """Months by divisions: a dot where something was bought, larger for more money.

    Parameters
    ----------
    frame
        One row per month and division with ``orders`` and ``value``.
    cutoff
        The day up to which the scores saw the orders, drawn as a line; None: no line.
    sign
        Put before amounts of money.
    """
    dots = frame.with_columns(
        pl.col("value").cast(pl.Float64),
        size=pl.col("value").cast(pl.Float64).clip(lower_bound=0),
        month=pl.col("month").dt.month_start(),
    ).with_columns(said=pl.col("value").map_elements(lambda v: money(v, sign), pl.String))
    base = alt.Chart(dots).encode(
        x=alt.X(
            "month:T",
            title=None,
            axis=alt.Axis(grid=False, format="%b %Y", labelOverlap=True, tickCount="month"),
        ),
        y=alt.Y("division:N", title=None, axis=alt.Axis(grid=True, labelLimit=170)),
    )
    circles = base.mark_circle(color=BLUE, opacity=0.75).encode(
        size=alt.Size("size:Q", scale=alt.Scale(range=[25, 500]), legend=None),
        tooltip=[
            alt.Tooltip("division:N", title="Division"),
            alt.Tooltip("month:T", title="Month", format="%b %Y"),
            alt.Tooltip("orders:Q", title="Orders"),
            alt.Tooltip("said:N", title="Value"),
        ],
    )
    height = 60 + 30 * dots["division"].n_unique()
    if cutoff is None:
        return alt.layer(circles).properties(height=height)
    line = alt.Chart(pl.DataFrame({"cutoff": [cutoff]})).mark_rule(strokeDash=[4, 4], color=GREY)
    return alt.layer(circles, line.encode(x="cutoff:T")).properties(height=height)


def capacity(frame: pl.DataFrame, measure: str, chosen: int, sign: str) -> Picture:
    """What all accounts called bring together, by how many each rep calls.

    Parameters
    ----------
    frame
        One row per number of accounts for each rep, see ``queries.capacity``.
    measure
        ``wins`` or ``value``.
    chosen
        The number that the slider stands at.
    sign
        Put before the measure where it is money.
    """
    axis = alt.Axis(grid=True, format="~s", labelExpr=f"'{sign.strip()}' + datum.label")
    base = alt.Chart(frame).encode(
        x=alt.X("accounts_per_rep:Q", title="Accounts for each rep", axis=alt.Axis(grid=False)),
        y=alt.Y(f"{measure}:Q", title=None, axis=axis),
    )
    tip = [
        alt.Tooltip("accounts_per_rep:Q", title="For each rep"),
        alt.Tooltip("accounts:Q", title="Accounts in all", format=","),
        alt.Tooltip(f"{measure}:Q", title=f"Expected {measure}", format=",.0f"),
    ]
    called = base.transform_filter(alt.datum.accounts_per_rep <= chosen)
    area = called.mark_area(color=BLUE, opacity=0.25)
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(tooltip=tip)
    here = base.transform_filter(alt.datum.accounts_per_rep == chosen)
    dot = here.mark_circle(color=ORANGE, size=140, opacity=1).encode(tooltip=tip)
    return alt.layer(area, line, dot).properties(height=240)

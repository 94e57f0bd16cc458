"""Pictures of a cutoff's features: how much of each family is known, and how values are spread."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from gosales_assets.features.catalog import FAMILIES, feature

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DARK, _MIDDLE, _PALE, _GREY, _RED = "#1f4e79", "#7ba3c9", "#dce6f0", "#8a8f94", "#c0504d"
_ACROSS = 3
_HEIGHT_OF_ROW = 0.19  # inches
_KEY = "thin: 1st to 99th percentile; thick: middle half; point: median; red: winsor cap"


@dataclass(frozen=True)
class Panel:
    """Customers' features of one unit, which share a panel: the name of each row -> feature."""

    title: str
    rows: Mapping[str, str]
    log: bool = False


OF_CUSTOMERS = (
    Panel(
        "Orders",
        {
            "3 months": "rfm__all__orders__3m",
            "6 months": "rfm__all__orders__6m",
            "12 months": "rfm__all__orders__12m",
            "24 months": "rfm__all__orders__24m",
            "ever": "rfm__all__orders__ever",
        },
        log=True,
    ),
    Panel(
        "Value in base currency",
        {
            "3 months": "rfm__all__value__3m",
            "6 months": "rfm__all__value__6m",
            "12 months": "rfm__all__value__12m",
            "24 months": "rfm__all__value__24m",
            "per order": "rfm__all__value_per_order__12m",
        },
        log=True,
    ),
    Panel(
        "Days",
        {
            "since the last order": "recency__all__days__ever",
            "usual gap": "rhythm__all__median_gap__ever",
            "latest gap": "rhythm__all__last_gap__ever",
            "since the first order": "lifecycle__all__tenure__ever",
        },
        log=True,
    ),
    Panel(
        "Unevenness and delay",
        {
            "orders by month, sd / mean": "trajectory__all__orders_cv__12m",
            "value by month, sd / mean": "trajectory__all__value_cv__12m",
            "days since over usual gap": "rhythm__all__overdue_ratio__ever",
            "evenness of lines, nats": "diversity__all__entropy__12m",
        },
        log=True,
    ),
    Panel(
        "Shares",
        {
            "orders in the season ahead": "season__all__window_share__24m",
            "order lines returned": "returns__all__line_share__12m",
            "margin": "margin__all__gross_margin__12m",
            "chance to be still there": "lifetime__all__p_alive__ever",
        },
    ),
    Panel(
        "Breadth",
        {
            "product lines, 12 months": "diversity__all__divisions__12m",
            "product lines, ever": "diversity__all__divisions_owned__ever",
            "products, 12 months": "diversity__all__skus__12m",
        },
        log=True,
    ),
)
"""Some of the most telling features of each family, below each other where they share a unit."""

OF_TARGETS = {
    "rfm__div__orders__24m": True,
    "rfm__div__value__12m": True,
    "recency__div__days__ever": True,
    "rhythm__div__overdue_ratio__ever": True,
    "season__div__window_share__24m": False,
    "mix__div__value_share__12m": False,
    "rate__div__order_months__24m": False,
    "affinity__div__max_lift__12m": False,
    "similarity__div__als__24m": False,
    "similarity__div__neighbour__24m": False,
    "profile__div__industry_rate__12m": False,
    "market__mkt__base_rate__now": False,
}
"""One of the most telling features of each family -> whether its axis is logarithmic."""


def pictures(statistics: pl.DataFrame) -> dict[str, "Figure"]:
    """Draw features.feature_statistics of one cutoff: title -> figure."""
    return {
        "coverage by family": coverage_by_family(statistics),
        "customers": spread_of_customers(statistics),
        "customers and targets": spread_by_target(statistics),
    }


def coverage_by_family(statistics: pl.DataFrame) -> "Figure":
    """Draw the share of known values: a bar for each family, a point for each of its features."""
    from matplotlib.figure import Figure

    known = statistics.group_by("feature").agg(pl.col("coverage").mean()).sort("feature")
    shares = dict(known.iter_rows())
    families: dict[str, list[float]] = {name: [] for name in FAMILIES}
    for name, share in shares.items():
        families[feature(name).family].append(share)
    shown = {name: values for name, values in families.items() if values}
    figure = Figure(figsize=(7, 0.27 * len(shown) + 0.8))
    axes = figure.subplots()
    for row, values in enumerate(shown.values()):
        axes.barh(row, sum(values) / len(values), height=0.62, color=_PALE)
        axes.plot(values, [row] * len(values), "o", color=_DARK, markersize=3.5, alpha=0.45)
    counts = [f"{name} ({len(values)})" for name, values in shown.items()]
    axes.set_yticks(range(len(shown)), counts, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(-0.01, 1.02)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.set_xlabel("share of values known; each point is a feature", fontsize=8, color=_GREY)
    _quiet(axes)
    return figure


def spread_of_customers(statistics: pl.DataFrame) -> "Figure":
    """Draw how the customers' own features are spread: features of one unit share a panel.

    Features of families that are off are not there, and not drawn.
    """
    found = {row["feature"]: row for row in statistics.iter_rows(named=True) if not row["division"]}
    drawn = []
    for panel in OF_CUSTOMERS:
        rows = {title: found[name] for title, name in panel.rows.items() if name in found}
        if rows:
            drawn.append((panel, rows))
    most = max(len(rows) for _, rows in drawn)
    figure, panels = _panels(len(drawn), most, between=(1.0, 0.75))
    for axes, (panel, rows) in zip(panels, drawn, strict=False):
        _draw(axes, list(rows.values()), panel.log)
        axes.set_title(panel.title, fontsize=9, loc="left")
        axes.set_yticks(range(len(rows)), list(rows), fontsize=8)
        axes.set_ylim(most - 0.5, -0.6)
    return figure


def spread_by_target(statistics: pl.DataFrame) -> "Figure":
    """Draw how some features are spread over the customers of each target: a row per target."""
    of_targets = statistics.filter(pl.col("division") != "")
    targets = of_targets["division"].unique().sort().to_list()
    known = set(of_targets.drop_nulls("p50")["feature"])
    shown = [name for name in OF_TARGETS if name in known]
    cells = {(row["feature"], row["division"]): row for row in of_targets.iter_rows(named=True)}
    figure, panels = _panels(len(shown), len(targets), between=(0.12, 1.0))
    for number, (axes, name) in enumerate(zip(panels, shown, strict=False)):
        _draw(axes, [cells.get((name, target), {}) for target in targets], OF_TARGETS[name])
        entry = feature(name)
        axes.set_title(
            _wrapped(entry.meaning.format(division="the target")), fontsize=8, loc="left"
        )
        axes.set_xlabel(entry.unit, fontsize=7, color=_GREY)
        names = targets if number % _ACROSS == 0 else [""] * len(targets)
        axes.set_yticks(range(len(targets)), names, fontsize=7)
        axes.set_ylim(len(targets) - 0.5, -0.6)
    return figure


def _panels(count: int, rows: int, between: tuple[float, float]) -> "tuple[Figure, Sequence[Axes]]":
    """Make panels of so many rows each, the key of the drawing below them.

    Parameters
    ----------
    between
        Room between panels: across as a share of their width, down in inches.
    """
    from matplotlib.figure import Figure

    down = -(-count // _ACROSS)
    tall = rows * _HEIGHT_OF_ROW
    height = down * (tall + between[1])
    figure = Figure(figsize=(11, height))
    spaces = {"wspace": between[0], "hspace": between[1] / tall}
    panels = figure.subplots(down, _ACROSS, squeeze=False, gridspec_kw=spaces).ravel()
    for axes in panels[count:]:
        axes.set_visible(False)
    figure.text(0.5, 0.11 - 0.5 / height, _KEY, ha="center", va="top", fontsize=8, color=_GREY)
    return figure, list(panels)


def _draw(axes: "Axes", rows: Sequence[Mapping[str, Any]], log: bool) -> None:
    """Draw one line per row: percentiles, median and cap."""
    from matplotlib.ticker import EngFormatter

    for place, row in enumerate(rows):
        if row.get("p50") is None:
            inside = axes.get_yaxis_transform()  # across: a share of the panel
            axes.text(0.02, place, "not known", transform=inside, fontsize=7, va="center")
            continue
        axes.plot([row["p01"], row["p99"]], [place, place], color=_MIDDLE, linewidth=1)
        middle = [row["p25"], row["p75"]]
        axes.plot(middle, [place, place], color=_MIDDLE, linewidth=5, solid_capstyle="butt")
        axes.plot(row["p50"], place, "o", color=_DARK, markersize=4)
        if row["cap"] is not None:
            axes.plot(row["cap"], place, "|", color=_RED, markersize=7, markeredgewidth=1.5)
    if log:
        axes.set_xscale("symlog", linthresh=1)
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    _quiet(axes)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text[0].upper() + text[1:], 44))


def _quiet(axes: "Axes") -> None:
    """Leave only what is read: no frame, faint lines behind the figures."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_PALE)
    axes.tick_params(axis="x", labelsize=7, colors=_GREY)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=_PALE, linewidth=0.6)
    axes.set_axisbelow(True)

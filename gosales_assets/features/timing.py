"""When others in the same position bought: owners again, and others for the first time.

Both are counted on the past of a cutoff as if one had asked at the end of every month whose window
had closed by then: who was waiting, for how many months, and who bought within the window. Nothing
that came after the cutoff is used, and no label is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from gosales_assets.features.holdings import Array, Holdings
from gosales_assets.features.past import Past

Months = npt.NDArray[np.int64]

QUARTER, QUARTERS = 3, 13
"""Waiting is told in quarters of a year; three years and longer are one."""
FEW = 60.0
"""Months that a cell weighs against what is usual: ten purchases, each seen six months long."""
_LONGEST = QUARTER * (QUARTERS - 1)
_NOT_YET = 1_000_000  # months: no purchase so far


class Spans(NamedTuple):
    """Waits that began in the same month and ended alike: one element per kind of wait.

    Attributes
    ----------
    cell
        Where they are counted.
    gap
        Months from the purchase that began the wait to the one that ended it.
    age
        Months from its beginning to the cutoff's month.
    customers
        How many customers; negative ones are taken away.
    """

    cell: Months
    gap: Months
    age: Months
    customers: Array

    def __add__(self, other: "Spans") -> "Spans":  # type: ignore[override]
        """Both, one after the other."""
        return Spans(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Waits:
    """Customer-months by cell and quarters waited, shape (cells, QUARTERS).

    Attributes
    ----------
    waiting
        Ends of months at which somebody waited and whose window has closed.
    bought
        Those that a purchase within the window followed.
    """

    waiting: Array
    bought: Array


def fit_timing(
    past: Past, holdings: Holdings, targets: Sequence[str], windows: Mapping[str, int]
) -> dict[str, Any]:
    """Rates of buying again and lifts of adopting, by quarters waited, as of a cutoff.

    Parameters
    ----------
    windows
        Target -> months that are predicted of it.

    Returns
    -------
    dict
        ``lines``: divisions that may be owned. ``returns``: per target a rate per quarter waited.
        ``adoption``: per line and target the log of a lift per quarter that the line is owned.
        Both are None where no window has closed yet.
    """
    ahead = np.array([windows[target] for target in targets], dtype=np.int64)
    lines = [
        item for item, is_one in zip(holdings.items, holdings.is_division, strict=True) if is_one
    ]
    spans = _until_again(past, holdings, targets)
    again = count_waits(spans, ahead, len(targets))
    owned = holdings.first_age[:, holdings.columns(lines)]
    since = np.column_stack([owned, np.fmax.reduce(owned, axis=1)])  # last: any line
    spans = _until_adopted(since, holdings.first_age[:, holdings.columns(targets)])
    cells = since.shape[1] * len(targets)
    adopted = count_waits(spans, ahead, cells)
    known = bool(adopted.waiting[-len(targets) :].sum() > 0)
    return {
        "lines": lines,
        "returns": return_rates(again).round(9).tolist() if again.waiting.sum() > 0 else None,
        "adoption": _log_lifts(adopted, len(targets)).round(9).tolist() if known else None,
    }


def timing_scores(
    holdings: Holdings, fitted: Mapping[str, Any], targets: Sequence[str]
) -> dict[str, Array]:
    """Features of the family by name: customers x targets; NaN: missing."""
    own = holdings.columns(targets)
    is_owned = ~np.isnan(holdings.first_age[:, own])
    scores = {}
    if fitted["returns"] is not None:
        quarters = quarters_of(holdings.last_age[:, own])
        rates = np.array(fitted["returns"])[np.arange(len(targets)), quarters]
        scores["timing__div__return_rate__ever"] = np.where(is_owned, rates, np.nan)
    if fitted["adoption"] is not None:
        total, strongest = _pulls(holdings, fitted["lines"], np.array(fitted["adoption"]))
        scores["timing__div__adoption_sum__ever"] = np.where(is_owned, np.nan, total)
        scores["timing__div__adoption_max__ever"] = np.where(is_owned, np.nan, strongest)
    return scores


def _pulls(holdings: Holdings, lines: Sequence[str], logs: Array) -> tuple[Array, Array]:
    """Sum and greatest of the log lifts of the lines that each customer owns."""
    shape = (len(holdings.customers), logs.shape[1])
    total, strongest = np.zeros(shape), np.full(shape, np.nan)
    for line, lifts in zip(lines, logs, strict=True):
        since = holdings.first_age[:, holdings.column(line)]
        owners = np.flatnonzero(~np.isnan(since))
        pull = np.ascontiguousarray(lifts.T)[quarters_of(since[owners])]
        total[owners] += pull
        strongest[owners] = np.fmax(strongest[owners], pull)
    return total, strongest


def quarters_of(ages: Array) -> Months:
    """Quarters waited, of months waited; 0 for NaN."""
    return np.minimum(np.nan_to_num(ages).astype(np.int64) // QUARTER, QUARTERS - 1)


def count_waits(spans: Spans, windows: Months, cells: int) -> Waits:
    """Count who waited how long, and whether a purchase came within the window.

    Parameters
    ----------
    windows
        Months ahead that count; those of cell ``i`` are ``windows[i % len(windows)]``.
    """
    window = windows[spans.cell % len(windows)]
    last = np.minimum(spans.gap - 1, spans.age - window)
    waiting = _by_quarter(spans, np.zeros_like(last), last, cells)
    bought = _by_quarter(spans, np.maximum(spans.gap - window, 0), last, cells)
    return Waits(waiting, bought)


def _by_quarter(spans: Spans, first: Months, last: Months, cells: int) -> Array:
    """Count each span in its months from ``first`` to ``last``, and sum the months by quarter."""
    some = last >= first
    cell, customers, first, last = spans.cell[some], spans.customers[some], first[some], last[some]
    end, width = last + 1, _LONGEST + 1

    def at(month: Months) -> Array:
        """Customers by cell and month, cells x months; what is late stands in the last one."""
        places = cell * width + np.minimum(month, _LONGEST)
        return _sums(places, customers, cells * width).reshape(cells, width)

    months_late = np.maximum(end, _LONGEST) - np.maximum(first, _LONGEST)
    late = _sums(cell, customers * months_late, cells)
    months = np.cumsum((at(first) - at(end))[:, :_LONGEST], axis=1)
    quarters = months.reshape(cells, QUARTERS - 1, QUARTER).sum(axis=2)
    return np.concatenate([quarters, late[:, None]], axis=1)


def _sums(places: Months, values: Array, size: int) -> Array:
    return np.asarray(np.bincount(places, values, size), dtype=np.float64)


def return_rates(waits: Waits) -> Array:
    """Share of owners who bought again within the window, by target and quarters waited.

    Cells of few months lean on the target's level and on the shape that all targets have.
    """
    level = _levels(waits)
    expected = (waits.waiting * level[:, None]).sum(axis=0)
    shape = (waits.bought.sum(axis=0) + FEW) / (expected + FEW)
    usual = np.clip(level[:, None] * shape, 0.0, 1.0)
    return np.asarray((waits.bought + FEW * usual) / (waits.waiting + FEW))


def _log_lifts(waits: Waits, targets: int) -> Array:
    """How much likelier owners of a line adopt a target than all customers do: lines x targets.

    Cells of few purchases lean on the pair's lift, pairs on 1.

    Parameters
    ----------
    waits
        By line and target; the last line stands for whatever a customer bought first.
    """
    waiting = waits.waiting.reshape(-1, targets, QUARTERS)
    bought = waits.bought.reshape(-1, targets, QUARTERS)
    base = _levels(Waits(waiting[-1], bought[-1]))
    expected = waiting[:-1] * base[:, None]
    pair = (bought[:-1].sum(axis=2) + FEW) / (expected.sum(axis=2) + FEW)
    return np.asarray(np.log((bought[:-1] + FEW * pair[:, :, None]) / (expected + FEW)))


def _levels(waits: Waits) -> Array:
    """Share of months that a purchase followed, by cell; few months lean on the share of all."""
    everywhere = (waits.bought.sum() + 1.0) / (waits.waiting.sum() + 2.0)
    months, bought = waits.waiting.sum(axis=1), waits.bought.sum(axis=1)
    return np.asarray((bought + FEW * everywhere) / (months + FEW))


def _until_again(past: Past, holdings: Holdings, targets: Sequence[str]) -> Spans:
    """Waits of owners, of each target: those that ended, and those that go on."""
    places = {target: place for place, target in enumerate(targets)}
    ended = past.gaps.filter(pl.col("division").is_in(list(places))).sort("division", "gap", "age")
    last = holdings.last_age[:, holdings.columns(targets)]
    customer, target = np.nonzero(~np.isnan(last))
    return Spans(
        ended["division"].replace_strict(places, return_dtype=pl.Int64).to_numpy(),
        ended["gap"].cast(pl.Int64).to_numpy(),
        ended["age"].cast(pl.Int64).to_numpy(),
        ended["customers"].cast(pl.Float64).to_numpy(),
    ) + _going_on(target, last[customer, target].astype(np.int64), np.ones(len(target)))


def _going_on(cell: Months, age: Months, customers: Array) -> Spans:
    return Spans(cell, np.full(len(cell), _NOT_YET), age, customers)


def _until_adopted(since: Array, adopted: Array) -> Spans:
    """Waits of those who own a line until they first bought a target, by line and target.

    Parameters
    ----------
    since
        Customers x lines: months since a line was first bought; NaN: it was not.
    adopted
        Customers x targets, likewise.
    """
    from scipy.sparse import csr_matrix

    span = int(max(np.nanmax(since, initial=0), np.nanmax(adopted, initial=0))) + 1

    def by_month(ages: Array) -> Any:
        """Customers x (column and age): 1 where that is the customer's age of the column."""
        customer, column = np.nonzero(~np.isnan(ages))
        place = column * span + ages[customer, column].astype(np.int64)
        ones = np.ones(len(place))
        return csr_matrix((ones, (customer, place)), (len(ages), ages.shape[1] * span))

    lines, targets = by_month(since), adopted.shape[1]
    both = (lines.T @ by_month(adopted)).tocoo()
    (line, age), (target, adopted_age) = np.divmod(both.row, span), np.divmod(both.col, span)
    cell = (line * targets + target).astype(np.int64)
    age, customers = age.astype(np.int64), both.data
    adopters = Spans(cell, age - adopted_age.astype(np.int64), age, customers)
    # Everybody who owns the line goes on waiting for each target, save those who adopted it.
    owners = np.asarray(lines.sum(axis=0)).ravel()
    of_line, of_age = np.divmod(np.flatnonzero(owners), span)
    every = (of_line[:, None] * targets + np.arange(targets)).ravel()
    everybody = _going_on(every, np.repeat(of_age, targets), np.repeat(owners[owners > 0], targets))
    return adopters + everybody + _going_on(cell, age, -customers)

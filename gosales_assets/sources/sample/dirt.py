"""Plant the flaws that real exports have, and keep a ledger of them.

Each flaw is a function that spoils the cells of one row. Flaws with treatment `repaired` change how
a value is written and never what it is; `quarantined` rows hold something no reader can use;
`duplicate` rows repeat the row above to the letter; `structure` rows are no data at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .catalogue import LOG_HEADER, ORDER_COLUMNS

Treatment = Literal["repaired", "quarantined", "duplicate", "structure"]
Cells = list[str]

_ID, _NAME, _DATE = (LOG_HEADER.index(name) for name in ("CustomerId", "Customer", "Rec Date"))
_CURRENCY = LOG_HEADER.index("InvoiceCurrency")
_RATE = LOG_HEADER.index("UsdCadConversionRate")
_FIRST_MONEY = len(ORDER_COLUMNS)

RETURNS_WEIGHT = 8.0
"""How much likelier a credit note is to be spoiled than another row: its minus sign is what
exports write in the most ways."""

NBSP = "\u00a0"
_EXCEL_EPOCH = date(1899, 12, 30)


def _money_cell(cells: Cells) -> int:
    """Position of the row's first gross profit."""
    return next(i for i in range(_FIRST_MONEY, len(cells), 2) if cells[i])


def _spoil_money(cells: Cells, pick: int, positive: tuple[str, ...]) -> None:
    """Write the row's first gross profit in another style: its sign decides which."""
    at = _money_cell(cells)
    value = float(cells[at])
    plain, grouped = f"{abs(value):.2f}", f"{abs(value):,.2f}"
    negative = ("({grouped})", "-£{plain}", "{plain}-", "−{plain}", "-${grouped}")
    styles = positive if value >= 0 else negative
    cells[at] = styles[pick % len(styles)].format(plain=plain, grouped=grouped)


def _dollars(cells: Cells, pick: int) -> None:
    _spoil_money(cells, pick, ("${grouped}", "$ {grouped}", "{grouped}"))


def _nbsp(cells: Cells, pick: int) -> None:
    _spoil_money(cells, pick, (f"{NBSP}{{plain}}", f"{{plain}}{NBSP}", f"${NBSP}{{grouped}}"))


def _decimal_id(cells: Cells, _pick: int) -> None:
    cells[_ID] += ".0"


def _padding(cells: Cells, pick: int) -> None:
    cells[_ID] = (f" {cells[_ID]}", f"{cells[_ID]}  ", f"{NBSP}{cells[_ID]}")[pick % 3]
    cells[_NAME] += " "


def _timestamp(cells: Cells, pick: int) -> None:
    cells[_DATE] += (" 00:00:00", "T00:00:00")[pick % 2]


def _excel_date(cells: Cells, _pick: int) -> None:
    cells[_DATE] = str((date.fromisoformat(cells[_DATE]) - _EXCEL_EPOCH).days)


def _decimal_quantity(cells: Cells, _pick: int) -> None:
    cells[_money_cell(cells) + 1] += ".0"


def _unreadable_money(cells: Cells, pick: int) -> None:
    cells[_money_cell(cells)] = ("#REF!", "n/a", "see invoice", "12.34.56", "TBD")[pick % 5]


def _no_customer(cells: Cells, _pick: int) -> None:
    cells[_ID] = ""


def _no_date(cells: Cells, pick: int) -> None:
    cells[_DATE] = ("", "1900-01-01", "0000-00-00")[pick % 3]


def _impossible_date(cells: Cells, pick: int) -> None:
    year = cells[_DATE][:4]
    cells[_DATE] = (f"{year}-02-30", f"{year}-13-05", f"{year}-06-31")[pick % 3]


def _future_date(cells: Cells, _pick: int) -> None:
    cells[_DATE] = f"{int(cells[_DATE][:4]) + 200}{cells[_DATE][4:8]}15"


def _no_rate(cells: Cells, _pick: int) -> None:
    cells[_CURRENCY], cells[_RATE] = "CAD", ""


def _repeat(cells: Cells, _pick: int) -> None:
    """Leave the row as it is: `spoil_lines` writes it twice."""


@dataclass(frozen=True)
class Flaw:
    """One kind of flaw: what a good reader does with it, how frequent it is, how it is made."""

    name: str
    treatment: Treatment
    weight: float
    spoil: Callable[[Cells, int], None]


FLAWS = (
    Flaw("money_with_sign_or_grouping", "repaired", 18, _dollars),
    Flaw("money_with_nbsp", "repaired", 12, _nbsp),
    Flaw("id_with_decimal", "repaired", 14, _decimal_id),
    Flaw("padded_text", "repaired", 8, _padding),
    Flaw("date_with_time", "repaired", 5, _timestamp),
    Flaw("excel_serial_date", "repaired", 4, _excel_date),
    Flaw("quantity_with_decimal", "repaired", 5, _decimal_quantity),
    Flaw("repeated_row", "duplicate", 11, _repeat),
    Flaw("unreadable_money", "quarantined", 7, _unreadable_money),
    Flaw("no_customer", "quarantined", 5, _no_customer),
    Flaw("no_date", "quarantined", 4, _no_date),
    Flaw("impossible_date", "quarantined", 3, _impossible_date),
    Flaw("future_date", "quarantined", 2, _future_date),
    Flaw("currency_without_rate", "quarantined", 2, _no_rate),
)
_WEIGHTS = np.array([flaw.weight for flaw in FLAWS], dtype=np.float64)
_CHANCES = _WEIGHTS / _WEIGHTS.sum()

LEDGER_HEADER = ("file", "line", "flaw", "treatment")


def _no_rows() -> list[tuple[str, int, str, Treatment]]:
    return []


@dataclass
class Ledger:
    """Every planted flaw: file, physical line (the header is line 1), flaw, treatment."""

    rows: list[tuple[str, int, str, Treatment]] = field(default_factory=_no_rows)

    def counts(self) -> dict[str, int]:
        """Planted flaws by treatment."""
        treatments = [row[3] for row in self.rows]
        return {kind: treatments.count(kind) for kind in sorted(set(treatments))}


def csv_line(cells: Cells | tuple[str, ...]) -> str:
    """Cells as one line of CSV, without the line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def spoil_lines(
    lines: list[str],
    returned: NDArray[np.bool_],
    share: float,
    rng: np.random.Generator,
) -> tuple[list[str], list[tuple[int, Flaw]]]:
    """Spoil about `share` of the lines.

    Returns
    -------
    The lines to write, and position among them and flaw of each spoiled one, in order.
    """
    weight = np.where(returned, RETURNS_WEIGHT, 1.0)
    chance = np.minimum(share * weight / weight.mean(), 1.0)
    chosen = np.flatnonzero(rng.random(len(lines)) < chance)
    kinds = rng.choice(len(FLAWS), len(chosen), p=_CHANCES)
    picks = rng.integers(0, 1 << 30, len(chosen))
    lines = list(lines)
    planted: list[tuple[int, Flaw]] = []
    again: list[int] = []
    for at, kind, pick in zip(chosen.tolist(), kinds.tolist(), picks.tolist(), strict=True):
        flaw: Flaw = FLAWS[kind]
        if flaw.treatment == "duplicate":
            again.append(at)
        else:
            cells = next(csv.reader([lines[at]]))
            flaw.spoil(cells, pick)
            lines[at] = csv_line(cells)
        planted.append((at + len(again), flaw))
    return _repeat_lines(lines, again), planted


def _repeat_lines(lines: list[str], again: list[int]) -> list[str]:
    """`lines`, those at positions `again` (ascending) twice."""
    written: list[str] = []
    start = 0
    for at in again:
        written += lines[start : at + 1]
        written.append(lines[at])
        start = at + 1
    return written + lines[start:]

"""Any small table: the draft is a YAML that loads, or a clear refusal in one line."""

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gosales_assets.settings import SettingsError, load_settings
from gosales_assets.sources.profile.drafting import Draft, draft_settings, write_draft
from gosales_assets_tests.sources.profile_logs import TODAY

Column = tuple[str, list[str]]
_ROWS = 24
_KINDS = {
    "customer_id|Customer|Kundennr": "C1|C2|C3|00123|9007199254740993|",
    "order_date|Date|Belegdatum|Ship Date": "2024-01-31|2023-03-15|2022-07-04|null",
    "order_date|When": "01/02/2024|31.12.2023|05/06/2022|45321|",
    "sku|Item|Product ID": "P-1|P-2|P-3|a b",
    "Product Name|Description": 'Pump, small|Pump "big"|Valve: # {x}|- a',
    "Category|division|Country": "Tools|Toys|Freight & fees|'|yes|null",
    "Qty|quantity|Menge": "1|2|3|-1|(3)|x",
    "revenue|Amount|Unit Price|Price|cost|GP|Unit Cost": "12.5|1.234,50|$4.00|-7|0|",
    "Currency|Währung": "USD|EUR|eur|",
    "line id|Row ID|id": "1|2|3|4|5|6|7",
    "A|A_Qty|B|B Qty|C|C_Qty|D": "1|2.50||0",
    "Rep|note|: # {x}|null|~|1e3": "Ann|Bob|\u2028|\u0085|Total",
}


@st.composite
def columns(draw: st.DrawFn, kind: str) -> Column:
    """A header of some kind, or any text, and its cells: of the same kind, or any text."""
    header = draw(st.sampled_from(kind.split("|")))
    usual = st.sampled_from(_KINDS[kind].split("|"))
    some = draw(st.lists(usual, min_size=6, max_size=6))
    if draw(st.integers(0, 19)) == 0:
        header = draw(st.text(max_size=12))
    if draw(st.integers(0, 9)) == 0:
        some = draw(st.lists(st.text(max_size=8), min_size=3, max_size=3))
    return header, some * _ROWS


@st.composite
def tables(draw: st.DrawFn) -> list[Column]:
    """Some columns of each kind, in any order."""
    kinds = [kind for kind in _KINDS if draw(st.integers(0, 4))]
    return draw(st.permutations([draw(columns(kind)) for kind in kinds or list(_KINDS)]))


def a_draft(folder: Path, table: list[Column], mark: str, name: str) -> Draft | None:
    """Draft for a table, and the YAML beside it; None: it was refused."""
    rows = zip(*(cells[:_ROWS] for _, cells in table), strict=True)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=mark).writerows([[header for header, _ in table], *rows])
    to = folder / f"{name}.yaml"
    try:
        draft = draft_settings([str(folder)], to, today=TODAY)
    except SettingsError as error:
        if len(str(error).splitlines()) != 1:
            raise AssertionError(f"not one line: {error}") from error
        return None
    write_draft(draft, to, force=False)
    return draft


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tables(),
    st.sampled_from(",;\t|"),
    st.sampled_from(["log", "a: b", "x#1", "[z]", "null"]),
)
def test_a_draft_loads_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, table: list[Column], mark: str, name: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    draft = a_draft(folder, table, mark, name)
    event("refused" if draft is None else "drafted")
    if draft is None:
        return
    loaded = load_settings(folder / f"{name}.yaml")
    assert len(loaded.sales_files) == 1
    used = [header for header in loaded.sales_log.columns.values() if header is not None]
    assert len(used) == len(set(used))
    assert set(used) <= {header.strip() for header, _ in table}

"""Side tables: off when absent, one clear line when their key is missing, counts for the rest."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gosales_assets.settings import SalesLog, Settings, SettingsError
from gosales_assets.sources.contract import SIDE_TABLES
from gosales_assets.sources.side_tables import check_side_tables, load_side_table


def make(tmp_path: Path, name: str, content: str | None, **side: Any) -> Settings:
    if content is not None:
        (tmp_path / "side.csv").write_text(content)
    return Settings(base=tmp_path, side_tables={name: {"file": "side.csv", **side}})


@pytest.mark.parametrize("name", list(SIDE_TABLES))
def test_absent_tables_are_off_and_say_so(tmp_path: Path, name: str) -> None:
    for settings in (Settings(base=tmp_path), make(tmp_path, name, None)):
        check_side_tables(settings)
        load = load_side_table(settings, name, {})
        assert load.frame.equals(SIDE_TABLES[name].empty())
        assert load.remarks[0].startswith("off: ")


def test_values_are_read_as_in_the_log(tmp_path: Path) -> None:
    content = (
        "Account,sku,bought,expiration_date,quantity,note\n"
        "00123,A,31/01/2024,2025-02-30,2.0,x\n"
        "7.0,B,,,\"1,000\",y\n"
        ",C,01/02/2024,,1,z\n"
        "7,B,,,many,y\n"
        "7\n"
    )  # fmt: skip
    columns = {"customer_id": "Account", "purchase_date": "bought"}
    load = load_side_table(
        make(tmp_path, "installed_base", content, columns=columns), "installed_base", {}
    )
    assert load.frame.rows() == [
        ("00123", "A", date(2024, 1, 31), None, 2.0),
        ("7", "B", None, None, 1000.0),
        ("7", "B", None, None, None),
    ]
    assert load.rows_read == 5
    assert load.left_out == {"rows that do not fit the header": 1, "rows without customer_id": 1}
    assert load.unreadable == {"expiration_date": 1, "quantity": 1}
    assert load.remarks == ["columns kept out: note"]


def test_divisions_are_spelled_as_in_the_log(tmp_path: Path) -> None:
    content = "customer_id,division,reason\n1,post-processing,a\n2,All,b\n3,,c\n4,Else,d\n"
    load = load_side_table(
        make(tmp_path, "blocks", content), "blocks", {"postprocessing": "Post_Processing"}
    )
    assert load.frame["division"].to_list() == ["Post_Processing", None, None, "Else"]
    assert load.remarks == ["divisions that the log does not know: Else"]


def test_one_row_per_key_is_kept_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    rows = ["1,Mining", "1,Farming", "2,", "2,", "3,Retail"]
    for order in (rows, rows[::-1]):
        content = "\n".join(["customer_id,industry", *order])
        load = load_side_table(make(tmp_path, "customers", content), "customers", {})
        found = [("1", "Farming"), ("2", None), ("3", "Retail")]
        assert load.frame.select("customer_id", "industry").rows() == found
        assert load.left_out == {
            "exact repeats of another row": 1,
            "rows that contradict another row of the same customer_id, valid_from": 1,
        }


def test_a_history_keeps_its_days_and_loses_none_in_silence(tmp_path: Path) -> None:
    content = (
        "customer_id,valid_from,region\n"
        "1,01/01/1900,West\n"
        "1,31/01/2024,East\n"
        "1,31/02/2024,South\n"
        "2,,North\n"
    )
    load = load_side_table(make(tmp_path, "customers", content, stable=["region"]), "customers", {})
    assert load.frame.select("customer_id", "valid_from", "region").rows() == [
        ("1", date(1900, 1, 1), "West"),
        ("1", date(2024, 1, 31), "East"),
        ("2", None, "North"),
    ]
    assert load.left_out == {"rows whose valid_from cannot be read": 1}
    assert load.unreadable == {}


@pytest.mark.parametrize(
    ("content", "stable", "remark"),
    [
        ("customer_id\n1\n", [], "no history: a snapshot of today, of which features use nothing"),
        (
            "customer_id\n1\n",
            ["size"],
            "no history: a snapshot of today, of which features use only of the columns declared "
            "stable: size",
        ),
        (
            "customer_id,valid_from\n1,2024-01-31\n2,2023-01-31\n",
            [],
            "history: valid_from goes from 2023-01-31 to 2024-01-31",
        ),
        (
            "customer_id,valid_from\n1,2024-01-31\n2,\n",
            [],
            "1 rows without valid_from: a snapshot of today, of which features use nothing",
        ),
    ],
)
def test_a_table_says_what_features_may_use_of_it(
    tmp_path: Path, content: str, stable: list[str], remark: str
) -> None:
    settings = make(tmp_path, "customers", content, stable=stable)
    assert load_side_table(settings, "customers", {}).remarks == [remark]


def test_products_are_spelled_as_in_the_sku_map(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(
        "gp_column,qty_column,sku,division\n"
        "SWX_Core,SWX_Core_Qty,SWX_Core,Solidworks\n"
        "Success Plan GP,Success_Plan_Qty,Success_Plan,Plans\n"
        "Success_Plan_2,Success_Plan_Qty_2,Success_Plan,Plans\n"
        "pdm,pdm_qty,pdm,PDM\n"
        "PDM,PDM_Qty,PDM,PDM\n"
    )
    skus = ["swx_core", "Success Plan GP", "SUCCESS_PLAN_2", "PDM", "Pdm", "unheard of"]
    for name, extra in (("installed_base", "customer_id,sku\n"), ("label_denylist", "sku\n")):
        rows = [f"1,{sku}" if name == "installed_base" else sku for sku in skus]
        settings = make(tmp_path, name, extra + "\n".join(rows)).model_copy(
            update={"sku_map": "map.csv", "sales_log": SalesLog(layout="wide")}
        )
        load = load_side_table(settings, name, {})
        assert sorted(load.frame["sku"]) == sorted(
            ["SWX_Core", "Success_Plan", "PDM", "Pdm", "unheard of"]
        )
        assert load.remarks == ["products that the SKU map does not know: 2 (Pdm, unheard of)"]


@pytest.mark.parametrize(
    ("cells", "comma", "amounts"),
    [
        (["1.250,50", "7"], False, [1250.5, 7.0]),
        (["1,250.50", "7"], True, [1250.5, 7.0]),
        (["1,250", "7"], False, [1250.0, 7.0]),
        (["1,250", "7"], True, [1.25, 7.0]),
    ],
)
def test_numbers_are_read_in_their_own_notation(
    tmp_path: Path, cells: list[str], comma: bool, amounts: list[float]
) -> None:
    rows = "".join(f'{at},"{cell}"\n' for at, cell in enumerate(cells))
    settings = make(tmp_path, "open_deals", f"customer_id,amount\n{rows}").model_copy(
        update={"sales_log": SalesLog(decimal_comma=comma)}
    )
    assert load_side_table(settings, "open_deals", {}).frame["amount"].to_list() == amounts


@pytest.mark.parametrize(
    ("name", "content", "side", "words"),
    [
        (
            "customers",
            "CustomerID,industry\n1,x\n",
            {},
            ["side.csv", "'customer_id'", "CustomerID"],
        ),
        ("blocks", "reason\nx\n", {}, ["'customer_id'", "side_tables.blocks.columns"]),
        ("industry_enrichment", "industry\nx\n", {}, ["'company_name'"]),
        ("customers", "customer_id\n1\n", {"columns": {"region": "Area"}}, ["'Area'"]),
        (
            "customers",
            "customer_id\n1\n",
            {"columns": {"regoin": "Area"}},
            ["'regoin'", "'region'"],
        ),
        ("customers", "customer_id\n1\n", {"stable": ["industri"]}, ["stable", "'industri'"]),
    ],
)
def test_missing_columns_are_told_in_one_line(
    tmp_path: Path, name: str, content: str, side: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        check_side_tables(make(tmp_path, name, content, **side))
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_prospects_without_a_day_are_kept_and_named(tmp_path: Path) -> None:
    content = "customer_id,company_name,valid_from\n1,A,2024-01-01\n1,A,2024-06-01\n2,B,\n"
    load = load_side_table(make(tmp_path, "prospects", content), "prospects", {})
    assert load.frame["customer_id"].to_list() == ["1", "1", "2"]
    assert load.remarks == ["1 rows without valid_from count for no cutoff"]

"""Side tables: off when absent, one clear line when their key is missing, counts for the rest."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gosales_assets.settings import Settings, SettingsError
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


def test_one_row_per_customer_is_kept_and_repeats_are_counted(tmp_path: Path) -> None:
    content = "customer_id,industry\n1,Mining\n1,Farming\n2,\n"
    load = load_side_table(make(tmp_path, "customers", content), "customers", {})
    assert load.frame.select("customer_id", "industry").rows() == [("1", "Mining"), ("2", None)]
    assert load.left_out == {"repeats of customer_id": 1}


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

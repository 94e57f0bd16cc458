"""Coded texts: to whoever reads them, the same rows in the same order."""

import ibis
import polars as pl
import pytest

from gosales_assets.features.coding import keep_rows, with_coded_texts
from gosales_assets.warehouse import Warehouse

FACTS = pl.DataFrame(
    {
        "customer_id": ["b", "a", "Ä", "a"],
        "sku": ["it's", None, "", '"q"'],
        "lines": [1, 2, 3, 4],
    }
)
MONTHS = pl.DataFrame({"customer_id": ["z", "a"], "month": [1, 2]})
NOTHING = FACTS.clear()


def kept(warehouse: Warehouse, facts: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What is read of two tables and of their join once their texts are coded."""
    warehouse.home_path.mkdir(parents=True, exist_ok=True)
    files = {name: warehouse.home_path / f"{name}.parquet" for name in ("facts", "months")}
    facts.write_parquet(files["facts"])
    MONTHS.write_parquet(files["months"])
    with warehouse.engine() as engine:
        tables = {name: engine.read_parquet(str(file)) for name, file in files.items()}
        coded = with_coded_texts(engine, tables)
        rows = {name: keep_rows(engine, name, table) for name, table in coded.items()}
        joined = rows["facts"].join(rows["months"], "customer_id")
        in_order = rows["facts"].order_by("customer_id", ibis.asc("sku", nulls_first=True), "lines")
        types = engine.raw_sql("select column_type from (describe facts)").fetchall()
        assert types[0][0].startswith("ENUM")
        return {
            "facts": in_order.to_polars(),
            "months": rows["months"].order_by("month").to_polars(),
            "joined": joined.order_by("lines").to_polars(),
            "one": rows["facts"].filter(rows["facts"].customer_id == "a").to_polars(),
        }


def test_texts_read_as_they_were_written(warehouse: Warehouse) -> None:
    read = kept(warehouse, FACTS)
    assert read["facts"].equals(FACTS.sort("customer_id", "sku", "lines"))
    assert read["months"].equals(MONTHS)


def test_tables_join_and_filter_by_coded_texts(warehouse: Warehouse) -> None:
    read = kept(warehouse, FACTS)
    assert read["joined"]["lines"].to_list() == [2, 4]
    assert read["one"]["lines"].sort().to_list() == [2, 4]


@pytest.mark.parametrize("facts", [NOTHING, FACTS.with_columns(sku=pl.lit(None, pl.String))])
def test_columns_without_any_text_stay_so(warehouse: Warehouse, facts: pl.DataFrame) -> None:
    assert kept(warehouse, facts)["facts"].equals(facts.sort("customer_id", "lines"))

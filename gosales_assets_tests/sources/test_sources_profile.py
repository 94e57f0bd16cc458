"""`gosales profile`: files of all sorts in, a YAML out that runs, and what it says on the way."""

from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from gosales_assets.cli import app
from gosales_assets.settings import Settings, SettingsError, environment, load_settings
from gosales_assets.sources.outline import check_sources, target_divisions
from gosales_assets.sources.profile.drafting import Draft, draft_settings, problem_of, write_draft
from gosales_assets.sources.sample import SampleSpec, generate
from gosales_assets_tests.sources.loading import LoadedLog, load_log
from gosales_assets_tests.sources.profile_logs import (
    DIVISIONS,
    TODAY,
    day_first,
    decimal_comma,
    sales,
    write,
)

PLAIN = {"customer_id": "client", "order_date": "date", "sku": "item", "division": "division"}
PLAIN |= {"quantity": "qty", "revenue": "amount"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment(), "home", tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def log() -> pl.DataFrame:
    return sales()


def draft(tmp_path: Path, *sources: Path) -> tuple[Draft, Settings]:
    """Draft and settings that it makes; refuses a draft that does not load."""
    to = tmp_path / "my.yaml"
    drafted = draft_settings([str(source) for source in sources], to, today=TODAY)
    write_draft(drafted, to, force=False)
    return drafted, load_settings(to)


def loaded(settings: Settings) -> LoadedLog:
    check_sources(settings)
    result = load_log(settings.model_copy(update={"today": TODAY}))
    assert result.problems() == []
    return result


def mapped(settings: Settings) -> dict[str, str]:
    return settings.sales_log.columns


def test_a_german_export_with_titles_and_decimal_commas(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = {
        "note": "Bemerkung",
        "revenue": "Nettoumsatz",
        "customer_id": "Kunden-Nr.",
        "customer_name": "Kunde",
        "order_id": "Auftragsnummer",
        "order_date": "Belegdatum",
        "sku": "Artikelnr.",
        "product_name": "Bezeichnung",
        "division": "Warengruppe",
        "quantity": "Menge",
        "unit_price": "Einzelpreis",
        "unit_cost": "EK-Preis",
        "rep": "Vertreter",
        "currency": "Währung",
        "country": "Land",
    }
    frame = decimal_comma(day_first(log))
    file = write(
        tmp_path / "umsatz.csv",
        frame,
        headers,
        separator=";",
        above=["Umsatzliste;;", ""],
        encoding="cp1252",
    )
    drafted, settings = draft(tmp_path, file)
    unmapped = {"note", "unit_cost", "country"}
    assert mapped(settings) == {o: h for o, h in headers.items() if o not in unmapped}
    assert settings.sales_log.date_order == "dmy"
    assert settings.sales_log.decimal_comma
    assert settings.sales_log.base_currency == "EUR"
    assert "'EK-Preis' is the cost of one unit" in drafted.text
    result = loaded(settings)
    assert result.lines.height == len(log)
    assert float(result.lines["revenue"].sum()) == pytest.approx(log["revenue"].cast(float).sum())


def test_a_french_export_in_another_order(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = {
        "gross_profit": "Marge",
        "revenue": "Montant HT",
        "unit_price": "Prix unitaire HT",
        "quantity": "Quantité",
        "division": "Famille",
        "product_name": "Désignation",
        "sku": "Code article",
        "order_date": "Date de commande",
        "order_id": "N° commande",
        "customer_name": "Nom client",
        "customer_id": "N° client",
    }
    file = write(tmp_path / "v.txt", day_first(log, "%d/%m/%Y"), headers, separator="\t")
    _, settings = draft(tmp_path, file)
    assert mapped(settings) == headers
    assert settings.sales_log.date_order == "dmy"
    assert loaded(settings).lines.height == len(log)


def test_field_names_of_an_erp(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = {
        "order_id": "VBELN",
        "order_date": "FKDAT",
        "customer_id": "KUNNR",
        "customer_name": "NAME1",
        "sku": "MATNR",
        "product_name": "ARKTX",
        "division": "SPART",
        "quantity": "FKIMG",
        "revenue": "NETWR",
        "cost": "WAVWR",
        "currency": "WAERK",
    }
    frame = log.with_columns(pl.col("order_date").str.replace_all("-", ""))
    _, settings = draft(tmp_path, write(tmp_path / "vbrp.csv", frame, headers, separator="|"))
    assert mapped(settings) == headers
    assert settings.sales_log.date_order == "ymd"
    assert loaded(settings).lines["gross_profit"].null_count() == 0


# Headers as other programs write them (ours=theirs); with * one of ours that is mapped otherwise.
EXPORTS = {
    "sales sample": "order_id=ORDERNUMBER quantity=QUANTITYORDERED unit_price=PRICEEACH "
    "revenue=SALES order_date=ORDERDATE status=STATUS division=PRODUCTLINE sku=PRODUCTCODE "
    "customer_id*customer_name=CUSTOMERNAME -country=COUNTRY",
    "superstore": "line_id=Row_ID order_id=Order_ID order_date=Order_Date -ship=Ship_Date "
    "customer_id=Customer_ID customer_name=Customer_Name -segment=Segment sku=Product_ID "
    "-coarse=Category division=Sub-Category product_name=Product_Name revenue=Sales "
    "quantity=Quantity gross_profit=Profit",
    "warehouse": "invoice_id*order_id=WWI_Invoice_ID customer_id=Customer_Key sku=Stock_Item_Key "
    "order_date=Invoice_Date_Key product_name=Description quantity=Quantity unit_price=Unit_Price "
    "revenue=Total_Excluding_Tax -taxed=Total_Including_Tax gross_profit=Profit division=Category",
    "grocer": "order_date=TRANSACTION_DT customer_id=CUSTOMER_ID -segment=AGE_GROUP "
    "division=PRODUCT_SUBCLASS sku=PRODUCT_ID quantity=AMOUNT revenue=SALES_PRICE",
    "bookkeeper": "order_type*status=Type order_date=Date customer_id*customer_name=Name "
    "sku*product_name=Item quantity=Qty unit_price=Sales_Price revenue=Amount",
    "erp": "customer_id=CUSTNMBR customer_name=CUSTNAME order_id=SOPNUMBE order_date=DOCDATE "
    "sku=ITEMNMBR product_name=ITEMDESC quantity=QUANTITY unit_price=UNITPRCE revenue=XTNDPRCE "
    "cost=EXTDCOST",
    "spanish": "order_date=Fecha_factura invoice_id*order_id=Nº_factura customer_id=Código_cliente "
    "customer_name=Nombre_cliente sku=Código_artículo product_name=Descripción division=Familia "
    "quantity=Cantidad unit_price=Precio_unitario revenue=Importe_neto rep=Vendedor",
}


@pytest.mark.parametrize("program", EXPORTS)
def test_exports_of_other_programs(tmp_path: Path, log: pl.DataFrame, program: str) -> None:
    day = pl.col("order_date").str.to_date()
    revenue = pl.col("revenue").cast(pl.Float64)
    frame = log.with_columns(
        line_id=pl.int_range(len(log)).cast(pl.String),
        status=pl.lit("Invoice"),
        ship=(day + pl.duration(days=3)).cast(pl.String),
        segment=pl.when(pl.col("country") == "DE").then(pl.lit("Corporate")).otherwise(pl.lit("X")),
        coarse=pl.col("division").is_in(["Pumps", "Pipes"]).cast(pl.String),
        taxed=(revenue * 1.19).round(2).cast(pl.String),
    )
    headers, expected = {}, {}
    for entry in EXPORTS[program].split():
        names, _, header = entry.partition("=")
        role, _, ours = names.partition("*")
        header = header.replace("_", " ")
        headers[(ours or role).removeprefix("-")] = header
        if not role.startswith("-"):
            expected[role] = header
    _, settings = draft(tmp_path, write(tmp_path / "log.csv", frame, headers))
    assert mapped(settings) == expected


def test_dates_that_read_both_ways_need_one_edit(tmp_path: Path, log: pl.DataFrame) -> None:
    early = log.filter(pl.col("order_date").str.slice(8, 2).cast(pl.Int32) <= 12)
    file = write(tmp_path / "log.csv", day_first(early, "%d/%m/%Y"), PLAIN)
    drafted, settings = draft(tmp_path, file)
    assert settings.sales_log.date_order == "auto"
    assert "date_order: auto  # EDIT: all dates read both month first and day first" in drafted.text
    assert "dmy looks likelier" in drafted.text
    assert "date_order to mdy or dmy" in str(problem_of(drafted, tmp_path / "my.yaml"))
    edited = tmp_path / "edited.yaml"
    edited.write_text(drafted.text.replace("date_order: auto", "date_order: dmy"))
    assert loaded(load_settings(edited)).lines.height == early.height


def test_a_month_that_cannot_be_told_is_taken_to_be_like_the_others(
    tmp_path: Path, log: pl.DataFrame
) -> None:
    frame = day_first(log, "%d/%m/%Y")
    dates = log["order_date"]
    write(tmp_path / "logs/sales_2021.csv", frame.filter(dates.str.starts_with("2021")), PLAIN)
    early = frame.filter(dates.is_between(pl.lit("2022-01-01"), pl.lit("2022-01-12")))
    write(tmp_path / "logs/sales_2022.csv", early, PLAIN)
    drafted, settings = draft(tmp_path, tmp_path / "logs")
    assert settings.sales_log.files == ["logs/sales_*.csv"]
    assert settings.sales_log.date_order == "dmy"
    assert "some files alone read both ways" in drafted.text


def test_without_divisions_a_sku_map_is_drafted(tmp_path: Path) -> None:
    frame = sales(3_000).with_columns(sku=pl.col("sku") + "-" + pl.col("quantity"))
    headers = {ours: header for ours, header in PLAIN.items() if ours != "division"}
    drafted, settings = draft(tmp_path, write(tmp_path / "log.csv", frame, headers))
    assert settings.sku_map == "sku_map.csv"
    assert settings.sales_log.other_division == "All products"
    assert target_divisions(settings) == ["All products"]
    assert loaded(settings).lines.height == frame.height
    assert drafted.sku_map is not None
    lines = drafted.sku_map.splitlines()
    assert lines[0] == "sku,product_name,division,lines"
    sold = [int(line.rsplit(",", 1)[1]) for line in lines[1:]]
    assert sold == sorted(sold, reverse=True)
    assert sum(sold) == frame.height


def test_a_refined_sku_map_beside_the_draft_is_used(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = {ours: header for ours, header in PLAIN.items() if ours != "division"}
    file = write(tmp_path / "log.csv", log, headers)
    drafted, settings = draft(tmp_path, file)
    assert len(target_divisions(settings)) == 40  # few SKUs: each is a division
    refined = str(drafted.sku_map).replace(",P-", ",Pumps ")
    (tmp_path / "sku_map.csv").write_text(refined)
    again = draft_settings([str(file)], tmp_path / "my.yaml", today=TODAY)
    assert again.sku_map is None
    assert "sku_map: sku_map.csv  # knows the SKUs of 100.0% of the lines" in again.text


def test_a_column_that_is_decided_by_the_sku_serves_as_division(
    tmp_path: Path, log: pl.DataFrame
) -> None:
    file = write(tmp_path / "log.csv", log, PLAIN | {"division": "XYZ", "country": "ABC"})
    drafted, settings = draft(tmp_path, file)
    assert mapped(settings)["division"] == "XYZ"
    assert "no header names a division" in drafted.text
    assert set(target_divisions(settings)) == set(DIVISIONS)


def test_a_division_of_customers_is_none_of_products(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = {o: h for o, h in PLAIN.items() if o != "division"} | {"country": "Division"}
    drafted, settings = draft(tmp_path, write(tmp_path / "log.csv", log, headers))
    assert "division" not in mapped(settings)
    assert "# division: Division  # 0." in drafted.text
    assert "it is no kind of product" in drafted.text


def test_amounts_are_told_apart_by_their_cells(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = PLAIN | {"revenue": "price", "cost": "cost total"}
    _, settings = draft(tmp_path, write(tmp_path / "a.csv", log, headers))
    assert mapped(settings)["revenue"] == "price"
    assert mapped(settings)["cost"] == "cost total"
    (tmp_path / "my.yaml").unlink()
    headers = {o: h for o, h in PLAIN.items() if o != "revenue"}
    headers |= {"unit_price": "amount", "unit_cost": "cost"}
    _, settings = draft(tmp_path, write(tmp_path / "b.csv", log, headers))
    assert mapped(settings)["unit_price"] == "amount"
    assert mapped(settings)["cost"] is None
    assert loaded(settings).lines["gross_profit"].is_null().all()


def test_names_stand_in_for_missing_ids(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = {"customer_name": "Customer", "order_date": "Date", "product_name": "Product"}
    headers |= {"revenue": "Revenue (EUR)"}
    _, settings = draft(tmp_path, write(tmp_path / "log.csv", log, headers))
    assert mapped(settings)["customer_id"] == "Customer"
    assert mapped(settings)["sku"] == "Product"
    assert settings.sales_log.base_currency == "EUR"
    assert loaded(settings).lines.height == log.unique(list(headers)).height


def test_a_line_id_that_different_rows_share_is_not_mapped(
    tmp_path: Path, log: pl.DataFrame
) -> None:
    numbered = log.with_row_index("line_id", 1).with_columns(pl.col("line_id").cast(pl.String))
    file = write(tmp_path / "a.csv", numbered, PLAIN | {"line_id": "Row ID"})
    assert mapped(draft(tmp_path, file)[1])["line_id"] == "Row ID"
    (tmp_path / "my.yaml").unlink()
    twice = numbered.with_columns(
        line_id=pl.when(pl.col("line_id") == "7").then(pl.lit("8")).otherwise("line_id")
    )
    drafted, settings = draft(tmp_path, write(tmp_path / "b.csv", twice, PLAIN | {"line_id": "ID"}))
    assert "line_id" not in mapped(settings)
    assert "different rows share one" in drafted.text
    (tmp_path / "my.yaml").unlink()
    file = write(tmp_path / "c.csv", twice, PLAIN | {"line_id": "line_id"})
    _, settings = draft(tmp_path, file)
    assert mapped(settings)["line_id"] is None
    assert loaded(settings).lines.height == log.height


def test_what_a_log_must_have_and_has_not_is_asked_for(tmp_path: Path, log: pl.DataFrame) -> None:
    headers = {"customer_id": "client", "order_date": "date", "sku": "X", "revenue": "amount"}
    drafted, settings = draft(tmp_path, write(tmp_path / "log.csv", log, headers))
    assert mapped(settings) == {"customer_id": "client", "order_date": "date", "revenue": "amount"}
    assert "# EDIT: sku is needed: could be 'X'" in drafted.text
    assert "no column 'sku'" in str(problem_of(drafted, tmp_path / "my.yaml"))


def test_workbooks_and_parquet(tmp_path: Path, log: pl.DataFrame) -> None:
    typed = log.select(
        "customer_id",
        pl.col("order_date").str.to_date(),
        "sku",
        "division",
        pl.col("quantity").cast(pl.Int64),
        pl.col("revenue").cast(pl.Float64),
    )
    typed.write_parquet(tmp_path / "log.parquet")
    _, settings = draft(tmp_path, tmp_path / "log.parquet")
    assert loaded(settings).lines.height == len(log)
    (tmp_path / "my.yaml").unlink()
    book = openpyxl.Workbook()
    book.create_sheet("Notes").append(["a", "list", "of", "many", "words", "in", "a", "row"])
    sheet = book.create_sheet("Sales")
    sheet.append(["Sales of our company"])
    sheet.append(["Client No", "Order Date", "Item", "Category", "Qty", "Net Sales"])
    for row in typed.iter_rows():
        sheet.append(row)
    book.save(tmp_path / "log.xlsx")
    _, settings = draft(tmp_path, tmp_path / "log.xlsx")
    assert mapped(settings)["revenue"] == "Net Sales"
    assert loaded(settings).lines.height == len(log)


def test_side_tables_are_told_by_headers_and_ids(tmp_path: Path, log: pl.DataFrame) -> None:
    folder = tmp_path / "all"
    write(folder / "log.csv", log, PLAIN)
    customers = log.unique("customer_id", maintain_order=True)
    known = customers.with_columns(industry=pl.lit("Tools"))
    headers = {"customer_id": "Kundennr", "customer_name": "Name", "industry": "Branche"}
    write(folder / "kunden.csv", known, headers | {"country": "Land"})
    strangers = known.with_columns(customer_id="X" + pl.col("customer_id"))
    write(folder / "others.csv", strangers, {"customer_id": "customer_id", "industry": "industry"})
    blocks = customers.head(3).with_columns(reason=pl.lit("legal"))
    write(folder / "stops.csv", blocks, {"customer_id": "customer_id", "reason": "reason"})
    write(folder / "words.csv", log.head(5), {"note": "text"})
    drafted, settings = draft(tmp_path, folder)
    side = settings.side_tables
    assert set(side) == {"customers", "blocks"}
    assert side["customers"].columns == {
        "customer_id": "Kundennr",
        "customer_name": "Name",
        "industry": "Branche",
        "country": "Land",
    }
    assert "the log knows 100% of its 80 customers" in drafted.text
    assert "# - all/others.csv: it looks like customers, but the log knows only 0%" in drafted.text
    assert "# - all/words.csv: it is neither like a sales log nor like a side table" in drafted.text
    check_sources(settings)


def test_rates_and_a_denylist_are_told_too(tmp_path: Path, log: pl.DataFrame) -> None:
    some = pl.when(pl.int_range(len(log)) % 3 == 0).then(pl.lit("CHF")).otherwise("currency")
    folder = tmp_path / "all"
    write(folder / "log.csv", log.with_columns(currency=some), PLAIN | {"currency": "Currency"})
    (folder / "rates.csv").write_text("Date,Currency,Rate\n2020-01-01,CHF,1.05\n2022-01-01,CHF,1\n")
    (folder / "denylist.csv").write_text("item\nP-001\nP-002\n")
    drafted, settings = draft(tmp_path, folder)
    assert settings.side_tables["fx_rates"].columns == {
        "valid_from": "Date",
        "currency": "Currency",
        "rate": "Rate",
    }
    assert settings.side_tables["label_denylist"].columns == {"sku": "item"}
    assert settings.sales_log.base_currency == "EUR"
    assert "check that fx_rates are units of EUR" in drafted.text
    assert loaded(settings).lines.height == log.height


def test_foreign_money_without_rates_is_said(tmp_path: Path, log: pl.DataFrame) -> None:
    some = pl.when(pl.int_range(len(log)) % 3 == 0).then(pl.lit("CHF")).otherwise("currency")
    frame = log.with_columns(currency=some)
    drafted, _ = draft(tmp_path, write(tmp_path / "a.csv", frame, PLAIN | {"currency": "ISO ccy"}))
    assert "500 rows in other currencies have no rate and go to quarantine" in drafted.text
    assert "# fx_rates: {CHF: 1.0}  # write the true rates" in drafted.text


def test_one_firms_files_are_one_log_and_copies_and_strangers_are_not(
    tmp_path: Path, log: pl.DataFrame
) -> None:
    dates, folder = log["order_date"], tmp_path / "logs"
    write(folder / "2021.csv", log.filter(dates < "2022"), PLAIN)
    write(folder / "2022.csv", log.filter(dates >= "2022"), PLAIN | {"rep": "Rep"})
    write(folder / "copy of 2021.csv", log.filter(dates < "2022"), PLAIN)
    strange = log.head(200).with_columns(customer_id="S" + pl.col("customer_id"))
    write(folder / "strange.csv", strange, PLAIN | {"note": "Comment"})
    drafted, settings = draft(tmp_path, folder)
    assert settings.sales_log.files == ["logs/2021.csv", "logs/2022.csv"]
    assert "not in all files of the log, so kept out: Rep" in drafted.text
    assert "copy of 2021.csv: the same content as" in drafted.text
    assert "strange.csv: a sales log, too" in drafted.text
    assert loaded(settings).lines.height == log.height


def test_orders_and_lines_in_two_files_must_be_joined(tmp_path: Path, log: pl.DataFrame) -> None:
    orders = {"order_id": "order_id", "customer_id": "customer_id", "order_date": "order_date"}
    write(tmp_path / "two/orders.csv", log.unique("order_id"), orders)
    lines = {"order_id": "order_id", "sku": "product_id", "quantity": "qty", "revenue": "amount"}
    write(tmp_path / "two/lines.csv", log, lines)
    with pytest.raises(SettingsError, match="join them on 'order_id' into one file or view"):
        draft(tmp_path, tmp_path / "two")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, SampleSpec(customers=400))
    return folder


def test_the_samples_own_settings_are_found_again(tmp_path: Path, sample: Path) -> None:
    own = load_settings(sample / "gosales.yaml")
    drafted, settings = draft(tmp_path, sample)
    assert settings.sales_files == own.sales_files
    assert settings.sku_map is not None
    assert settings.path(settings.sku_map) == own.path(str(own.sku_map))
    same = ("layout", "columns", "date_order", "base_currency", "decimal_comma")
    for name in same:
        assert getattr(settings.sales_log, name) == getattr(own.sales_log, name)
    assert (settings.cutoffs, settings.window_months) == (own.cutoffs, own.window_months)
    found = {name: settings.path(side.file) for name, side in settings.side_tables.items()}
    assert found == {name: own.path(side.file) for name, side in own.side_tables.items()}
    assert problem_of(drafted, tmp_path / "my.yaml") is None


def test_the_map_of_a_wide_log_is_drafted_from_its_rows(tmp_path: Path, sample: Path) -> None:
    drafted, settings = draft(tmp_path, sample / "landing")
    own = load_settings(sample / "gosales.yaml")
    assert target_divisions(settings) == target_divisions(
        own.model_copy(update={"targets": settings.targets})
    )
    header = ["gp_column", "sku", "division", "route_value"]
    ours = pl.read_csv(sample / "sku_map.csv").select(header).sort(header)
    made = pl.read_csv(tmp_path / "sku_map.csv").select(header).sort(header)
    same = ours.join(made, on=header, how="semi", nulls_equal=True)
    assert same.height >= 0.85 * made.height  # rare SKUs may be sold with others only
    assert loaded(settings).log["rows_loaded"].sum() == loaded(own).log["rows_loaded"].sum()
    assert "the SKU map is drafted" in drafted.text


def test_a_year_of_a_wide_log_may_have_skus_that_another_has_not(tmp_path: Path) -> None:
    skus = ["Pump", "Valve", "Pipe", "Tank"]
    for year, known in ((2022, skus[:3]), (2023, skus)):
        rows = [
            {"Customer No": f"{at % 30}", "Date": f"{year}-{at % 12 + 1:02d}-15"}
            | {
                sku: f"{at + 1}.50" if at % len(known) == place else ""
                for place, sku in enumerate(known)
            }
            | {f"{s}_Qty": "1" if at % len(known) == place else "" for place, s in enumerate(known)}
            for at in range(200)
        ]
        frame = pl.DataFrame(rows)
        write(tmp_path / f"logs/{year}.csv", frame, {name: name for name in frame.columns})
    drafted, settings = draft(tmp_path, tmp_path / "logs")
    assert settings.sales_log.layout == "wide"
    assert settings.sales_log.files == ["logs/*.csv"]
    assert target_divisions(settings) == sorted(skus)
    assert "kept out" not in drafted.text
    assert loaded(settings).lines.height == 400


def invoke(*arguments: Any) -> Any:
    return CliRunner().invoke(app, ["profile", *map(str, arguments)])


def test_the_command_prints_or_writes_and_never_overwrites(
    tmp_path: Path, log: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path / "data/log.csv", log, PLAIN)
    printed = invoke(file)
    assert printed.exit_code == 0
    assert yaml.safe_load(printed.stdout)["sales_log"]["files"] == ["data/log.csv"]
    assert "Columns of the sales log" in printed.stderr
    assert "Columns of the sales log" not in printed.stdout
    to = tmp_path / "new/my.yaml"
    written = invoke(file, "--to", to)
    assert written.exit_code == 0
    assert load_settings(to).sales_log.files == ["../data/log.csv"]
    assert "It runs as it is" in written.stderr
    to.write_text("mine")
    refused = invoke(file, "--to", to)
    assert (refused.exit_code, to.read_text()) == (2, "mine")
    assert refused.stderr.count("\n") == 1
    assert "--force overwrites it" in refused.stderr
    assert invoke(file, "--to", to, "--force").exit_code == 0
    assert to.read_text() != "mine"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"foo,bar\n1,2\n3,4\n", "not like a sales log"),
        ("b.csv", b"", "the file is empty"),
        ("c.csv", b"a,a\n1,2\n", "duplicate headers"),
        ("d.xlsx", b"PK\x03\x04broken", "damaged"),
        ("e.csv", b"\x00\x01\x02\x03" * 100, "not text"),
        ("f.csv", b"date,temperature\n2024-01-01,3.5\n2024-01-02,3.6\n", "not like a sales log"),
    ],
)
def test_what_is_no_sales_log_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    refused = invoke(tmp_path / name)
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("gosales: ")
    assert refused.stderr.count("\n") == 1
    assert words in refused.stderr


def test_nothing_named_and_nothing_there() -> None:
    assert "name files, a folder, or a database" in invoke().stderr
    assert "there is no data file of this name" in invoke("nowhere/*.csv").stderr

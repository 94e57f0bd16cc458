"""Headers: what their words are about, in the languages and systems that exports come in."""

import pytest

from gosales_assets.sources.contract import SIDE_TABLES
from gosales_assets.sources.layout import LINE_COLUMNS, ORDER_COLUMNS
from gosales_assets.sources.profile.meanings import LOG_MEANINGS, SIDE_MEANINGS, strength
from gosales_assets.sources.profile.vocabulary import currency_code, read_header

OURS = {
    "customer_id": (
        "CustomerID|customer_id|CUSTOMER NO.|Sell-to Customer No.|o_custkey|KUNNR|Kundennummer|"
        "Kunden-Nr.|Kd-Nr|Debitorennr|Account Number|client_id|ClientID|Client #"
    ),
    "customer_name": "Customer Name|Kundenname|Nom client|Company Name",
    "order_id": "OrderID|Auftragsnummer|Auftrags-Nr|N° commande|Sales Order Number|VBELN",
    "invoice_id": "InvoiceNo|Rechnungsnr.|Belegnummer|Numéro facture|Document No.",
    "order_date": (
        "Order Date|OrderDate|Auftragsdatum|Belegdatum|Rechnungsdatum|InvoiceDate|date|Datum|"
        "Date de commande|Rec Date|order_purchase_timestamp|Posting Date|ERDAT"
    ),
    "sku": "StockCode|Product ID|ItemNumber|Artikelnr|Code article|MATNR|l_partkey|SKU|Part No",
    "product_name": "Description|Product Name|Artikelbezeichnung|Désignation|ARKTX|Item Desc.",
    "division": (
        "Division|Category|Sub-Category|Warengruppe|Product Line|Famille|Produktgruppe|SPART|"
        "Item Category Code|product_category_name|Business Unit|Sparte"
    ),
    "quantity": "Quantity|Qty|OrderQty|Menge|Quantité|Units|Anzahl|FKIMG|Stück",
    "revenue": (
        "Revenue|Sales|Net Sales|Line Total|Amount|Umsatz|Nettoumsatz|Nettobetrag EUR|Montant HT|"
        "NETWR|l_extendedprice|Sales Amount|Line Amount|Total Price|Turnover (EUR)"
    ),
    "unit_price": "UnitPrice|Unit Price|Price|Einzelpreis|Prix unitaire HT|Price per unit|VK-Preis",
    "cost": "Cost|COGS|Total Cost|Wareneinsatz|WAVWR|Total Product Cost|Cost Amount",
    "unit_cost": "Unit Cost|Cost Price|Einkaufspreis|EK-Preis",
    "gross_profit": "Profit|Gross Profit|GP|Deckungsbeitrag|Rohertrag|Marge|Gross Margin",
    "branch": "Branch|Filiale|Store|Niederlassung",
    "rep": "Rep|Sales Rep|Salesperson|Verkäufer|Vertreter|Vendeur|Sales Rep Name",
    "order_type": "OrderType|Order Type|Auftragsart|Belegart",
    "status": "Status|Order Status|Statut",
    "currency": "Currency|InvoiceCurrency|Währung|Devise|WAERK|Currency Code",
    "currency_rate": "Exchange Rate|UsdCadConversionRate|Wechselkurs|Kurs",
}
NONE_OF_OURS = (
    "Country|Customer Country|Customer Segment|Birth Date|Gross margin %|Discount|Email|Phone|"
    "Supplier Name|foo|note|Ship Mode|Postal Code|X1"
)


@pytest.mark.parametrize(
    ("column", "header"), [(ours, h) for ours, headers in OURS.items() for h in headers.split("|")]
)
def test_a_header_is_most_like_the_column_it_stands_for(column: str, header: str) -> None:
    sure = {ours: strength(ours, header, LOG_MEANINGS) for ours in LOG_MEANINGS}
    assert sure[column] == max(sure.values()) >= 0.55, sure


@pytest.mark.parametrize("header", NONE_OF_OURS.split("|"))
def test_headers_of_other_things_are_like_nothing(header: str) -> None:
    sure = {ours: strength(ours, header, LOG_MEANINGS) for ours in LOG_MEANINGS}
    assert max(sure.values()) < 0.3, sure


def test_our_own_names_are_certain() -> None:
    assert {strength(ours, ours, LOG_MEANINGS) for ours in LOG_MEANINGS} == {1.0}


def test_every_column_that_can_be_mapped_has_a_meaning() -> None:
    assert {*ORDER_COLUMNS, *LINE_COLUMNS} == set(LOG_MEANINGS) - {"unit_cost"}
    assert {column for table in SIDE_TABLES.values() for column in table.types} <= set(
        SIDE_MEANINGS
    )


def test_unknown_words_are_counted_and_currencies_are_none() -> None:
    assert read_header("Amount EUR (net) zyx").unknown == 1
    assert currency_code("Nettobetrag EUR") == "EUR"
    assert currency_code("UsdCadRate") is None
    assert currency_code("Amount") is None

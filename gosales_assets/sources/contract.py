"""What the sources room hands on: order lines, quarantine, load log, side tables."""

import pandera.polars as pa
import polars as pl

from gosales_assets.tables import FIRST_DAY, Contract, Money, Quantity, Table, table


class SalesLines(Contract):
    """Every order line of the sales log that could be read and used, typed, in one layout."""

    line_id: str = pa.Field(
        unique=True, description="Short hash of the file's name, line number and SKU."
    )
    customer_id: str = pa.Field(str_length={"min_value": 1}, description="Customer, to the letter.")
    customer_name: str = pa.Field(
        nullable=True, description="Name in the log, without its leading account number."
    )
    account_prefix: str = pa.Field(
        nullable=True, description="Leading number of the name, as in '497588 Example Co'."
    )
    order_id: str = pa.Field(nullable=True, description="Order as given; null: the log has none.")
    order_date: pl.Date = pa.Field(
        ge=FIRST_DAY, at_most_days_ahead=0, description="Day of the order."
    )
    sku: str = pa.Field(description="Product code, spelled as in the SKU map.")
    product_name: str = pa.Field(nullable=True, description="Product name; null: not given.")
    division: str = pa.Field(description="Division key; see star.dim_division.")
    quantity: Quantity = pa.Field(nullable=True, description="Units; negative for returns.")
    revenue: Money = pa.Field(nullable=True, description="Revenue in base currency; null: unknown.")
    gross_profit: Money = pa.Field(
        nullable=True, description="Gross profit in base currency; null: unknown, never 0."
    )
    branch: str = pa.Field(nullable=True, description="Selling branch.")
    rep: str = pa.Field(nullable=True, description="Sales representative.")
    order_type: str = pa.Field(nullable=True, description="Order type as written.")
    status: str = pa.Field(nullable=True, description="Order status as written.")
    currency: str = pa.Field(nullable=True, description="Currency the row was written in.")
    currency_rate: float = pa.Field(
        gt=0, description="Base-currency units per unit of the row's currency; 1 when equal."
    )
    source_file: str = pa.Field(description="File the line came from.")
    source_line: int = pa.Field(ge=1, description="Line of the file where the record begins.")
    loaded_at: pl.Datetime = pa.Field(description="When the file was loaded (UTC).")


class Quarantine(Contract):
    """Rows of the sales log that could not be used, with the reason and the raw text."""

    source_file: str = pa.Field(description="File the row came from.")
    source_line: int = pa.Field(ge=1, description="Line of the file where the record begins.")
    reason: str = pa.Field(description="Short reason, the same text for the same problem.")
    detail: str = pa.Field(nullable=True, description="Column and value that caused it.")
    quantity: Quantity = pa.Field(nullable=True, description="Units; null: none that can be read.")
    revenue: Money = pa.Field(
        nullable=True, description="In the file's own money; null: none that can be read."
    )
    gross_profit: Money = pa.Field(
        nullable=True, description="In the file's own money; null: none that can be read."
    )
    raw_text: str = pa.Field(description="The record as it stands in the file.")


class QuarantineReasons(Contract):
    """Why records of each file could not be used, how many, and how much money they stand for."""

    source_file: str = pa.Field(description="File the records came from.")
    reason: str = pa.Field(description="Short reason, as in raw.quarantine.")
    rows: int = pa.Field(ge=1, description="Records set aside for this reason.")
    share: float = pa.Field(gt=0, le=1, description="Share of the file's data records, 0 to 1.")
    quantity: Quantity = pa.Field(nullable=True, description="Their units; null: none readable.")
    revenue: Money = pa.Field(
        nullable=True, description="Their revenue in the file's own money; null: none readable."
    )
    gross_profit: Money = pa.Field(
        nullable=True,
        description="Their gross profit in the file's own money; null: none readable.",
    )
    first_line: int = pa.Field(ge=1, description="Line of the file where the first one begins.")
    first_example: str = pa.Field(
        description="The first one: column and value that caused it, else its beginning."
    )


class LoadLog(Contract):
    """What happened to each file of the sales log: every row and every cent accounted for."""

    source_file: str = pa.Field(unique=True, description="File name relative to the YAML.")
    sha256: str = pa.Field(description="SHA-256 of the file's bytes.")
    basis: str = pa.Field(description="Hash of what it was read with: settings, SKU map, code.")
    loaded_at: pl.Datetime = pa.Field(description="When the file was loaded (UTC).")
    bytes: int = pa.Field(ge=0, description="Size of the file.")
    kind: str = pa.Field(
        isin=["text", "workbook", "parquet"], description="What kind of file it is."
    )
    encoding: str = pa.Field(
        nullable=True, description="Character encoding the file was read with; null: it is no text."
    )
    delimiter: str = pa.Field(nullable=True, description="Field delimiter; null: it is no text.")
    date_order: str = pa.Field(description="Order of year, month and day, decided once per file.")
    status: str = pa.Field(isin=["loaded", "same content as an earlier file"], description="Fate.")
    rows_read: int = pa.Field(ge=0, description="Data records in the file.")
    rows_loaded: int = pa.Field(ge=0, description="Records that gave order lines.")
    rows_quarantined: int = pa.Field(ge=0, description="Records set aside with a reason.")
    rows_duplicate: int = pa.Field(ge=0, description="Exact repeats, counted once.")
    rows_skipped: int = pa.Field(
        ge=0,
        description="Titles, blank lines, repeated headers, totals: no data, not in rows_read.",
    )
    lines_loaded: int = pa.Field(ge=0, description="Order lines (a wide record gives several).")
    quantity_read: Quantity = pa.Field(description="Sum over all records whose number reads.")
    quantity_loaded: Quantity = pa.Field(description="Sum over loaded records.")
    quantity_quarantined: Quantity = pa.Field(description="Sum over quarantined records.")
    quantity_duplicate: Quantity = pa.Field(description="Sum over repeats.")
    revenue_read: Money = pa.Field(description="Sum in the file's own money, before conversion.")
    revenue_loaded: Money = pa.Field(description="Sum over loaded records.")
    revenue_quarantined: Money = pa.Field(description="Sum over quarantined records.")
    revenue_duplicate: Money = pa.Field(description="Sum over repeats.")
    gross_profit_read: Money = pa.Field(description="Sum in the file's own money.")
    gross_profit_loaded: Money = pa.Field(description="Sum over loaded records.")
    gross_profit_quarantined: Money = pa.Field(description="Sum over quarantined records.")
    gross_profit_duplicate: Money = pa.Field(description="Sum over repeats.")
    first_day: pl.Date = pa.Field(nullable=True, description="Earliest order day loaded.")
    last_day: pl.Date = pa.Field(
        nullable=True, not_below="first_day", description="Latest order day loaded."
    )
    notes: str = pa.Field(description="Columns kept out and other remarks; empty: none.")


class SkuMapEntries(Contract):
    """Every product of the SKU map with its division, family and sale type."""

    sku: str = pa.Field(unique=True, description="Product code, as the map spells it.")
    product_name: str = pa.Field(nullable=True, description="Product name; null: not given.")
    division: str = pa.Field(
        description="Division key; of the first entry where the map routes by the row's own value."
    )
    family: str = pa.Field(nullable=True, description="Product family; null: not given.")
    sale_type: str = pa.Field(nullable=True, description="Sale type; null: not given.")


class Customers(Contract):
    """What the customers table says of customers, and since when: one row per change."""

    customer_id: str = pa.Field(description="Customer.")
    valid_from: pl.Date = pa.Field(
        nullable=True,
        description="First day on which the row holds; null: a snapshot of today, without history.",
    )
    customer_name: str = pa.Field(nullable=True, description="Name.")
    industry: str = pa.Field(nullable=True, description="Industry; null, here and on: unknown.")
    sub_industry: str = pa.Field(nullable=True, description="Sub-industry.")
    region: str = pa.Field(nullable=True, description="Region.")
    territory: str = pa.Field(nullable=True, description="Sales territory.")
    segment: str = pa.Field(nullable=True, description="Segment.")
    size: str = pa.Field(nullable=True, description="Company size class.")
    country: str = pa.Field(nullable=True, description="Country.")
    postcode: str = pa.Field(nullable=True, description="Postcode.")
    sales_rep: str = pa.Field(nullable=True, description="Sales representative.")
    parent_account: str = pa.Field(nullable=True, description="Parent account.")


class IndustryEnrichment(Contract):
    """Industries bought or collected elsewhere, to be matched to customers by name."""

    enrichment_id: str = pa.Field(nullable=True, description="Foreign id of the company.")
    company_name: str = pa.Field(description="Company name as written there.")
    valid_from: pl.Date = pa.Field(
        nullable=True,
        description="First day on which the row holds; null: a snapshot of today, without history.",
    )
    industry: str = pa.Field(nullable=True, description="Industry.")
    sub_industry: str = pa.Field(nullable=True, description="Sub-industry.")


class InstalledBase(Contract):
    """Products that customers own or subscribe to."""

    customer_id: str = pa.Field(description="Customer.")
    sku: str = pa.Field(description="Product.")
    purchase_date: pl.Date = pa.Field(nullable=True, description="Day of purchase.")
    expiration_date: pl.Date = pa.Field(nullable=True, description="Day it ends; null: unknown.")
    quantity: float = pa.Field(nullable=True, description="Units or seats.")


class OpenDeals(Contract):
    """Deals that are being talked about today."""

    customer_id: str = pa.Field(description="Customer.")
    division: str = pa.Field(nullable=True, description="Division key; null: all divisions.")
    stage: str = pa.Field(nullable=True, description="Stage as written.")
    amount: float = pa.Field(nullable=True, description="Amount in base currency.")


class ContactsLog(Contract):
    """Contacts that reps made, and how they ended."""

    customer_id: str = pa.Field(description="Customer.")
    division: str = pa.Field(nullable=True, description="Division key; null: all divisions.")
    contact_date: pl.Date = pa.Field(description="Day of the contact.")
    outcome: str = pa.Field(nullable=True, description="Outcome as written.")


class Blocks(Contract):
    """Customers that must not be approached, for one division or for all."""

    customer_id: str = pa.Field(description="Customer.")
    division: str = pa.Field(nullable=True, description="Division key; null: all divisions.")
    reason: str = pa.Field(nullable=True, description="Why.")
    until: pl.Date = pa.Field(nullable=True, description="Last day of the block; null: for good.")


class FxRates(Contract):
    """Rates that turn other currencies into the base currency, where a row has none of its own."""

    currency: str = pa.Field(description="Code of the currency, in capitals.")
    valid_from: pl.Date = pa.Field(
        nullable=True, description="First order day of the rate; null: from the beginning."
    )
    rate: float = pa.Field(gt=0, description="Units of base currency for one unit.")


class Prospects(Contract):
    """Companies that could become customers, and since when they are known: one row per change."""

    customer_id: str = pa.Field(description="Company, by the id it has in the log once it buys.")
    valid_from: pl.Date = pa.Field(
        nullable=True,
        description="First day on which the row holds; null: known today only, and of no cutoff.",
    )
    company_name: str = pa.Field(nullable=True, description="Name; null, here and on: unknown.")
    industry: str = pa.Field(nullable=True, description="Industry.")
    sub_industry: str = pa.Field(nullable=True, description="Sub-industry.")
    region: str = pa.Field(nullable=True, description="Region.")
    territory: str = pa.Field(nullable=True, description="Sales territory.")
    segment: str = pa.Field(nullable=True, description="Segment.")
    size: str = pa.Field(nullable=True, description="Company size class.")
    country: str = pa.Field(nullable=True, description="Country.")
    postcode: str = pa.Field(nullable=True, description="Postcode.")


class LabelDenylist(Contract):
    """Products whose purchase never makes a customer a buyer, beside those in the settings."""

    sku: str = pa.Field(unique=True, description="Product code, spelled as in the SKU map.")


SALES_LINES = table(
    SalesLines,
    "raw.sales_lines",
    grain="one row per order line",
    sort=("source_file", "source_line", "line_id"),
    published="view",
    parts="file and month",
    volatile=("loaded_at",),
)
QUARANTINE = table(
    Quarantine,
    "raw.quarantine",
    grain="one row per record that could not be used",
    sort=("source_file", "source_line"),
    may_be_empty=True,
    parts="file",
)
QUARANTINE_REASONS = table(
    QuarantineReasons,
    "raw.quarantine_reasons",
    grain="one row per file and reason",
    sort=("source_file", "reason"),
    may_be_empty=True,
)
LOAD_LOG = table(
    LoadLog,
    "raw.load_log",
    grain="one row per file of the sales log",
    sort=("source_file",),
    volatile=("basis", "loaded_at"),
)
_SIDE = {"may_be_empty": True}
SKU_MAP = table(
    SkuMapEntries, "raw.sku_map", grain="one row per product of the map", sort=("sku",), **_SIDE
)
CUSTOMERS = table(
    Customers,
    "raw.customers",
    grain="one row per customer and change; one per customer where the table is a snapshot",
    sort=("customer_id", "valid_from"),
    **_SIDE,
)
INDUSTRY_ENRICHMENT = table(
    IndustryEnrichment,
    "raw.industry_enrichment",
    grain="one row per company of the enrichment file, and change",
    sort=("company_name", "enrichment_id", "valid_from", "industry", "sub_industry"),
    **_SIDE,
)
INSTALLED_BASE = table(
    InstalledBase,
    "raw.installed_base",
    grain="one row per customer, product and purchase",
    sort=("customer_id", "sku", "purchase_date", "expiration_date", "quantity"),
    **_SIDE,
)
OPEN_DEALS = table(
    OpenDeals,
    "raw.open_deals",
    grain="one row per deal",
    sort=("customer_id", "division", "stage", "amount"),
    **_SIDE,
)
CONTACTS_LOG = table(
    ContactsLog,
    "raw.contacts_log",
    grain="one row per contact",
    sort=("customer_id", "contact_date", "division", "outcome"),
    **_SIDE,
)
BLOCKS = table(
    Blocks,
    "raw.blocks",
    grain="one row per block",
    sort=("customer_id", "division", "reason", "until"),
    **_SIDE,
)
FX_RATES = table(
    FxRates,
    "raw.fx_rates",
    grain="one row per currency and change of its rate",
    sort=("currency", "valid_from"),
    **_SIDE,
)
LABEL_DENYLIST = table(
    LabelDenylist, "raw.label_denylist", grain="one row per product", sort=("sku",), **_SIDE
)
PROSPECTS = table(
    Prospects,
    "raw.prospects",
    grain="one row per company and change",
    sort=("customer_id", "valid_from"),
    **_SIDE,
)
SIDE_TABLES: dict[str, Table] = {
    t.short_name: t
    for t in (
        *(CUSTOMERS, INDUSTRY_ENRICHMENT, INSTALLED_BASE, OPEN_DEALS, CONTACTS_LOG, BLOCKS),
        *(FX_RATES, LABEL_DENYLIST, PROSPECTS),
    )
}

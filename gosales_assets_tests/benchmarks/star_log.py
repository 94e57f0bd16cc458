"""A star of any size, with realistic skew: order lines by SQL, the small tables by the platform.

Few customers buy much, most buy little; each has two home divisions and a day from which it buys;
orders hold several lines, three in a hundred of which are returns. The same numbers every time.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl
import yaml

from gosales_assets.calendar import cutoff_days
from gosales_assets.settings import Settings, load_settings

DIVISIONS = [f"Division_{letter}" for letter in "ABCDEFGHIJKL"]
QUARTERS = [f"{day}" for day in cutoff_days(date(2022, 9, 30), date(2024, 6, 30), 3)]
_SKUS_PER_DIVISION = 17
_FIRST_DAY, _DAYS = "2021-01-01", 1461
_LINES_PER_ORDER = 2.5

# chance(x, y): a number in [0, 1) that depends on nothing but x and y.
_MACROS = f"""
create macro chance(x, y) as (hash(x * 1000 + y) >> 11) / 9007199254740992.0;
create macro starts(customer) as 0.7 * pow(chance(customer, 1), 1.5);
create macro home(customer, which) as floor({len(DIVISIONS)} * pow(chance(customer, which), 1.6));
"""

_ORDERS = """
create table orders as
select o, customer,
  (starts(customer) + (1 - starts(customer)) * chance(o, 12)) * {days} as day,
  least(1 + floor(-1.96 * ln(1 - chance(o, 13))), 12)::int as lines
from (
  select range as o,
    case when range < {customers} then range
    else floor({customers} * pow(chance(range, 11), 2.5)) end::bigint as customer
  from range({orders})
)
"""

_LINES = """
create table lines as
with one_each as (
  select o, customer, date '{first_day}' + floor(day)::int as order_date,
    o * 12 + unnest(range(lines)) as line from orders
), bought as (
  select *,
    case when chance(line, 21) < 0.6
      then home(customer, case when chance(line, 22) < 0.7 then 2 else 3 end)
      else floor({divisions} * pow(chance(line, 23), 1.6)) end::int as division,
    floor({skus} * pow(chance(line, 24), 2))::int as product,
    case when chance(line, 25) < 0.03 then -1 else 1 end as sign,
    1 + floor(5 * pow(chance(line, 26), 2)) as units,
    exp(4 + 3 * (chance(line, 27) + chance(line, 28) - 1)) as price
  from one_each
)
select
  'L' || line as line_id,
  'C' || (1000000 + customer) as customer_id,
  'SO-' || o as order_id,
  order_date,
  'P' || division || '-' || product as sku,
  'Division_' || chr(65 + division) as division,
  (sign * units)::decimal(18, 4) as quantity,
  (sign * units * price)::decimal(18, 2) as revenue,
  (sign * units * price * (0.15 + 0.3 * chance(line, 29)))::decimal(18, 2) as gross_profit,
  gross_profit as value,
  sign < 0 as is_return,
  'Branch ' || floor(12 * chance(customer, 31))::int as branch,
  'Rep ' || floor(60 * chance(customer, 32))::int as rep,
  'New' as order_type,
  1.0::double as currency_rate,
  'bench' as source_file,
  timestamp '2025-01-01' as ingested_at
from bought
"""

_CUSTOMERS = """
select
  'C' || (1000000 + c) as customer_id, date '2020-01-01' as valid_from,
  'Customer ' || c as customer_name,
  'Industry ' || floor(14 * pow(chance(c, 41), 2))::int as industry,
  industry || '.' || floor(6 * chance(c, 42))::int as sub_industry,
  'Region ' || floor(9 * chance(c, 43))::int as region,
  'Territory ' || floor(30 * chance(c, 44))::int as territory,
  'Segment ' || floor(4 * chance(c, 45))::int as segment,
  'Size ' || floor(5 * chance(c, 46))::int as size,
  'Country ' || floor(3 * chance(c, 47))::int as country,
  null as postcode, null as sales_rep, null as parent_account
from (select range as c from range({customers}))
"""

_INSTALLED = """
select
  'C' || (1000000 + c) as customer_id, 'P' || home(c, 2)::int || '-0' as sku,
  date '2021-01-01' + floor(1461 * chance(c, 51))::int as purchase_date,
  purchase_date + 365 as expiration_date, 1.0 as quantity
from (select range as c from range({customers})) where chance(c, 52) < 0.2
"""


def write_settings(folder: Path, cutoffs: Sequence[str] = QUARTERS) -> Settings:
    """Write settings with 12 targets and quarterly cutoffs from the first to the last given."""
    rows = [(f"P{d}-0", name) for d, name in enumerate(DIVISIONS)]
    pl.DataFrame(rows, schema=["sku", "division"], orient="row").write_csv(folder / "sku_map.csv")
    (folder / "log.csv").write_text("the lines lie in the star already\n", encoding="utf-8")
    content = {
        "sales_log": {"files": ["log.csv"]},
        "sku_map": "sku_map.csv",
        "cutoffs": {"first": cutoffs[0], "last": cutoffs[-1], "every_months": 3},
        "today": "2025-06-30",
    }
    (folder / "log.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_settings(folder / "log.yaml")


def write_star(home: Path, lines: int, customers: int) -> int:
    """Write facts and side tables to the lake of ``home``; gives how many lines there are."""
    from gosales_assets.sources import contract as raw
    from gosales_assets.star.contract import FACT_TRANSACTIONS, INDUSTRY_MATCHES
    from gosales_assets.tables import tables_of
    from gosales_assets.warehouse import Warehouse

    warehouse = Warehouse(home=str(home), code_version="bench", basis="bench")
    shape = {
        "customers": customers,
        "orders": round(lines / _LINES_PER_ORDER),
        "days": _DAYS,
        "first_day": _FIRST_DAY,
        "divisions": len(DIVISIONS),
        "skus": _SKUS_PER_DIVISION,
    }
    with warehouse.connect() as connection:
        for statement in (_MACROS, _ORDERS, _LINES):
            connection.execute(statement.format(**shape))
        with warehouse.rewrite(FACT_TRANSACTIONS) as rewrite:
            days = connection.sql("select distinct last_day(order_date) from lines").fetchall()
            for (month,) in sorted(days):
                rows = connection.sql(
                    "select * from lines where last_day(order_date) = ?", params=[month]
                ).pl()
                rewrite.write(month.isoformat(), rows, notes={"month": month.isoformat()})
        warehouse.write(raw.CUSTOMERS, connection.sql(_CUSTOMERS.format(**shape)).pl())
        warehouse.write(raw.INSTALLED_BASE, connection.sql(_INSTALLED.format(**shape)).pl())
    for table in (INDUSTRY_MATCHES, *tables_of(raw)):
        if not table.parts and not warehouse.has(table):
            warehouse.write(table, table.empty())
    return warehouse.written(FACT_TRANSACTIONS).rows

"""The database's address: built of the environment, shown without secrets, Azure SQL included.

No SQL Server is at hand here, so what is tested is the URL, what the driver is given, the SQL that
the dialect writes, and what is said when nobody answers.
"""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from gosales_assets.database_address import Address, DatabaseProblem, address_of
from gosales_assets.environment import Environment, SettingsError, environment
from gosales_assets.extracts import TableName
from gosales_assets.sources.database_cells import bound, text_of, texts, unbound
from gosales_assets.sources.database_connection import connected, in_words
from gosales_assets.sources.database_queries import SourceTable, _figure

SECRET = "hush;}{w@rd/:%'"
SERVER = "mi.public.abc.database.windows.net,3342"


def made(**variables: Any) -> Environment:
    return Environment(_env_file=None, **variables)


def azure(**variables: Any) -> Address:
    given = {"azure_sql_server": SERVER, "azure_sql_database": "erp", **variables}
    return address_of(made(**given))


def given_to_driver(address: Address) -> str:
    (text,), _ = address.url.get_dialect()().create_connect_args(address.url)
    return str(text)


def parsed_by_driver(address: Address) -> dict[str, str]:
    from mssql_python.connection_string_parser import _ConnectionStringParser

    return _ConnectionStringParser(validate_keywords=True)._parse(given_to_driver(address))


def test_azure_with_a_password() -> None:
    address = azure(azure_sql_user="jo", azure_sql_password=SECRET)
    assert address.url.drivername == "mssql+mssqlpython"
    assert parsed_by_driver(address) == {
        "server": SERVER,
        "database": "erp",
        "uid": "jo",
        "pwd": SECRET,
        "encrypt": "yes",
    }


def test_azure_without_anything_else_asks_entra() -> None:
    assert parsed_by_driver(azure()) == {
        "server": SERVER,
        "database": "erp",
        "authentication": "ActiveDirectoryDefault",
        "encrypt": "yes",
    }


@pytest.mark.parametrize(
    "auth", ["ActiveDirectoryInteractive", "ActiveDirectoryDeviceCode", "ActiveDirectoryMSI"]
)
def test_azure_by_entra_never_hands_on_a_password(auth: str) -> None:
    address = azure(azure_sql_auth=auth, azure_sql_user="jo", azure_sql_password=SECRET)
    parsed = parsed_by_driver(address)
    assert (parsed["authentication"], parsed["uid"]) == (auth, "jo")
    assert "pwd" not in parsed


def test_azure_as_a_service_principal() -> None:
    address = azure(
        azure_sql_auth="ActiveDirectoryServicePrincipal",
        azure_sql_user="client-id",
        azure_sql_password=SECRET,
    )
    parsed = parsed_by_driver(address)
    assert parsed["authentication"] == "ActiveDirectoryServicePrincipal"
    assert (parsed["uid"], parsed["pwd"]) == ("client-id", SECRET)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"azure_sql_database": None}, "GOSALES_AZURE_SQL_DATABASE is not set"),
        (
            {"azure_sql_auth": "SqlPassword"},
            "GOSALES_AZURE_SQL_USER, GOSALES_AZURE_SQL_PASSWORD is not set, and SqlPassword",
        ),
        ({"azure_sql_password": SECRET}, "GOSALES_AZURE_SQL_USER is not set"),
        (
            {"azure_sql_auth": "ActiveDirectoryServicePrincipal", "azure_sql_user": "x"},
            "GOSALES_AZURE_SQL_PASSWORD is not set",
        ),
        ({"database_url": "sqlite:///x.db"}, "both GOSALES_DATABASE_URL and GOSALES_AZURE_SQL"),
    ],
)
def test_azure_that_is_incomplete(variables: dict[str, Any], words: str) -> None:
    with pytest.raises(DatabaseProblem) as caught:
        azure(**variables)
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_variable_that_cannot_be_used_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOSALES_AZURE_SQL_AUTH", SECRET)
    monkeypatch.setenv("GOSALES_AZURE_SQL_PASSWORD", "")
    environment.cache_clear()
    try:
        with pytest.raises(SettingsError, match=r"^GOSALES_AZURE_SQL_AUTH: ") as caught:
            environment()
        assert "hush" not in str(caught.value)
        monkeypatch.delenv("GOSALES_AZURE_SQL_AUTH")
        assert environment().azure_sql_password is None, "empty in .env means not set"
    finally:
        environment.cache_clear()


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:hush@h/d", "postgresql+psycopg"),
        ("postgresql://u:hush@h/d", "postgresql+psycopg"),
        ("mssql://u:hush@h/d", "mssql+mssqlpython"),
        ("sqlite:///some.db", "sqlite"),
    ],
)
def test_urls_use_the_drivers_that_are_installed(given: str, driver: str) -> None:
    address = address_of(made(database_url=given))
    assert address.url.drivername == driver
    assert "hush" not in repr(address) + str(address) + address.label + address.identity


def test_the_identity_is_the_databases_and_not_the_users() -> None:
    def identity(url: str) -> str:
        return address_of(made(database_url=url)).identity

    one = identity("postgresql://jo:hush@db.example:5432/erp?sslpassword=hush")
    assert identity("postgresql+psycopg://ann@db.example:5432/erp") == one
    assert identity("postgresql://jo:hush@db.example:5432/test") != one
    assert identity("postgresql://jo:hush@other.example:5432/erp") != one
    assert one.startswith("postgresql-")


def test_secrets_are_taken_out_however_they_are_written() -> None:
    address = address_of(
        made(database_url="postgresql://jo:hush%2Fme%7D@h/d?sslpassword=quiet&connect_timeout=3")
    )
    said = "no hush/me} nor hush%2Fme%7D nor {hush/me}}} nor quiet in jo@h 3"
    assert address.scrub(said) == "no *** nor *** nor *** nor *** in jo@h 3"
    assert in_words(RuntimeError(f"line\nof {said}"), address) == (
        "RuntimeError: line of no *** nor *** nor *** nor *** in jo@h 3"
    )
    assert len(in_words(RuntimeError("x" * 9_000), address)) < 500


def test_nobody_answers_for_azure() -> None:
    address = azure(azure_sql_server="127.0.0.1,9", azure_sql_user="jo", azure_sql_password=SECRET)
    with pytest.raises(DatabaseProblem) as caught, connected(address):
        pass
    said = str(caught.value)
    # Without Debian's libltdl7 Microsoft's driver does not get as far as the server.
    assert said.startswith(("server cannot be reached: ", "Microsoft's driver lacks a library"))
    assert "hush" not in said


def test_what_sql_server_would_say_is_understood() -> None:
    address = azure(azure_sql_user="jo", azure_sql_password=SECRET)
    for said, meaning in (
        ("[Microsoft][SQL Server]Login failed for user 'jo'.", "log-in refused: "),
        (
            "Driver Error: x; DDBC Error: [Microsoft][SQL Server]The SELECT permission was denied "
            "on the object 'saleslog'",
            "permission denied: ",
        ),
        ('[Microsoft][SQL Server]Cannot open database "x"', "no such database: "),
        ("Driver Error: Connection timeout expired", "server cannot be reached: "),
    ):
        assert in_words(RuntimeError(f"{said} PWD={{{SECRET.replace('}', '}}')}}}"), address) == (
            f"{meaning}{said} PWD=***"
        )


def asked(query: sa.Select[Any]) -> tuple[str, list[Any]]:
    """What Microsoft's driver sends for a query: its text and its parameters."""
    from mssql_python.parameter_helper import detect_and_convert_parameters

    dialect = sa.make_url("mssql+mssqlpython://").get_dialect()
    compiled = query.compile(dialect=dialect(paramstyle="pyformat"))
    sql, parameters = detect_and_convert_parameters(str(compiled), dict(compiled.params))
    return " ".join(sql.split()), list(parameters)


def test_sql_server_is_asked_in_its_own_words() -> None:
    names = ("Rec Date", "Kunde [alt]", 'x"y 100%', "LineId", "Amount")
    clause = sa.table("sales log; DROP", *(sa.column(name) for name in names), schema="dbo")
    sums = (_figure(clause.c["LineId"], sa.Integer()), _figure(clause.c["Amount"], mssql.MONEY()))
    table = SourceTable(clause, names, ("LineId",), frozenset(), sums)
    last = dt.datetime(2024, 1, 31, 13, 45, 0, 123456)
    log = "dbo.[sales log; DROP]"
    assert asked(table.rows("Rec Date", table.from_("Rec Date", last))) == (
        f'SELECT {log}.[Rec Date], {log}.[Kunde [alt]]], {log}.[x"y 100%], {log}.[LineId], '
        f"{log}.[Amount] FROM {log} WHERE {log}.[Rec Date] >= ? "
        f"ORDER BY {log}.[Rec Date], {log}.[LineId]",
        [last],
    )
    assert asked(table.tally(table.below("Rec Date", last))) == (
        f"SELECT count(*) AS count_1, sum(CAST({log}.[LineId] AS BIGINT) % ?) AS sum_1, "
        f"sum(CAST({log}.[Amount] AS NUMERIC(38, 4))) AS sum_2 "
        f"FROM {log} WHERE {log}.[Rec Date] < ?",
        [1_000_003, last],
    )
    assert asked(table.highest("Rec Date")) == (
        f"SELECT max({log}.[Rec Date]) AS max_1 FROM {log}",
        [],
    )


def test_cells_are_given_exactly() -> None:
    key = uuid.UUID("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
    cells = {
        2**63 - 1: "9223372036854775807",
        Decimal("1234.5600"): "1234.5600",
        Decimal("0E-10"): "0.0000000000",
        Decimal("1E+3"): "1000",
        0.1 + 0.2: "0.30000000000000004",
        497588.0: "497588",
        1e22: "10000000000000000000000",
        5e-324: f"0.{'0' * 323}5",
        True: "true",
        key: str(key),
        dt.datetime(2024, 1, 31, 13, 45): "2024-01-31 13:45:00",
        dt.datetime(2024, 1, 31, tzinfo=dt.UTC): "2024-01-31 00:00:00+00:00",
        dt.date(2024, 1, 31): "2024-01-31",
        dt.time(1, 2): "01:02:00",
        b"\x00\xff": "0x00ff",
        "00123 ": "00123 ",
        None: None,
    }
    assert texts(list(cells)) == list(cells.values())
    given = [1.5, Decimal("2.50"), "3.5", 7, None, True]
    assert texts(given, decimal_comma=True) == ["1,5", "2,50", "3.5", "7", None, "true"]
    assert texts(["3.5", None], decimal_comma=True, numbers=True) == ["3,5", None]


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        Decimal("12.500"),
        0.1,
        dt.datetime(2024, 1, 31, 13, 45, 0, 1),
        dt.datetime(2024, 1, 31, tzinfo=dt.UTC),
        dt.date(2024, 1, 31),
        b"\x00\x07",
        "2024",
    ],
)
def test_watermarks_are_kept_exactly(value: object) -> None:
    kind = bound(value)
    assert kind is not None
    assert unbound(kind) == value
    assert type(unbound(kind)) is type(value)


def test_what_cannot_be_a_watermark_is_refused() -> None:
    assert bound(None) is None
    for value in (True, object()):
        with pytest.raises(DatabaseProblem, match="cannot be gone by"):
            bound(value)
    assert text_of(TableName("a", "b")) == "a.b"


def test_table_names_become_different_files() -> None:
    names = [
        TableName(None, "sales"),
        TableName("dbo", "sales"),
        TableName("dbo", "Sales"),
        TableName(None, "dbo.Sales"),
        TableName("a.b", "c"),
        TableName("a", "b.c"),
        TableName(None, "../../etc/x"),
        TableName(None, "ü" * 200),
        TableName(None, "û" * 200),
    ]
    slugs = [name.slug for name in names]
    assert slugs[:2] == ["sales", "dbo.sales"]
    assert len({slug.casefold() for slug in slugs}) == len(names)
    assert not any("/" in slug or slug.startswith(".") or len(slug) > 80 for slug in slugs)

"""What the environment (or ``.env``) says: where things are kept, and every secret.

Secrets are `SecretStr`, so that printing the environment shows stars; only
`database_address.address_of` looks at them.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

AzureLogIn = Literal[
    "SqlPassword",
    "ActiveDirectoryDefault",
    "ActiveDirectoryServicePrincipal",
    "ActiveDirectoryInteractive",
    "ActiveDirectoryDeviceCode",
    "ActiveDirectoryMSI",
]


class SettingsError(Exception):
    """A setting that cannot be used; the message is one line that names it and says the fix."""


class Environment(BaseSettings):
    """What the environment (or ``.env``) may set: where things are, never what they mean."""

    model_config = SettingsConfigDict(
        env_prefix="GOSALES_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    config: Path | None = Field(
        None, description="The YAML file to run; see docs/configuration.md."
    )
    home: Path = Field(Path(".gosales"), description="Folder of the lake, database and exports.")
    threads: int | None = Field(
        None, ge=1, description="CPU threads to use; unset means all cores."
    )
    memory_limit: str | None = Field(None, description="DuckDB's memory limit, such as 4GB.")
    mlflow_uri: str | None = Field(None, description="MLflow server; unset means a file in home.")
    alert_webhook_url: SecretStr | None = Field(
        None,
        description="Address that failures and hard drift alerts are posted to; unset: nowhere.",
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the database that sales_log.database reads."
    )
    azure_sql_server: str | None = Field(
        None, description="Server of Azure SQL (host, or host,port), instead of a URL."
    )
    azure_sql_database: str | None = Field(None, description="Database on that server.")
    azure_sql_auth: AzureLogIn | None = Field(
        None,
        description="How to log in; unset: SqlPassword with a password, else "
        "ActiveDirectoryDefault.",
    )
    azure_sql_user: str | None = Field(None, description="User, or client id of the principal.")
    azure_sql_password: SecretStr | None = Field(
        None, description="Password, or secret of the service principal."
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The process environment, read once.

    Raises
    ------
    SettingsError
        When a variable cannot be used; its value is not shown, for it may be a secret.
    """
    try:
        return Environment()
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in problem["loc"]).upper()
        message = f"GOSALES_{name.removeprefix('GOSALES_')}: {problem['msg']}"
    raise SettingsError(message)

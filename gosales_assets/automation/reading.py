"""Reading the database before a refresh, and saying on the terminal what came of it.

What is imported here must not import the partitions: they are made of what is read now.
"""

from rich.console import Console
from rich.markup import escape

from gosales_assets.settings import Settings
from gosales_assets.sources.database import Extraction, extract


def read_database(console: Console, settings: Settings) -> Extraction:
    """Read what is new in the database; nothing where none is configured.

    Raises
    ------
    SettingsError
        With ``strict: true``, when it cannot be read.
    """
    if not settings.sales_log.database.tables:
        return Extraction()
    with console.status("reading the database") as status:
        extraction = extract(settings, lambda text: status.update(escape(text)))
    for line in [*extraction.remarks, *(f"WARNING: {w}" for w in extraction.warnings)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return extraction

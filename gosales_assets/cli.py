"""The ``gosales`` command: what people do without the Dagster UI.

Exit codes: 0 done; 1 a blocking check or a step failed; 2 a setting cannot be used.
"""

import json
import os
import sys
import time
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from dotenv import load_dotenv
from rich.console import Console

from gosales_assets.occupancy import only_run
from gosales_assets.settings import SettingsError, current_settings, environment, use_settings
from gosales_assets.storage_problems import StorageProblem, explained
from gosales_assets.whole_files import write_text_whole

app = typer.Typer(
    help="From a raw sales log to a ranked list of whom to call for what, and why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console()


@app.command()
def sample(
    to: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(".gosales/sample"),
    customers: Annotated[int, typer.Option(min=50, help="Customers in the sample.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 20_240_229,
    shuffled: Annotated[
        bool, typer.Option("--shuffled", help="Negative control: no signal at all.")
    ] = False,
) -> None:
    """Write a made-up software reseller's sales log, side tables and settings."""
    from gosales_assets.sources.sample import SampleSpec, generate

    spec = SampleSpec(customers=customers, seed=seed, shuffled=shuffled)
    summary = generate(to, spec)
    console.print(f"Sample of {summary.order_rows:,} order records written to {to}")


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=50, help="Customers in the sample.")] = 2_000,
) -> None:
    """Make the sample, run everything on it, and say what came out."""
    folder = environment().home / "sample"
    sample(to=folder, customers=customers)
    _run(folder / "gosales.yaml", None)


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="The YAML to run; see docs/configuration.md.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the summary to this file, too.")
    ] = None,
    cutoffs: Annotated[
        str, typer.Option(help="Only these: 2024-03-31..2024-12-31, 2024-03-31.., or one day.")
    ] = "",
    divisions: Annotated[str, typer.Option(help="Only these, such as 'PDM,Training'.")] = "",
) -> None:
    """Materialize what is missing: for all cutoffs and divisions, or some and what they need."""
    _run(config, json_file, cutoffs, divisions)


def _run(config: Path, json_file: Path | None, cutoffs: str = "", divisions: str = "") -> None:
    began, home = time.monotonic(), environment().home.resolve()
    try:
        # Dagster's records and MLflow's may stand elsewhere; most often they are in the home, too.
        with explained(home), only_run(home, lambda line: console.print(line, soft_wrap=True)):
            settings = use_settings(config)
            from gosales_assets.automation.reading import read_database

            extraction = read_database(console, settings)
            # Only now: the partitions are made of the sales log when they are imported.
            from gosales_assets.automation.console import run_with_progress

            summary, account = run_with_progress(console, cutoffs, divisions)
    except SettingsError as error:
        print(f"gosales: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    except StorageProblem as problem:
        print(f"gosales: {problem}", file=sys.stderr)
        raise typer.Exit(1) from problem
    summary["warnings"] = extraction.warnings
    summary["seconds"] = round(time.monotonic() - began, 1)
    if json_file is not None:
        write_text_whole(json_file, json.dumps(summary, indent=2, default=str) + "\n")
    console.print(account, markup=False, highlight=False, soft_wrap=True)
    if not summary["succeeded"]:
        raise typer.Exit(1)


@app.command()
def gate(
    config: Annotated[
        Path | None, typer.Option(help="The YAML that was run; see docs/configuration.md.")
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Move the champions of the newest step back.")
    ] = False,
    division: Annotated[
        list[str] | None, typer.Option(help="With --rollback: only this division.")
    ] = None,
) -> None:
    """Judge the newest models and move the champions; 1 where one with evidence is refused."""
    try:
        if config is not None:
            use_settings(config)
        # Only now: the partitions are made of the sales log when they are imported.
        from gosales_assets import gate_command

        if rollback:
            gate_command.undo(console, division or [])
            return
        passed = gate_command.hold(console)
    except SettingsError as error:
        print(f"gosales: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    if not passed:
        raise typer.Exit(1)


@app.command()
def profile(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, globs; or a database's URL.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Write the draft here; else it is printed.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    database: Annotated[
        bool, typer.Option("--database", help="Look at the database of GOSALES_DATABASE_URL.")
    ] = False,
) -> None:
    """Draft the YAML for a sales log: its layout, columns, dates, divisions and cutoffs."""
    from gosales_assets.sources.profile import drafting, summary

    errors = Console(stderr=True)
    try:
        if to is not None:
            drafting.check_free([to], force=force)
        draft = drafting.draft_settings(sources or [], to, database=database, today=date.today())
        summary.show(draft, errors)
        if to is None:
            sys.stdout.write(draft.text)
        else:
            written = drafting.write_draft(draft, to, force=force)
            summary.show_written(written, drafting.problem_of(draft, to), errors)
    except SettingsError as error:
        print(f"gosales: {error}", file=sys.stderr)
        raise typer.Exit(2) from error


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="Folder to write to.")],
    config: Annotated[Path | None, typer.Option(help="The YAML that was run.")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Just to look at: does not count as handed out.")
    ] = False,
) -> None:
    """Write the newest lists as CSV and Parquet, and record that they were handed out."""
    try:
        settings = current_settings() if config is None else use_settings(config)
        from gosales_assets.partitions import KEYS
        from gosales_assets.runs.exports import export_lists
        from gosales_assets.warehouse import Warehouse
        from gosales_assets.whitespace.actions import hand_out

        warehouse = Warehouse(home=str(environment().home.resolve()))
        written, selected = export_lists(warehouse, settings, KEYS, to)
    except SettingsError as error:
        print(f"gosales: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    if not written:
        print("gosales: there is no list yet: `gosales run` makes one", file=sys.stderr)
        raise typer.Exit(1)
    if not preview:
        hand_out(warehouse.home_path, selected, _utc_now())
    console.print(f"{len(written)} files and {selected.height:,} selected rows in {to}")


@app.command()
def actions(
    file: Annotated[
        Path, typer.Argument(help="CSV: action, customer_id, division, until, reason.")
    ],
    by: Annotated[str, typer.Option(help="Who answers for these actions.")],
    config: Annotated[Path | None, typer.Option(help="The YAML that is run.")] = None,
) -> None:
    """Record what reps answered, such as not_now or blocked. See docs/whitespace.md."""
    try:
        _ = current_settings() if config is None else use_settings(config)
        from gosales_assets.runs.answers import take_answers

        job = take_answers(environment().home.resolve(), file, _utc_now(), by)
    except SettingsError as error:
        print(f"gosales: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    console.print(f"{job['rows_taken']} of {job['rows_read']} rows taken; `gosales run` uses them")
    if job["problems"]:
        console.print(f"Refused: {job['problems']}", markup=False, highlight=False)


@app.command()
def tidy(
    config: Annotated[Path, typer.Option(help="The YAML that is run in this home.")],
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; else it is only told.")] = False,
) -> None:
    """Tell, or remove, what left the settings and what was replaced. See docs/operations.md."""
    home = environment().home.resolve()
    try:
        with explained(home), only_run(home, lambda line: console.print(line, soft_wrap=True)):
            use_settings(config)
            from gosales_assets.tidy_command import tidy_up

            tidy_up(console, remove_it=yes)
    except (SettingsError, StorageProblem) as error:
        print(f"gosales: {error}", file=sys.stderr)
        raise typer.Exit(2) from error


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@app.callback()
def main() -> None:
    """Read .env and find Dagster's home before anything of Dagster is loaded."""
    load_dotenv(Path(".env"))
    if "DAGSTER_HOME" not in os.environ:
        try:
            os.environ["DAGSTER_HOME"] = str(_dagster_home())
        except StorageProblem as problem:
            print(f"gosales: {problem}", file=sys.stderr)
            raise typer.Exit(1) from problem
    # Parts of Dagster are beta; a user of the command cannot do anything about it.
    warnings.filterwarnings("ignore", message=r".*currently in (beta|preview)")


def _dagster_home() -> Path:
    """The folder we are in, if it is a checkout; else one in the home folder."""
    if Path("dagster.yaml").is_file():
        return Path.cwd()
    home = environment().home.resolve() / "dagster"
    instance = home / "dagster.yaml"
    with explained(home):
        if not instance.exists():
            write_text_whole(instance, "telemetry: {enabled: false}\nnux: {enabled: false}\n")
    return home


if __name__ == "__main__":
    app()

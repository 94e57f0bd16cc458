"""The leakage report: 13 probes, how each is checked, and what came of it; also as a page."""

from collections.abc import Mapping

import polars as pl

from gosales_assets.leakage import PROBES, Probe
from gosales_assets.validation.contract import LEAKAGE_REPORT

Checks = Mapping[tuple[str, str], bool]
Result = tuple[str, str]


def report(findings: pl.DataFrame, checks: Checks) -> pl.DataFrame:
    """Rows of ``validation.leakage_report``.

    Parameters
    ----------
    findings
        Rows of ``validation.leakage_probes``.
    checks
        (table, check) -> whether it passed when it last ran; those that never ran are missing.
    """
    rows = []
    for probe in PROBES:
        own = findings.filter(pl.col("probe") == probe.number)
        result, detail = _of_findings(own) if own.height else _of_checks(probe, checks)
        rows.append(
            {
                "probe": probe.number,
                "name": probe.name,
                "proves": probe.proves,
                "how": _how(probe),
                "result": result,
                "detail": detail,
            }
        )
    return pl.DataFrame(rows, schema=LEAKAGE_REPORT.types)


def page(rows: pl.DataFrame) -> str:
    """Write the report as Markdown."""
    lines = [
        "# Leakage battery",
        "",
        "Each probe would show if a result knew the future. *tested*: the test suite runs it, with "
        "leaks planted that it must catch; the others also ran on these data.",
        "",
        "| | probe | what it proves | how it is checked | result | |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows.sort("probe").iter_rows(named=True):
        cells = (row["probe"], row["name"], row["proves"], row["how"], f"**{row['result']}**")
        lines.append(
            "| " + " | ".join(str(c).replace("|", "/") for c in (*cells, row["detail"])) + " |"
        )
    return "\n".join(lines) + "\n"


def _of_findings(found: pl.DataFrame) -> Result:
    failed = found.filter(~pl.col("passed"))
    if failed.height:
        first = failed.row(0, named=True)
        where = " ".join(str(first[k]) for k in ("cutoff", "division") if first[k] is not None)
        more = f" and {failed.height - 1} more" if failed.height > 1 else ""
        return "failed", f"{where}: {first['detail']}{more}"
    told = f"looked at {found.height}" if found.height > 1 else str(found["detail"][0])
    return "passed", told


def _of_checks(probe: Probe, checks: Checks) -> Result:
    if not probe.checks:
        return "tested", "the test suite plants its leaks"
    failed = [
        f"{table}, {name}" for table, name in probe.checks if checks.get((table, name)) is False
    ]
    if failed:
        return "failed", "; ".join(failed)
    ran = sum(key in checks for key in probe.checks)
    if ran < len(probe.checks):
        return "not run yet", f"{ran} of {len(probe.checks)} checks ran, nothing found"
    return "passed", f"{ran} checks"


def _how(probe: Probe) -> str:
    checks = [f"check {name} of {table}" for table, name in probe.checks]
    return "; ".join([*checks, *(f"test {test}" for test in probe.tests)])

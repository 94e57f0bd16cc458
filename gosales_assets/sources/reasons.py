"""Reasons: why records were set aside, counted by file, with the money that they stand for."""

import ibis
import ibis.expr.types as ir

TEXT_SHOWN = 300


def by_reason(quarantine: ir.Table, log: ir.Table) -> ir.Table:
    """Sum the quarantine to ``raw.quarantine_reasons``: one row per file and reason.

    Parameters
    ----------
    quarantine
        ``raw.quarantine``; it may hold millions of rows, so it is only aggregated here.
    log
        ``raw.load_log``, for the number of records in each file.
    """
    shown = ibis.coalesce(quarantine.detail, quarantine.raw_text.left(TEXT_SHOWN))
    counted = quarantine.group_by("source_file", "reason").aggregate(
        rows=quarantine.count(),
        quantity=quarantine.quantity.sum(),
        revenue=quarantine.revenue.sum(),
        gross_profit=quarantine.gross_profit.sum(),
        first_line=quarantine.source_line.min(),
        first_example=shown.argmin(quarantine.source_line),
    )
    files = log.select("source_file", "rows_read")
    return (
        counted.inner_join(files, "source_file")
        .mutate(share=lambda t: t.rows / t.rows_read)
        .drop("rows_read")
    )

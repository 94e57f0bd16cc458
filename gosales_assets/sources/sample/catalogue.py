"""The reseller's catalogue: SKUs, their columns in the export, their divisions and prices.

One row of `SKUS` per SKU, in the order of the export's columns. The header of the log and
`sku_map.csv` both come from here, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

DIVISIONS = (
    "Solidworks",
    "Maintenance",
    "PDM",
    "Simulation",
    "CAMWorks",
    "CPE",
    "Success Plan",
    "Hardware",
    "Post_Processing",
    "Scanning",
    "Services",
    "Training",
)
"""The twelve divisions; their order is the first axis of every customer x division array."""

ORDER_COLUMNS = (
    "CustomerId",
    "Customer",
    "Rec Date",
    "Division",
    "Branch",
    "Rep",
    "OrderType",
    "Status",
    "InvoiceId",
    "InvoiceCurrency",
    "UsdCadConversionRate",
    "New",
)
"""The columns of the export that describe the order row, before the pairs of SKU columns."""


@dataclass(frozen=True)
class Sku:
    """One SKU as one division sells it.

    Parameters
    ----------
    gp_column, qty_column
        Its pair of columns in the export.
    division, family, sale_type
        As in `sku_map.csv`.
    first_weight, repeat_weight
        How often it is picked at a customer's first and at later purchases in the division.
    unit_gp
        Least gross profit of one unit, US dollars. A line never falls below it.
    seats
        Typical units a line at a medium-sized customer.
    installed_months
        Months until the asset expires; 0 = perpetual; None = not part of the installed base.
    aliases
        Older (gp column, qty column) names for the same SKU.
    """

    gp_column: str
    qty_column: str
    division: str
    family: str
    sale_type: str
    first_weight: float
    repeat_weight: float
    unit_gp: float
    seats: float = 1.0
    installed_months: int | None = None
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def sku(self) -> str:
        """The SKU's name: its GP column without the trailing `GP` some exports put there."""
        return self.gp_column.removesuffix(" GP").replace(" ", "_")


def _sku(
    column: str,
    division: str,
    family: str,
    sale_type: str,
    first_weight: float,
    repeat_weight: float,
    unit_gp: float,
    seats: float = 1.0,
) -> Sku:
    """Make a SKU outside the installed base, its quantity column being `<column>_Qty`."""
    facts = (column, f"{column}_Qty", division, family, sale_type)
    return Sku(*facts, first_weight, repeat_weight, unit_gp, seats)


def _asset(
    column: str,
    division: str,
    sale_type: str,
    months: int,
    first_weight: float,
    repeat_weight: float,
    unit_gp: float,
    seats: float = 1.0,
) -> Sku:
    """Make a SKU of the installed base that expires after `months` (0 = perpetual)."""
    family = "Hardware" if division in {"Hardware", "Scanning", "Post_Processing"} else "Software"
    sku = _sku(column, division, family, sale_type, first_weight, repeat_weight, unit_gp, seats)
    return replace(sku, installed_months=months)


SKUS = (
    _asset("SWX_Core", "Solidworks", "license", 0, 0.62, 0.48, 900, 2.0),
    _asset("SWX_Pro_Prem", "Solidworks", "license", 0, 0.34, 0.34, 1500, 2.0),
    _asset("Core_New_UAP", "Maintenance", "renewal", 12, 0.65, 0.62, 350, 2.5),
    _asset("Simulation", "Simulation", "license", 0, 0.85, 0.80, 1900, 1.3),
    _asset("PDM", "PDM", "license", 0, 0.80, 0.45, 600, 3.0),
    _sku("Services", "Services", "Services", "service", 1, 1, 450, 2.0),
    _sku("Training", "Training", "Services", "service", 1, 1, 300, 2.0),
    Sku(
        "Success Plan GP",
        "Success_Plan_Qty",
        "Success Plan",
        "Services",
        "renewal",
        1,
        1,
        400,
        installed_months=12,
        aliases=(("Success_Plan", "Success_Plan_Qty"),),
    ),
    _asset("FormLabs", "Hardware", "printer", 0, 0.30, 0.05, 900),
    _asset("FDM", "Hardware", "printer", 0, 0.22, 0.04, 4000),
    _asset("SAF", "Hardware", "printer", 0, 0.03, 0.005, 9000),
    _asset("SLA", "Hardware", "printer", 0, 0.08, 0.01, 6000),
    _asset("P3", "Hardware", "printer", 0, 0.04, 0.005, 7000),
    _asset("Metals", "Hardware", "printer", 0, 0.03, 0.005, 12000),
    _asset("Polyjet", "Hardware", "printer", 0, 0.08, 0.01, 8000),
    _asset("Fortus", "Hardware", "printer", 0, 0.07, 0.01, 11000),
    _asset("uPrint", "Hardware", "printer", 0, 0.03, 0.005, 2500),
    _asset("_1200_Elite_Fortus250", "Hardware", "printer", 0, 0.02, 0.005, 3000),
    _sku("Consumables", "Hardware", "Hardware", "consumable", 0.06, 0.55, 60, 6.0),
    _sku(
        "SpareParts_RepairParts_TimeAndMaterials",
        "Hardware",
        "Hardware",
        "parts",
        0.02,
        0.15,
        80,
        1.5,
    ),
    Sku(
        "AM_Software",
        "AM_Software_Qty",
        "Hardware",
        "Hardware",
        "subscription",
        0.01,
        0.03,
        250,
        installed_months=12,
        aliases=(("_3DP_Software", "_3DP_Software_Qty"),),
    ),
    _asset("AM_Support", "Hardware", "support", 12, 0.01, 0.125, 500),
    _sku("Post_Processing", "Post_Processing", "Hardware", "equipment", 1, 1, 800),
    _asset("HV_Simulation", "CPE", "subscription", 12, 0.35, 0.35, 2500),
    _asset("CATIA", "CPE", "license", 0, 0.40, 0.40, 3500),
    _asset("Delmia_Apriso", "CPE", "subscription", 12, 0.10, 0.10, 4000),
    Sku(
        "DELMIA",
        "Delmia_Qty",
        "CPE",
        "Software",
        "license",
        0.15,
        0.15,
        3000,
        installed_months=0,
    ),
    _asset("Creaform", "Scanning", "scanner", 0, 0.55, 0.30, 5000),
    _asset("Artec", "Scanning", "scanner", 0, 0.42, 0.25, 2500),
    _asset("CAMWorks_Seats", "CAMWorks", "license", 0, 1, 1, 1100, 1.3),
    _asset("SW_Electrical", "Solidworks", "license", 0, 0.03, 0.11, 1300, 1.2),
    _asset("SW_Inspection", "Solidworks", "license", 0, 0.01, 0.07, 700, 1.2),
    _asset("Pro_Prem_New_UAP", "Maintenance", "renewal", 12, 0.35, 0.38, 550, 2.5),
    _asset("EPDM_CAD_Editor_Seats", "PDM", "license", 0, 0.20, 0.55, 400, 4.0),
    _asset("SW_Plastics", "Simulation", "license", 0, 0.15, 0.20, 2200),
)
"""Every SKU once, in the order of the export's columns."""

ROUTED_SKU = "AM_Support"
ROUTED_DIVISION = "Scanning"
ROUTED_WEIGHTS = (0.03, 0.45)
"""AM_Support is Scanning's on rows whose own Division is Scanning, Hardware's otherwise. The
weights are those of Scanning's first and later purchases."""

LOG_HEADER = ORDER_COLUMNS + tuple(
    column for sku in SKUS for column in (sku.gp_column, sku.qty_column)
)
"""The exact header of the log."""

PRINTERS = tuple(sku.sku for sku in SKUS if sku.sale_type == "printer")

SKU_SETS: dict[str, tuple[str, ...]] = {
    "SWX_Seats": ("SWX_Core", "SWX_Pro_Prem"),
    "PDM_Seats": ("PDM", "EPDM_CAD_Editor_Seats"),
    "Printers": PRINTERS,
    "SW_Electrical": ("SW_Electrical",),
    "SW_Inspection": ("SW_Inspection",),
}
"""Named SKU sets that may be targets of their own."""

SEAT_SKUS = (*SKU_SETS["SWX_Seats"], "PDM", "*_Seats")
"""What is sold by the seat."""

WHOLE_DIVISIONS = frozenset({"SWX_Seats", "PDM_Seats"})
"""Sets that are (nearly) all of their division: as targets they would say everything twice."""

SKU_MAP_HEADER = (
    "gp_column",
    "qty_column",
    "sku",
    "division",
    "family",
    "sale_type",
    "route_by",
    "route_value",
)


def sku_map_rows() -> list[tuple[str, ...]]:
    """List the default SKU map: a row per SKU, per routed division and per alias."""
    rows: list[tuple[str, ...]] = []
    for sku in SKUS:
        facts = (sku.sku, sku.division, sku.family, sku.sale_type)
        if sku.sku == ROUTED_SKU:
            routed = (sku.sku, ROUTED_DIVISION, sku.family, sku.sale_type)
            rows.append((sku.gp_column, sku.qty_column, *routed, "Division", ROUTED_DIVISION))
        rows.append((sku.gp_column, sku.qty_column, *facts, "", ""))
        rows.extend((gp, qty, *facts, "", "") for gp, qty in sku.aliases)
    return rows

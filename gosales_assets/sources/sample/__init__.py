"""A sample to try the platform on: a software reseller's four years, with the truth known.

`generate` writes an ERP export in the wide layout, side tables, a SKU map and the settings that run
them; and, where no pipeline looks, the exact probability of every label and a ledger of every
planted flaw. Equal `SampleSpec` give equal bytes.

From what to how: `spec`, `catalogue` (SKUs), `world` (laws of buying), `customers` and `names`,
`purchases` (the simulation; says why the truth is exact), `orders`, `dirt`, `log_files`,
`side_tables`, `truth`, `generate`.
"""

from .generate import SampleSummary, generate
from .spec import SampleSpec

__all__ = ["SampleSpec", "SampleSummary", "generate"]

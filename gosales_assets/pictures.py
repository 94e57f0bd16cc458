"""Pictures in the Dagster UI: a matplotlib figure becomes Markdown metadata of an asset."""

import base64
import io
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def png(figure: "Figure", alt: str = "picture") -> dg.MarkdownMetadataValue:
    """Turn a figure into a PNG inside Markdown, which the UI shows in place."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80, bbox_inches="tight")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{encoded})")

"""The columns of the hand-outs on paper: renders ``docs/handouts.md``.

Run: ``python -m gosales_assets.runs.document`` (or ``make docs``) after a change of a contract.
"""

from pathlib import Path

from gosales_assets.runs.exports import columns_page
from gosales_assets.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "handouts.md"


def main() -> None:
    """Write the page."""
    PAGE.write_text(columns_page(Settings()), encoding="utf-8")


if __name__ == "__main__":
    main()

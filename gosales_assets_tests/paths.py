"""Where tests find the repository and the real data beside it."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
EXAMPLES = REPOSITORY / "docs" / "examples"

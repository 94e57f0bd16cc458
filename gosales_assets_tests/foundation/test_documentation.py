"""The documentation names every setting, and no machine's paths."""

import re
from collections.abc import Iterator

from pydantic import BaseModel

from gosales_assets.settings import Environment, Settings
from gosales_assets_tests.paths import REPOSITORY


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{prefix}{name}.")
        elif name not in {"base", "side_tables"}:
            yield f"{prefix}{name}"


def test_every_setting_is_documented() -> None:
    text = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert [key for key in keys(Settings) if f"`{key}`" not in text] == []


def test_every_environment_variable_is_in_the_template() -> None:
    text = (REPOSITORY / ".env.template").read_text(encoding="utf-8")
    names = [f"GOSALES_{name.upper()}" for name in Environment.model_fields]
    assert [name for name in names if name not in text] == []


def test_links_of_the_documentation_lead_somewhere() -> None:
    for page in [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"

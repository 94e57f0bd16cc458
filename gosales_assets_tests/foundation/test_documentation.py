"""The documentation names every setting, check and alert, and leads nowhere that is not there."""

import ast
import re
from collections.abc import Iterator

from pydantic import BaseModel

from gosales_assets.definitions import defs
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


def alert_names() -> set[str]:
    """Names that the drift room gives its alerts; … stands for what differs from case to case."""
    found = set()
    for path in sorted((REPOSITORY / "gosales_assets" / "drift").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "Alert"):
                continue
            named = [word.value for word in call.keywords if word.arg == "alert"]
            written = ast.unparse(named[0] if named else call.args[1])
            found.add(re.sub(r"\{[^}]*\}", "…", written.removeprefix("f").strip("'\"")))
    return found


def test_every_alert_has_its_place_in_troubleshooting() -> None:
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    names = alert_names()
    assert {"volume", "feature … lost since …", "division not scored"} <= names
    assert [name for name in sorted(names) if f"| `{name}` |" not in text] == []


def test_every_check_has_its_place_in_troubleshooting() -> None:
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    names = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    assert [name for name in sorted(names) if f"| `{name}` |" not in text] == []


def test_troubleshooting_names_no_check_that_is_gone() -> None:
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (?:blocks|warns|error)", text, flags=re.MULTILINE)
    names = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    assert len(listed) > 20
    assert set(listed) - names == set()


def test_what_blocks_is_said_to_block() -> None:
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| `(\w+)` \| (blocks|warns|error)", text, flags=re.MULTILINE))
    graph = defs.resolve_asset_graph()
    blocking = {key.name: graph.get(key).blocking for key in graph.asset_check_keys}
    assert {name for name, word in said.items() if word == "blocks"} == {
        name for name, blocks in blocking.items() if blocks
    }

"""Finds where a module looks at the clock: by its syntax, whatever the clock was imported as."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

CLOCK_NAMES = {"today", "now", "utcnow", "getmtime", "st_mtime", "st_mtime_ns", "st_ctime"}
"""Whatever they are called on: they tell when the code runs, or when a file was written."""
CLOCK_OF_TIME = {
    f"{name}{suffix}"
    for name in ("time", "monotonic", "perf_counter", "process_time")
    for suffix in ("", "_ns")
} | {"localtime", "gmtime", "ctime", "asctime", "strftime"}
CLOCK_IN_SQL = re.compile(
    r"\b(current_(date|time|timestamp)|localtime(stamp)?|getdate\s*\(|(now|today)\s*\(\s*\))", re.I
)
PARSED = {"datetime64", "Timestamp", "to_datetime"}
"""NumPy and pandas take the texts "now" and "today" for the present."""


def clocks(source: str) -> list[tuple[str, str]]:
    """Where a module looks at the clock.

    Returns
    -------
    (the function or class it stands in, what is looked at), in order, each once.
    """
    tree = ast.parse(source)
    time_modules, imported = _imports(tree)
    found = []
    for where, node in _places(tree, ()):
        seen = _clock(node, time_modules, imported)
        if seen is not None and (where, seen) not in found:
            found.append((where, seen))
    return found


def clocks_of_package(package: Path) -> list[tuple[str, str]]:
    """(module and function, what is looked at) of every module below a folder."""
    return [
        (f"{path.relative_to(package).as_posix()}::{where}", seen)
        for path in sorted(package.rglob("*.py"))
        for where, seen in clocks(path.read_text(encoding="utf-8"))
    ]


def _imports(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Names under which the module ``time`` is known, and clocks imported by name."""
    modules, names = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {a.asname or a.name for a in node.names if a.name == "time"}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            clock = CLOCK_OF_TIME if node.module == "time" else CLOCK_NAMES
            names |= {a.asname or a.name for a in node.names if a.name in clock}
    return modules, names


def _places(node: ast.AST, where: tuple[str, ...]) -> Iterator[tuple[str, ast.AST]]:
    """Every node with the function or class it stands in; docstrings are left out."""
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if isinstance(node, named):
        where = (*where, node.name)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        yield ".".join(where), child
        yield from _places(child, where)


def _clock(node: ast.AST, time_modules: set[str], imported: set[str]) -> str | None:
    if isinstance(node, ast.Attribute):
        of_time = isinstance(node.value, ast.Name) and node.value.id in time_modules
        if node.attr in CLOCK_NAMES or (of_time and node.attr in CLOCK_OF_TIME):
            return ast.unparse(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in imported:
        return node.id
    if isinstance(node, ast.Call) and _last_name(node.func) in PARSED:
        texts = {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
        return ast.unparse(node) if texts & {"now", "today"} else None
    in_sql = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return repr(node.value) if in_sql and CLOCK_IN_SQL.search(node.value) else None


def _last_name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")

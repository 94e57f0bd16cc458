"""What is wrong with a settings file, in one line that names the key and the nearest right one."""

import difflib
import re
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

# A URL with a password does not belong into the YAML; where one stands there it is not shown.
_LOG_IN = re.compile(r"://[^\s@]*@")
_KEY = "[key]"  # pydantic's mark for the key of a mapping


def first_problem(error: ValidationError, model: type[BaseModel], entry: type[BaseModel]) -> str:
    """Say the first problem of settings in words.

    Parameters
    ----------
    model
        The settings that were read.
    entry
        What stands in mappings of settings, such as one side table.
    """
    problem = error.errors()[0]
    where = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        known = _keys_at(where[:-1], model, entry)
        return f"unknown key {'.'.join(where)!r}; {_nearest(where[-1], known)}"
    shown = ".".join(where) or "settings"
    if problem["type"] == "literal_error":
        named = ".".join(part for part in where if part != _KEY and not part.isdigit())
        word = problem["input"]
        unknown = f"unknown key {named!r}" if _KEY in where else f"{named}: unknown {word!r}"
        choices = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
        return f"{unknown}; {_nearest(word, choices)}"
    found = _LOG_IN.sub("://***@", repr(problem["input"]))
    return f"{shown}: {problem['msg']} (found {found})"


def _nearest(word: object, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def _keys_at(where: Sequence[str], model: Any, entry: type[BaseModel]) -> list[str]:
    for part in where:
        if get_origin(model) is dict:  # the part is a key of our user's: what counts is its entry
            model = get_args(model)[-1]
            continue
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        if field is None:
            return list(entry.model_fields)
        model = field.annotation
    fields = model.model_fields if hasattr(model, "model_fields") else entry.model_fields
    return [key for key in fields if key != "base"]

"""Clicks on what the pages draw themselves: Streamlit hears them without loading the page anew.

Lists and the matrix are HTML that Streamlit cleans. Whatever in them carries ``data-gs`` reports
its value here when it is clicked; links keep working as links in a new tab.
"""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

_SCRIPT = """
export default function ({ setTriggerValue }) {
  const hear = (event) => {
    const found = event.target.closest?.('[data-gs]')
    if (!found || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return
    event.preventDefault()
    setTriggerValue('clicked', found.dataset.gs)
  }
  document.addEventListener('click', hear)
  return () => document.removeEventListener('click', hear)
}
"""


def mark(kind: str, *what: str) -> str:
    """Attribute that makes an element report a click."""
    return f'data-gs="{escape(json.dumps([kind, *what]), quote=True)}"'


def clicked() -> Sequence[str] | None:
    """What was clicked since the page was last drawn: the kind and its values; None: nothing.

    What comes from a browser may be anything; only a list of texts is taken for a click.
    """
    hear = st.components.v2.component("gosales_clicks", js=_SCRIPT)
    result: Any = hear(key="clicks", on_clicked_change=lambda: None, height=1)
    return parse(result.clicked)


def parse(value: object) -> Sequence[str] | None:
    """Read what a click reported; None for whatever is no list of texts.

    Examples
    --------
    >>> parse('["account", "C1"]'), parse("[1]"), parse("{"), parse(None)
    (['account', 'C1'], None, None, None)
    """
    if not isinstance(value, str):
        return None
    try:
        found = json.loads(value)
    except json.JSONDecodeError:
        return None
    texts = isinstance(found, list) and found and all(isinstance(part, str) for part in found)
    return found if texts else None

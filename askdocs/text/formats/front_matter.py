"""Read the front matter of a text: what the document says of itself."""

import re
import tomllib
from datetime import date
from typing import Any

import yaml

from askdocs.records.spans import Span

_FRONT = re.compile(
    r"\ufeff?(?:---[ \t]*\r?\n(?P<yaml>.*?)^(?:---|\.\.\.)"
    r"|\+\+\+[ \t]*\r?\n(?P<toml>.*?)^\+\+\+)[ \t\r]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
# A rule at the beginning of a text is not front matter: its first line names a key.
_KEY = re.compile(r"(?:#[^\n]*\n|\s)*[\w\"'-][^\n:=]{0,100}[:=]|\s*\Z")
_NAMES = ("title", "aliases", "alias", "tags", "keywords", "categories", "description", "summary")


def read_front_matter(text: str) -> tuple[Span | None, tuple[str, ...]]:
    """Return the span of the front matter, and what it says of the document.

    Front matter stands between `---` (YAML) or `+++` (TOML) at the beginning. Title, aliases, tags
    and description are returned, in this order; front matter that cannot be parsed says nothing.
    """
    match = _FRONT.match(text)
    content = match and (match["yaml"] or match["toml"] or "")
    if match is None or content is None or not _KEY.match(content):
        return None, ()
    start = int(text.startswith("\ufeff"))
    end = start + len(text[start : match.end()].rstrip())
    try:
        fields = tomllib.loads(content) if match["toml"] is not None else yaml.safe_load(content)
        values = fields if isinstance(fields, dict) else {}
        # A number may be too long to be written out.
        return (start, end), tuple(text for name in _NAMES for text in _texts(values.get(name)))
    except (yaml.YAMLError, ValueError, RecursionError):
        return (start, end), ()


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - whatever a parser returns
    """Return the texts of a value or of a list of values."""
    if isinstance(value, list):
        # Lists in lists are not entered: aliases of YAML can make a few lines millions of texts.
        return [text for part in value if not isinstance(part, list) for text in _texts(part)]
    is_text = isinstance(value, str | int | float | date) and not isinstance(value, bool)
    return [" ".join(str(value).split())] if is_text and str(value).strip() else []

"""JSON that a terminal can show."""

import json

from askdocs.terminal import escape_commands


def dump(value: object, *, indent: int | None) -> str:
    """A value as JSON with a line end behind it; what could command a terminal is escaped.

    Args:
        value: What the standard library can write.
        indent: Spaces for each level; None for one line.
    """
    # JSON may hold DEL, C1 controls and marks of direction raw, and a terminal would obey them.
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return escape_commands(text, lambda character: json.dumps(character)[1:-1]) + "\n"

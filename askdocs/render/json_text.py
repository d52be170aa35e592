"""JSON that a terminal can show."""

import json
import re

# JSON may hold these raw, and a terminal would obey them; halves of pairs are no text.
_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def dump(value: object, *, indent: int | None) -> str:
    """A value as JSON with a line end behind it; what could command a terminal is escaped.

    Args:
        value: What the standard library can write.
        indent: Spaces for each level; None for one line.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"

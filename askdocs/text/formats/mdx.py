"""Tell which lines of Markdown are text: components, imports and comments of MDX, tags alone."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FENCE = re.compile(r"[ \t]*(?:>[ \t]*)*(?:[-*+][ \t]+)?(?P<mark>`{3,}(?=[^`]*$)|~{3,})")
# Lines that only machines read: tags alone, imports of MDX, marks of containers and templates.
_MACHINE_LINE = re.compile(
    r" {0,3}(?:(?:</?[A-Za-z](?:[^<>\"'{]|\"[^\"]*\"|'[^']*'|\{[^{}]*\})*>[ \t]*)+"
    r"|import\s.{1,200}\sfrom\s+[\"'][^\"']{1,200}[\"'];?"
    r"|:::.*|\{/\*.*\*/\}|\{[%{<].{1,500}[>%}]\})[ \t]*"
)
_COMMENT = re.compile(r" {0,3}\{/\*")
# MDX's programs end at an empty line.
_PROGRAM = re.compile(
    r"import\s+(?:\w+,\s*)?\{[^}]*$|export\s+(?:(?:const|let|var)\s+[\w{\[]|\{|\*\s"
    r"|default\s+(?:async\s|class\s|function\b|[({]|\w+;?\s*$)|(?:async\s+)?function\s+\w+\s*\()"
)
# Tags in capitals alone are old HTML.
_COMPONENT = re.compile(r"[ \t]*(?:</?[A-Z]\w*[a-z][\w.]*[\s/>]|<[A-Z]\w*[a-z][\w.]*$|/>)")
_COMPONENT_END = re.compile(r" {0,3}</[A-Z]\w*[a-z][\w.]*>")
_OPENED = re.compile(r"<[A-Z]")
_CLOSED = re.compile(r"</[A-Z]|/>")
_INDENT = re.compile(r"[ \t]*")
# Their content is raw, and ends with the tag's own end.
_RAW_TAG = re.compile(r" {0,3}<(?:pre|script|style|textarea)\b", re.IGNORECASE)
# From such a line to the next empty one, HTML stays as it is.
_STRUCTURE = re.compile(
    r" {0,3}</?(?:table|caption|thead|tbody|tfoot|tr|td|th|ul|ol|menu|li|dl|dt|dd|h[1-6])\b",
    re.IGNORECASE,
)


def seen_lines(lines: Sequence[str], first: int) -> list[str]:
    """Return the lines, those empty that no reader sees; they are read from the first one on."""
    shown = list(lines)
    are_fenced = _are_fenced(lines, first)
    last_end = _last_comment_end(lines)
    unread_until = first
    is_html = False
    for number, line in enumerate(lines):
        is_html = bool(line.strip()) and (is_html or bool(_STRUCTURE.match(line)))
        if number >= unread_until and not are_fenced[number] and not is_html:
            unread_until = _unread_until(shown, number, last_end)
        if number < unread_until or not line.strip():
            shown[number] = ""
    return shown


def component_indents(lines: Sequence[str], first: int) -> list[int]:
    """Return how far each line is indented as part of a component; none if there are none.

    What stands between two tags of components is moved left as a whole, as far as the outermost.
    """
    if not any(map(_COMPONENT_END.match, lines)):
        # Most texts have none, and need no look at fences.
        return []
    are_fenced = _are_fenced(lines, first)
    tags = [
        (number, line)
        for number, line in enumerate(lines[first:], first)
        if not are_fenced[number] and _COMPONENT.match(line)
    ]
    if not any(_COMPONENT_END.match(line) for _, line in tags):
        return []
    indents = [0] * len(lines)
    depth = base = 0
    for (number, line), (following, _) in pairwise([*tags, (len(lines), "")]):
        if not depth:
            base = _indent_of([line])
        depth = max(0, depth + len(_OPENED.findall(line)) - len(_CLOSED.findall(line)))
        for begin, end in ((number, number + 1), (number + 1, following if depth else number + 1)):
            gap = max(0, _indent_of(lines[begin:end]) - base)
            indents[begin:end] = [min(gap, len(inside)) for inside in lines[begin:end]]
    return indents


def _are_fenced(lines: Sequence[str], first: int) -> list[bool]:
    """Return for each line whether it is part of fenced code; none is before the first to read."""
    result = [False] * len(lines)
    opened = ""
    is_comment = False
    last_end = _last_comment_end(lines)
    for number, line in enumerate(lines[first:], first):
        if is_comment or (not opened and line.lstrip().startswith("{/*")):
            is_comment = "*/}" not in line and number < last_end
            continue
        fence = _FENCE.match(line)
        result[number] = bool(fence or opened)
        if fence and not opened:
            opened = fence["mark"]
        elif fence and fence["mark"].startswith(opened) and line.rstrip().endswith(opened):
            opened = ""
    return result


def _last_comment_end(lines: Sequence[str]) -> int:
    """Return the last line where a comment of MDX ends, or -1."""
    return max((at for at, line in enumerate(lines) if "*/}" in line), default=-1)


def _unread_until(lines: Sequence[str], number: int, last_end: int) -> int:
    """Return where what only machines read ends, or the number of the line if it is text.

    Args:
        lines: All lines.
        number: The line, which is not code.
        last_end: The last line where a comment of MDX ends.
    """
    line = lines[number]
    if _MACHINE_LINE.fullmatch(line):
        return number + (not _RAW_TAG.match(line))
    if _COMMENT.match(line) and "*/}" not in line and number < last_end:
        end = next(at for at in range(number, len(lines)) if "*/}" in lines[at])
        return end + lines[end].rstrip().endswith("*/}")
    if _PROGRAM.match(line) and not (number and lines[number - 1].strip()):
        return next((at for at in range(number, len(lines)) if not lines[at].strip()), len(lines))
    return number


def _indent_of(lines: Sequence[str]) -> int:
    """Return how many characters of the same white space all lines with text begin with."""
    indents = [match[0] for line in lines if line.strip() and (match := _INDENT.match(line))]
    shortest = min(indents, key=len, default="")
    return len(shortest) if all(indent.startswith(shortest) for indent in indents) else 0

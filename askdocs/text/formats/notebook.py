"""Read Jupyter notebooks: their cells in order, without running anything."""

import json
import re
from collections.abc import Iterator
from typing import Any

from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import UNREAD, ParsedText
from askdocs.records.spans import BlockKind
from askdocs.text.formats import markdown
from askdocs.text.formats.front_matter import read_front_matter
from askdocs.text.outline import Extract
from askdocs.text.pieces import UNSEEN, single_spaced

_MOST_OUTPUT = 2_000
_TERMINAL_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What Python shows of a value that has no text, such as a drawing.
_ADDRESS = re.compile(r"\s*<[^<>\n]+ at 0x[0-9a-fA-F]+>\s*")
_LEVELS = range(1, 7)
_BLANK_LINES = re.compile(r"\n\s*\n")


def read(source: bytes) -> ParsedText:
    """Return the blocks of a notebook of format 3 or 4, each with its cell.

    Code is followed by the beginning of its first output that is text, without what it wrote on the
    error stream.

    Raises:
        UnreadableSourceError: The file is not a notebook.

    Source:
        The Jupyter notebook format, nbformat 4.5 and 3.
    """
    notebook = _notebook(source)
    reader = _Reader()
    for number, cell in enumerate(_cells(notebook), start=1):
        reader.read_cell(number, cell)
    about = notebook.get("metadata")
    title = _text(about.get("title")) if isinstance(about, dict) else ""
    return reader.extract.parsed(single_spaced(title), *reader.context)


def _notebook(source: bytes) -> dict[str, Any]:
    try:
        notebook = json.loads(source)
    except (ValueError, RecursionError):
        notebook = None
    if isinstance(notebook, dict) and notebook.keys() & {"cells", "worksheets"}:
        return notebook
    raise UnreadableSourceError("not a notebook", skipped=False)


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the cells, which stand in worksheets in format 3."""
    for holder in (notebook, *_dicts(notebook.get("worksheets"))):
        yield from _dicts(holder.get("cells"))


class _Reader:
    """Turns cells into blocks."""

    def __init__(self) -> None:
        self.extract = Extract()
        self.context: list[str] = []

    def read_cell(self, number: int, cell: dict[str, Any]) -> None:
        """Add the blocks of a cell."""
        kind = cell.get("cell_type")
        text = _text(cell.get("source", cell.get("input"))).translate(UNSEEN)
        if kind == "code":
            self._add_code(number, text, _first_output(cell))
        elif kind == "heading" and text.strip():
            level = cell["level"] if cell.get("level") in _LEVELS else 1
            self._add(number, BlockKind.HEADING, text, level=level)
        elif kind == "markdown":
            self._add_markdown(number, text)
        elif text.strip():
            span, context = read_front_matter(text)
            self.context += context
            for part in _BLANK_LINES.split(text[span[1] if span else 0 :]):
                self._add(number, BlockKind.PARAGRAPH, part)

    def _add_code(self, cell: int, code: str, output: str) -> None:
        lead = self.extract.lead()
        for text in (code, output):
            if text.strip():
                lead = self.extract.add_text(BlockKind.CODE, text, lead=lead, cell=cell)

    def _add_markdown(self, cell: int, text: str) -> None:
        parsed = markdown.read(text)
        self.context += parsed.context
        numbers = {0: 0}
        for block in parsed.blocks:
            if block.kind not in UNREAD and block.plain.strip():
                numbers[block.number] = self.extract.add_text(
                    block.kind,
                    block.plain,
                    level=block.level,
                    lead=numbers.get(block.lead, 0),
                    cell=cell,
                )

    def _add(self, cell: int, kind: BlockKind, text: str, *, level: int = 0) -> None:
        if plain := single_spaced(text):
            self.extract.add_text(kind, plain, level=level, cell=cell)


def _first_output(cell: dict[str, Any]) -> str:
    """Return the beginning of the first output that is text."""
    for output in _dicts(cell.get("outputs")):
        data = output.get("data")
        text = _text(data.get("text/plain") if isinstance(data, dict) else output.get("text"))
        is_error = "stderr" in {output.get("name"), output.get("stream")}
        if text.strip() and not is_error and not _ADDRESS.fullmatch(text):
            return _TERMINAL_COLOUR.sub("", text[:_MOST_OUTPUT]).translate(UNSEEN)
    return ""


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))


def _text(value: object) -> str:
    """Return a text, which a notebook may hold as a list of lines."""
    lines = value if isinstance(value, list) else [value]
    return "".join(line for line in lines if isinstance(line, str))

"""Read the styles of a Word document: what each makes of its paragraphs and runs."""

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element

from askdocs.records.spans import BlockKind
from askdocs.text.formats.package import value_of

_HEADING = re.compile(r"heading ?(?P<level>[1-9])?")
_LEVEL_OF_LIST = re.compile(r"list.* (?P<level>[2-9])")
_CODE = re.compile(r"code|preformatted|verbatim|macro text")
_QUOTATION = re.compile(r"quot|block ?text")
_CONTENTS = re.compile(r"toc( \d| ?heading)|table of (figures|authorities)|contents \d")
_CONTINUATION = re.compile(r"list (paragraph|continue)")
_MAX_LEVEL = 9
# Word writes shorter ones; one that leads back to itself has no end.
_LONGEST_CHAIN = 20


class Style(NamedTuple):
    """What a style makes of its paragraphs or runs; `level` is a heading's or list item's."""

    kind: BlockKind | None = BlockKind.PARAGRAPH
    level: int = 0
    is_title: bool = False
    is_continuation: bool = False
    is_hidden: bool = False

    def with_properties(self, properties: Element) -> "Style":
        """Return the style with what a paragraph sets itself."""
        style = self
        outline = properties.find("outlineLvl")
        if outline is not None and style.kind == BlockKind.PARAGRAPH:
            level = _heading_level(outline)
            kind = BlockKind.HEADING if level else BlockKind.PARAGRAPH
            style = style._replace(kind=kind, level=level)
        return style.with_numbering(properties.find("numPr"))

    def with_numbering(self, numbering: Element | None) -> "Style":
        """Return the style with the list that a paragraph is in; headings stay headings."""
        if numbering is None or self.kind not in {BlockKind.PARAGRAPH, BlockKind.ITEM}:
            return self
        number, level = numbering.find("numId"), numbering.find("ilvl")
        if number is not None and number_of(number) == 0:
            return self._replace(kind=BlockKind.PARAGRAPH, level=0)
        if level is None:
            return self._replace(kind=BlockKind.ITEM, level=self.level or 1)
        return self._replace(kind=BlockKind.ITEM, level=min(number_of(level) + 1, _MAX_LEVEL))


def read_styles(root: Element | None) -> dict[str, Style]:
    """Return the styles by their identifiers; without the part that holds them, none."""
    elements = {} if root is None else {value_of(each, "styleId"): each for each in root}
    return {name: _read_style(elements, name) for name in elements}


def _read_style(elements: dict[str, Element], name: str) -> Style:
    chain: list[Element] = []
    while (element := elements.get(name)) is not None and len(chain) < _LONGEST_CHAIN:
        chain.append(element)
        name = value_of(element.find("basedOn"))
    style = Style()
    for element in reversed(chain):
        style = _refined(style, element)
    return style


def _refined(style: Style, element: Element) -> Style:
    """Return a style with what one that is based on it changes."""
    name = value_of(element.find("name")).lower()
    vanish = element.find("rPr/vanish")
    style = style._replace(
        is_hidden=style.is_hidden if vanish is None else is_on(vanish),
        is_continuation=bool(_CONTINUATION.match(name)),
    )
    kind: BlockKind | None
    kind, level = None, 0
    if _CONTENTS.match(name):
        pass
    elif name == "title":
        kind, level = BlockKind.HEADING, 1
    elif (outline := element.find("pPr/outlineLvl")) is not None:
        level = _heading_level(outline)
        kind = BlockKind.HEADING if level else BlockKind.PARAGRAPH
    elif heading := _HEADING.fullmatch(name):
        kind, level = BlockKind.HEADING, int(heading["level"] or 1)
    elif _CODE.search(name):
        kind = BlockKind.CODE
    elif _QUOTATION.search(name):
        kind = BlockKind.QUOTATION
    else:
        style = style.with_numbering(element.find("pPr/numPr"))
        nesting = _LEVEL_OF_LIST.fullmatch(name)
        return style._replace(level=int(nesting["level"])) if nesting else style
    return style._replace(kind=kind, level=level, is_title=name == "title")


def _heading_level(outline: Element) -> int:
    """Return the level of a heading; 0 for text, which has the tenth level."""
    level = number_of(outline) + 1
    return level if level <= _MAX_LEVEL else 0


def is_on(switch: Element) -> bool:
    """Return True unless a property is there to say no."""
    return value_of(switch) not in {"0", "false", "off"}


def number_of(element: Element | None) -> int:
    """Return a small number; 0 for anything else."""
    value = value_of(element)
    return int(value) if re.fullmatch(r"[0-9]{1,4}", value) else 0

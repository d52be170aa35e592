"""Find what a reader sees of a page of HTML: its encoding, its content, its elements in order."""

import codecs
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from selectolax.lexbor import LexborHTMLParser, LexborNode

from askdocs.errors import UnreadableSourceError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")
)  # fmt: skip
_DECLARED = re.compile(
    rb"(?:<meta\b[^>]*\bcharset|<\?xml\b[^>]*\bencoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
# Python also has codecs that are not character sets, such as `unicode_escape`.
_CHARACTER_SETS = re.compile("big5|cp|euc|gb|hz|iso|johab|koi8|mac|shift|tis")
# Browsers read each of these as a code that also has the characters that it lacks.
_WIDER = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
# In XHTML such an element may end at once; in HTML the rest of the page would belong to it.
_ENDED_AT_ONCE = re.compile(r"<(script|style|title|textarea|iframe|noscript)\b([^<>]*)/>")

HEADINGS = {f"h{level}": level for level in range(1, 7)}
"""The level of each tag of a heading."""

_UNSEEN_TAGS = set(
    "annotation audio button canvas datalist head iframe input map meter nav noscript object option"
    " progress rp rt script search select style svg template textarea video".split()
)
# Roles, and names that generators of documentation and wikis give to what is not text.
_UNSEEN_NAMES = set(
    "banner complementary contentinfo doc-toc menu menubar navigation search toolbar"
    " anchor-link backrefs boring breadcrumb breadcrumbs data-footnote-backref footnote-back"
    " footnote-backref gutter header-anchor headerlink lineno linenos mw-editsection navbar"
    " navfooter navheader reversefootnote sidebar skip-link sphinxsidebar toc viewcode-link".split()
)
_SEEN_ASIDES = {"admonition", "citation", "doc-footnote", "footnote", "footnote-list"}
_PERMALINKS = {"", "#", "¶", "§", "🔗"}
_UNSEEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def parse(source: bytes) -> LexborHTMLParser:
    """Parse a page, whatever its encoding; raise UnreadableSourceError if it is binary."""
    text = _decode(source)
    if "\0" in text:
        raise UnreadableSourceError("binary", skipped=True)
    if text.lstrip().startswith("<?xml"):
        text = _ENDED_AT_ONCE.sub(r"<\1\2></\1>", text)
    # As in a browser that runs scripts, `<noscript>` holds no elements.
    return LexborHTMLParser(text, scripting=True)


def content_of(body: LexborNode) -> LexborNode:
    """Return the element that holds the page's own text."""
    for selector in ("main, [role=main]", "article"):
        candidates = [node for node in body.css(selector) if not _is_hidden(node.attributes)]
        if len(candidates) == 1 and _is_most(candidates[0], body, selector):
            return candidates[0]
    return body


def walk(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Yield all nodes that are seen, with False; elements a second time at their end, with True.

    Pages can be nested deeper than Python's functions.
    """
    todo = [(root, False)]
    while todo:
        node, is_end = todo.pop()
        yield node, is_end
        if is_end or not node.is_element_node:
            continue
        todo.append((node, True))
        child = node.last_child
        while child is not None:
            if child.is_text_node or (child.is_element_node and not _is_unseen(child)):
                todo.append((child, False))
            child = child.prev


def roles_of(attributes: Mapping[str, str | None]) -> set[str]:
    """Return the role and the classes of an element."""
    return {attributes.get("role") or "", *(attributes.get("class") or "").split()}


def _decode(source: bytes) -> str:
    """Decode by byte order mark, declaration, UTF-8 or Windows-1252: the first that fits."""
    encodings = [name for mark, name in _MARKS if source.startswith(mark)]
    if declared := _DECLARED.search(source[:1024]):
        with suppress(LookupError):
            name = codecs.lookup(declared[1].decode()).name
            name = _WIDER.get(name, name)
            # A declaration that could be read as ASCII is not in UTF-16.
            encodings += [name] if _CHARACTER_SETS.match(name) else []
    for encoding in (*encodings, "utf-8"):
        try:
            return source.decode(encoding)
        except UnicodeError:
            continue
    return source.decode("cp1252", "replace")


def _is_most(node: LexborNode, body: LexborNode, selector: str) -> bool:
    """Return True if an element has text, and an article more than half of what is seen."""
    size = _seen_length(node)
    return size > 0 and (selector != "article" or size * 2 > _seen_length(body))


def _seen_length(root: LexborNode) -> int:
    return sum(
        len((node.text_content or "").strip()) for node, _ in walk(root) if node.is_text_node
    )


def _is_unseen(node: LexborNode) -> bool:
    tag, attributes = node.tag or "", node.attributes
    if tag in _UNSEEN_TAGS:
        return True
    if tag in {"header", "footer"} and _is_of_page(node):
        return tag == "footer" or not _holds_only_title(node)
    if not attributes:
        return tag in {"aside", "dialog"}
    if tag == "a" and node.parent is not None and node.parent.tag in HEADINGS:
        return node.text().strip() in _PERMALINKS
    names = roles_of(attributes)
    return (
        _is_hidden(attributes)
        # A wrapper of the whole page may have such a name too.
        or (not names.isdisjoint(_UNSEEN_NAMES) and node.css_first("h1") is None)
        or (tag == "aside" and names.isdisjoint(_SEEN_ASIDES))
        or (tag == "dialog" and "open" not in attributes)
    )


def _is_hidden(attributes: Mapping[str, str | None]) -> bool:
    return (
        attributes.get("hidden", "until-found") != "until-found"
        or attributes.get("aria-hidden") == "true"
        or bool(_UNSEEN_STYLE.search(attributes.get("style") or ""))
    )


def _is_of_page(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None and parent.tag not in {"article", "main", "section"}:
        parent = parent.parent
    return parent is None


def _holds_only_title(header: LexborNode) -> bool:
    """Return True if the page's only title stands in its header, as Pandoc writes it."""
    titles = header.parser.css("h1")
    return len(titles) == 1 and bool(header.css("h1"))

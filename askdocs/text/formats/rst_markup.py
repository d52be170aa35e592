"""Parse reStructuredText with docutils, and read directives and roles that it does not know.

Sphinx and its extensions define hundreds of them. Nothing is run and no file is read: a directive
is its text, code, a definition, or hidden; a role is its text.
"""

from __future__ import annotations

import re
from itertools import takewhile
from textwrap import dedent
from typing import Any, TypeAlias, cast

from docutils import frontend, nodes, utils
from docutils.parsers.rst import Parser, directives, roles
from docutils.parsers.rst.states import SubstitutionDef

# docutils reads these itself.
_TABLES_AND_CHARACTERS = frozenset("table csv-table list-table replace unicode".split())
_REFERENCES = frozenset("pep rfc pep-reference rfc-reference".split())
_CODE = frozenset(
    "code code-block sourcecode code-cell parsed-literal productionlist math doctest testcode "
    "testsetup testcleanup testoutput prompt ipython jupyter-execute graphviz digraph graph "
    "mermaid uml plantuml plot highlightlang console command-output".split()
)
_HIDDEN = frozenset(
    "toctree include literalinclude raw image contents sectnum section-numbering index genindex "
    "highlight meta currentmodule py:currentmodule default-domain "
    "default-role role program tabularcolumns autosummary click date title "
    "header footer sectionauthor moduleauthor codeauthor bibliography program-output "
    "target-notes".split()
)
# The argument is a module, an object or a class of CSS; the content is text all the same.
_CONTENT = frozenset("module py:module js:module cssclass rst-class argparse".split())
_SIGNATURES = frozenset(
    "function class method attribute data exception decorator classmethod staticmethod property "
    "option cmdoption envvar confval setting describe object macro type member var directive "
    "templatefilter templatetag django-admin".split()
)
# A single word after these is read; after others it is a file, a class or an option.
_TITLED = frozenset(
    "admonition topic sidebar rubric centered tab tab-item dropdown card grid-item-card details "
    "collapse versionadded versionchanged deprecated versionremoved note warning tip hint caution "
    "danger error attention important seealso todo epigraph pull-quote highlights".split()
)
_VERSIONS = {
    "versionadded": "Added in version ",
    "versionchanged": "Changed in version ",
    "deprecated": "Deprecated since version ",
    "versionremoved": "Removed in version ",
}
# docutils' level of errors; warnings are below it.
_ERROR = 3
Node: TypeAlias = Any
"""A node of docutils, which has no type information."""

# Bounded: a search that starts at each colon would read the rest of a long line again.
_NAME = r"(?:[\w.+-]{1,50}:){0,3}[\w.+-]{1,50}"
_DIRECTIVE = re.compile(rf"\.\.[ ]+(?:\|[^|\n]{{1,200}}\|[ ]+)?({_NAME})[ ]?::")
_ROLE = re.compile(rf":({_NAME}):(?=`)|(?<=`):({_NAME}):")
OPTION = re.compile(r":(?P<name>(?![: ])[^:`]{1,80}):(?: +(?P<value>.*)|$)")


def parse(text: str) -> Node:
    """Return docutils' tree of a text: substitutions are resolved, nothing is moved or numbered."""
    for name in set(_DIRECTIVE.findall(text)) - _TABLES_AND_CHARACTERS:
        directives.register_directive(name.lower(), _TolerantDirective)
    for name in {before or after for before, after in _ROLE.findall(text)} - _REFERENCES:
        roles.register_local_role(name, _read_role)
    settings = frontend.get_default_settings(Parser)
    settings.file_insertion_enabled = False
    settings.raw_enabled = False
    settings.report_level = settings.halt_level = 5
    settings.traceback = False
    settings.syntax_highlight = "none"
    # Longer lines are refused when the file is decoded.
    settings.line_length_limit = len(text) + 1
    document = utils.new_document("", settings)
    # The header of a Python Enhancement Proposal.
    Parser(rfc2822=text.startswith("PEP:")).parse(text, document)
    for message in list(document.findall(nodes.system_message)):
        message.parent.replace(message, _unparsed(message))
    said = {name.lower(): node.astext() for name, node in document.substitution_defs.items()}
    for reference in document.findall(nodes.substitution_reference):
        if (shown := said.get(reference.astext().lower())) is not None:
            reference[:] = [nodes.Text(shown)]
    return document


def _unparsed(message: Node) -> list[Node]:
    """Return the text that an error is about: docutils keeps it nowhere else in its tree.

    Warnings are about text that docutils has read all the same, or about a directive without any.
    """
    block = next(iter(message.findall(nodes.literal_block)), None)
    if block is None or message["level"] < _ERROR:
        return []
    lines = block.astext().split("\n")
    if lines[0].startswith(".. |"):
        return []
    if directive := _DIRECTIVE.match(lines[0]):
        return _unparsed_directive(lines[0][directive.end() :].strip(), lines[1:], message)
    words = [line for line in lines if any(map(str.isalnum, line))]
    if len(words) == 1:
        # A title in a place that has none, with the lines around it.
        return [_as_written(nodes.paragraph, words)]
    return [_as_written(nodes.literal_block, lines)]


def _unparsed_directive(argument: str, lines: list[str], message: Node) -> list[Node]:
    """Return the title and the content of a table without its options."""
    start = 0
    while start < len(lines) and (not lines[start] or OPTION.match(lines[start].strip())):
        start += 1
    if start == len(lines):
        return []
    content = _as_written(nodes.literal_block, lines[start:])
    if not argument:
        return [content]
    return [_as_written(nodes.paragraph, [argument], message.get("line")), content]


def _as_written(kind: Node, lines: list[str], line: int | None = None) -> Node:
    """Return a node that reads as written; without its line it is looked for in those to come."""
    text = dedent("\n".join(lines)).strip("\n")
    node = kind(text, text)
    node.line = line
    return node


class _TolerantDirective:
    """Reads any directive: docutils calls it as it calls its own."""

    required_arguments = 0
    optional_arguments = 0
    final_argument_whitespace = False
    # Options are told from text here: docutils refuses those that it does not know.
    option_spec = None
    has_content = True

    def __init__(self, name: str, *arguments: Node) -> None:
        """Keep what docutils has read of it."""
        _, _, self._content, self._line, self._offset, _, self._state, self._machine = arguments
        self._name = name.lower()
        # What is cut out of it here stays in docutils' own list of lines.
        self._content.disconnect()
        _, self._source_line = self._machine.get_source_and_line(self._line)

    def run(self) -> list[Node]:
        """Return its nodes."""
        content = self._content
        has_argument = bool(content) and content.offset(0) == self._source_line - 1
        options = self._cut_options(int(has_argument))
        argument = str(content[0]) if has_argument else ""
        is_signature = self._name in _SIGNATURES or ":" in self._name
        if self._name == "meta":
            return [nodes.comment("", "", **_about(options))]
        if self._name in _HIDDEN:
            return self._alternative(options) if self._name == "image" else []
        if self._name in _CONTENT or self._name.startswith("auto"):
            return self._content_only(has_argument=has_argument)
        if self._name in _CODE:
            return self._code(has_argument=has_argument)
        if is_signature and has_argument:
            return self._definition()
        is_word = len(argument.split()) == 1 and self._name not in _TITLED
        if has_argument and (is_word or self._name == "figure"):
            content.trim_start()
            self._offset += 1
        alternative = self._alternative(options) if self._name == "figure" else []
        return [*alternative, self._nested(nodes.compound(said=_VERSIONS.get(self._name, "")))]

    def _alternative(self, options: list[str]) -> list[Node]:
        """Return the text that stands for an image, as a paragraph or what a substitution says."""
        start = next((i for i, line in enumerate(options) if line.startswith(":alt:")), -1)
        if start < 0:
            return []
        following = takewhile(lambda line: not OPTION.match(line), options[start + 1 :])
        lines = [options[start].removeprefix(":alt:"), *following]
        text = "\n".join(line.strip() for line in lines).strip()
        if not text:
            return []
        if isinstance(self._state, SubstitutionDef):
            return [nodes.Text(" ".join(text.split()))]
        return [_as_written(nodes.paragraph, [text], self._source_line + 1)]

    def _content_only(self, *, has_argument: bool) -> list[Node]:
        """Return what follows after the argument, which may have several lines."""
        while has_argument and self._content and self._content[0].strip():
            self._content.trim_start()
            self._offset += 1
        return [self._nested(nodes.compound())]

    def _cut_options(self, first: int) -> list[str]:
        """Return the lines of options after the argument, and take them out of the content."""
        lines = list(self._content)
        start = next((i for i in range(first, len(lines)) if OPTION.match(lines[i])), len(lines))
        blank = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
        if start >= blank:
            return []
        del self._content[start:blank]
        return lines[start:blank]

    def _code(self, *, has_argument: bool) -> list[Node]:
        lines = self._content[has_argument and self._name != "math" :]
        while lines and not lines[0].strip():
            lines.trim_start()
        if not lines:
            return []
        code = "\n".join(lines)
        block = nodes.literal_block(code, code)
        block.line = lines.offset(0) + 1
        return [block]

    def _definition(self) -> list[Node]:
        """Return the signatures, up to an empty line, as terms, and the rest as their meaning."""
        item = nodes.definition_list_item()
        while self._content and self._content[0].strip():
            signature = str(self._content[0])
            term = nodes.term(signature, "", nodes.Text(signature.removesuffix("\\").rstrip()))
            term.line = self._content.offset(0) + 1
            item += term
            self._content.trim_start()
            self._offset += 1
        item += self._nested(nodes.definition())
        return [nodes.definition_list("", item)]

    def _nested(self, node: Node) -> Node:
        self._state.nested_parse(self._content, self._offset, node)
        return node


def _about(options: list[str]) -> dict[str, str]:
    """Return the fields of a `meta` directive, without the languages in their names."""
    result: dict[str, str] = {}
    name = ""
    for line in options:
        if match := OPTION.match(line):
            name = match["name"].lower().split()[0]
            result[name] = match["value"] or ""
        else:
            result[name] = f"{result[name]} {line.strip()}".strip()
    return result


def _read_role(
    name: str,
    rawtext: str,
    text: str,
    *_: object,
) -> tuple[list[Node], list[Node]]:
    """Return what a role shows: its title without the target, the last part of a `~` name."""
    shown = cast("str", utils.unescape(text))
    title, _mark, target = shown.rpartition("<")
    if title and target.endswith(">") and name not in {"math", "code", "samp", "literal"}:
        shown = title.rstrip()
    if shown.startswith("~"):
        shown = shown[1:].rpartition(".")[2]
    return [nodes.inline(rawtext, shown.removeprefix("!"))], []

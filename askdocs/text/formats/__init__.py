"""Every format that askdocs reads, each by one module that yields blocks."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple


class Format(NamedTuple):
    """A format of documents.

    Its module has `read(source) -> ParsedText`. The source is the decoded text, or the bytes of a
    file whose characters are not its text. All but `plain` run in the worker.

    Attributes:
        name: As the manifest records it.
        suffixes: The endings of its files, in lower case.
        packages: The third-party packages that read it.
        is_text: Whether the file is decoded first, and citations count its own characters.
    """

    name: str
    suffixes: tuple[str, ...]
    packages: tuple[str, ...] = ()
    is_text: bool = True

    @property
    def module(self) -> str:
        """Return the name of the module that reads it."""
        return f"askdocs.text.formats.{self.name}"


_MARKDOWN = ("markdown-it-py", "mdit-py-plugins", "pyyaml")

PLAIN = Format("plain", (".txt", ".text"))
FORMATS = (
    PLAIN,
    Format("markdown", (".md", ".markdown", ".mdx"), _MARKDOWN),
    Format("rst", (".rst",), ("docutils",)),
    Format("html", (".html", ".htm", ".xhtml"), ("selectolax",), is_text=False),
    Format("notebook", (".ipynb",), _MARKDOWN, is_text=False),
    Format("docx", (".docx",), is_text=False),
    Format("pdf", (".pdf",), ("pypdfium2",), is_text=False),
)
"""Adding a format is a line here, its endings in `CorpusSettings.include`, and a module."""


def format_of(path: str) -> Format:
    """Return the format of a file by its name; plain text unless another format has its ending."""
    name = path.lower()
    return next((each for each in FORMATS if name.endswith(each.suffixes)), PLAIN)


def parser_versions(formats: Iterable[Format]) -> dict[str, str]:
    """Return the packages that read each format, with their versions, by the format's name.

    Formats that askdocs reads by itself are left out, and so are those whose packages are not
    installed: to check an index needs none.
    """
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for each in formats:
        if each.packages:
            with suppress(PackageNotFoundError):
                versions[each.name] = ", ".join(f"{name} {version(name)}" for name in each.packages)
    return versions


def changed_parsers(recorded: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the parsers that differ from recorded ones, before and now, by format."""
    now = parser_versions(each for each in FORMATS if each.name in recorded)
    return {name: (recorded[name], now[name]) for name in now if recorded[name] != now[name]}

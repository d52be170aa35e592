"""How the corpus differs from the index, for a reader or a program."""

import html
import posixpath
import re
from collections.abc import Iterator

from askdocs.records.reports import Freshness
from askdocs.render.json import dump
from askdocs.render.reports import changes_of, count_kinds
from askdocs.terminal import GREEN, RED, Style, count_of, make_safe

SCHEMA = 1
"""The version of the JSON object, which docs/freshness.schema.json describes."""

_SAYINGS = {
    "added": "is not in the index",
    "changed": "has changed since it was indexed",
    "removed": "is in the index and no longer in the corpus",
}
_REFRESH = "askdocs index refreshes the index"
# What make_safe leaves and XML does not know.
_NO_XML = re.compile("[\ufffe\uffff]")


def render_freshness(freshness: Freshness, style: Style) -> str:
    """One line when fresh; otherwise the counts and every difference on a line of its own."""
    if freshness.is_fresh:
        return f"{style.paint('fresh', GREEN)}: {count_of(freshness.documents, 'document')}\n"
    lines = [f"{kind:<8}  {make_safe(what)}" for kind, what in _differences(freshness)]
    word, counts = summarise(freshness).split(": ", 1)
    return "\n".join([f"{style.paint(word, RED)}: {counts}", *lines, ""])


def render_freshness_json(freshness: Freshness) -> str:
    """An indented JSON object, as docs/freshness.schema.json describes it."""
    found = {
        "schema": SCHEMA,
        "fresh": freshness.is_fresh,
        "documents": freshness.documents,
        **{kind: list(paths) for kind, paths in changes_of(freshness).items()},
        "settings": [
            {"name": one.name, "indexed": one.indexed, "wanted": one.wanted}
            for one in freshness.settings
        ],
        "damaged": [{"path": one.path, "reason": one.reason} for one in freshness.damaged],
    }
    return dump(found, indent=2)


def render_annotations(freshness: Freshness, *, folder: str) -> str:
    """The summary, and for each difference a command that makes GitHub show it at its file.

    Args:
        freshness: The comparison.
        folder: The base as seen from the root of the repository, POSIX.
    """
    lines = [summarise(freshness)]
    for kind, paths in changes_of(freshness).items():
        lines += [
            _annotation(kind, f"{path} {_SAYINGS[kind]}; {_REFRESH}", _join(folder, path))
            for path in paths
        ]
    lines += [_annotation("setting", f"{what}; {_REFRESH}") for what in _settings(freshness)]
    lines += [
        _annotation("damage", f"{one.path} {one.reason}", _join(folder, one.path))
        for one in freshness.damaged
    ]
    return "\n".join([*lines, ""])


def render_junit(freshness: Freshness) -> str:
    """A JUnit report: whether the index is fresh, its settings, and each difference as a case."""
    cases = [
        _case("index", "is fresh", "" if freshness.is_fresh else summarise(freshness)),
        _case("index", "settings", "; ".join(_settings(freshness))),
    ]
    for kind, paths in changes_of(freshness).items():
        cases += [_case("documents", path, f"{path} {_SAYINGS[kind]}", kind) for path in paths]
    cases += [
        _case("files", one.path, f"{one.path} {one.reason}", "damaged") for one in freshness.damaged
    ]
    failures = sum("<failure" in case for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="askdocs" {counts}>\n'
        f'  <testsuite name="askdocs check" {counts}>\n'
        f"{''.join(cases)}"
        "  </testsuite>\n</testsuites>\n"
    )


def summarise(freshness: Freshness) -> str:
    """Whether the index is fresh, on one line, with the counts of the differences if not."""
    if freshness.is_fresh:
        return f"fresh: {count_of(freshness.documents, 'document')}"
    if freshness.damaged:
        return f"damaged: {count_of(len(freshness.damaged), 'file')}"
    counts = count_kinds(changes_of(freshness))
    if freshness.settings:
        counts.append(count_of(len(freshness.settings), "setting"))
    return f"stale: {', '.join(counts)}"


def _settings(freshness: Freshness) -> list[str]:
    return [
        f"{one.name}: indexed with {one.indexed}, wanted {one.wanted}" for one in freshness.settings
    ]


def _differences(freshness: Freshness) -> Iterator[tuple[str, str]]:
    """Every difference, as its kind and what it is about."""
    for kind, paths in changes_of(freshness).items():
        yield from ((kind, path) for path in paths)
    yield from (("setting", what) for what in _settings(freshness))
    yield from (("damaged", f"{one.path} {one.reason}") for one in freshness.damaged)


def _join(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _annotation(kind: str, message: str, path: str = "") -> str:
    """A workflow command; what would end a field or the line of it is escaped."""
    file = f"file={_property(path)}," if path else ""
    return f"::error {file}title={_property(f'askdocs check: {kind}')}::{_data(message)}"


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return make_safe(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _case(group: str, name: str, failure: str, kind: str = "stale") -> str:
    start = f'    <testcase classname="askdocs.{group}" name="{_attribute(name)}"'
    if not failure:
        return f"{start}/>\n"
    message = f'<failure type="{kind}" message="{_attribute(failure)}">{_REFRESH}</failure>'
    return f"{start}>\n      {message}\n    </testcase>\n"


def _attribute(text: str) -> str:
    return html.escape(_NO_XML.sub("\ufffd", make_safe(text)))

"""How the corpus differs from the index, for a reader or a program."""

import html
import posixpath
import re
from collections.abc import Iterator
from dataclasses import asdict

from askdocs.records.reports import Freshness
from askdocs.render.json import dump_object
from askdocs.render.reports import changes_of, count_kinds
from askdocs.terminal import Style, count_of, make_safe

_CHANGES = {
    "added": "is not in the index",
    "changed": "has changed since it was indexed",
    "removed": "is in the index and no longer in the corpus",
}
_REFRESH = "askdocs index refreshes the index"
# `make_safe` keeps these, and XML does not allow them.
_NO_XML = re.compile("[\ufffe\uffff]")


def summarise(freshness: Freshness) -> str:
    """Return one line that says if the index is fresh, with the counts of the differences."""
    if freshness.is_fresh:
        return f"fresh: {count_of(freshness.documents, 'document')}"
    if freshness.damaged:
        return f"damaged: {count_of(len(freshness.damaged), 'file')}"
    counts = count_kinds(changes_of(freshness))
    if freshness.settings:
        counts.append(count_of(len(freshness.settings), "setting"))
    return f"stale: {', '.join(counts)}"


def render_freshness(freshness: Freshness, style: Style) -> str:
    """Return the summary, and every difference on a line of its own."""
    word, counts = summarise(freshness).split(": ", 1)
    lines = [f"{style.paint(word, 'green' if freshness.is_fresh else 'red')}: {counts}"]
    for kind, path, message in _differences(freshness):
        subject = path if kind in _CHANGES else message
        lines.append(f"{kind:<8}  {make_safe(subject)}")
    return "\n".join([*lines, ""])


def render_freshness_json(freshness: Freshness) -> str:
    """Return an indented JSON object, as docs/freshness.schema.json describes it."""
    fields = {"fresh": freshness.is_fresh, "documents": freshness.documents}
    settings = [asdict(setting) for setting in freshness.settings]
    damaged = [asdict(file) for file in freshness.damaged]
    return dump_object(
        {**fields, **changes_of(freshness), "settings": settings, "damaged": damaged}
    )


def render_annotations(freshness: Freshness, *, folder: str) -> str:
    """Return the summary, and for each difference a command that makes GitHub show it at its file.

    `folder` is the POSIX path of the base from the root of the repository.
    """
    lines = [summarise(freshness)]
    for kind, path, message in _differences(freshness):
        title, remedy = ("damage", "") if kind == "damaged" else (kind, f"; {_REFRESH}")
        location = posixpath.normpath(posixpath.join(folder, path))
        file = f"file={_property(location)}," if path else ""
        title = _property(f"askdocs check: {title}")
        lines.append(f"::error {file}title={title}::{_data(f'{message}{remedy}')}")
    return "\n".join([*lines, ""])


def render_junit(freshness: Freshness) -> str:
    """Return a JUnit report with a case for the index, its settings and each difference."""
    settings = [text for kind, _, text in _differences(freshness) if kind == "setting"]
    cases = [
        _case("index", "is fresh", "" if freshness.is_fresh else summarise(freshness)),
        _case("index", "settings", "; ".join(settings)),
    ]
    for kind, path, message in _differences(freshness):
        if kind != "setting":
            group = "documents" if kind in _CHANGES else "files"
            cases.append(_case(group, path, message, kind))
    failures = sum("<failure" in case for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="askdocs" {counts}>\n'
        f'  <testsuite name="askdocs check" {counts}>\n'
        f"{''.join(cases)}"
        "  </testsuite>\n</testsuites>\n"
    )


def _differences(freshness: Freshness) -> Iterator[tuple[str, str, str]]:
    """Yield the kind, the path and a message of every difference; a setting has no path."""
    for kind, paths in changes_of(freshness).items():
        yield from ((kind, path, f"{path} {_CHANGES[kind]}") for path in paths)
    for changed in freshness.settings:
        message = f"{changed.name}: indexed with {changed.indexed}, wanted {changed.wanted}"
        yield "setting", "", message
    for file in freshness.damaged:
        yield "damaged", file.path, f"{file.path} {file.reason}"


def _data(text: str) -> str:
    """Escape what would end the line of a workflow command."""
    return make_safe(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    """Escape what would end a field of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _case(group: str, name: str, failure: str, kind: str = "stale") -> str:
    start = f'    <testcase classname="askdocs.{group}" name="{_attribute(name)}"'
    if not failure:
        return f"{start}/>\n"
    message = f'<failure type="{kind}" message="{_attribute(failure)}">{_REFRESH}</failure>'
    return f"{start}>\n      {message}\n    </testcase>\n"


def _attribute(text: str) -> str:
    return html.escape(_NO_XML.sub("\ufffd", make_safe(text)))

"""Programs read the same differences that a reader sees, whatever the files are called."""

import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from askdocs.records.reports import ChangedSetting, DamagedFile, Freshness
from askdocs.render.check_report import (
    render_annotations,
    render_freshness,
    render_freshness_json,
    render_junit,
)
from askdocs.terminal import Style

PLAIN, COLOR = Style(width=80), Style(width=80, color=True)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "freshness.schema.json").read_text())
FRESH = Freshness(documents=5)
STALE = Freshness(
    documents=5,
    added=("docs/new.txt",),
    changed=("docs/a,b.txt",),
    removed=("docs/50%.txt", '../notes/<old> & "gone".md'),
    settings=(ChangedSetting(name="max-tokens", indexed="400", wanted="200"),),
)  # fmt: skip
DAMAGED = Freshness(
    documents=0, damaged=(DamagedFile(path="vectors/generations/1/a.npys", reason="is missing"),)
)

PATHS = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\n\r\t\x1b\ud800\ufffe%:,&<\"'"), min_size=1
)
TUPLES = st.lists(PATHS, max_size=3, unique=True).map(tuple)
NAMES = st.sampled_from(["format", "max-tokens", "model", "passages"])
SETTINGS = st.builds(ChangedSetting, name=NAMES, indexed=st.text(), wanted=st.text())
DAMAGES = st.builds(DamagedFile, path=PATHS, reason=st.text(min_size=1))
DIFFERENCES = st.builds(
    Freshness, documents=st.integers(0, 9), added=TUPLES, changed=TUPLES, removed=TUPLES,
    settings=st.lists(SETTINGS, max_size=2).map(tuple),
    damaged=st.lists(DAMAGES, max_size=2).map(tuple),
)  # fmt: skip


def test_fresh_is_one_line():
    """A fresh index is said to be so, with the number of its documents."""
    assert render_freshness(Freshness(documents=1), PLAIN) == "fresh: 1 document\n"
    assert render_freshness(Freshness(documents=0), COLOR) == "\x1b[32mfresh\x1b[0m: 0 documents\n"


def test_stale_is_a_count_and_a_list():
    """Only the kinds of differences that there are, are counted; names are safe."""
    model = ChangedSetting(name="model", indexed="tiny", wanted="b\x1b")
    freshness = Freshness(documents=9, added=("a", "b\x1b\n"), settings=(model,))
    assert render_freshness(freshness, PLAIN) == (
        "stale: 2 added, 1 setting\n"
        "added     a\n"
        "added     b\ufffd \n"
        "setting   model: indexed with tiny, wanted b\ufffd\n"
    )  # fmt: skip
    assert render_freshness(freshness, COLOR).startswith("\x1b[31mstale\x1b[0m: ")


def test_json_has_every_difference():
    """The object names all kinds, those without a difference too."""
    assert json.loads(render_freshness_json(STALE)) == {
        "schema": 2,
        "fresh": False,
        "documents": 5,
        "added": ["docs/new.txt"],
        "changed": ["docs/a,b.txt"],
        "removed": ["docs/50%.txt", '../notes/<old> & "gone".md'],
        "settings": [{"name": "max-tokens", "indexed": "400", "wanted": "200"}],
        "damaged": [],
    }  # fmt: skip


@given(found=DIFFERENCES)
def test_json_follows_its_schema(found):
    """Whatever differs, the object is what the schema describes, and shows no control character."""
    text = render_freshness_json(found)
    jsonschema.validate(json.loads(text), SCHEMA, cls=jsonschema.Draft202012Validator)
    assert json.loads(text)["added"] == list(found.added)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)


def test_schema_knows_every_field_and_no_other():
    """A field that is forgotten in the schema would go unnoticed, as new ones are allowed."""
    found = json.loads(render_freshness_json(STALE))
    assert SCHEMA["required"] == list(found) == list(SCHEMA["properties"])
    item = SCHEMA["properties"]["settings"]["items"]
    assert item["required"] == list(found["settings"][0]) == list(item["properties"])


def test_annotations_name_the_files():
    """A summary, then a workflow command for each difference, with paths from the root."""
    assert render_annotations(STALE, folder="handbook") == (
        "stale: 1 added, 1 changed, 2 removed, 1 setting\n"
        "::error file=handbook/docs/new.txt,title=askdocs check%3A added::"
        "docs/new.txt is not in the index; askdocs index refreshes the index\n"
        "::error file=handbook/docs/a%2Cb.txt,title=askdocs check%3A changed::"
        "docs/a,b.txt has changed since it was indexed; askdocs index refreshes the index\n"
        "::error file=handbook/docs/50%25.txt,title=askdocs check%3A removed::"
        "docs/50%25.txt is in the index and no longer in the corpus; "
        "askdocs index refreshes the index\n"
        '::error file=notes/<old> & "gone".md,title=askdocs check%3A removed::'
        '../notes/<old> & "gone".md is in the index and no longer in the corpus; '
        "askdocs index refreshes the index\n"
        "::error title=askdocs check%3A setting::"
        "max-tokens: indexed with 400, wanted 200; askdocs index refreshes the index\n"
    )


def test_fresh_and_damaged_annotations():
    """A fresh index is a line and no command; a damaged file is named."""
    assert render_annotations(FRESH, folder=".") == "fresh: 5 documents\n"
    assert render_annotations(DAMAGED, folder=".") == (
        "damaged: 1 file\n"
        "::error file=vectors/generations/1/a.npys,title=askdocs check%3A damage::"
        "vectors/generations/1/a.npys is missing\n"
    )


def test_annotations_escape_line_ends():
    """A file's name cannot end a command or begin one of its own."""
    odd = Freshness(documents=1, added=("a\r\n::error::x\x1b",))
    _, line, rest = render_annotations(odd, folder=".").split("\n")
    assert rest == ""
    assert line.startswith("::error file=a%0D%0A%3A%3Aerror%3A%3Ax\ufffd,title=")


@given(found=DIFFERENCES)
def test_every_annotation_is_one_command(found):
    """GitHub's runner reads as many commands as there are differences."""
    _, *lines = render_annotations(found, folder=".").removesuffix("\n").split("\n")
    kinds = (found.added, found.changed, found.removed, found.settings, found.damaged)
    if found.is_fresh:
        assert lines == []
    else:
        assert len(lines) == sum(map(len, kinds))
        assert all(re.fullmatch(r"::error (file=[^:,]*,)?title=[^:,]*::.*", line) for line in lines)
    assert not any(
        re.search("[\x00-\x1f\x7f-\x9f]", unquote(line.replace("%0", "0"))) for line in lines
    )


def test_junit_has_a_case_for_each_difference():
    """Freshness and settings are cases that are always there; each document that differs is one."""
    assert (
        render_junit(STALE)
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="askdocs" tests="6" failures="6" errors="0">
  <testsuite name="askdocs check" tests="6" failures="6" errors="0">
    <testcase classname="askdocs.index" name="is fresh">
      <failure type="stale" message="stale: 1 added, 1 changed, 2 removed, 1 setting">askdocs index refreshes the index</failure>
    </testcase>
    <testcase classname="askdocs.index" name="settings">
      <failure type="stale" message="max-tokens: indexed with 400, wanted 200">askdocs index refreshes the index</failure>
    </testcase>
    <testcase classname="askdocs.documents" name="docs/new.txt">
      <failure type="added" message="docs/new.txt is not in the index">askdocs index refreshes the index</failure>
    </testcase>
    <testcase classname="askdocs.documents" name="docs/a,b.txt">
      <failure type="changed" message="docs/a,b.txt has changed since it was indexed">askdocs index refreshes the index</failure>
    </testcase>
    <testcase classname="askdocs.documents" name="docs/50%.txt">
      <failure type="removed" message="docs/50%.txt is in the index and no longer in the corpus">askdocs index refreshes the index</failure>
    </testcase>
    <testcase classname="askdocs.documents" name="../notes/&lt;old&gt; &amp; &quot;gone&quot;.md">
      <failure type="removed" message="../notes/&lt;old&gt; &amp; &quot;gone&quot;.md is in the index and no longer in the corpus">askdocs index refreshes the index</failure>
    </testcase>
  </testsuite>
</testsuites>
"""
    )


def test_junit_of_a_fresh_index_passes():
    """A report without a case counts as a mistake in some systems, so two cases pass."""
    assert (
        render_junit(FRESH)
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="askdocs" tests="2" failures="0" errors="0">
  <testsuite name="askdocs check" tests="2" failures="0" errors="0">
    <testcase classname="askdocs.index" name="is fresh"/>
    <testcase classname="askdocs.index" name="settings"/>
  </testsuite>
</testsuites>
"""
    )


@given(found=DIFFERENCES)
def test_junit_is_xml_that_counts_right(found):
    """Whatever files are called, a parser reads the report, and its counts are those of the cases."""
    report = ET.fromstring(render_junit(found))  # noqa: S314 - our own
    cases = report.findall("testsuite/testcase")
    failures = report.findall("testsuite/testcase/failure")
    for element in (report, report[0]):
        assert int(element.attrib["tests"]) == len(cases)
        assert int(element.attrib["failures"]) == len(failures)
    documents = found.added + found.changed + found.removed
    assert len(cases) == 2 + len(documents) + len(found.damaged)
    assert bool(failures) is not found.is_fresh

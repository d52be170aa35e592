"""The Python interface does what its documentation shows."""

import shutil
import textwrap

import pytest

import askdocs
from askdocs import build_index, open_index
from askdocs.errors import AskdocsError, NoIndexError
from askdocs.search.index import Index
from askdocs.search.options import AskOptions

ANSWER = (
    "seeds/001_169922582ed849e6.txt#p2-3 NATO Secretary General Anders Fogh Rasmussen this week "
    "asked the Kremlin to provide Russian helicopters and spare parts to bolster the NATO campaign "
    "in Afghanistan."
)


def test_example_runs_as_it_stands(seeds_project, cache, tmp_path, monkeypatch, capsys):
    """The example in the package's docstring prints cited answers."""
    shutil.copytree(seeds_project / "seeds", tmp_path / "seeds")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))
    docstring = askdocs.__doc__ or ""
    example = textwrap.dedent(docstring[docstring.index("    from askdocs") :])

    exec(compile(example, "example", "exec"), {})  # noqa: S102 - it is what the test is about

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ANSWER
    assert len(lines) == 4
    assert (tmp_path / "vectors" / "HEAD").is_file()


def test_names_are_those_that_are_documented():
    """The public names are listed, and can be imported."""
    assert askdocs.__all__ == ["AskOptions", "Index", "build_index", "open_index"]
    assert (askdocs.Index, askdocs.AskOptions) == (Index, AskOptions)
    with pytest.raises(AttributeError, match=r"^module 'askdocs' has no attribute 'Indx'$"):
        askdocs.Indx  # noqa: B018 - looking it up is the test


def test_index_is_built_and_refreshed(tmp_path, cache):
    """A second call without paths refreshes the recorded corpus; paths may be strings."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The harbour froze in March.")

    first = build_index(str(tmp_path / "vectors"), str(tmp_path / "docs"), cache=cache)
    second = build_index(tmp_path / "vectors", cache=cache)

    assert (first.added, first.is_unchanged) == (("docs/a.txt",), False)
    assert second.is_unchanged
    with open_index(str(tmp_path / "vectors"), cache=cache) as index:
        [hit] = index.ask("When did the harbour freeze?").hits
        assert (hit.text, str(hit.place.citation)) == (
            "The harbour froze in March.",
            "docs/a.txt#p1",
        )
        assert index.show("docs/a.txt#p1").text == hit.text


def test_user_cache_is_the_default(seeds_project, cache, monkeypatch):
    """Without a cache argument, the command line's cache is used."""
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))

    with open_index(seeds_project / "vectors") as index:
        assert index.ask("Who leads the expert group on NATO's new strategy?").answered


def test_errors_are_of_one_family(tmp_path, cache):
    """An error that askdocs raises on purpose is an AskdocsError with a hint."""
    with pytest.raises(NoIndexError) as caught:
        open_index(tmp_path, cache=cache)

    assert isinstance(caught.value, AskdocsError)
    assert (str(caught.value), caught.value.hint) == (
        f"there is no index in {tmp_path}",
        f"askdocs index --index {tmp_path} PATH",
    )

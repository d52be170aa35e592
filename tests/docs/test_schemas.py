"""The JSON that askdocs prints follows the schemas in docs/."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from askdocs.cli.process import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = "Rain fell.\n\nThe harbour froze in March.\n"


def _closed(schema: Any) -> Any:
    """The schema with no other fields than those that it describes."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return closed | {"additionalProperties": False} if schema.get("type") == "object" else closed


def _errors(name: str, found: object) -> Iterator[str]:
    schema = json.loads((DOCS / name).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    yield from (error.message for error in Draft202012Validator(schema).iter_errors(found))
    yield from (error.message for error in Draft202012Validator(_closed(schema)).iter_errors(found))


@pytest.fixture
def printed(
    tmp_path: Path,
    cache: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Run askdocs beside an index of five documents in four formats, of nearly the same text."""
    monkeypatch.setenv("ASKDOCS_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(f"One of many.\n\n{TEXT}")
    (tmp_path / "docs" / "b.txt").write_text(TEXT)
    (tmp_path / "docs" / "c.md").write_text(f"# Weather\n\n{TEXT}")
    (tmp_path / "docs" / "d.html").write_text(f"<h1>Weather</h1><p>{TEXT}")
    cell = {"cell_type": "markdown", "metadata": {}, "source": f"# Weather\n\n{TEXT}"}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "docs" / "e.ipynb").write_text(json.dumps(notebook))

    def run(*arguments: str) -> str:
        main(list(arguments))
        return capsys.readouterr().out

    run("index", "--model", str(tiny_model), "docs")
    return run


OPTIONS: list[list[str]] = [
    [],
    ["--explain"],
    ["--context", "1"],
    ["--min-score", "0", "--mode", "dense"],
    ["--min-score", "0", "--mode", "hybrid", "--explain", "--context", "2"],
    ["--min-score", "1"],
]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
@pytest.mark.parametrize("change", ["none", "moved", "gone"])
def test_every_answer_follows_its_schema(printed, tmp_path, options, change):
    """One answer, lines of them and an array have the described fields and no others."""
    if change == "moved":
        (tmp_path / "docs" / "b.txt").write_text(f"First of all.\n\n{TEXT}")
    if change == "gone":
        (tmp_path / "docs" / "b.txt").unlink()
    (tmp_path / "questions").write_text("harbour\nsourdough\n")
    mode = [] if "--mode" in options else ["--mode", "lexical"]
    questions = ["--questions", "questions"]

    one = json.loads(printed("ask", "--format", "json", *mode, *options, "harbour"))
    many = json.loads(printed("ask", "--format", "json", *mode, *options, *questions))
    lines = printed("ask", "--format", "jsonl", *mode, *options, *questions).splitlines()

    assert many == [json.loads(line) for line in lines]
    assert one["hits"] == many[0]["hits"]
    for found in (one, many, *many):
        assert list(_errors("answer.schema.json", found)) == []


def test_reranked_answer_follows_its_schema(printed, tiny_reranker):
    """The score of a reranker is described as well."""
    options = ("--mode", "lexical", "--rerank", str(tiny_reranker))
    found = json.loads(printed("ask", "--format", "json", *options, "harbour"))
    assert all("rerank_score" in hit for hit in found["hits"])
    assert list(_errors("answer.schema.json", found)) == []


@pytest.mark.parametrize("status", ["verified", "moved", "gone"])
def test_every_cited_text_follows_its_schema(printed, tmp_path, status):
    """The object of `show` has the described fields and no others, whatever became of the text."""
    path = tmp_path / "docs" / "b.txt"
    path.write_text({"verified": TEXT, "moved": f"First.\n\n{TEXT}", "gone": "Snow.\n"}[status])
    found = json.loads(printed("show", "--format", "json", "docs/b.txt#p1-2"))
    assert found["status"] == status
    assert list(_errors("cited.schema.json", found)) == []


def test_schema_refuses_what_is_none_of_its_kind():
    """The schema can tell: without a field, with a wrong type or out of range it fails."""
    good = {
        "schema": 2, "id": "1", "question": "Why?", "mode": "dense", "answered": False, "hits": [],
        "nearest": [],
    }  # fmt: skip

    assert list(_errors("answer.schema.json", good)) == []
    for bad in (
        {key: value for key, value in good.items() if key != "id"},
        good | {"schema": 1},
        good | {"mode": "best"},
        good | {"hits": [{}]},
        good | {"nearest": [{}]},
        good | {"more": 1},
    ):
        assert list(_errors("answer.schema.json", bad)) != []

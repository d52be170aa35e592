"""What the reference pages say is what the code does."""

import hashlib
import json
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from askdocs import build_index
from askdocs.cli.main import cli
from askdocs.errors import ExitStatus
from askdocs.index.generation import head_line
from askdocs.ranking.score import DEFAULT_BARS, FLOORS, load_ranker
from askdocs.store.analysis import _STOP_WORDS, _TOKEN, K1, B, analyse
from askdocs.text.sentences import _BEFORE_NAMES, _BEFORE_NUMBERS, _ELSEWHERE
from tests.docs.conftest import PAGES, ROOT, run

GENERATION_FILES = (
    "manifest.json", "corpus.jsonl", "000/documents.jsonl", "000/passages.jsonl",
    "000/tables.npys", "000/lexical.npys", "000/context.npys", "000/tokens.npys",
    "000/dense.faiss",
)  # fmt: skip


def read_page(page: str) -> str:
    """The text of a page of the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def code_blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", read_page(page), re.DOTALL)


def section(page: str, heading: str) -> str:
    """The text under a heading, up to the next heading."""
    _, _, text = read_page(page).partition(f"\n## {heading}\n")
    return re.split(r"^#+ ", text, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, headers and rulers left out."""
    found = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in row] for row in found if row[0].strip().startswith("`")]


def kind(value: object) -> str:
    """The type of a JSON value as the tables name it."""
    if isinstance(value, list):
        if value and isinstance(value[0], int):
            return "[integer, integer]"
        return "array of objects" if value and isinstance(value[0], dict) else "array of strings"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
    return names[type(value)]


def fields(value: dict, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The name of every field of a JSON object as the tables write it, with its type."""
    for name, inner in value.items():
        yield f"{prefix}{name}", kind(inner)
        if isinstance(inner, dict):
            yield from fields(inner, f"{prefix}{name}.")
        elif kind(inner) == "array of objects":
            for one in inner:
                yield from fields(one, f"{prefix}{name}[].")


@pytest.fixture(scope="module")
def writable_cache(encoder_cache, tmp_path_factory):
    """A cache that has the default model compiled and may be written."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "encoders").symlink_to(encoder_cache / "encoders")
    return cache


@pytest.fixture(scope="module")
def small(writable_cache, tmp_path_factory):
    """A folder with three documents and their index, to be left as it is."""
    folder = tmp_path_factory.mktemp("small")
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("The ship sails at dawn.\n")
    (corpus / "b.txt").write_text("Nothing of that kind.\n")
    (corpus / "c.txt").write_text("Two ships met a third ship.\n")
    build_index(folder / "vectors", corpus, cache=writable_cache)
    return folder


@pytest.fixture
def changed(small, tmp_path):
    """The same with a line on top of one document that it was not indexed with."""
    folder = tmp_path / "changed"
    shutil.copytree(small, folder)
    (folder / "corpus" / "c.txt").write_text("On top.\n\nTwo ships met a third ship.\n")
    return folder


@pytest.fixture
def clone(tmp_path):
    """A folder with the seeds and the committed index, as a clone has them."""
    for name in ("seeds", "vectors"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name)
    return tmp_path / "clone"


def generation_of(folder: Path) -> Path:
    """The one generation of the index in a folder."""
    (generation,) = (folder / "vectors" / "generations").iterdir()
    return generation


def read_manifest(folder: Path) -> dict:
    """The manifest of the index in a folder, as JSON."""
    return json.loads((generation_of(folder) / "manifest.json").read_bytes())


def run_example(folder: Path, term: str, cache: Path) -> subprocess.CompletedProcess[str]:
    """Run the program of index-format.md on the index in a folder."""
    (example,) = code_blocks("docs/index-format.md", "python")
    return run([sys.executable, "-c", example, "vectors", term], folder, ASKDOCS_CACHE=cache)


def test_the_example_finds_the_passages_of_a_term(small, writable_cache):
    """It prints every passage that has the term, with its place and the term's frequency."""
    ran = run_example(small, "ship", writable_cache)
    assert ran.stdout == (
        "corpus/a.txt lines 1-1, 1 times: The ship sails at dawn.\n"
        "corpus/c.txt lines 1-1, 2 times: Two ships met a third ship.\n"
    )
    assert ran.stderr == ""


def test_the_example_finds_nothing_for_a_term_that_no_passage_has(small, writable_cache):
    """An absent term, even one that sorts after all others, prints nothing."""
    ran = run_example(small, "zzz", writable_cache)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("name", GENERATION_FILES)
def test_the_example_refuses_a_file_with_a_flipped_bit(name, changed, writable_cache):
    """The digests of the format tell damage in any file."""
    path = generation_of(changed) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    ran = run_example(changed, "ship", writable_cache)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1] == f"AssertionError: {name}"


def test_the_example_needs_numpy_and_the_standard_library_alone():
    """Nothing of askdocs, FAISS or a model is needed to read an index."""
    (example,) = code_blocks("docs/index-format.md", "python")
    imports = re.findall(r"^(?:import|from) .*$", example, re.MULTILINE)
    assert imports == [
        "import hashlib, json, sys",
        "from pathlib import Path",
        "import numpy as np",
    ]


def test_the_head_line_shown_is_a_valid_one():
    """The example of HEAD has the checksum that askdocs gives it."""
    text = section("docs/index-format.md", "HEAD")
    (shown,) = re.findall(r"^    (askdocs-index .*)$", text, re.MULTILINE)
    assert head_line(shown.split()[2]).decode() == f"{shown}\n"


def test_the_manifest_has_the_documented_fields(small):
    """The table names every field of a manifest and no other."""
    card = read_manifest(small)
    card["files"] = {"*": card["files"].popitem()[1]}
    groups = {name for name, value in card.items() if isinstance(value, dict)}
    documented = {row[0] for row in rows(section("docs/index-format.md", "manifest.json"))}

    # These are absent where they say nothing, as here.
    limits = {
        "corpus.max_line_chars",
        "corpus.max_sentences",
        "corpus.max_documents",
        "corpus.max_depth",
        "corpus.max_parse_seconds",
        "corpus.max_parse_bytes",
    }
    # Plain text is read without a package.
    absent = {"corpus.exclude", "corpus.hidden", "parsers.*"} | limits
    assert documented == ({name for name, _ in fields(card)} - groups) | absent


def test_the_records_have_the_documented_values(small):
    """The table names the values of a line of corpus.jsonl, in their order."""
    table = section("docs/index-format.md", "corpus.jsonl")
    names = re.findall(r"^\| \d \| (\w+) \|", table, re.MULTILINE)
    content = (small / "corpus" / "a.txt").read_bytes()

    lines = (generation_of(small) / "corpus.jsonl").read_text("ascii").splitlines()

    assert len(lines) == 3
    assert list(zip(names, json.loads(lines[0]), strict=True)) == [
        ("path", "corpus/a.txt"),
        ("status", "indexed"),
        ("reason", ""),
        ("sha256", hashlib.sha256(content).hexdigest()),
        ("lines_sha256", ""),
        ("bytes", len(content)),
        ("encoding", "utf-8"),
        ("paragraphs", 1),
    ]


def test_the_vectors_lie_where_the_format_says(small):
    """After a header of 45 bytes stand as many unit vectors as there are sentences."""
    content = (generation_of(small) / "000" / "dense.faiss").read_bytes()
    card = read_manifest(small)
    dimension, sentences = card["model"]["dimension"], card["counts"]["sentences"]
    header = struct.unpack_from("<4siqqqBiQ", content)
    vectors = np.frombuffer(content, "<f4", offset=45).reshape(sentences, dimension)
    assert header == (
        b"IxFI", dimension, sentences, 1 << 20, 1 << 20, 1, 0, dimension * sentences,
    )  # fmt: skip
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)


def test_the_analysis_shown_is_that_of_the_code():
    """The example texts have the terms listed, and the pattern and numbers are those in use."""
    text = " ".join(read_page("docs/index-format.md").split())
    examples = re.findall(r"`([^`]*)` has the terms ((?:`[^`]*`(?:, )?)+)", text)
    for shown, terms in examples:
        assert analyse(shown) == re.findall(r"`([^`]*)`", terms)
    assert len(examples) == 2
    assert _TOKEN.pattern.replace(" ", "") in text.replace(" ", "")
    assert f"the {len(_STOP_WORDS)} stop words" in text
    assert f"k1 = {K1} and b = {B}" in text


def test_the_fields_of_an_answer_are_those_documented(changed, writable_cache):
    """The table of `ask` has every field that is printed, with its type, and no other."""
    options = ["--explain", "--context", "1", "--min-score", "0", "--format", "json"]
    command = ["askdocs", "ask", *options, "ship"]
    answer = json.loads(run(command, changed, ASKDOCS_CACHE=writable_cache).stdout)
    assert {hit["status"] for hit in answer["hits"]} == {"verified", "moved"}
    documented = rows(section("docs/data-model.md", "The answer to a question"))
    # No two passages of this corpus are nearly the same, none is of a format with pages or cells or
    # is introduced by another, and no reranker is asked for. Where there are hits, none is nearest.
    absent = {
        "nearest": "array of objects",
        "hits[].duplicates": "array of strings", "hits[].rerank_score": "number",
        "hits[].pages": "[integer, integer]", "hits[].cell": "integer", "hits[].lead": "string",
    }  # fmt: skip
    assert {row[0]: row[1] for row in documented} == dict(fields(answer)) | absent


def test_the_fields_of_a_cited_text_are_those_documented(changed, writable_cache):
    """The table of `show` has every field that is printed, with its type, and no other."""
    command = ["askdocs", "show", "--format", "json", "corpus/c.txt#p1"]
    cited = json.loads(run(command, changed, ASKDOCS_CACHE=writable_cache).stdout)
    documented = rows(section("docs/data-model.md", "The text of a citation"))
    assert {row[0]: row[1] for row in documented} == dict(fields(cited))


def test_the_sessions_of_the_data_model_are_what_askdocs_prints(clone, writable_cache):
    """Run one after another, the commands print what is shown; of scores, two digits."""
    sessions = "".join(code_blocks("docs/data-model.md", "console"))
    commands = re.findall(r"^\$ (.*)$", sessions, re.MULTILINE)
    printed = "".join(
        f"$ {command}\n{run(command, clone, ASKDOCS_CACHE=writable_cache).stdout}"
        for command in commands
    )

    def coarse(text: str) -> str:
        return re.sub(r'("(?:score|ECE)": \d\.\d\d)\d*', r"\1", text)

    assert coarse(printed) == coarse(sessions)


def test_every_citation_of_the_data_model_stands(clone, writable_cache):
    """The citations of the table are verified in the seeds."""
    citations = [row[0] for row in rows(section("docs/data-model.md", "Citations"))]
    shown = [
        run(["askdocs", "show", one], clone, ASKDOCS_CACHE=writable_cache) for one in citations
    ]
    assert [one.returncode for one in shown] == [0] * 4


def test_the_bars_shown_are_those_in_use():
    """The table has the default bar and the floor of every mode."""
    shown = rows(section("docs/data-model.md", "Scores and bars"))
    assert {row[0]: float(row[2]) for row in shown} == DEFAULT_BARS
    assert {row[0]: float(row[3]) for row in shown} == FLOORS
    (command,) = (one for one in cli.load_all().values() if one.name == "ask")
    (option,) = (one for one in command.params if one.name == "min_score")
    bars = ", ".join(f"{bar:g} {mode}" for mode, bar in DEFAULT_BARS.items())
    assert f"[default: {bars}]" in option.help.replace("0.20", "0.2")


def test_the_weights_shown_are_those_in_use():
    """The table of signals has the weight of each, and the constant."""
    shown = rows(section("docs/ranking.md", "The score"))
    ranker = load_ranker()
    weights = {**ranker.weights, "constant": ranker.constant}
    assert {row[0]: row[2].replace("−", "-") for row in shown} == {
        name: f"{weight:.2f}" for name, weight in weights.items()
    }


def test_every_exit_status_is_documented():
    """The table lists the statuses of the program, and those of a closed pipe and of SIGTERM."""
    text = section("docs/data-model.md", "Exit statuses")
    shown = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert [int(number) for number in shown] == [*ExitStatus, 141, 143]


def test_the_number_of_abbreviations_is_that_of_the_code():
    """The page gives the length of the list that it points to."""
    text = " ".join(read_page("docs/data-model.md").split())
    lists = (_BEFORE_NAMES, _BEFORE_NUMBERS, _ELSEWHERE)
    assert f"the {sum(map(len, lists))} abbreviations" in text


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_somewhere(page):
    """Every link of a page to a file of the repository has its file."""
    text = re.sub(r"```.*?```|`[^`]*`", "", read_page(page), flags=re.DOTALL)
    targets = [one.partition("#")[0] for one in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [
        target
        for target in targets
        if target and "://" not in target and not (ROOT / page).parent.joinpath(target).exists()
    ]
    assert missing == []


def test_fields_of_a_comparison_are_those_documented():
    """The example has every kind of hit; the table describes each field once."""
    _, _, text = read_page("docs/data-model.md").partition("## A comparison of two indexes\n")
    example = json.loads(re.findall(r"\n(\{\n.*?\n\})\n", text, re.DOTALL)[0])
    table = re.findall(r"^\| `([\w.\[\]]+)` ", text.partition("\n## ")[0], re.MULTILINE)
    found = dict(fields(example))
    alike = ("questions[].now.", "questions[].went[].", "questions[].came[].", "counts.")
    assert [name for name in found if not name.startswith(alike)] == [
        name for name in table if name not in {"change", "counts.same"}
    ]
    assert "counts.same" in found

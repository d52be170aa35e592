"""O1: no text, path, question, name or setting commands the terminal, and JSON loses none."""

import io
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from askdocs.cli.output import hint, notify
from askdocs.cli.process import main
from askdocs.terminal import make_safe
from tests.reliability.states import Amount, make_cache

PAYLOADS = {
    # Operating system commands: titles, links, clipboard, colours, files, messages.
    "OSC 0, BEL": "\x1b]0;evil\x07", "OSC 2, ST": "\x1b]2;evil\x1b\\",
    "OSC 4": "\x1b]4;1;rgb:00/00/00\x07", "OSC 7": "\x1b]7;file://h/evil\x07",
    "OSC 8": "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "OSC 8 to a file": "\x1b]8;;file:///evil\x1b\\here\x1b]8;;\x1b\\",
    "OSC 52": "\x1b]52;c;ZXZpbA==\x07", "OSC 9": "\x1b]9;evil\x07",
    "OSC 777": "\x1b]777;notify;evil;evil\x07", "OSC 1337": "\x1b]1337;File=inline=1:ZXZpbA==\x07",
    "OSC without an end": "\x1b]0;evil",
    # Strings that devices, applications and tmux read.
    "DCS": "\x1bPq#0;2;0;0;0~\x1b\\", "DCS of tmux": "\x1bPtmux;\x1b\x1b]52;c;ZXZpbA==\x07\x1b\\",
    "DECRQSS": "\x1bP$qm\x1b\\", "APC": "\x1b_Gf=24,s=1;AAAA\x1b\\", "PM": "\x1b^evil\x1b\\",
    "SOS": "\x1bXevil\x1b\\",
    # Sequences that move, erase, colour, hide and ask.
    "CSI erases": "\x1b[2J\x1b[H", "CSI goes up": "\x1b[3A\x1b[2Kevil",
    "CSI other screen": "\x1b[?1049h", "CSI scroll region": "\x1b[1;2r",
    "CSI asks where": "\x1b[6n", "CSI asks who": "\x1b[c", "CSI title back": "\x1b[21t",
    "CSI hides": "\x1b[8mevil\x1b[0m", "CSI without an end": "\x1b[", "SGR": "\x1b[31m",
    "RIS": "\x1bc", "DECALN": "\x1b#8", "charsets": "\x1b(0\x0elqqk\x0f",
    # The same in eight bits.
    "C1 CSI": "\x9b2J\x9bH", "C1 OSC": "\x9d0;evil\x9c", "C1 DCS": "\x90q~\x9c",
    "C1 APC": "\x9fevil\x9c", "C1 lines": "\x84\x85\x8d",
    # Single characters that overwrite, ring, and end lines.
    "backspace": "safe\x08\x08\x08\x08evil", "carriage return": "safe\revil", "bell": "\x07\x07",
    "vertical tab": "\x0b\x0c", "escape": "\x1b", "delete": "\x7f\x7f", "line end": "\nhint: evil",
    "tab": "\tevil", "other line ends": "\x1c\x1d\x1e\x85\u2028\u2029evil",
    # What reorders or hides text.
    "override": "\u202etxt.evil", "embedding": "\u202a\u202b\u202cevil",
    "isolates": "\u2066\u2067\u2068\u2069evil", "marks of direction": "\u200e\u200f\u061cevil",
    "tags": "".join(chr(0xE0000 + ord(letter)) for letter in "evil"),
    "no width": "e\u200bv\u200bi\u200bl" + "\u200b" * 50,
    "joiners": "\u2060\u2061\u2062\u2063\u2064\ufeffevil",
    "shaping": "\u206a\u206b\u206c\u206d\u206e\u206fevil",
    "annotation": "\ufff9evil\ufffaevil\ufffb", "marks": "e" + "\u0301\u0308" * 500,
    "a byte": "\udc9b\udcff",
}  # fmt: skip
"""What commands a terminal, or deceives its reader; each between letters of its own."""

OWN = re.compile(r"\x1b\[(?:0|1|2|31|32|33|36)m|\x1b\]8;;(?:file:///[!-~]*)?\x1b\\")
"""What askdocs tells a terminal: its colours, and links to files."""

BAR = re.compile(r"(?:\r\x1b\[\?25l[ -~]+)+\x1b\[\?25h\n")
"""The progress of indexing, in which there is nothing from outside."""


@pytest.fixture
def payloads(amount: Amount) -> dict[str, str]:
    """Four payloads, or all of them, by name."""
    names = list(PAYLOADS)[: amount(0, len(PAYLOADS))] or [
        "OSC 8 to a file",
        "C1 CSI",
        "carriage return",
        "override",
    ]
    return {name: PAYLOADS[name] for name in names}


@pytest.fixture
def show(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a terminal gets of a command, with errors: `show("ask", "why?")`."""
    cache = make_cache(tmp_path / "cache", tiny_model)
    for name in [name for name in os.environ if name.startswith("ASKDOCS_")]:
        monkeypatch.delenv(name)
    for name, value in {"ASKDOCS_CACHE": str(cache), "COLUMNS": "80", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*arguments: str, env: dict[str, str] | None = None) -> str:
        written = io.BytesIO()
        both = io.TextIOWrapper(written, "utf-8", write_through=True)
        both.isatty = lambda: True
        with monkeypatch.context() as patch, both:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            patch.setattr("sys.stdout", both)
            patch.setattr("sys.stderr", both)
            main(list(arguments))
            return BAR.sub("", written.getvalue().decode())

    return run


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a folder whose names and texts hold a payload the current one: `place(payload)`."""

    def make(payload: str) -> Path:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        (folder / "docs").mkdir(parents=True)
        monkeypatch.chdir(folder)
        name = name_of(payload)
        text = text_of(payload)
        article = f"# Tides {text}\n\nThe harbour {text} opens at dawn.\n\nGulls {text} wait.\n"
        (folder / "docs" / f"a{name}.md").write_text(article, newline="")
        (folder / "docs" / f"b{name}.txt").write_bytes(b"caf\xe9")
        (folder / "docs" / f"c{name}.txt").write_bytes(b"a\0\xff")
        (folder / f"m{name}").symlink_to(tiny_model)
        return folder

    return make


def name_of(payload: str) -> str:
    """As much of a payload as a file's name can have."""
    return payload.replace("/", "|")[:40]


def text_of(payload: str) -> str:
    """As much of a payload as UTF-8 can have."""
    return payload.encode("utf-8", "replace").decode()


def assert_harmless(output: str, what: object = "") -> None:
    """A terminal that gets this shows its lines and does nothing else."""
    plain = OWN.sub("", output)
    left = {
        character
        for character in plain
        if (unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} and character not in "\n\t")
        or unicodedata.bidirectional(character)
        in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        or "\U000e0000" <= character <= "\U000e007f"
    }
    assert not left, (what, left, output)
    # The emulator drops the rest of a line after a character without width.
    seen, plain = (re.sub("[\u200b-\u200d]", "", text) for text in (output, plain))
    lines = [unicodedata.normalize("NFC", line.expandtabs()).rstrip() for line in plain.split("\n")]
    screen = pyte.Screen(max(map(len, lines)) * 2 + 1, len(lines))
    screen.set_title("before")
    answers: list[str] = []
    screen.write_process_input = answers.append  # type: ignore[method-assign]
    pyte.Stream(screen).feed(seen.replace("\n", "\r\n"))
    assert [line.rstrip() for line in screen.display] == lines, what
    assert (screen.title, answers, screen.cursor.hidden) == ("before", [], False), what


def indexed(payload: str) -> Iterator[tuple[str, ...]]:
    """Commands on an index that names, texts and a model's name make dangerous."""
    name, word = name_of(payload), payload
    question, model = f"harbour {word} dawn", f"./m{name}"
    yield "index", "--model", model, "--dry-run", "docs"
    yield "index", "--model", model, "docs"
    yield "index", "docs", f"nowhere{word}"
    for form in ("text", "md", "tsv", "vimgrep", "paths", "trec", "json", "jsonl"):
        yield "ask", "--mode", "lexical", "--min-score", "0", "--format", form, question
        yield "ask", "--mode", "lexical", "--format", form, "--questions", "questions.jsonl"
    yield "ask", "--explain", "--context", "1", "--min-score", "0", question
    yield "ask", "--mode", "lexical", f"tungsten{word}"
    for citation in (f"docs/a{name}.md#p2", f"docs/a{name}.md#p9", f"docs/z{name}.md#p1", word):
        yield "show", citation
    yield "show", f"docs/a{name}.md#p2", "--format", "json"
    yield from (("status",), ("status", "--documents"), ("check",))
    for options in ([], ["--format", "json"], ["--baseline", "old.json"]):
        yield "eval", "--mode", "lexical", "judged.jsonl", *options
    yield "eval", "judged.jsonl", "--fail-under", f"hit@1{word}=1"
    yield "eval", "judged.jsonl", "--baseline", f"nowhere{word}"


def changed(payload: str) -> Iterator[tuple[str, ...]]:
    """Commands on the same index when the corpus has changed."""
    name = name_of(payload)
    for form in ("text", "json", "github", "junit"):
        yield "check", "--format", form
    yield "check", "--model", f"other{payload}"
    yield "index", "--dry-run"
    yield "show", f"docs/a{name}.md#p2"
    for options in (
        ["--min-score", "0", "--format", "vimgrep"],
        ["--require-fresh"],
        ["--refresh"],
    ):
        yield "ask", "--mode", "lexical", *options, "harbour"
    for form in ("text", "md", "json"):
        diff = ("diff", f"old{name}", "--mode", "lexical", "--questions", "questions.jsonl")
        yield *diff, "--format", form
    yield "diff", f"nowhere{name}", "--questions", "questions.jsonl"


def refused(payload: str) -> Iterator[tuple[str, ...]]:
    """Commands that Click or askdocs refuses, with the payload in what they say."""
    yield (f"ask{payload}",)
    yield "ask", f"--format{payload}", "x"
    yield "ask", "--questions", f"nowhere{payload}"
    values = {"--format": "text", "-k": "1", "--min-score": "0"}
    for option in ("--format", "-k", "--min-score", "--index", "--config", "--rerank"):
        yield "ask", option, f"{values.get(option, 'nowhere')}{payload}", "x"
    yield "ask", "--mode", "lexical", "--path", f"nowhere{payload}/", "harbour"
    yield "index", "--model", f"nowhere{payload}", "docs"
    yield "index", "--encoding", f"utf-8{payload}", "docs"
    yield "index", f"--exclude=[{payload}", "docs"
    yield "completion", f"bash{payload}"
    yield "status", payload
    yield ("config",)


def write_questions(folder: Path, payload: str) -> None:
    """Write questions with the payload in their ids and texts, with and without answers."""
    text = text_of(payload)
    asked = {"id": f"q{text}", "question": f"harbour {text} dawn"}
    (folder / "questions.jsonl").write_text(json.dumps(asked) + "\n")
    judged = {**asked, "answers": [{"path": f"docs/a{name_of(payload)}.md", "paragraph": 2}]}
    lost = {**judged, "id": f"r{text}", "question": f"tungsten {text} zeppelin"}
    (folder / "judged.jsonl").write_text(f"{json.dumps(judged)}\n{json.dumps(lost)}\n")
    old = [{"id": one["id"], "first_relevant": 1, "answered": True} for one in (judged, lost)]
    (folder / "old.json").write_text(json.dumps({"questions": old}))


def test_no_payload_commands_the_terminal(place, show, payloads, tally):
    """Whatever holds it, every command and format shows it as text, and nothing is overwritten."""
    for kind, payload in payloads.items():
        folder = place(payload)
        name = name_of(payload)
        write_questions(folder, payload)
        views = [(command, show(*command)) for command in indexed(payload)]
        shutil.copytree(folder / "vectors", folder / f"old{name}")
        (folder / "docs" / f"a{name}.md").write_text("The harbour has closed.\n")
        (folder / "docs" / f"d{name}.txt").write_text("The harbour is new.\n")
        views += [(command, show(*command)) for command in [*changed(payload), *refused(payload)]]
        for command, output in views:
            assert output, (kind, command)
            assert_harmless(output, (kind, command))
        tally("O1", "outputs with a payload, shown by an emulated terminal", len(views))


VARIABLES = {
    "ASKDOCS_ASK_FORMAT": ("ask", "x"), "ASKDOCS_ASK_TOP_K": ("ask", "x"),
    "ASKDOCS_ASK_QUESTIONS": ("config",), "ASKDOCS_INDEX": ("config",),
    "ASKDOCS_CACHE": ("config",), "ASKDOCS_CONFIG": ("config",), "ASKDOCS_COLOR": ("config",),
    "XDG_CACHE_HOME": ("config",),
}  # fmt: skip
FILES = [
    '"{}" = 1', '["{}"]\nmode = 1', 'format = "{}"', 'top-k = "{}"', 'index = "{}"', 'model = "{}"',
    'questions = "{}"', 'path = ["{}"]', '[ask]\n"{}" = 1', 'mode = "{}',
]  # fmt: skip


def is_shown(value: str, output: str) -> bool:
    """Return True if a value is in some output in a safe form: as it is, a path, or as Python writes it."""
    forms = (value, str(Path(value)), repr(value)[1:-1])
    words = " ".join(output.split())
    return any(" ".join(make_safe(form).split()) in words for form in forms)


def test_no_setting_commands_the_terminal(place, show, payloads, tally):
    """Nor do keys and values of a configuration file and of the environment."""
    for kind, payload in payloads.items():
        folder = place(payload)
        views = {
            name: show(*command, env={"ASKDOCS_CACHE": "", name: f"x{payload}"})
            for name, command in VARIABLES.items()
        }
        for name, output in views.items():
            assert is_shown(f"x{payload}", output), (kind, name)
        for line in FILES:
            for written in (json.dumps(f"x{payload}".encode("utf-8", "replace").decode())[1:-1],
                            f"x{payload}"):  # fmt: skip
                content = line.format(written).encode("utf-8", "surrogateescape")
                (folder / "askdocs.toml").write_bytes(content)
                views[line, written] = show("config")
        for what, output in views.items():
            assert_harmless(output, (kind, what))
        tally("O1", "settings with a payload, shown by an emulated terminal", len(views))


def test_pager_gets_no_commands(place, show, payloads, tally):
    """What a pager is given is as safe as what is printed; nor does its own name do anything."""
    for kind, payload in payloads.items():
        folder = place(payload)
        show("index", "--model", f"./m{name_of(payload)}", "docs")
        ask = ("ask", "-q", "--mode", "lexical", "--pager", "--format", "paths", "harbour dawn")
        output = show(*ask, env={"PAGER": "sh -c 'cat > paged'"})
        unknown = show(*ask, env={"PAGER": f"x{payload}"})
        paged = (folder / "paged").read_bytes().decode()
        assert (output, unknown) == ("", paged), kind
        assert is_shown(f"a{name_of(payload)}.md", paged), kind
        assert_harmless(paged, kind)
    tally("O1", "outputs with a payload, given to a pager", len(payloads))


def test_json_loses_nothing(place, show, payloads, tally):
    """Paths, texts, headings, questions and ids come out of JSON as they went in."""
    for kind, payload in payloads.items():
        folder = place(payload)
        write_questions(folder, payload)
        show("index", "--model", f"./m{name_of(payload)}", "docs")
        ask = ("ask", "--mode", "lexical", "--questions", "questions.jsonl", "--format", "jsonl")
        found = json.loads(show(*ask).splitlines()[0])
        text = text_of(payload)
        assert (found["id"], found["question"]) == (f"q{text}", f"harbour {text} dawn"), kind
        (hit, *_) = found["hits"]
        assert hit["path"] == f"docs/a{name_of(payload)}.md", kind
        assert f"The harbour {text} opens at dawn." in hit["text"], kind
    tally("O1", "payloads that came out of JSON as they went in", len(payloads))


@pytest.mark.parametrize("say", [notify, hint])
def test_every_message_is_one_line(say, capsys):
    """No message forges another one: its line ends are spaces."""
    say("bad\nhint: rm -rf\r\x1b[2K")
    assert capsys.readouterr().err.count("\n") == 1

"""No regular expression takes long over any text: twice the text takes about twice the time."""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import product
from pathlib import Path

import pytest

import askdocs
from askdocs.citations import CurrentFile, _nearest, parse_citation
from askdocs.cli.config import Configuration
from askdocs.corpus.ignore import Choice, is_ignored, make_rules, path_matcher
from askdocs.errors import UsageError
from askdocs.ranking.words import _frames, without_dates, without_frame
from askdocs.records.manifest import CorpusSettings
from askdocs.render.markdown import escape_markdown
from askdocs.store.analysis import words
from askdocs.terminal import make_safe, wrap
from askdocs.text.formats import plain
from askdocs.text.sentences import split_sentences

Use = tuple[str, Callable[[str], object]]

PACKAGE = Path(askdocs.__file__).parent
# What these modules compile from patterns of a user, or when it is first used, has tests below.
MADE_LATE = {"cli.config", "corpus.ignore", "ranking.words"}

HEADS = ["", "a. ", "# ", '"""', "```"]
UNITS = [
    " ", "\t", "\n", "\r\n", "\x1c", "a", "A", "é", "1", "_", ".", ". ", "1.", "A.", "...", "'", "a'", '"',
    '"a"', "#", " #", "# ", "#p1", "`", "~", "-", "[", "[1]", "(", "(a)", "\\", "\\\\ ", "/", "../", ":", "=",
    "*", "|", "@", "<", "。", "」", "a.b", " = ", "tool", "[ ", "in the ", "according to ", "askdocs ", "%",
    "\x1b[", "\x9b", "\x1b]8;;", "\u0301", "\u202e", "\U000e0041", "\udcff", "e.g. ", "§ ", "3 May ",
    "2024-05-03", "a_b-", "\n ", "\n\n",
]  # fmt: skip
TAILS = ["", "x", "\n!"]


def made_of(unit: str, length: int, *, head: str = "", tail: str = "") -> str:
    """A text of about a length that repeats one thing."""
    return f"{head}{unit * (length // len(unit))}{tail}"


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of askdocs, by its name below the package, with its syntax."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def calls_of_re(tree: ast.Module) -> list[ast.Call]:
    """Where a module has `re` compile or use a pattern."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and re.match(r"re\.(?!escape)\w+$", ast.unparse(node.func))
    ]


def uses_of(name: str, tree: ast.Module) -> Iterator[tuple[re.Pattern, str]]:
    """The patterns of a module, each with the methods by which it is used."""
    module = importlib.import_module(f"askdocs.{name}")
    for attribute, pattern in vars(module).items():
        if isinstance(pattern, re.Pattern):
            methods = set(re.findall(rf"(?<![\w.]){attribute}\.(\w+)", ast.unparse(tree)))
            # One that another module imports may be used in any way.
            yield from ((pattern, method) for method in methods - {"pattern"} or {"finditer"})
    for call in calls_of_re(tree):
        if call.func.attr != "compile" and name not in MADE_LATE:
            names = {"__builtins__": {}, **vars(module)}
            pattern = eval(compile(ast.Expression(call.args[0]), f"<{name}>", "eval"), names)  # noqa: S307
            yield re.compile(pattern), call.func.attr


def runner(pattern: re.Pattern, method: str) -> Callable[[str], object]:
    """Use a pattern on a text as the program does."""

    def run(text: str) -> object:
        subject = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "replace")
        if method in {"match", "fullmatch", "search"}:
            return getattr(pattern, method)(subject)
        return sum(1 for _ in pattern.finditer(subject))

    return run


def all_uses() -> list[Use]:
    """Every pattern of the package that is known before it runs, in every use of it."""
    return [
        (f"{name}: {pattern.pattern!r:.40} .{method}", runner(pattern, method))
        for name, tree in modules()
        # Those that have no pattern of their own may take seconds to import.
        if calls_of_re(tree)
        for pattern, method in uses_of(name, tree)
    ]


def functions() -> list[Use]:
    """What a text of a document, a question or a citation goes through."""

    def cite(text: str) -> None:
        with suppress(UsageError):
            parse_citation(text)

    def in_file(text: str) -> CurrentFile:
        return CurrentFile(
            "a.txt", text.encode("utf-8", "replace"), CorpusSettings(roots=("a.txt",))
        )

    def origin(text: str) -> str:
        read = Configuration(path=Path("a.toml"), text=text, table=(), settings={})
        return read.origin("ask", "top-k")

    return [
        ("split_sentences", lambda text: split_sentences(text.strip())),
        ("plain.read", plain.read),
        ("words", words),
        ("text in a file", lambda text: _nearest(f"{text[: len(text) // 2]}!", 9, in_file(text))),
        ("make_safe", make_safe),
        ("wrap", lambda text: wrap(text[:4000], 40)),
        ("escape_markdown", escape_markdown),
        ("parse_citation", cite),
        ("origin", origin),
        ("without_dates", without_dates),
        ("without_frame", lambda text: without_frame(f"the text {text}")),
        *((f"frame {one.pattern!r:.20}", runner(one, "sub")) for one in _frames()),
    ]


def patterns_of_names() -> list[Use]:
    """Patterns as an ignore file or an option has them, on names that nearly fit."""
    lines = [
        "*a*a*b", "**/a/**/a/**/b", "a/**/*a*/b", "?*?*!", "**/a", "a/**", "*/*/*/*/b", "**/",
        # Patterns with more stars are not used.
        "*a" * 9 + "b", "a/**/" * 9 + "b", "**/*a*/**/*a*/**/b", "[a-z]*" * 9 + "!",
    ]  # fmt: skip
    corpus = CorpusSettings(roots=(), include=tuple(line.replace("/", "") for line in lines))
    choice = Choice("/", corpus)
    ignore = partial(partial, is_ignored, is_folder=True)
    return [
        *((f"ignore {line}", ignore(rules=make_rules([line]))) for line in lines),
        *((f"select {line}", path_matcher(line)) for line in lines),
        ("include", lambda path: choice.is_document(path, f"/{path}", "/")),
    ]


def require_linear(use: Use, unit: str, most: int, *, head: str = "", tail: str = "") -> None:
    """Hold a text eight times as long to 17.5 times the time: a quadratic pattern takes 64 times.

    That is 2.6 times for each doubling; over one doubling alone, a busy machine takes that in caches.
    """
    name, run = use
    times: dict[int, float] = {}

    def measure(length: int) -> float:
        text = made_of(unit, length, head=head, tail=tail)
        started = time.thread_time()
        run(text)
        elapsed = time.thread_time() - started
        times[length] = min(elapsed, times.get(length, elapsed))
        return times[length]

    length = 512
    while length <= most:
        for _ in range(6):
            # Below 0.5 ms the clock and other processes decide.
            if measure(length) <= 17.5 * max(times.get(length // 8, times[length]), 0.0005):
                break
            measure(length // 8)
        else:
            pytest.fail(f"{name} on {head!r} {unit!r} {tail!r}: {times}")
        length *= 2


def test_every_pattern_is_among_those_that_are_tried():
    """What a module compiles stands in it by a name, or is known to be compiled late."""
    late = set()
    for name, tree in modules():
        named = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        calls = [call for call in calls_of_re(tree) if call.func.attr == "compile"]
        late |= {name for call in calls if call not in named}
    assert late == MADE_LATE
    assert len(all_uses()) >= 35


def test_patterns_come_to_an_end(amount, tally):
    """Over every text, in every use; what would take exponential time does not end here."""
    length = amount(256, 4096)
    texts = [
        made_of(unit, length, head=head, tail=tail)
        for head, unit, tail in product(HEADS[: amount(1, 9)], UNITS, TAILS[-amount(1, 9) :])
    ]
    uses = [*all_uses(), *functions()]
    for _, run in uses:
        for text in texts:
            run(text)
    tally("E4", "patterns on texts that repeat one thing", len(uses) * len(texts))


def test_patterns_of_names_come_to_an_end(amount, tally):
    """Ignore files, options and selections with stars and folders, on the longest names and paths."""
    names = [made_of(unit, 255) for unit in ("a", "(", "aB")]
    paths = [made_of(unit, amount(1024, 4095)) + "a" for unit in ("a/", "aa/", "b/a/", "(/")]
    uses = patterns_of_names()
    for _, run in uses:
        for path in (*names, *paths):
            run(path)
    tally("E4", "patterns of names on paths", len(uses) * (len(names) + len(paths)))


@pytest.mark.torture
def test_longer_texts_take_time_in_step(tally):
    """Every pattern in every use takes time in step with the text; patterns of names may backtrack."""
    count = 0
    for use in all_uses():
        for head, unit, tail in product(HEADS, UNITS, TAILS):
            require_linear(use, unit, 1 << 14, head=head, tail=tail)
            count += 1
    for use in functions():
        for unit, tail in product(UNITS, TAILS):
            require_linear(use, unit, 1 << 16, tail=tail)
            count += 1
    tally("E4", "patterns on texts that double in length", count)

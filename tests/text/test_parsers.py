"""A bad document costs itself alone, and a good one comes through the process unchanged."""

import os
import signal
from importlib.metadata import version

import pytest

from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import Block, ParsedText, Piece
from askdocs.records.spans import BlockKind
from askdocs.text.formats import FORMATS, PLAIN, parser_versions
from askdocs.text.outline import Outline
from askdocs.text.parsers import ParseLimits, Parsers
from askdocs.text.worker import decode_parsed, encode_parsed
from tests.text.misbehaving import BINARY, OURS, TEXT

LIMITS = ParseLimits(seconds=10, memory_bytes=256 << 20, output_bytes=1 << 20)


@pytest.fixture(scope="module")
def parsers():
    """Return one process for several tests, with low limits."""
    with Parsers(LIMITS) as found:
        yield found


def process_of(parsers) -> int:
    """Return the number of the process that parses now."""
    return int(parsers.parse(BINARY, b"who").text)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"crash", "the parser crashed (signal 11)"),
        (b"eat", "parsing needs more than 256 MiB (--max-parse-memory)"),
        (b"flood", "parsing yields more than 1 MiB"),
        (b"recurse", "nested too deeply"),
        (b"raise", "the parser failed (ValueError: the first line and another)"),
        (b"exit", "the parser ended (exit status 3)"),
        (b"connect", "the parser failed (PermissionError: a parser may not call socket.__new__)"),
        (b"run", "the parser failed (PermissionError: a parser may not call subprocess.Popen)"),
    ],
)
def test_bad_document_costs_itself_alone(parsers, document, reason):
    """The reason is one plain line, and the next document is parsed."""
    with pytest.raises(UnreadableSourceError) as caught:
        parsers.parse(BINARY, document)

    assert (str(caught.value), caught.value.skipped) == (reason, False)
    assert parsers.parse(BINARY, b"say next").text == "next"


def test_document_that_takes_too_long_is_given_up():
    """The process is killed, and the next document is parsed by another one."""
    with Parsers(ParseLimits(seconds=2)) as parsers:
        before = process_of(parsers)
        with pytest.raises(
            UnreadableSourceError, match=r"^parsing takes longer than 2 s \(--max-parse-time\)$"
        ):
            parsers.parse(BINARY, b"hang")
        assert process_of(parsers) != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_process_that_does_not_read_is_given_up():
    """The time also counts while a document is sent."""
    with Parsers(ParseLimits(seconds=2)) as parsers:
        os.kill(process_of(parsers), signal.SIGSTOP)
        with pytest.raises(
            UnreadableSourceError, match=r"^parsing takes longer than 2 s \(--max-parse-time\)$"
        ):
            parsers.parse(BINARY, b"say " + b"x" * (1 << 20))
        assert parsers.parse(BINARY, b"say next").text == "next"


def test_refusal_says_whether_leaving_it_out_is_right(parsers):
    """A parser's own refusal arrives as it was raised."""
    with pytest.raises(UnreadableSourceError, match=r"^no text layer$") as caught:
        parsers.parse(BINARY, b"refuse")

    assert caught.value.skipped


def test_parser_that_prints_or_reads_does_not_disturb_the_answers(parsers):
    """Its output goes nowhere, and its input is empty."""
    assert parsers.parse(BINARY, b"print and read").text == "''"
    assert parsers.parse(BINARY, b"say next").text == "next"


def test_good_documents_share_a_process_that_ctrl_c_leaves_alone(parsers):
    """Nothing is started between them, and the process that asks decides when it ends."""
    process = process_of(parsers)
    os.kill(process, signal.SIGINT)

    assert process_of(parsers) == process != os.getpid()


def test_process_ends_with_the_block():
    """Nothing is left running."""
    with Parsers(LIMITS) as parsers:
        process = process_of(parsers)

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_text_that_askdocs_reads_itself_needs_no_process(parsers):
    """Starting one would cost more than reading."""
    assert process_of(parsers) != int(parsers.parse(OURS, "who").text) == os.getpid()


def test_half_a_surrogate_pair_becomes_a_question_mark(parsers):
    """What is stored can be encoded, and positions stay."""
    assert parsers.parse(BINARY, b"surrogate").text == "half ? pair"


def test_document_arrives_unchanged():
    """Every field of a block survives, whether it repeats its source or not."""
    text = "Café &amp; more\n\n* first\n* second"
    outline = Outline()
    pieces = [Piece(0, 5, "Café "), Piece(5, 10, "&"), Piece(10, 15, " more")]
    outline.add(BlockKind.HEADING, (0, 15), pieces, level=2, anchor="cafe", cell=4)
    item = {"level": 1, "lead": 1, "page": 3, "box": (1.0, 2.5, 3.0, 4.0)}
    outline.add(BlockKind.ITEM, (17, 24), [Piece(19, 24, "first")], **item)
    outline.add(BlockKind.HIDDEN, (25, 33))
    parsed = ParsedText(text=text, blocks=tuple(outline.blocks), context=("title",))

    with_source = encode_parsed(parsed, text)

    assert with_source["text"] is None
    assert decode_parsed(with_source, text) == parsed
    assert decode_parsed(encode_parsed(parsed, b"..."), b"...") == parsed


def test_decoded_text_is_sent_as_text(parsers):
    """A format that is text gets characters, wherever it is parsed."""
    span = (0, 4)
    block = Block(number=1, kind=BlockKind.PARAGRAPH, chars=span, pieces=(Piece(*span, "café"),))

    assert parsers.parse(TEXT, "say café") == ParsedText(text="café", blocks=(block,))


def test_versions_name_the_packages_of_each_format():
    """Another version of any of them makes another text; what askdocs reads itself has none."""
    html = next(each for each in FORMATS if each.name == "html")

    assert parser_versions([PLAIN, html]) == {"html": f"selectolax {version('selectolax')}"}

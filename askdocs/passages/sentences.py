"""Find the sentences of a paragraph."""

import re

from askdocs.datamodel import Span

# An end mark, closing quotes and brackets, white space, then something that can begin a sentence.
_BOUNDARY = re.compile(
    r"(?P<mark>[.!?…]{1,6})(?P<close>[\"'”’»)\]]{0,3})\s+"
    r"(?=[\"'“‘«(\[]{0,3}[^\s\W_a-zß-öø-ÿ])"
)
# The end marks of Chinese and Japanese need no white space behind them.
_FULL_WIDTH_END = re.compile("[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09]*\\s*")
_LINE_BREAK = re.compile(r"(?<![ \t\r])[ \t\r]*\n\s*")
_BULLET = re.compile(r"(?:[-*•–+>|#]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s")
_LAST_WORD = re.compile(r"[^\s(\[\"“'‘]{1,20}$")
# A period behind these does not end a sentence; behind a single letter (an initial) neither.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof rev gen col maj capt lt sgt cpl adm sen rep gov hon pres supt insp st sr jr "
    "mt ft vs v cf viz approx ca resp al e.g i.e eg ie etc no nos vol vols pp p fig figs eq eqs "
    "sec secs art arts para paras ch chap ed eds trans dept inc ltd co corp bros univ assn est jan "
    "feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat "
    "sun".split()
)
_DOTTED = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]?")
# Lines shorter or longer than wrapped ones end where their author ended them.
_WRAPPED_LINE = range(40, 121)


def split_sentences(text: str, chars: Span) -> list[Span]:
    """Cut a paragraph into sentences.

    Sentences end at end marks followed by a beginning, and at line breaks that are not those of
    wrapped prose (headings, list items, short lines). The spans leave out only white space.

    Args:
        text: The document's text.
        chars: The paragraph's span in it, beginning and ending with other than white space.

    Returns:
        Spans in `text`, in order, at least one.
    """
    start, end = chars
    cuts = [
        (match.end("close"), match.end())
        for match in _BOUNDARY.finditer(text, start, end)
        if _ends_sentence(text, start, match)
    ]
    cuts += [
        (match.start() + len(match[0].rstrip()), match.end())
        for match in _FULL_WIDTH_END.finditer(text, start, end)
        if match.end() < end
    ]
    cuts += _line_cuts(text, start, end)
    spans: list[Span] = []
    for stop, resume in sorted(cuts):
        if stop > start:
            spans.append((start, stop))
        start = max(start, resume)
    spans.append((start, end))
    return spans


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    if match["mark"] != "." or match["close"]:
        return True
    word = _LAST_WORD.search(text, max(start, match.start() - 20), match.start())
    if word is None:
        return True
    last = word[0]
    if len(last) == 1 and last.isalpha():
        # An initial; but "I." or a lone letter behind a noun is so rare that it may be joined.
        return False
    if _DOTTED.fullmatch(last):
        # U.S., e.g.: as often inside a sentence as at its end; joined, nothing is lost.
        return False
    return last.lower() not in _ABBREVIATIONS


def _line_cuts(text: str, start: int, end: int) -> list[Span]:
    cuts: list[Span] = []
    line_start = start
    for match in _LINE_BREAK.finditer(text, start, end):
        wrapped = match.start() - line_start in _WRAPPED_LINE
        if not wrapped or _BULLET.match(text, match.end(), end):
            cuts.append(match.span())
        line_start = match.end()
    return cuts

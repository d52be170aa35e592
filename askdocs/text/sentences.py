"""Split paragraphs into sentences."""

import re
from collections.abc import Iterator

from askdocs.records.spans import Span

# An end mark, closing marks (quotes, brackets, references such as [12]), white space, and then
# something that can begin a sentence: a capital, a digit, a sign, p53, mRNA, (a). The end marks of
# Chinese and Japanese need no white space after them.
_END = re.compile(
    r"(?P<mark>[.!?…]{1,6})(?P<close>[\"'”’»)\]]{0,3}(?:\[\d[\d,–-]{0,12}\]){0,3})\s++"
    r"(?=[\"'“‘«(\[]{0,3}(?:[^\s\W_a-zß-öø-ÿ]|[$£€§]|[a-z]{1,2}[A-Z\d])|\([a-z]{1,3}\)\s|[a-z][.)]\s)"
    # Not within a row of marks: if its first mark ends no sentence, no later one does.
    "|(?<![\u3002\uff01\uff1f])[\u3002\uff01\uff1f]++[\u300d\u300f\u201d\u2019\uff09]*+\\s*+(?=\\S)"
)
_LINE = re.compile(r"\S(?:.*\S)?")

# A label begins a sentence but is not one: 1.2. or Sec. 5(a). or Q. or MR. SMITH.
_NUMBERED = re.compile(
    r"(?:(?:[A-Z][a-z]{1,9}\.?|§)\s)?(?:No\.\s)?"
    r"(?:\d{1,3}(?:\.\d{1,3}){0,4}[A-Za-z]?|[IVXLC]{1,6}|[A-Za-z])(?:\(\w{1,4}\)){0,4}"
)
_LONGEST_LABEL = 30
_LAST_WORD = re.compile(r"[^\s(\[\"“'‘—]{1,20}$")
_DOTTED = re.compile(r"(?:[A-Za-z]{1,2}\.)+[A-Za-z]{0,2}")
# Abbreviations before a name never end a sentence,
_BEFORE_NAMES = frozenset(
    "Mr Mrs Ms Messrs Dr Prof Rev Gen Col Maj Capt Lt Sgt Cpl Adm Sen Sens Rep Reps Gov Hon Pres "
    "Supt Insp Cf ed eds trans v vs cf viz eg ie e.g i.e".split()
)
# those before a number end one if no number follows,
_BEFORE_NUMBERS = frozenset(
    "no nos vol vols pp fig figs eq eqs sec secs art arts para paras ch chap ref refs ca est "
    "approx jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_NUMBER = re.compile(r"[(\[§$£€]{0,2}(?:[A-Z]?\d|(?!I\s)[IVXLC]+\b)")
# and all others, like initials and U.S. or a.m., end one before a word that is rarely in a name.
_ELSEWHERE = frozenset(
    "Jr Sr Esq St Mt Ft ft Inc Ltd Co Corp Bros Univ Dept Assn Org Fed Civ Crim Cir Ct App Supp "
    "etc al seq resp pct Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun".split()
)
_OPENING = re.compile(
    r"[\"'“‘«(\[]{0,3}(?:The|This|That|These|Those|There|It|Its|He|She|They|We|You|I|His|Her|Their|"
    r"Our|My|An?|In|On|At|By|For|From|To|With|As|If|When|While|After|Before|Since|Because|Although|"
    r"But|And|So|However,|What|Who|How|Why|Then|Some|Many|Most|All|Both|No|Not)(?:['’][a-z]+)?\s"
)


def split_sentences(text: str) -> list[Span]:
    """Cut a reader's text into sentences.

    Sentences end at end marks followed by a beginning, and at line ends: wraps are spaces there.
    The spans leave out only white space.

    Args:
        text: Without white space at its ends.

    Returns:
        Spans in `text`, in order, at least one.
    """
    lines = [match.span() for match in _LINE.finditer(text)]
    return [span for start, end in lines for span in _cut_at_marks(text, start, end)]


def _cut_at_marks(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _END.finditer(text, start, end):
        if match["mark"] != "." or match["close"] or _ends_sentence(text, start, match):
            yield start, match.start() + len(match[0].rstrip())
            start = match.end()
    yield start, end


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Return True if a period ends the sentence that begins at `start`."""
    period = match.start()
    if period - start <= _LONGEST_LABEL and _is_label(text[start:period]):
        return False
    last = _LAST_WORD.search(text, max(start, period - 20), period)
    if last is None:
        return True
    # MR. is Mr., but sat. is not Sat.
    word = last[0] if last[0].islower() else last[0].capitalize()
    if word in _BEFORE_NAMES:
        return False
    is_initial = len(word) == 1 and word.isalpha()
    if is_initial or word in _ELSEWHERE or _DOTTED.fullmatch(word):
        return _OPENING.match(text, match.end(), match.endpos) is not None
    if word.lower() in _BEFORE_NUMBERS:
        return _NUMBER.match(text, match.end(), match.endpos) is None
    return True


def _is_label(text: str) -> bool:
    return text.isupper() or _NUMBERED.fullmatch(text) is not None

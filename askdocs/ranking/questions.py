"""What a question is about, without how it is put."""

import re
from functools import cache

from askdocs.store.analysis import distinct_terms

# No frame is without one of them; looking for them is all that most questions need.
_SIGNS = ("passage", "text", "article", "document", "excerpt", "paragraph", "which")
_TEXT = r"(?:passage|text|article|document|excerpt|paragraph)s?"
_INFORMATION = r"(?:the )?information (?:(?:given|presented|provided) )?in "
_ASKED_OF = (
    r"^\s*(?:according to|based on|as (?:described|mentioned|stated) in|in) "
    rf"(?:{_INFORMATION}(?:the |this |these )?|the |this |these )(?:above )?{_TEXT}(?: above)?, *"
)
# Not before what is a part of a name or of a compound: "in the article 5", "in the text messages".
_FOUND_IN = (
    rf" (?:described|mentioned|stated|given|presented|discussed) in (?:the|this|these) {_TEXT}"
    r"(?= ?(?:[,;:.?!]|$)| (?:and|are|as|can|could|did|do|does|had|has|have|how|in|is|must|or|"
    r"should|that|to|was|were|what|when|which|who|will|with|would)\b)"
)
_CHOICE = r"\bwhich (?:one )?of (?:the following|these)(?: statements?)?\b(?= \w)"


def without_frame(question: str) -> str:
    """The question without words that say of a text only that it is asked about.

    "According to the passage, which of the following..." looks for passages about passages; what
    it asks begins behind that. Nothing else is changed, and a question of such words alone is left
    as it is.
    """
    lowered = question.lower()
    if not any(sign in lowered for sign in _SIGNS):
        return question
    asked_of, found_in, choice = _compiled()
    stripped = choice.sub("what", found_in.sub("", asked_of.sub("", question)))
    return stripped if distinct_terms(stripped) else question


@cache
def _compiled() -> list[re.Pattern[str]]:
    # Not at import: it takes 3 ms.
    return [re.compile(frame, re.IGNORECASE) for frame in (_ASKED_OF, _FOUND_IN, _CHOICE)]

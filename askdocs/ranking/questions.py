"""What a question is about, without how it is put."""

import re

from askdocs.store.analysis import distinct_terms

_TEXT = r"(?:passage|text|article|document|excerpt|paragraph)s?"
_INFORMATION = r"(?:the )?information (?:(?:given|presented|provided) )?in "
_ASKED_OF = re.compile(
    r"^\s*(?:according to|based on|as (?:described|mentioned|stated) in|in) "
    rf"(?:{_INFORMATION}(?:the |this |these )?|the |this |these )(?:above )?{_TEXT}(?: above)?, *",
    re.IGNORECASE,
)
# Not before what is a part of a name or of a compound: "in the article 5", "in the text messages".
_FOUND_IN = re.compile(
    rf" (?:described|mentioned|stated|given|presented|discussed) in (?:the|this|these) {_TEXT}"
    r"(?= ?(?:[,;:.?!]|$)| (?:and|are|as|can|could|did|do|does|had|has|have|how|in|is|must|or|"
    r"should|that|to|was|were|what|when|which|who|will|with|would)\b)",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"\bwhich (?:one )?of (?:the following|these)(?: statements?)?\b(?= \w)", re.IGNORECASE
)


def without_frame(question: str) -> str:
    """The question without words that say of a text only that it is asked about.

    "According to the passage, which of the following..." looks for passages about passages; what
    it asks begins behind that. Nothing else is changed, and a question of such words alone is left
    as it is.
    """
    stripped = _CHOICE.sub("what", _FOUND_IN.sub("", _ASKED_OF.sub("", question)))
    return stripped if distinct_terms(stripped) else question

"""D1: whatever a document holds, it is read into blocks that keep their laws, or has a reason."""

import pytest

from askdocs.text.formats import FORMATS
from tests.reliability.spoiled import Fuzzer

SECONDS = 30


@pytest.mark.torture
@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_spoiled_documents_keep_the_laws_or_have_a_reason(tally, format_):
    """Cut, flipped, repeated and swapped bytes of small documents; `make fuzz` tries more."""
    fuzzer = Fuzzer(format_, seed=1)
    fuzzer.run(SECONDS)
    tally("D1", f"spoiled documents, {format_.name}", fuzzer.tried)
    assert fuzzer.tried > sum(fuzzer.reasons.values())

"""JSON as it is printed shows every text and commands no terminal."""

import json

import pytest

from askdocs.render.json import dump


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": ["é", 1]}, '{"a": ["é", 1]}\n'),
        ("\x1b\x9b\u202e\ufeff\udc80", '"\\u001b\\u009b\\u202e\\ufeff\\udc80"\n'),
    ],
)
def test_only_what_commands_a_terminal_is_escaped(value, text):
    """Letters stay letters; what is escaped is read back as it was."""
    assert dump(value, indent=None) == text
    assert json.loads(text) == value

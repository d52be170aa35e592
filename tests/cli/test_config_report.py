"""What `askdocs config` prints."""

import json

from askdocs.cli.config import SettingInForce, render_settings, render_settings_json
from askdocs.terminal import Style

SETTINGS = [
    SettingInForce(command="ask", key="index", value="資料", source="search"),
    SettingInForce(command="eval", key="index", value="資料", source="search"),
    SettingInForce(command="ask", key="top-k", value=3, source="file", origin="askdocs.toml:2"),
    SettingInForce(command="eval", key="top-k", value=10, source="default"),
    SettingInForce(command="ask", key="rerank", value=None, source="default"),
    SettingInForce(
        command="eval", key="run-out", value="x" * 40, source="environment", origin="NAME"
    ),
]


def test_origins_are_in_a_column() -> None:
    """Wide characters count twice, and one long value moves no other row."""
    shown = render_settings(
        SETTINGS, configuration=("", "no file"), cache=("/c", ""), style=Style()
    )

    assert shown == (
        "configuration  -     no file\n"
        "cache          /c    default\n"
        "index          資料  found\n"
        "ask.top-k      3     askdocs.toml:2\n"
        "eval.top-k     10    default\n"
        "rerank         -     default\n"
        f"run-out        {'x' * 40}  NAME\n"
    )


def test_json_has_every_option_of_every_command() -> None:
    """Programs get all settings, and the cache, with their sources."""
    shown = render_settings_json(SETTINGS[2:3], configuration="askdocs.toml", cache=("/c", "V"))

    assert json.loads(shown) == {
        "schema": 1,
        "configuration": "askdocs.toml",
        "cache": {"value": "/c", "source": "environment", "origin": "V"},
        "settings": [
            {
                "command": "ask",
                "key": "top-k",
                "value": 3,
                "source": "file",
                "origin": "askdocs.toml:2",
            }
        ],
    }


def test_json_shows_letters_and_commands_no_terminal() -> None:
    """A path is written as in every other JSON that is printed."""
    shown = render_settings_json([], configuration="資料/\x9b.toml", cache=("/c", ""))

    assert '"configuration": "資料/\\u009b.toml"' in shown

"""What the settings in force look like."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from askdocs.render.json_text import dump
from askdocs.render.style import BOLD, DIM, Style
from askdocs.terminal import columns, make_safe

SCHEMA = 1

# A value that takes more columns does not move the origins of all others to the right.
_WIDEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInForce:
    """The value of one option of one command, and where it comes from.

    Attributes:
        command: The command's name.
        key: The option's long name without dashes.
        value: None where the option is not set.
        source: default, file, environment or search.
        origin: The file and line, or the environment variable; None for the others.
    """

    command: str
    key: str
    value: Any
    source: str
    origin: str | None = None


def render_settings(
    settings: Sequence[SettingInForce],
    *,
    configuration: tuple[str, str],
    cache: tuple[str, str],
    style: Style,
) -> str:
    """One line for each key: the value, and its origin.

    A key on which all commands agree that have it stands alone, as at the top of a configuration
    file; otherwise each command has a line, as `ask.top-k`.

    Args:
        settings: In the order in which they are printed.
        configuration: The file that was read, or nothing, and how it was found.
        cache: The cache directory, and the environment variable that names it, or nothing.
        style: How to lay them out.
    """
    top = [
        ("configuration", configuration[0] or "-", configuration[1]),
        ("cache", cache[0], cache[1] or "default"),
    ]
    rows = [tuple(map(make_safe, row)) for row in (*top, *_rows(settings))]
    keys = max(columns(key) for key, _, _ in rows)
    values = max(width for _, value, _ in rows if (width := columns(value)) <= _WIDEST)
    return "".join(
        f"{style.paint(_padded(key, keys), BOLD)}  {_padded(value, values)}"
        f"  {style.paint(origin, DIM)}\n"
        for key, value, origin in rows
    )


def render_settings_json(
    settings: Sequence[SettingInForce], *, configuration: str | None, cache: tuple[str, str]
) -> str:
    """The same as one JSON object, with every option of every command."""
    path, variable = cache
    content = {
        "schema": SCHEMA,
        "configuration": configuration,
        "cache": {
            "value": path,
            "source": "environment" if variable else "default",
            "origin": variable or None,
        },
        "settings": [asdict(setting) for setting in settings],
    }
    return dump(content, indent=2)


def _rows(settings: Sequence[SettingInForce]) -> Iterable[tuple[str, str, str]]:
    for key in dict.fromkeys(setting.key for setting in settings):
        same = [setting for setting in settings if setting.key == key]
        told = {setting.command: (_shown(setting.value), _origin(setting)) for setting in same}
        if len(set(told.values())) == 1:
            yield key, *told[same[0].command]
        else:
            yield from ((f"{command}.{key}", *row) for command, row in told.items())


def _origin(setting: SettingInForce) -> str:
    if setting.source == "search":
        return "not found" if setting.value is None else "found"
    return setting.origin or setting.source


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def _shown(value: object) -> str:
    """A value as a configuration file has it, but for the quotes of a text."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)

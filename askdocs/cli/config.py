"""The command that prints settings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from askdocs.cli.config_file import INDEX, Settings, defaults_of, options_of
from askdocs.cli.main import Commands
from askdocs.cli.output import style, write
from askdocs.cli.parameters import CONFIGURATION, option_format, variable_of
from askdocs.errors import ExitStatus
from askdocs.places import cache_and_variable, find_index
from askdocs.render.json import dump
from askdocs.terminal import BOLD, DIM, Style, columns, make_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


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


_SOURCES = {
    ParameterSource.DEFAULT: "default",
    ParameterSource.DEFAULT_MAP: "file",
    ParameterSource.ENVIRONMENT: "environment",
}


def print_settings(context: click.Context, form: str, style: Style) -> str:
    """The settings of all commands, as text or JSON.

    Raises:
        click.BadParameter: An environment variable has a value that its option does not take.
    """
    root = context.find_root()
    group = root.command
    found, settings = context.meta.get(CONFIGURATION, (None, {}))
    commands = group.load_all() if isinstance(group, Commands) else {}
    in_force = [
        setting
        for name, command in commands.items()
        for setting in _of_command(click.Context(command, root, name), settings)
    ]
    path = str(found.path) if found else ""
    directory, variable = cache_and_variable()
    cache = (str(directory), variable)
    if form == "json":
        return render_settings_json(in_force, configuration=path or None, cache=cache)
    configuration = (path, _how_found(context) if path else "no file")
    return render_settings(in_force, configuration=configuration, cache=cache, style=style)


def _how_found(context: click.Context) -> str:
    """Why this configuration file is the one."""
    source = context.get_parameter_source("config")
    named = {ParameterSource.COMMANDLINE: "--config", ParameterSource.ENVIRONMENT: "ASKDOCS_CONFIG"}
    return named.get(source, "found") if source else "found"


def _of_command(context: click.Context, settings: Settings) -> Iterator[SettingInForce]:
    name = str(context.info_name)
    context.default_map = defaults_of(context.command, name, settings)
    for key, option in options_of(context.command).items():
        given, source = option.consume_value(context, {})
        if source == ParameterSource.DEFAULT:
            value = _plain(option.to_info_dict()["default"])
        else:
            context.set_parameter_source(str(option.name), source)
            value = _plain(option.type_cast_value(context, given))
        if key == INDEX and source == ParameterSource.DEFAULT:
            nearest = find_index(Path())
            value = str(nearest) if nearest else None
            yield SettingInForce(command=name, key=key, value=value, source="search")
            continue
        origin = None
        if source == ParameterSource.DEFAULT_MAP:
            origin = settings[name, key].place
        elif source == ParameterSource.ENVIRONMENT:
            origin = variable_of(context, option)
        yield SettingInForce(
            command=name, key=key, value=value, source=_SOURCES[source], origin=origin
        )


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


@click.command("config")
@option_format("config", "text", "json", help="How to print them.")
@click.pass_context
def config_command(context: click.Context, form: str) -> int:
    """Print the settings of all commands, and where each comes from.

    That is a flag's default, a line of the configuration file, an environment variable, or the
    search for an index. ask.top-k is the option --top-k of the command ask; a key without a
    command holds for all commands that have it.

    \b
      askdocs config
      askdocs config --format json
    """
    write(print_settings(context, form, style()))
    return ExitStatus.DONE

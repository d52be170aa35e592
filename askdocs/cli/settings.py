"""Which settings are in force, for `config`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from askdocs import config
from askdocs.cli.commands.options import CONFIGURATION, variable_of
from askdocs.cli.configuring import INDEX, Settings, defaults_of, options_of
from askdocs.render.settings import SettingInForce, render_settings, render_settings_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from askdocs.render.style import Style

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
    commands = group.commands if isinstance(group, click.Group) else {}
    in_force = [
        setting
        for name, command in commands.items()
        for setting in _of_command(click.Context(command, root, name), settings)
    ]
    path = str(found.path) if found else ""
    directory, variable = config.cache_and_variable()
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
            nearest = config.find_index(Path())
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

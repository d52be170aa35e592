"""Read the configuration file, and print the settings in force."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import click
from click.core import ParameterSource

from askdocs.cli.output import style, write
from askdocs.cli.parameters import ByteSize, in_plain_words, option_format, variable_of
from askdocs.disk import access
from askdocs.errors import ExitStatus, UsageError
from askdocs.places import (
    SHARED_CONFIGURATION_NAME,
    cache_and_variable,
    configuration_paths,
    find_index,
)
from askdocs.render.json import dump_object
from askdocs.terminal import Style, columns, make_safe, size_text

# The key in a context's `meta` of the file that was read and its settings.
_META = "askdocs.configuration"
_INDEX = "index"
# A file that comes with a repository must neither reach the network nor choose what is written.
_FLAGS_ONLY = frozenset({"online", "run-out"})
_TABLE = ("tool", "askdocs")
_MAX_BYTES = 1 << 20
# tomllib needs 50 s for a key of 32,000 parts, and 3 ms for one of 500.
_MAX_DOTS = 500
# Dots in texts and comments cost nothing.
_TEXT_OR_COMMENT = r""""(?:\\.|[^"\\])*"|'[^']*'|#.*"""
_KEYS_HINT = "askdocs COMMAND --help lists the options; a key is one without its dashes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A configuration file: its text, and keys and values as written; a table is a mapping.

    `table` names the table that holds the settings: empty, or tool and askdocs.
    """

    path: Path
    text: str
    table: tuple[str, ...]
    settings: Mapping[str, Any]

    def origin(self, *keys: str) -> str:
        """Return `file:line` for a key and the tables it is in, as written.

        tomllib keeps no lines, so this takes the first line that begins like the key. A text of
        several lines that looks like a key can mislead it.
        """
        import re

        *tables, key = (re.escape(written) for written in keys)
        start = max(self.text.find(f"[{'.'.join((*self.table, *keys[:-1]))}]"), 0)
        prefix = "".join(rf"(?:{table}\.)?" for table in (*self.table, *tables))
        pattern = re.compile(rf"^[ \t]*\[?{prefix}[\"']?{key}(?![\w-])", re.MULTILINE)
        match = pattern.search(self.text, start)
        return f"{self.path}:{self.text.count(chr(10), 0, match.start() if match else start) + 1}"

    def error(self, message: str, *keys: str, hint: str) -> UsageError:
        """Return the error for a key, with its file and line."""
        return UsageError(f"{self.origin(*keys)}: {message}", hint=hint)


class Setting(NamedTuple):
    """The value in a file for one option of one command, and its `file:line`.

    The value is a text, or a list of texts, as typed after a flag; a path is absolute or relative
    to the current folder.
    """

    value: str | list[str]
    origin: str


Settings = dict[tuple[str, str], Setting]
"""By the command's name and the option's key."""


def configure(context: click.Context, path: Path | None) -> None:
    """Make the values in a configuration file the defaults of a command.

    That is the file at `path`, which the user named, or the nearest.

    Raises:
        UsageError: The file cannot be read, or one of its keys or values is wrong.
    """
    configuration = find_configuration(Path()) if path is None else named_configuration(path)
    if configuration is None:
        return
    settings = read_settings(configuration, _commands(context))
    context.meta[_META] = configuration, settings
    context.default_map = defaults_of(context.command, str(context.info_name), settings)


def find_configuration(start: Path) -> Configuration | None:
    """Return the nearest configuration, in a folder or one of those above it.

    Nobody named these files, so reading them never waits. A `pyproject.toml` that is not a file, or
    has no table for askdocs, is passed over.

    Raises:
        UsageError: The file cannot be read, or is not TOML.
    """
    for path in configuration_paths(start):
        try:
            content = access.read_found(path, most_bytes=_MAX_BYTES + 1)
        except OSError as error:
            no_file = isinstance(error, access.SpecialFileError | FileNotFoundError)
            if path.name == SHARED_CONFIGURATION_NAME and (no_file or access.is_of_link(error)):
                continue
            raise _refused(path, access.reason_of(error)) from error
        if configuration := read_configuration(path, content):
            return configuration
    return None


def named_configuration(path: Path) -> Configuration | None:
    """Return the configuration in a file that the user named, or None if it is empty.

    Raises:
        UsageError: The file cannot be read, is too large, or is not TOML.
    """
    try:
        with access.open_named(path) as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _refused(path, access.reason_of(error)) from error
    return read_configuration(path, content)


def _refused(path: Path, reason: str) -> UsageError:
    return UsageError(f"{path}: {reason}", hint="--config FILE names another configuration file")


def read_configuration(path: Path, content: bytes) -> Configuration | None:
    """Return what a file says, or None if it says nothing to askdocs.

    Raises:
        UsageError: It is too large or not TOML in UTF-8, or `tool.askdocs` is not a table.
    """
    is_shared = path.name == SHARED_CONFIGURATION_NAME
    # Most files called pyproject.toml do not mention askdocs, and parsing one takes milliseconds.
    if not content or (is_shared and b"askdocs" not in content):
        return None
    if len(content) > _MAX_BYTES:
        raise _refused(path, f"larger than {size_text(_MAX_BYTES)}")
    text, settings = _parse(path, content)
    table = _TABLE if is_shared else ()
    for key in table:
        if key not in settings:
            return None
        settings = settings[key]
        if not isinstance(settings, dict):
            raise UsageError(f"{path}: {key} is not a table", hint="[tool.askdocs]")
    return Configuration(path=path, text=text, table=table, settings=settings)


def _parse(path: Path, content: bytes) -> tuple[str, dict[str, Any]]:
    import re
    import tomllib

    try:
        text = content.decode("utf-8-sig")
        for number, line in enumerate(text.split("\n"), 1):
            if line.count(".") > _MAX_DOTS < re.sub(_TEXT_OR_COMMENT, "", line).count("."):
                message = f"{path}:{number}: a key has more than {_MAX_DOTS} parts"
                raise UsageError(message, hint=f"correct line {number} of {path}")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8", hint=f"save {path} as UTF-8") from error
    # Besides its own error, tomllib lets Python's for a number of more than 4,300 digits through.
    except (ValueError, RecursionError) as error:
        message = f"{path}: not TOML: {in_plain_words(str(error))}"
        raise UsageError(message, hint=f"correct {path}") from error


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Return the options that a file may set, by their keys: long names without dashes."""
    return {
        next(name for name in option.opts if name.startswith("--")).removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and not option.is_eager
    }


def read_settings(configuration: Configuration, commands: Mapping[str, click.Command]) -> Settings:
    """Check everything that a file says, and return it by command and option.

    A key at the top counts for every command that has the option and takes the value; the table
    of a command overrides it.

    Raises:
        UsageError: No command takes a key or its value.
    """
    options = {name: options_of(command) for name, command in commands.items()}
    top: Settings = {}
    tables: Settings = {}
    for key, written, value in _keys(configuration, configuration.settings):
        if key in options and key != _INDEX:
            tables.update(_read_table(configuration, key, options[key], written, value))
        else:
            top.update(_read_top(configuration, key, options, written, value))
    return top | tables


def defaults_of(command: click.Command, name: str, settings: Settings) -> dict[str, Any]:
    """Return the settings of one command as Click's `default_map`."""
    options = options_of(command)
    return {
        str(options[key].name): setting.value
        for (owner, key), setting in settings.items()
        if owner == name
    }


def _keys(
    file: Configuration, values: Mapping[str, Any], *tables: str
) -> Iterator[tuple[str, str, Any]]:
    """Yield every key with dashes, the key as written, and its value."""
    seen: set[str] = set()
    for written, value in values.items():
        key = written.replace("_", "-")
        if key in seen:
            raise file.error(f"{key} is given twice", *tables, written, hint="keep one of them")
        seen.add(key)
        yield key, written, value


def _read_table(
    file: Configuration, command: str, options: Mapping[str, click.Option], table: str, values: Any
) -> Iterator[tuple[tuple[str, str], Setting]]:
    if not isinstance(values, dict):
        raise file.error(f"{table} must be a table of options", table, hint=f"[{command}]")
    for key, written, value in _keys(file, values, table):
        if key not in options:
            raise _unknown(file, f"{command} has", options, table, written)
        yield (command, key), _read_value(file, command, options[key], value, table, written)


def _read_top(
    file: Configuration, key: str, options: Mapping[str, Mapping[str, click.Option]], written: str,
    value: Any,
) -> Settings:  # fmt: skip
    if key == _INDEX and isinstance(value, dict):
        message = "index is the index directory; options of the command index go at the top level"
        raise file.error(message, written, hint='index = "vectors"')
    commands = [name for name, of_command in options.items() if key in of_command]
    if not commands:
        known = {name for of_command in options.values() for name in of_command}
        raise _unknown(file, "there is", known | (set(options) - {_INDEX}), written)
    settings: Settings = {}
    errors = []
    for name in commands:
        try:
            settings[name, key] = _read_value(file, name, options[name][key], value, written)
        except UsageError as error:
            # For example, jsonl is a format of `ask` and not of `show`.
            errors.append(error)
    if not settings:
        # The first command, ask, has the most formats and says best what the user could have meant.
        raise errors[0]
    return settings


def _read_value(
    file: Configuration, command: str, option: click.Option, value: Any, *keys: str
) -> Setting:
    """Return a value as typed after a flag, once Click has converted and checked it."""
    key = keys[-1].replace("_", "-")
    if key in _FLAGS_ONLY:
        message = f"{key} cannot be set in a file: only a flag or the environment allows it"
        raise file.error(message, *keys, hint=f"askdocs {command} --{key}")
    try:
        texts = _as_typed(value, option)
        if isinstance(option.type, click.Path):
            # Relative to the folder of the file; - is standard input.
            beside = file.path.parent
            texts = [t if t == "-" else str(beside / os.path.expanduser(t)) for t in texts]  # noqa: PTH111
        typed = texts if option.multiple else texts[0]
        option.type_cast_value(click.Context(click.Command(command)), typed)
    except click.BadParameter as error:
        message = f"{'.'.join(keys)}: {in_plain_words(error.message)}"
        raise file.error(message, *keys, hint=f"askdocs {command} --help") from error
    if key in {"model", "rerank"}:
        typed = _local_model(file, key, texts[0], *keys)
    return Setting(value=typed, origin=file.origin(*keys))


def _as_typed(value: Any, option: click.Option) -> list[str]:
    """Return values of TOML as texts, for Click to convert as it does a flag's."""
    types, description = _types_of(option)
    parts = value if option.multiple and isinstance(value, list) else [value]
    # Not isinstance: in Python true is a number. NaN is within every range, and unlike itself.
    if (option.multiple and parts is not value) or any(
        type(part) not in types or part != part  # noqa: PLR0124
        for part in parts
    ):
        prefix = "a list, each " if option.multiple else ""
        raise click.BadParameter(f"must be {prefix}{description}")
    texts = []
    for part in parts:
        try:
            texts.append(str(part).lower() if isinstance(part, bool) else str(part))
        except ValueError as error:
            # A hexadecimal number can have more digits than Python writes in decimal.
            raise click.BadParameter("it has too many digits") from error
        if not texts[-1] or "\0" in texts[-1]:
            raise click.BadParameter("it holds a NUL" if texts[-1] else "it is empty")
    return texts


def _types_of(option: click.Option) -> tuple[tuple[type, ...], str]:
    """Return the types of TOML that an option takes, and what to call them."""
    if option.is_flag:
        return (bool,), "true or false"
    if isinstance(option.type, ByteSize):
        return (int, str), "a number of bytes, or a size in quotes"
    if isinstance(option.type, click.types.IntParamType):
        return (int,), "a whole number"
    if isinstance(option.type, click.types.FloatParamType):
        return (int, float), "a number"
    return (str,), "a text in quotes"


def _local_model(file: Configuration, key: str, name: str, *keys: str) -> str:
    """Return the packaged model or a folder: a file in a repository must not cause a download."""
    from askdocs.embedding.model import DEFAULT_MODEL

    if key == "model" and name == DEFAULT_MODEL:
        return name
    # Not as a Path, which turns ./NAME into NAME.
    folder = os.path.join(file.path.parent, os.path.expanduser(name))  # noqa: PTH111, PTH118
    if not os.path.isdir(folder):  # noqa: PTH112
        message = f"{key}: there is no folder {folder}, and a file may name no other model"
        raise file.error(message, *keys, hint=f"--{key} {name} as a flag names any model")
    return folder


def _unknown(file: Configuration, owner: str, known: Iterable[str], *keys: str) -> UsageError:
    from difflib import get_close_matches

    nearest = get_close_matches(keys[-1].replace("_", "-"), sorted(known), n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else _KEYS_HINT
    return file.error(f"{owner} no option {keys[-1]}", *keys, hint=hint)


def _commands(context: click.Context) -> Mapping[str, click.Command]:
    # The group imports this module, so its type has no name here.
    group: Any = context.find_root().command
    return cast("Mapping[str, click.Command]", group.load_all())


# A value that takes more columns does not move the origins of all others to the right.
_WIDEST = 32

_SOURCES = {
    ParameterSource.DEFAULT: "default",
    ParameterSource.DEFAULT_MAP: "file",
    ParameterSource.ENVIRONMENT: "environment",
}


class SettingInForce(NamedTuple):
    """The value of one option of one command, and where it comes from.

    The key is the option's long name without dashes. The value is None where it is not set. The
    source is default, file, environment or search. The origin is the file and line, or the
    environment variable; None for the others.
    """

    command: str
    key: str
    value: Any
    source: str
    origin: str | None = None


@click.command("config")
@option_format("config", "How to print them.", "text", "json")
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
    configuration, settings = context.meta.get(_META, (None, {}))
    path = str(configuration.path) if configuration else None
    directory, variable = cache_and_variable()
    in_force = [
        setting
        for name, command in _commands(context).items()
        for setting in _in_force(click.Context(command, context.find_root(), name), settings)
    ]
    if form == "json":
        write(render_settings_json(in_force, configuration=path, cache=(str(directory), variable)))
        return ExitStatus.DONE
    named = {ParameterSource.COMMANDLINE: "--config", ParameterSource.ENVIRONMENT: "ASKDOCS_CONFIG"}
    source = context.get_parameter_source("config") or ParameterSource.DEFAULT
    top = [
        ("configuration", path or "-", named.get(source, "found") if path else "no file"),
        ("cache", str(directory), variable or "default"),
    ]
    write(render_settings(in_force, top=top, style=style()))
    return ExitStatus.DONE


def corpus_settings_in_force(context: click.Context) -> dict[str, object]:
    """Return the fields of `CorpusSettings` that a file or a variable sets for `askdocs index`.

    Raises:
        click.BadParameter: The option does not take the value of a variable.
    """
    from askdocs.freshness import OPTIONS
    from askdocs.records.manifest import recorded_patterns

    _, settings = context.meta.get(_META, (None, {}))
    root = context.find_root()
    command = cast("click.Group", root.command).get_command(root, _INDEX)
    index = click.Context(cast("click.Command", command), root, _INDEX)
    index.default_map = defaults_of(index.command, _INDEX, settings)
    found: dict[str, object] = {}
    for option in options_of(index.command).values():
        given, source = option.consume_value(index, {})
        if option.name in OPTIONS and source != ParameterSource.DEFAULT:
            value = option.type_cast_value(index, given)
            is_list = option.name in {"include", "exclude"}
            found[option.name] = recorded_patterns(option.name, value) if is_list else value
    return found


def _in_force(context: click.Context, settings: Settings) -> Iterator[SettingInForce]:
    """Yield the settings of one command.

    Raises:
        click.BadParameter: Its option does not take the value of an environment variable.
    """
    name = str(context.info_name)
    context.default_map = defaults_of(context.command, name, settings)
    for key, option in options_of(context.command).items():
        given, source = option.consume_value(context, {})
        origin = None
        if source == ParameterSource.DEFAULT:
            value = find_index(Path()) if key == _INDEX else option.to_info_dict()["default"]
        else:
            # The message about a wrong value names the variable that it comes from.
            context.set_parameter_source(str(option.name), source)
            value = option.type_cast_value(context, given)
            is_file = source == ParameterSource.DEFAULT_MAP
            origin = settings[name, key].origin if is_file else variable_of(context, option)
        is_searched = key == _INDEX and source == ParameterSource.DEFAULT
        value = str(value) if isinstance(value, Path) else value
        source_name = "search" if is_searched else _SOURCES[source]
        yield SettingInForce(command=name, key=key, value=value, source=source_name, origin=origin)


def render_settings(
    settings: Sequence[SettingInForce], *, top: Sequence[tuple[str, str, str]], style: Style
) -> str:
    """Return one line for each key, value and origin: those of `top`, then the settings in order.

    A key on which all commands that have it agree stands alone, as at the top of a configuration
    file; otherwise each command has a line, such as `ask.top-k`.
    """
    rows = [tuple(map(make_safe, row)) for row in (*top, *_rows(settings))]
    key_width = max(columns(key) for key, _, _ in rows)
    value_width = max(width for _, value, _ in rows if (width := columns(value)) <= _WIDEST)
    lines = []
    for key, value, origin in rows:
        name = style.paint(key + " " * (key_width - columns(key)), "bold")
        gap = " " * (value_width - columns(value))
        lines.append(f"{name}  {value}{gap}  {style.paint(origin, 'dim')}\n")
    return "".join(lines)


def render_settings_json(
    settings: Sequence[SettingInForce], *, configuration: str | None, cache: tuple[str, str]
) -> str:
    """Return one JSON object with every option of every command, in order.

    `configuration` is the file that was read. `cache` is the cache directory, and the variable
    that names it or an empty text.
    """
    path, variable = cache
    source = "environment" if variable else "default"
    fields = {
        "configuration": configuration,
        "cache": {"value": path, "source": source, "origin": variable or None},
        "settings": [setting._asdict() for setting in settings],
    }
    return dump_object(fields)


def _rows(settings: Sequence[SettingInForce]) -> Iterator[tuple[str, str, str]]:
    for key in dict.fromkeys(setting.key for setting in settings):
        cells = {row.command: _shown(row) for row in settings if row.key == key}
        if len(set(cells.values())) == 1:
            yield key, *next(iter(cells.values()))
        else:
            yield from ((f"{command}.{key}", *row) for command, row in cells.items())


def _shown(setting: SettingInForce) -> tuple[str, str]:
    """Return a value as a configuration file has it, but without quotes, and its origin."""
    value, searched = "-", "not found"
    if setting.value is not None:
        text = setting.value if isinstance(setting.value, str) else json.dumps(setting.value)
        value, searched = text, "found"
    return value, searched if setting.source == "search" else setting.origin or setting.source

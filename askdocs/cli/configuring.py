"""What a configuration file says about the options of the commands."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

import click

from askdocs.cli.commands.bytesize import ByteSize
from askdocs.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from askdocs.config.file import Configuration

INDEX = "index"
_KEYS_HINT = "askdocs COMMAND --help lists the options; a key is one without its dashes"
# A file that comes with a repository must neither reach the network nor choose what is written.
_TYPED = frozenset({"online", "run-out"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a file says about one option of one command.

    Attributes:
        value: As the option takes it; a path is relative to the current folder, or absolute.
        place: The file and the line, as `file:line`.
    """

    value: Any
    place: str


Settings = dict[tuple[str, str], Setting]
"""By the name of the command and the option's key."""


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The options that a file may set, by their keys: their long names without dashes."""
    found = {}
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_eager:
            long = next(name for name in option.opts if name.startswith("--"))
            found[long.removeprefix("--")] = option
    return found


def read_settings(configuration: Configuration, commands: Mapping[str, click.Command]) -> Settings:
    """Check everything that a file says, and give each command what concerns it.

    Raises:
        UsageError: A key or a value is none that a command takes.
    """
    options = {name: options_of(command) for name, command in commands.items()}
    return _Reading(configuration, options).settings()


def defaults_of(command: click.Command, name: str, settings: Settings) -> dict[str, Any]:
    """What a file says about one command, as Click's `default_map` has it."""
    options = options_of(command)
    return {
        str(options[key].name): setting.value
        for (owner, key), setting in settings.items()
        if owner == name
    }


class _WrongValueError(ValueError):
    """An option does not take a value."""


class _Reading:
    """One file, and the options of all commands."""

    def __init__(
        self, configuration: Configuration, options: Mapping[str, Mapping[str, click.Option]]
    ) -> None:
        self._file = configuration
        self._options = options

    def settings(self) -> Settings:
        """What it says, tables over top-level keys."""
        general: Settings = {}
        special: Settings = {}
        for key, written, value in self._keys(self._file.settings):
            if key in self._options and key != INDEX:
                special.update(self._of_table(key, written, value))
            else:
                general.update(self._of_all(key, written, value))
        return general | special

    def _of_table(self, command: str, table: str, values: object) -> Iterator[Any]:
        """What the table of one command says."""
        if not isinstance(values, dict):
            self._refuse(f"{table} must be a table of options", table, hint=f"[{command}]")
        for key, written, value in self._keys(values, table):
            option = self._options[command].get(key)
            if option is None:
                self._unknown(f"{command} has", self._options[command], table, written)
            yield (command, key), self._setting(command, key, value, table, written)

    def _of_all(self, key: str, written: str, value: object) -> Iterator[Any]:
        """What a key at the top says, for every command that has the option and takes the value."""
        if key == INDEX and isinstance(value, dict):
            message = "index is the index directory and no table: options of the command index"
            self._refuse(f"{message} stand at the top level", written, hint='index = "vectors"')
        holders = [name for name, of in self._options.items() if key in of]
        if not holders:
            known = {one for of in self._options.values() for one in of}
            self._unknown("there is", known | (set(self._options) - {INDEX}), written)
        taken: Settings = {}
        refused: dict[str, UsageError] = {}
        for name in holders:
            try:
                taken[name, key] = self._setting(name, key, value, written)
            except UsageError as error:
                # json lines are a format of `ask` and none of `show`, say.
                refused[name] = error
        if not taken:
            # The command that takes most says best what could be meant.
            raise refused[max(refused, key=lambda name: _count_choices(self._options[name][key]))]
        yield from taken.items()

    def _keys(self, values: Mapping[str, Any], *table: str) -> Iterator[tuple[str, str, Any]]:
        """Every key with dashes, as it is written, and its value."""
        seen: set[str] = set()
        for written, value in values.items():
            key = written.replace("_", "-")
            if key in seen:
                self._refuse(f"{key} is given twice", *table, written, hint="keep one of them")
            seen.add(key)
            yield key, written, value

    def _setting(self, command: str, key: str, value: object, *written: str) -> Setting:
        try:
            value = self._taken(command, key, value, *written)
        except _WrongValueError as error:
            self._refuse(str(error), *written, hint=f"askdocs {command} --help")
        return Setting(value=value, place=self._file.place(*written))

    def _taken(self, command: str, key: str, value: Any, *written: str) -> Any:
        """A value as the option takes it, or an error that says what is wanted."""
        option = self._options[command][key]
        if key in _TYPED:
            message = f"{key} cannot be set in a file: only a flag or the environment allows it"
            self._refuse(message, *written, hint=f"askdocs {command} --{key}")
        single = value if option.multiple else [value]
        check, wanted = _wanted(option)
        wanted = f"a list, each {wanted}" if option.multiple else wanted
        if not isinstance(single, list):
            raise _WrongValueError(f"{key} must be {wanted}, got {_shown(value)}")
        for one in single:
            if not check(one):
                where = " in it" if option.multiple else ""
                raise _WrongValueError(f"{key} must be {wanted}, got {_shown(one)}{where}")
        for one in single:
            try:
                option.type(one, param=option)
            except click.BadParameter as error:
                reason = error.message.removesuffix(".")
                raise _WrongValueError(f"{key}: {reason[:1].lower()}{reason[1:]}") from error
        if key in {"model", "rerank"}:
            return self._local_model(key, value, *written)
        if isinstance(option.type, click.Path):
            taken = [self._path(one) for one in single]
            return taken if option.multiple else taken[0]
        return value

    def _local_model(self, key: str, name: str, *written: str) -> str:
        """The packaged model, or a folder; a file in a repository causes no download."""
        from askdocs.embedding import DEFAULT_MODEL

        if key == "model" and name == DEFAULT_MODEL:
            return name
        # Not as a Path, which turns ./NAME into NAME.
        folder = os.path.join(self._file.path.parent, os.path.expanduser(name))  # noqa: PTH111, PTH118
        if not name or not os.path.isdir(folder):  # noqa: PTH112
            message = f"{key}: there is no folder {folder}, and a file may name no other model"
            self._refuse(message, *written, hint=f"--{key} {name} as a flag names any model")
        return folder

    def _path(self, value: str) -> str:
        """A path, relative to the folder of the file; - is standard input."""
        if value == "-":
            return value
        return str(self._file.path.parent / os.path.expanduser(value))  # noqa: PTH111

    def _unknown(self, owner: str, known: Iterable[str], *written: str) -> NoReturn:
        near = get_close_matches(written[-1].replace("_", "-"), sorted(known), n=1)
        hint = f"did you mean {near[0]}?" if near else _KEYS_HINT
        self._refuse(f"{owner} no option {written[-1]}", *written, hint=hint)

    def _refuse(self, message: str, *written: str, hint: str) -> NoReturn:
        raise UsageError(f"{self._file.place(*written)}: {message}", hint=hint)


def _wanted(option: click.Option) -> tuple[Callable[[object], bool], str]:
    """Whether a value in TOML is of the right kind, and what a reader calls that."""
    if option.is_flag:
        return lambda value: isinstance(value, bool), "true or false"
    # In Python true is a number, and NaN is in every range.
    if isinstance(option.type, click.types.IntParamType):
        return lambda value: type(value) is int, "a whole number"
    if isinstance(option.type, ByteSize):
        return _is_size, "a number of bytes or a size in quotes"
    if isinstance(option.type, click.types.FloatParamType):
        return _is_number, "a number"
    if isinstance(option.type, click.Choice):
        return _is_text, " or ".join(f'"{one}"' for one in option.type.choices)
    return _is_text, "a text in quotes"


def _count_choices(option: click.Option) -> int:
    """How many values an option takes; 0 where they are not counted."""
    return len(option.type.choices) if isinstance(option.type, click.Choice) else 0


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return not math.isnan(value)
    except OverflowError:
        # A whole number in TOML may be larger than any that the option could be.
        return False


def _is_size(value: object) -> bool:
    return type(value) is int or _is_text(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _shown(value: object) -> str:
    """A value much as the file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return str(value)

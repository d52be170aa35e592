"""Read the configuration file."""

from __future__ import annotations

import errno
import math
import os
import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

import click

from askdocs.cli.parameters import ByteSize
from askdocs.disk import access
from askdocs.errors import UsageError
from askdocs.terminal import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path


_TABLE = ("tool", "askdocs")
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_NAME = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_NAME})\s*\]")
_KEY = re.compile(rf"\s*({_NAME})\s*=")
# What may hold lines that look like keys, or quotes that open nothing: texts of several lines and
# comments. Texts of one line are matched as well, since they may hold what looks like either.
# One that is not closed ends with the file, or with its line: otherwise each quote in it would be
# tried in turn.
_LONG = r"""("{3}(?:\\.|[^\\])*?(?:"{3,5}|\\?\Z)|'{3}.*?(?:'{3,5}|\Z)|#[^\n]*)"""
_SHORT = r"""|"(?:\\[^\n]|[^"\\\n])*+(?:"|\\?(?=\n|\Z))|'[^'\n]*+(?:'|(?=\n|\Z))"""
_PASSED_OVER = re.compile(_LONG + _SHORT, re.DOTALL)
# tomllib takes time by the square of them, and a key of some ten thousand takes minutes.
_MOST_PARTS = 100
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{_MOST_PARTS}}}")
# A whole number, and neither a key nor a part of another number.
_LONG_NUMBER = re.compile(r"(?<![\w.+-])[+-]?(?:[0-9]_?){4301,}+(?![\w-]|[ \t]*[.=])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration file says, by keys as they are written in it.

    Attributes:
        path: The file.
        settings: Its keys and values; a table is a mapping.
        text: The whole file.
        table: The keys above the settings: none, or tool and askdocs.
    """

    path: Path
    settings: Mapping[str, Any]
    text: str
    table: tuple[str, ...]

    def line(self, *keys: str) -> int:
        """The line, from 1, in which a key stands, or the nearest table around it.

        Args:
            keys: The key behind the keys of the tables that it is in, as written.
        """
        wanted = (*self.table, *keys)
        best, found = 0, 1
        for number, place in _places(self.text):
            if len(place) > best and place == wanted[: len(place)]:
                best, found = len(place), number
        return found

    def place(self, *keys: str) -> str:
        """The file and the line of a key, as `file:line`."""
        return f"{self.path}:{self.line(*keys)}"


def read_configuration(path: Path, content: bytes) -> Configuration | None:
    """What a file says; None where it is a `pyproject.toml` without a table for askdocs.

    Raises:
        UsageError: It is not TOML in UTF-8, or `tool.askdocs` is no table.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8", hint=f"save {path} as UTF-8") from error
    _require_short_keys(path, text)
    settings = _parsed(path, text)
    if path.name != SHARED_NAME:
        return Configuration(path=path, settings=settings, text=text, table=())
    for key in _TABLE:
        settings = settings.get(key)
        if settings is None:
            return None
        if not isinstance(settings, dict):
            raise UsageError(f"{path}: {key} is not a table", hint="[tool.askdocs]")
    return Configuration(path=path, settings=settings, text=text, table=_TABLE)


def _require_short_keys(path: Path, text: str) -> None:
    """Refuse a key that tomllib would not get done with."""
    # What is quoted may be a part of a key, too.
    bare = _PASSED_OVER.sub(lambda found: _without_long(found) if found[1] else "_", text)
    if found := _LONG_KEY.search(bare):
        line = bare.count("\n", 0, found.start()) + 1
        message = f"{path}:{line}: a key has more than {_MOST_PARTS} parts"
        raise UsageError(message, hint=f"correct line {line} of {path}")


def _parsed(path: Path, text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error) or "nested too deeply"
        found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", reason)
        end = len(text.splitlines()) or 1
        line = int(found[1]) if found and found[1] else end
        reason = reason[: found.start()] if found else reason
        hint = f"correct line {line} of {path}"
        raise UsageError(f"{path}:{line}: not TOML: {reason.lower()}", hint=hint) from error
    except ValueError as error:
        # Python reads no whole number of more digits, and says so without a place.
        bare = _PASSED_OVER.sub(lambda passed: "\n" * passed[0].count("\n"), text)
        number = _LONG_NUMBER.search(bare)
        if number is None:
            raise
        line = bare.count("\n", 0, number.start()) + 1
        message = f"{path}:{line}: a number has too many digits"
        raise UsageError(message, hint=f"correct line {line} of {path}") from error


def _places(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The line of every table and key, with the keys that lead to it.

    tomllib keeps no lines. What stands in a comment or in a text of several lines is passed over;
    keys inside an inline table are not told apart from it.

    Args:
        text: Valid TOML.
    """
    table: tuple[str, ...] = ()
    bare = _PASSED_OVER.sub(_without_long, text)
    for number, line in enumerate(bare.split("\n"), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, *_parts(key[1]))


def _without_long(found: re.Match[str]) -> str:
    """What is left of a text or a comment: its line breaks, or a text of one line as it is."""
    return found[0] if found[1] is None else "\n" * found[1].count("\n")


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, name))


OWN_NAME = "askdocs.toml"
SHARED_NAME = "pyproject.toml"

# A configuration has some lines, and a pyproject.toml some hundred.
_MOST_BYTES = 1 << 20
_HINT = "--config FILE names another configuration file"
# What a file must hold to have a table tool.askdocs. Reading TOML takes milliseconds, and most
# files called pyproject.toml have nothing to say here.
_MENTION = re.compile(
    rb"""^(?:\xef\xbb\xbf)?[ \t]*(\[[ \t]*)?["']?tool["']?[ \t]*(\.[ \t]*["']?askdocs\b|\]|=)""",
    re.MULTILINE,
)


def find_configuration(start: Path) -> Configuration | None:
    """The nearest configuration, in a folder or one of those above it.

    That is the file `askdocs.toml`, or a `pyproject.toml` with a table `tool.askdocs`; in one
    folder the first.

    Raises:
        UsageError: The file cannot be read, or is not TOML.
    """
    try:
        above = start.absolute().parents
    except FileNotFoundError:
        # The current folder is gone.
        return None
    for folder in (start, *above):
        for name in (OWN_NAME, SHARED_NAME):
            path = folder / name
            if os.path.lexists(path) and (found := _found_configuration(path)):
                return found
    return None


def named_configuration(path: Path) -> Configuration | None:
    """The configuration in a file that was named; none in one that is empty, like /dev/null.

    Raises:
        UsageError: The file cannot be read, is too large, or is not TOML.
    """
    try:
        with access.open_named(path) as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = access.reason_of(error)
        raise UsageError(f"{path}: {reason}", hint=_HINT) from error
    return _configuration(path, content)


def _found_configuration(path: Path) -> Configuration | None:
    """What a file says that nobody named: it is not waited for, whatever it is."""
    try:
        content = access.read_found(path, most_bytes=_MOST_BYTES + 1)
    except OSError as error:
        if path.name == SHARED_NAME and _is_no_file(error):
            return None
        raise UsageError(f"{path}: {access.reason_of(error)}", hint=_HINT) from error
    return _configuration(path, content)


def _is_no_file(error: OSError) -> bool:
    """Whether a folder, say, or a link to nothing has the name: that is the matter of others."""
    kinds = (access.SpecialFileError, FileNotFoundError)
    return isinstance(error, kinds) or error.errno == errno.ELOOP


def _configuration(path: Path, content: bytes) -> Configuration | None:
    if not content or (path.name == SHARED_NAME and not _MENTION.search(content)):
        return None
    if len(content) > _MOST_BYTES:
        raise UsageError(f"{path}: larger than {size_text(_MOST_BYTES)}", hint=_HINT)

    return read_configuration(path, content)


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
        from askdocs.embedding.model import DEFAULT_MODEL

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

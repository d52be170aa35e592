"""What a configuration file says reaches the options of any command."""

from pathlib import Path

import click
import pytest

from askdocs.cli.config_file import defaults_of, named_configuration, read_settings
from askdocs.errors import UsageError

FEW = click.Command("few", params=[click.Option(["--form"], type=click.Choice(["x" * 99, "y"]))])
MANY = click.Command("many", params=[click.Option(["--form"], type=click.Choice(["a", "b", "c"]))])


def test_path_is_known_by_its_type(tmp_path: Path) -> None:
    """A path is relative to the file, however the help of its option shows it."""
    path = click.Option(["--place", "where"], type=click.Path(), metavar="ANYWHERE")
    text = click.Option(["--name"], metavar="FILE")
    command = click.Command("go", params=[path, text])
    (tmp_path / "askdocs.toml").write_text('place = "a"\n[go]\nname = "b"\n')
    found = named_configuration(tmp_path / "askdocs.toml")
    assert found is not None

    defaults = defaults_of(command, "go", read_settings(found, {"go": command}))

    assert defaults == {"where": str(tmp_path / "a"), "name": "b"}


@pytest.mark.parametrize("commands", [(FEW, MANY), (MANY, FEW)])
def test_error_is_that_of_the_command_with_most_choices(
    tmp_path: Path, commands: tuple[click.Command, ...]
) -> None:
    """Of a value that no command takes, the one that takes most says what could be meant."""
    (tmp_path / "askdocs.toml").write_text('form = "nothing"\n')
    found = named_configuration(tmp_path / "askdocs.toml")
    assert found is not None

    with pytest.raises(UsageError, match="is not one of 'a', 'b', 'c'") as caught:
        read_settings(found, {str(command.name): command for command in commands})

    assert caught.value.hint == "askdocs many --help"

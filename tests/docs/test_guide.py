"""The sessions of the guide run, one command after another, as the page shows them."""

import re
import sys

import pytest

from tests.docs.conftest import ROOT, run

GUIDE = ROOT / "docs" / "guide.md"

# The guide's pipelines need jq, which a machine need not have: its library comes with the tools of
# development, and here it backs the same command.
JQ = f"""#!{sys.executable}
import sys, jq
*options, program = sys.argv[1:]
assert options in ([], ["-r"]), options
for found in jq.compile(program).input_text(sys.stdin.read()):
    print(found if options and isinstance(found, str) else jq.compile(".").input_value(found).text())
"""


def sessions() -> list[tuple[str, str]]:
    """Every command of the guide with the output shown under it, in order.

    A command's further lines begin with `> `, as a shell prompts for them.
    """
    found = []
    for block in re.findall(r"```console\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL):
        for session in re.findall(r"^\$ (?:.*\n)(?:(?!\$ ).*\n)*", block, re.MULTILINE):
            first, *rest = session.splitlines()
            more = 0
            if first.endswith("<<'END'"):
                more = rest.index("> END") + 1
            command = [first[2:], *(line[2:] for line in rest[:more])]
            found.append(("\n".join(command), "\n".join(rest[more:])))
    return found


SESSIONS = sessions()


def without_times(text: str) -> str:
    """The text with every duration as the guide has it."""
    return re.sub(r"\bin \d+\.\d s\b", "in 0.4 s", text)


@pytest.fixture(scope="module")
def printed(tmp_path_factory, encoder_cache) -> list[str]:
    """What each command prints to both streams, run in one folder after those before it."""
    folder, programs = (tmp_path_factory.mktemp(name) for name in ("handbook", "programs"))
    (programs / "jq").write_text(JQ)
    (programs / "jq").chmod(0o755)
    variables = {"HOME": folder, "LC_ALL": "C.UTF-8", "ASKDOCS_CACHE": encoder_cache}
    scripts = [f"PATH={programs}:$PATH\n{command}" for command, _ in SESSIONS]
    return [run(script, folder, merged=True, **variables).stdout for script in scripts]


@pytest.mark.parametrize("number", range(len(SESSIONS)), ids=[one[:60] for one, _ in SESSIONS])
def test_a_session_of_the_guide_prints_what_it_shows(number, printed):
    """Both streams of a command, in order, are what stands under it."""
    assert without_times(printed[number]).rstrip() == SESSIONS[number][1].rstrip()

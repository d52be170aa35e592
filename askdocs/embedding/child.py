"""Compile a model in a separate process.

PyTorch takes seconds to import, and never gives its memory back.
"""

from __future__ import annotations

import atexit
import json
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs import interpreter
from askdocs.disk import access, durable
from askdocs.embedding.model import OTHER_MODEL_HINT
from askdocs.errors import ExitStatus, ModelError, RefusedError

if TYPE_CHECKING:
    from askdocs.embedding.model import Model

NO_ROOM_HINT = "free some space, or name another cache: ASKDOCS_CACHE=DIR askdocs ..."

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def compile_in_child(model: Model, cache: Path) -> str:
    """Compile a model into the cache, and return its fingerprint; raise what `compile` reports."""
    arguments = ("--cache", str(cache), str(model.directory))
    child = subprocess.run(  # noqa: S603 - our own interpreter with a list of arguments
        interpreter.command_of("askdocs.embedding.compile", *arguments),
        env={**interpreter.environment(), **OFFLINE},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    try:
        report = json.loads(_last_line(child.stdout))
    except ValueError:
        # The last line of a traceback is the error.
        report = {"error": _last_line(child.stderr) or f"exit status {child.returncode}"}
    if "error" not in report:
        return str(report["fingerprint"])
    if report.get("status") == ExitStatus.REFUSED:
        raise RefusedError(report["error"], hint=report["hint"])
    message = f"the model {model.name} cannot be compiled: {report['error']}"
    raise ModelError(message, hint=report.get("hint") or OTHER_MODEL_HINT)


def is_writable(folder: Path) -> bool:
    """Return True if a directory can be made in a folder; its permissions would not tell."""
    try:
        durable.make_folders(folder)
        with durable.temporary_folder(".writable-", parent=folder):
            return True
    except OSError:
        return False


def temporary_cache() -> Path:
    """Make a directory that this process removes at its end; raise RefusedError if none can be."""
    stack = ExitStack()
    try:
        directory = stack.enter_context(durable.temporary_folder("askdocs-"))
    except OSError as error:
        message = f"no temporary directory can be made: {access.reason_of(error)}"
        raise RefusedError(message, hint=NO_ROOM_HINT) from error
    atexit.register(stack.close)
    return directory


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""

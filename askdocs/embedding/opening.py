"""Open the compiled encoder of a model, compiling it in a child process where there is none."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs.embedding.card import entry_directory, read_entry
from askdocs.embedding.fingerprint import fingerprint_model
from askdocs.errors import ExitStatus, ModelError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from askdocs.embedding.contract import Encoder, Model

ROOT = Path(__file__).resolve().parents[2]
"""Where the package askdocs is imported from."""

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def open_compiled(fingerprint: str, *, cache: Path) -> Encoder | None:
    """The compiled encoder with this fingerprint, if the cache has it.

    It reads the cache alone, never the model's own files. A damaged entry is never used.

    Args:
        fingerprint: 64 hexadecimal digits.
        cache: The per-user cache directory, which need not exist.

    Returns:
        The encoder; None if it is not there, damaged, or of another format.

    Raises:
        ValueError: If `fingerprint` is not 64 hexadecimal digits.
    """
    cached = read_entry(entry_directory(cache, fingerprint), fingerprint)
    if cached is None:
        return None
    with ThreadPoolExecutor(1) as pool:
        whole = pool.submit(cached.is_whole)
        from askdocs.embedding.encoder import CompiledEncoder

        with suppress(ModelError):
            encoder = CompiledEncoder(cached)
            return encoder if whole.result() else None
    return None


def open_encoder(model: Model, *, cache: Path, notify: Callable[[str], None]) -> Encoder:
    """The encoder of a model, compiled first unless the cache has it.

    Args:
        model: What `locate_model` found.
        cache: The per-user cache directory; made if it does not exist.
        notify: Called with one line before the seconds that compiling takes.

    Raises:
        ModelError: If the model cannot be loaded, compiled, or trusted.
        RefusedError: If neither the cache nor a temporary directory can be written.
    """
    fingerprint = fingerprint_model(model)
    encoder = open_compiled(fingerprint, cache=cache)
    if encoder is not None:
        return encoder
    if _is_writable(cache):
        notify(f"compiling the model {model.name} once, which takes some seconds")
    else:
        notify(
            f"compiling the model {model.name}, which costs seconds every time because "
            f"the cache {cache} cannot be written"
        )
        cache = _temporary_cache()
    compiled_fingerprint = _compile_in_child(model, cache)
    encoder = open_compiled(fingerprint, cache=cache)
    if encoder is None or compiled_fingerprint != fingerprint:
        message = f"the model {model.name} changed while it was being compiled"
        raise ModelError(message, hint="run the same command again")
    return encoder


def _compile_in_child(model: Model, cache: Path) -> str:
    """Compile a model into the cache in a process of its own; its fingerprint.

    A process of its own, because PyTorch takes seconds to import and never gives its memory back.
    """
    command = [sys.executable, "-P", "-m", "askdocs.embedding.compile"]
    child = subprocess.run(  # noqa: S603 - our own interpreter with a list of arguments
        [*command, "--cache", str(cache), str(model.directory)],
        env=_child_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    try:
        report = json.loads(_last_line(child.stdout))
    except ValueError:
        report = {"error": _last_line(child.stderr) or f"exit status {child.returncode}"}
    if "error" not in report:
        return str(report["fingerprint"])
    kind = RefusedError if report.get("status") == ExitStatus.REFUSED else ModelError
    message = f"the model {model.name} cannot be compiled: {report['error']}"
    raise kind(message, hint=report.get("hint") or "choose another model with --model")


def _child_environment() -> dict[str, str]:
    """Our environment, with the hub offline and askdocs importable.

    The child does not look for modules in the current directory, which may hold anything.
    """
    environment = {**os.environ, **OFFLINE}
    if Path(sysconfig.get_path("purelib")).resolve() != ROOT:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


def _is_writable(cache: Path) -> bool:
    """Whether a directory can be made in the cache; asking the permissions would not tell."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".writable-"):
            return True
    except OSError:
        return False


def _temporary_cache() -> Path:
    """A directory that goes away with this process."""
    try:
        directory = tempfile.mkdtemp(prefix="askdocs-")
    except OSError as error:
        message = f"no temporary directory can be made: {error.strerror}"
        raise RefusedError(message, hint="free some space, or choose another cache") from error
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Path(directory)


def _last_line(text: str) -> str:
    """The last line of what a process said, which of a traceback is the error."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""

"""Open the compiled encoder of a model, after compiling it if needed."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from askdocs.embedding.admission import fingerprint_model
from askdocs.embedding.entry import entry_directory, read_compiled
from askdocs.errors import ModelError
from askdocs.places import ENCODERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding.entry import CompiledModel
    from askdocs.embedding.model import Encoder, Model

_Result = TypeVar("_Result")


def open_encoder(model: Model, *, cache: Path, notify: Callable[[str], None]) -> Encoder:
    """Return the encoder of a model, and compile it first unless the per-user cache has it.

    `notify` is called with one line before compiling, which takes seconds.

    Raises:
        ModelError: The model cannot be loaded, compiled, or trusted.
        RefusedError: Neither the cache nor a temporary directory can be written.
    """
    fingerprint = fingerprint_model(model)
    encoder = open_compiled(fingerprint, cache=cache)
    if encoder is not None:
        return encoder
    # Imported only when a model has to be compiled, which is rare.
    from askdocs.embedding import child

    if child.is_writable(cache / ENCODERS):
        notify(f"compiling the model {model.name} once, which takes some seconds")
    else:
        why = f"because the cache {cache} cannot be written"
        notify(f"compiling the model {model.name}, which costs seconds every time {why}")
        cache = child.temporary_cache()
    compiled_fingerprint = child.compile_in_child(model, cache)
    encoder = open_compiled(fingerprint, cache=cache)
    if encoder is None or compiled_fingerprint != fingerprint:
        message = f"the model {model.name} changed while it was being compiled"
        raise ModelError(message, hint="run the same command again")
    return encoder


def open_compiled(fingerprint: str, *, cache: Path) -> Encoder | None:
    """Return the compiled encoder with this fingerprint; None if the cache has no whole one."""
    opening = begin_opening(fingerprint, cache)
    return None if opening is None else opening.result()


def begin_opening(fingerprint: str, *caches: Path) -> Opening | None:
    """Begin to open the compiled encoder with this fingerprint, from the first cache that has it.

    This reads only the caches, never the model's own files. A damaged entry is never used: the
    next cache is tried. Caches are the per-user one, or an index that carries an encoder; they need
    not exist. For the fingerprint, see `entry_directory`.
    """
    for number, cache in enumerate(caches, 1):
        compiled = read_compiled(entry_directory(cache, fingerprint), fingerprint)
        if compiled is not None:
            return Opening(compiled, partial(begin_opening, fingerprint, *caches[number:]))
    return None


class Opening:
    """A compiled encoder that is being opened: threads hash its weights and build its session.

    Python goes on with other work meanwhile, such as importing modules. `otherwise` begins to open
    the next encoder, if this one is damaged.
    """

    def __init__(self, compiled: CompiledModel, otherwise: Callable[[], Opening | None]) -> None:
        self._compiled = compiled
        self._otherwise = otherwise
        self._whole = Background(compiled.is_whole)
        from askdocs.embedding.encoder import open_session

        self._session = Background(partial(open_session, compiled.graph))

    def result(self) -> Encoder | None:
        """Wait for the encoder; None if every cache's is damaged, or cannot run here."""
        from askdocs.embedding.encoder import CompiledEncoder

        with suppress(ModelError):
            encoder = CompiledEncoder(self._compiled, self._session.result)
            if self._whole.result():
                return encoder
        following = self._otherwise()
        return None if following is None else following.result()


class Background(Generic[_Result]):
    """A call that runs in its own thread; a process that ends waits for it.

    `concurrent.futures` would import `logging`, which takes 6 ms of a question's 250.
    """

    def __init__(self, call: Callable[[], _Result]) -> None:
        self._call = call
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run)
        self._thread.start()

    def result(self) -> _Result:
        """Wait for the call to end, then return its result or raise its error."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value

    def _run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._error = error


def has_compiled(fingerprint: str, *, cache: Path, whole: bool) -> bool:
    """Return True if a cache, or an index that carries encoders, has this encoder.

    The weights are read only if the encoder must be `whole`.
    """
    compiled = read_compiled(entry_directory(cache, fingerprint), fingerprint)
    return compiled is not None and (not whole or compiled.is_whole())


def compiled_folder(encoder: Encoder) -> Path:
    """Return where the files of a compiled encoder lie; raise ValueError for another kind."""
    from askdocs.embedding.encoder import CompiledEncoder

    if not isinstance(encoder, CompiledEncoder):
        raise ValueError(f"must be a compiled encoder, got {encoder!r}")  # noqa: TRY004 - promised
    return encoder.directory

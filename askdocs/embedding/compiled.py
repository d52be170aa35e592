"""Open the compiled encoder of a model, compiling it first where there is none."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from askdocs.embedding.admission import fingerprint_model
from askdocs.embedding.entry import ENCODERS, entry_directory, read_entry
from askdocs.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from askdocs.embedding.entry import CompiledModel
    from askdocs.embedding.model import Encoder, Model


_Result = TypeVar("_Result")


class Background(Generic[_Result]):
    """A call that has begun in a thread of its own.

    Not `concurrent.futures`, which imports `logging`: 6 ms of a question's 250.
    """

    def __init__(self, call: Callable[[], _Result]) -> None:
        """Begin the call; a process that ends waits for it, as for any thread."""
        self._call = call
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run)
        self._thread.start()

    def result(self) -> _Result:
        """Wait for the call to end, and give what it returned or raise what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value

    def _run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again where the result is wanted
            self._error = error


class Opening:
    """A compiled encoder on its way: threads hash its weights and build its session.

    Both let Python go on with other work, which an importer of many modules has enough of.
    """

    def __init__(self, compiled: CompiledModel, otherwise: Callable[[], Opening | None]) -> None:
        """Begin.

        Args:
            compiled: What to open.
            otherwise: Begins with the next one, should this one be no good.
        """
        self._compiled = compiled
        self._otherwise = otherwise
        self._whole = Background(compiled.is_whole)
        from askdocs.embedding.encoder import open_session

        self._session = Background(partial(open_session, compiled.graph))

    def result(self) -> Encoder | None:
        """The encoder; None if all that there are are damaged, or cannot be run here."""
        from askdocs.embedding.encoder import CompiledEncoder

        with suppress(ModelError):
            encoder = CompiledEncoder(self._compiled, self._session.result)
            if self._whole.result():
                return encoder
        following = self._otherwise()
        return None if following is None else following.result()


def begin_opening(fingerprint: str, *caches: Path) -> Opening | None:
    """Begin to open the compiled encoder with this fingerprint, from the first cache that has it.

    It reads the caches alone, never the model's own files. A damaged entry is never used: the next
    cache takes its place.

    Args:
        fingerprint: 64 hexadecimal digits.
        caches: The per-user cache, or an index that carries an encoder; none need exist.

    Raises:
        ValueError: If `fingerprint` is not 64 hexadecimal digits.
    """
    for number, cache in enumerate(caches, 1):
        compiled = read_entry(entry_directory(cache, fingerprint), fingerprint)
        if compiled is not None:
            return Opening(compiled, partial(begin_opening, fingerprint, *caches[number:]))
    return None


def has_compiled(fingerprint: str, *, cache: Path, whole: bool) -> bool:
    """Whether a cache, or an index that carries encoders, has the one with this fingerprint.

    Args:
        fingerprint: 64 hexadecimal digits.
        cache: Where to look; it need not exist.
        whole: Whether to read the weights too.
    """
    compiled = read_entry(entry_directory(cache, fingerprint), fingerprint)
    return compiled is not None and (not whole or compiled.is_whole())


def compiled_folder(encoder: Encoder) -> Path:
    """Where the files of a compiled encoder lie.

    Raises:
        ValueError: It is another kind of encoder.
    """
    from askdocs.embedding.encoder import CompiledEncoder

    if not isinstance(encoder, CompiledEncoder):
        raise ValueError(f"must be a compiled encoder, got {encoder!r}")  # noqa: TRY004 - promised
    return encoder.directory


def open_compiled(fingerprint: str, *, cache: Path) -> Encoder | None:
    """The compiled encoder with this fingerprint; None if the cache has none that is whole.

    For errors see `begin_opening`.
    """
    opening = begin_opening(fingerprint, cache)
    return None if opening is None else opening.result()


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
    # None of what this imports is needed where there is an encoder, which is nearly always.

    from askdocs.embedding import child

    if child.is_writable(cache / ENCODERS):
        notify(f"compiling the model {model.name} once, which takes some seconds")
    else:
        notify(
            f"compiling the model {model.name}, which costs seconds every time because "
            f"the cache {cache} cannot be written"
        )
        cache = child.temporary_cache()
    compiled_fingerprint = child.compile_model(model, cache)
    encoder = open_compiled(fingerprint, cache=cache)
    if encoder is None or compiled_fingerprint != fingerprint:
        message = f"the model {model.name} changed while it was being compiled"
        raise ModelError(message, hint="run the same command again")
    return encoder

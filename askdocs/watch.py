"""Keep an index fresh while its corpus changes."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from askdocs.corpus.ignore import Choice
from askdocs.corpus.walk import source_path
from askdocs.disk import access
from askdocs.embedding import compiled
from askdocs.embedding.device import open_device
from askdocs.errors import AskdocsError, LockedError, RefusedError, UsageError
from askdocs.index.generation import open_generation
from askdocs.indexing.build import Progress, build
from askdocs.indexing.request import IndexRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from watchfiles import Change

    from askdocs.embedding.model import Encoder
    from askdocs.records.reports import IndexReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a watch reacts, in milliseconds.

    Attributes:
        together: Changes that follow each other so closely belong together: an editor writes a file
            in steps.
        longest: How long changes are collected at most.
        look: How often what no system reports is looked at: roots that come and go, files that were
            named.
    """

    together: int = 200
    longest: int = 2000
    look: int = 1000


class Watcher:
    """Indexes a corpus, and again whenever it has changed; the model stays loaded."""

    def __init__(
        self,
        request: IndexRequest,
        *,
        cache: Path,
        notify: Callable[[str], None],
        progress: Progress,
        open_encoder: Callable[..., Encoder] = compiled.open_encoder,
        pace: Pace = Pace(),
    ) -> None:
        """Do nothing yet.

        Args:
            request: What to index, and how, now; later it is what the index then records.
            cache: Where compiled encoders and vectors are kept.
            notify: Called with one line about anything that takes long.
            progress: Told how far the first run is.
            open_encoder: Opens the encoder, with the arguments of `embedding.open_encoder`.
            pace: How fast to react.

        Raises:
            UsageError: The package that watches folders is not installed.
        """
        try:
            import watchfiles
            from watchfiles._rust_notify import WatchfilesRustInternalError
        except ImportError as error:
            raise UsageError(
                "--watch needs the package watchfiles", hint="pip install 'askdocs[watch]'"
            ) from error
        self._watch = watchfiles.watch
        self._lost_track = WatchfilesRustInternalError
        self._request = request
        self._progress = progress
        self._pace = pace
        self._build = partial(
            build,
            cache=cache,
            notify=notify,
            open_encoder=_Kept(open_encoder),
            open_device=_Kept(open_device),
        )

    def first(self) -> IndexReport:
        """Index now; errors are those of `build`."""
        return self._build(self._request, progress=self._progress)

    def refreshes(self) -> Iterator[IndexReport | AskdocsError | None]:
        """Index again after every change, and give what became of it; without an end.

        About once a second it gives None, where there was no change.

        What goes wrong ends nothing: the index stays as it was until the next change. While
        another process writes it, or it cannot be read where to look for changes, every second is
        tried again.
        """
        request = IndexRequest(
            index=self._request.index,
            device=self._request.device,
            strict=self._request.strict,
            wait_seconds=self._request.wait_seconds,
        )
        is_busy = False
        for change in self._changes():
            if isinstance(change, AskdocsError):
                yield change
            elif change or is_busy:
                outcome = self._refreshed(request)
                is_busy = isinstance(outcome, LockedError)
                yield outcome
            else:
                yield None

    def _refreshed(self, request: IndexRequest) -> IndexReport | AskdocsError:
        try:
            return self._build(request)
        except AskdocsError as error:
            return error
        except OSError as error:
            return self._refusal(error)

    def _changes(self) -> Iterator[bool | AskdocsError]:
        """Whether the corpus may have changed, about every second and at once when it has.

        Where that cannot be told, why.
        """
        while True:
            try:
                yield from self._changes_of(_Places(self._request.index))
            except AskdocsError as error:
                yield error
            except OSError as error:
                yield self._refusal(error)
            except self._lost_track:
                # Something has changed that watchfiles cannot name: it gives up where a name is not
                # UTF-8. The pause is for a file of such a name that is written all the time.
                yield True
            else:
                continue
            time.sleep(self._pace.look / 1000)

    def _changes_of(self, places: _Places) -> Iterator[bool]:
        """Whether the corpus may have changed, until there are other places to watch."""
        seen = places.state()
        # What changed before the system began to watch is seen by looking once more, then.
        is_first = True
        watching = self._watch(
            *places.folders,
            watch_filter=places.may_matter,
            debounce=self._pace.longest,
            step=self._pace.together,
            rust_timeout=self._pace.look,
            yield_on_timeout=True,
            recursive=True,
            ignore_permission_denied=True,
        )
        with closing(watching):
            for found in watching:
                if places.state() != seen:
                    # A folder that was removed and made again is watched no more.
                    return
                yield is_first or bool(found)
                is_first = False

    def _refusal(self, error: OSError) -> RefusedError:
        reason = access.reason_of(error)
        return RefusedError(f"{error.filename or self._request.index}: {reason}")


class _Places:
    """Where changes of a corpus show."""

    def __init__(self, index: Path) -> None:
        generation = open_generation(index)
        base, corpus = generation.base, generation.manifest.corpus
        roots = [source_path(base, root) for root in corpus.roots]
        self.folders = [root for root in roots if root.is_dir()]
        _require_utf8(self.folders)
        self._choice = Choice(f"{base}/", corpus)
        self._ignore_files = frozenset(corpus.ignore_files)
        # Some systems report places as they were given, others (FSEvents) as they really are.
        tops = {*map(str, self.folders), *map(os.path.realpath, self.folders)}
        self._tops = [f"{top.rstrip(os.sep)}{os.sep}" for top in tops]
        self._index = f"{os.path.realpath(index)}{os.sep}"
        # An editor puts another file in a named one's place, which a watch on the file misses.
        above = {parent for root in roots for parent in root.parents if _lies_in(parent, base)}
        named = [folder / name for folder in sorted(above) for name in corpus.ignore_files]
        self._looked_at = [*roots, *named]

    def state(self) -> list[tuple[int, ...] | None]:
        """What the places are that are looked at; another one if any of them changes."""
        return [_state(place) for place in self._looked_at]

    def may_matter(self, _change: Change, place: str) -> bool:
        """Whether a change of a file or folder may change the corpus; never one of the index."""
        if f"{os.path.realpath(place)}{os.sep}".startswith(self._index):
            return False
        top = max((top for top in self._tops if place.startswith(top)), key=len, default=None)
        if top is None:
            # A root itself, or a way to it that is not known: what is hidden there says nothing.
            return True
        *above, name = Path(place[len(top) :]).parts or ("",)
        if name in self._ignore_files:
            return not any(map(self._choice.is_left_hidden, above))
        if any(map(self._choice.is_left_hidden, (*above, name))):
            return False
        # What is gone may have been a folder of documents.
        return self._choice.may_be_document(name) or not os.path.isfile(place)  # noqa: PTH113


def _require_utf8(folders: list[Path]) -> None:
    for folder in folders:
        try:
            str(folder).encode()
        except UnicodeEncodeError as error:
            raise RefusedError(f"{folder} cannot be watched: its name is not UTF-8") from error


def _lies_in(folder: Path, base: Path) -> bool:
    return base in (folder, *folder.parents)


def _state(place: Path) -> tuple[int, ...] | None:
    """What stands at a place; of a folder not what is in it, since that is watched."""
    try:
        found = place.stat()
    except OSError:
        return None
    if place.is_dir():
        # One that may not be read is not watched, and that it may be again is not reported.
        return found.st_dev, found.st_ino, found.st_mode
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


class _Kept:
    """Opens an encoder once for each set of arguments."""

    def __init__(self, open_it: Callable[..., Encoder]) -> None:
        self._open = open_it
        self._opened: dict[tuple[Hashable, ...], Encoder] = {}

    def __call__(self, *arguments: Hashable, **named: object) -> Encoder:
        """The encoder that those arguments open; the named ones say only how."""
        if arguments not in self._opened:
            # One at a time: a model takes hundreds of megabytes.
            self._opened = {arguments: self._open(*arguments, **named)}
        return self._opened[arguments]

"""Keep an index fresh while its corpus changes."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from askdocs.corpus.ignore import Choice
from askdocs.corpus.walk import source_path
from askdocs.disk import access
from askdocs.embedding import compiled
from askdocs.embedding.device import open_device
from askdocs.embedding.model import Encoder
from askdocs.errors import AskdocsError, LockedError, RefusedError, UsageError
from askdocs.index.generation import open_generation
from askdocs.indexing.build import Progress, build
from askdocs.indexing.request import IndexRequest
from askdocs.records.reports import IndexReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a watch reacts.

    Changes within `step_ms` of each other are one change, because editors write in steps; they are
    collected for `longest_ms` at most. What no system reports is checked every `check_ms`: roots
    that come and go, and files that were named.
    """

    step_ms: int = 200
    longest_ms: int = 2000
    check_ms: int = 1000


class Watcher:
    """Index a corpus now and whenever it has changed; the model stays loaded."""

    def __init__(
        self, request: IndexRequest, *, cache: Path, notify: Callable[[str], None],
        progress: Progress, open_encoder: Callable[..., Encoder] = compiled.open_encoder,
        pace: Pace = Pace(),
    ) -> None:  # fmt: skip
        """Prepare to watch; for the arguments see `build`.

        The request and the progress are those of the first run. Later ones use what the index
        records.

        Raises:
            UsageError: The package watchfiles is not installed.
        """
        try:
            import watchfiles
            from watchfiles._rust_notify import WatchfilesRustInternalError
        except ImportError as error:
            message = "--watch needs the package watchfiles"
            raise UsageError(message, hint="pip install 'askdocs[watch]'") from error
        self._watch = watchfiles.watch
        self._lost_track = WatchfilesRustInternalError
        self._request = request
        self._progress = progress
        self._pace = pace
        # Keep only one of each: a model takes hundreds of megabytes.
        keep_last = lru_cache(maxsize=1)
        self._build = partial(
            build, cache=cache, notify=notify, open_encoder=keep_last(open_encoder),
            open_device=keep_last(open_device),
        )  # fmt: skip

    def first(self) -> IndexReport:
        """Index now; for errors see `build`."""
        return self._build(self._request, progress=self._progress)

    def refreshes(self) -> Iterator[IndexReport | AskdocsError | None]:
        """Index again after every change and yield the outcome, without end.

        About once a second without a change, None is yielded. An error leaves the index as it was
        until the next change. While another process writes the index, or it cannot be read to
        learn what to watch, the refresh is tried again every second.
        """
        first = self._request
        request = IndexRequest(
            index=first.index, device=first.device, strict=first.strict,
            wait_seconds=first.wait_seconds,
        )  # fmt: skip
        is_busy = False
        for change in self._changes():
            if isinstance(change, AskdocsError):
                yield change
            elif change or is_busy:
                outcome = self._refresh(request)
                is_busy = isinstance(outcome, LockedError)
                yield outcome
            else:
                yield None

    def _refresh(self, request: IndexRequest) -> IndexReport | AskdocsError:
        try:
            return self._build(request)
        except AskdocsError as error:
            return error
        except OSError as error:
            return self._refusal(error)

    def _changes(self) -> Iterator[bool | AskdocsError]:
        """Yield True as soon as the corpus may have changed, False about every second.

        An error is yielded if that cannot be told.
        """
        while True:
            try:
                yield from self._changes_of(_WatchedPaths(self._request.index))
            except AskdocsError as error:
                yield error
            except OSError as error:
                yield self._refusal(error)
            except self._lost_track:
                # A file whose name is not UTF-8 has changed: watchfiles cannot name it and stops.
                # Pause, in case such a file is written all the time.
                yield True
            else:
                continue
            time.sleep(self._pace.check_ms / 1000)

    def _changes_of(self, paths: "_WatchedPaths") -> Iterator[bool]:
        """Yield whether the corpus may have changed, until there are other paths to watch."""
        before = paths.state()
        # Changes made before the system began to watch are found by a first refresh.
        is_first = True
        watching = self._watch(
            *paths.folders, watch_filter=paths.may_matter, debounce=self._pace.longest_ms,
            step=self._pace.step_ms, rust_timeout=self._pace.check_ms, yield_on_timeout=True,
            recursive=True, ignore_permission_denied=True,
        )  # fmt: skip
        with closing(watching):
            for changes in watching:
                if paths.state() != before:
                    # A folder that was removed and made again is no longer watched.
                    return
                yield is_first or bool(changes)
                is_first = False

    def _refusal(self, error: OSError) -> RefusedError:
        reason = access.reason_of(error)
        return RefusedError(f"{error.filename or self._request.index}: {reason}")


class _WatchedPaths:
    """The folders to watch for a corpus, and the paths to check from time to time."""

    def __init__(self, index: Path) -> None:
        generation = open_generation(index)
        base, corpus = generation.base, generation.manifest.corpus
        roots = [source_path(base, root) for root in corpus.roots]
        self.folders = [root for root in roots if root.is_dir()]
        for folder in self.folders:
            if str(folder).encode(errors="ignore").decode() != str(folder):
                raise RefusedError(f"{folder} cannot be watched: its name is not UTF-8")
        self._choice = Choice(f"{base}/", corpus)
        self._ignore_files = frozenset(corpus.ignore_files)
        # Some systems report paths as they were given, others (FSEvents) as they really are.
        tops = {*map(str, self.folders), *map(os.path.realpath, self.folders)}
        self._tops = [f"{top.rstrip(os.sep)}{os.sep}" for top in tops]
        self._index = f"{os.path.realpath(index)}{os.sep}"
        # An editor replaces a file that was named, which a watch on the file does not see.
        above = {parent for root in roots for parent in root.parents if parent.is_relative_to(base)}
        ignore_files = [folder / name for folder in sorted(above) for name in corpus.ignore_files]
        self._checked = [*roots, *ignore_files]

    def state(self) -> list[tuple[int, ...] | None]:
        """Return the state of the checked paths, which differs if any of them has changed."""
        return [_state(path) for path in self._checked]

    def may_matter(self, _change: object, path: str) -> bool:
        """Return True if a change at a path may change the corpus, never for one in the index."""
        if f"{os.path.realpath(path)}{os.sep}".startswith(self._index):
            return False
        top = max((top for top in self._tops if path.startswith(top)), key=len, default=None)
        if top is None:
            # A root itself, or an unknown way to it, whose hidden folders mean nothing.
            return True
        *above, name = Path(path[len(top) :]).parts or ("",)
        if name in self._ignore_files:
            return not any(map(self._choice.is_left_hidden, above))
        if any(map(self._choice.is_left_hidden, (*above, name))):
            return False
        # What has been removed may have been a folder of documents.
        return self._choice.may_be_document(name) or not os.path.isfile(path)  # noqa: PTH113


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what a path is now. The content of a folder does not count, since it is watched."""
    try:
        status = path.stat()
    except OSError:
        return None
    if path.is_dir():
        # A folder that may not be read is not watched, and no system reports when it may be again.
        return status.st_dev, status.st_ino, status.st_mode
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size

"""Work done in a thread while this one goes on."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

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

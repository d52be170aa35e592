"""One writer at a time: the lock is held by one, and free whenever its holder has ended."""

import errno
import fcntl
import os
import subprocess
import sys
import time

import pytest

from askdocs.disk.lock import exclusive_lock
from askdocs.errors import LockedError, RefusedError
from tests.limits import limited
from tests.raising import raises, refusing

HOLDER = """
import sys
from pathlib import Path
from askdocs.disk.lock import exclusive_lock

with exclusive_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_taker_is_turned_away(tmp_path):
    """Who finds the lock taken is told so at once, with what to do."""
    message = f"another process is writing {tmp_path}"
    hint = "wait for it to end and run the command again"
    with exclusive_lock(tmp_path / "LOCK"), raises(LockedError, message, hint):
        with exclusive_lock(tmp_path / "LOCK"):
            pytest.fail("two hold the lock")


def test_lock_that_was_waited_for_is_held(tmp_path):
    """Who waits has the lock when it is given up, and says once that it waits."""
    said: list[str] = []
    lock = tmp_path / "LOCK"
    with lock.open("wb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)

        def give_up() -> None:
            said.append("waiting")
            holder.close()

        with exclusive_lock(lock, until=time.monotonic() + 60, waiting=give_up):
            with pytest.raises(LockedError), exclusive_lock(lock):
                pytest.fail("two hold the lock")
    assert said == ["waiting"]


def test_wait_for_a_lock_has_an_end(tmp_path):
    """A holder that does not give it up is not waited for longer than was asked for."""
    until = time.monotonic() + 0.02
    with exclusive_lock(tmp_path / "LOCK"), pytest.raises(LockedError):
        with exclusive_lock(tmp_path / "LOCK", until=until):
            pytest.fail("two hold the lock")
    assert time.monotonic() >= until


def test_free_lock_is_not_waited_for(tmp_path):
    """Nothing is said of a wait that there is not."""
    with exclusive_lock(tmp_path / "LOCK", until=time.monotonic() + 60, waiting=pytest.fail):
        assert os.listdir(tmp_path) == ["LOCK"]


def test_lock_of_a_killed_process_is_free(tmp_path):
    """Another process keeps us out while it lives, and leaves nothing when it is killed."""
    lock = tmp_path / "LOCK"
    command = [sys.executable, "-c", HOLDER, lock]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with limited(holder):
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError), exclusive_lock(lock):
            pytest.fail("two hold the lock")
        holder.kill()
    with exclusive_lock(lock):
        assert os.listdir(tmp_path) == ["LOCK"]


def test_lock_is_free_after_the_block(tmp_path):
    """However the block ends, the next one gets the lock; its file is never removed."""
    with pytest.raises(KeyError), exclusive_lock(tmp_path / "LOCK"):
        raise KeyError
    first = (tmp_path / "LOCK").stat().st_ino
    with exclusive_lock(tmp_path / "LOCK"):
        pass
    assert (tmp_path / "LOCK").stat().st_ino == first


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO])
def test_system_without_locks_is_a_refusal(tmp_path, monkeypatch, number):
    """Without a lock, nothing is written."""
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    with raises(RefusedError, f"{tmp_path / 'LOCK'}: {os.strerror(number).lower()}"):
        with exclusive_lock(tmp_path / "LOCK"):
            pytest.fail("there is no lock")


def test_unsupported_system_is_a_refusal(tmp_path, monkeypatch):
    """Where Python has no such locks, writing is refused and nothing is made."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with raises(RefusedError, "writing an index is supported on Linux and macOS only"):
        with exclusive_lock(tmp_path / "LOCK"):
            pytest.fail("there is no lock")
    assert os.listdir(tmp_path) == []


def test_lock_that_cannot_be_opened_is_a_refusal(tmp_path):
    """A folder that is missing is named."""
    lock = tmp_path / "nowhere" / "LOCK"
    with raises(RefusedError, f"{lock}: no such file or directory"), exclusive_lock(lock):
        pytest.fail("there is no lock")


def test_link_in_place_of_the_lock_leads_nowhere(tmp_path):
    """Nothing is made where it leads."""
    lock = tmp_path / "LOCK"
    lock.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="LOCK"), exclusive_lock(lock):
        pass
    assert not (tmp_path / "elsewhere").exists()

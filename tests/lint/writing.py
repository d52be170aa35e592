"""Find code that changes the disk past the seam: `python -m tests.lint.writing FOLDER`.

Only `disk/seam.py` may open a file for writing, or make, rename or remove anything, so that a
test can put a fault in at each of these. Ruff knows such functions by their full names alone; most
of them are methods of a path.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOWED = ("disk/seam.py",)
# SQLite opens its file by itself; nothing is lost with the one that it keeps.
EXCEPTIONS = {"embedding/cache.py": {"sqlite3.connect"}}

_METHODS = frozenset(
    "chmod hardlink_to link_to mkdir rmdir save savetxt savez savez_compressed symlink_to tofile "
    "touch unlink write_bytes write_index write_text".split()
)
# Of the same names as others that write nothing; those of a path take one argument.
_METHODS_OF_ONE_ARGUMENT = frozenset({"rename", "replace"})
_HARMLESS = frozenset({"shutil.disk_usage", "shutil.get_terminal_size", "shutil.which"})
_SYSTEM = frozenset(
    "chmod chown ftruncate link makedirs mkdir mkfifo mknod open posix_fallocate pwrite pwritev "
    "remove removedirs rename renames replace rmdir sendfile symlink truncate unlink utime write "
    "writev".split()
)
_MODULES = frozenset({"os", "shutil", "sqlite3", "tempfile"})
# Whose `open` takes the path first, as `open` does and a path's own does not.
_OPENERS = frozenset({"Path", "bz2", "codecs", "gzip", "io", "lzma", "os", "tarfile"})
_READING = frozenset("rbtU")
_READING_FLAGS = frozenset("O_RDONLY O_BINARY O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK".split())


def faults(source: str) -> Iterator[tuple[int, str]]:
    """Each call that writes, and each import that would hide one, as its line and the name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _writes(node):
            yield node.lineno, ast.unparse(node.func)
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((node.lineno, name) for name in names if _is_writing_function(name))
        elif isinstance(node, ast.Import):
            renamed = [alias for alias in node.names if alias.asname and alias.name in _MODULES]
            yield from ((node.lineno, f"{one.name} as {one.asname}") for one in renamed)


def main(folder: Path) -> int:
    """Print each fault below a folder; the exit status."""
    found = [
        f"{path}:{line}: {name} changes the disk: that is for {', '.join(ALLOWED)}"
        for path in sorted(folder.rglob("*.py"))
        if not path.as_posix().endswith(ALLOWED)
        for line, name in faults(path.read_text(encoding="utf-8"))
        if name not in EXCEPTIONS.get(path.relative_to(folder).as_posix(), ())
    ]
    print("\n".join(found) or f"{folder}: nothing is written past the seam")
    return 1 if found else 0


def _writes(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    module, _, function = name.rpartition(".")
    if name == "os.open":
        return not _opens_for_reading(call)
    if module in _MODULES and function != "fdopen":
        return _is_writing_function(name)
    if function in {"open", "fdopen"}:
        return _opens_for_writing(call, position=int(not module or module in _OPENERS))
    if not module or module in {"seam", "durable"}:
        return False
    count = len(call.args) + len(call.keywords) - (module == "Path")
    is_spread = any(isinstance(one, ast.Starred) for one in call.args)
    is_of_one = function in _METHODS_OF_ONE_ARGUMENT and count == 1 and not is_spread
    return function in _METHODS or is_of_one


def _is_writing_function(name: str) -> bool:
    """Return True if a function of one of the modules that write is one that does."""
    module, _, function = name.rpartition(".")
    if module == "os":
        return function in _SYSTEM
    if module == "sqlite3":
        return function == "connect"
    return module in _MODULES and name not in _HARMLESS


def _opens_for_reading(call: ast.Call) -> bool:
    """Return True if `os.open` is given flags for reading alone, or what takes all and keeps nothing."""
    path, *others = map(ast.unparse, [*call.args, *(one.value for one in call.keywords)])
    flags = " ".join(others)
    named = set(re.findall(r"\bO_\w+", flags))
    is_reading = "O_RDONLY" in named or "_READ_FLAGS" in flags
    return path == "os.devnull" or (is_reading and named <= _READING_FLAGS)


def _opens_for_writing(call: ast.Call, *, position: int) -> bool:
    """Return True if the argument at a position, or called `mode`, is a mode other than for reading."""
    modes = [*call.args[position:][:1]]
    modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    return any(
        not isinstance(mode, ast.Constant) or not set(str(mode.value)) <= _READING for mode in modes
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""Find code that changes the disk past the seam: `python -m tests.lint.writing FOLDER`.

Only `files/disk.py` may open a file for writing, or make, rename or remove anything, so that a
test can put a fault in at each of these. Ruff knows such functions by their full names alone; most
of them are methods of a path.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOWED = ("files/disk.py",)

_METHODS = frozenset(
    "chmod hardlink_to link_to mkdir rmdir symlink_to touch unlink write_bytes write_text".split()
)
# Of the same names as others that write nothing; those of a path take one argument.
_METHODS_OF_ONE_ARGUMENT = frozenset({"rename", "replace"})
_MODULES = frozenset({"shutil", "tempfile"})
_HARMLESS = frozenset({"shutil.get_terminal_size", "shutil.which"})
_SYSTEM = frozenset(
    "chmod chown ftruncate link makedirs mkdir mkfifo mknod open posix_fallocate pwrite pwritev "
    "remove removedirs rename renames replace rmdir sendfile symlink truncate unlink utime write "
    "writev".split()
)
_READING = frozenset("rbtU")


def faults(source: str) -> Iterator[tuple[int, str]]:
    """Each call that writes, as its line and the name called."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _writes(node):
            yield node.lineno, ast.unparse(node.func)


def main(folder: Path) -> int:
    """Print each fault below a folder; the exit status."""
    found = [
        f"{path}:{line}: {name} changes the disk: that is for {', '.join(ALLOWED)}"
        for path in sorted(folder.rglob("*.py"))
        if not path.as_posix().endswith(ALLOWED)
        for line, name in faults(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) or f"{folder}: nothing is written past the seam")
    return 1 if found else 0


def _writes(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    module, _, function = name.rpartition(".")
    if name == "os.open":
        # Reading, or what takes all and keeps nothing.
        return not re.search(r"\b(O_RDONLY|_READING|devnull)\b", ast.unparse(call))
    if module == "os":
        return function in _SYSTEM
    if module in _MODULES:
        return name not in _HARMLESS
    if function == "open":
        return _opens_for_writing(call, is_method=bool(module))
    if not module or module in {"files", "disk"}:
        return False
    is_of_one = function in _METHODS_OF_ONE_ARGUMENT and len(call.args) == 1 and not call.keywords
    return function in _METHODS or is_of_one


def _opens_for_writing(call: ast.Call, *, is_method: bool) -> bool:
    """Whether `open` or a method of that name is given a mode other than one for reading."""
    modes = [*call.args[0 if is_method else 1 :][:1]]
    modes += [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    return any(
        not isinstance(mode, ast.Constant) or not set(str(mode.value)) <= _READING for mode in modes
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

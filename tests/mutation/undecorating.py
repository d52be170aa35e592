"""Write decorators as calls, because mutmut leaves decorated functions as they are."""

import ast

PLAIN = frozenset({"cached_property", "contextmanager", "property"})
"""Decorators that may as well be called once the function is there."""


def undecorate(source: str) -> str:
    """The same module with `@property` before `name` turned into `name = property(_name)`.

    Only where that is the one decorator of a function, and its new name is not taken.
    """
    lines = source.splitlines(keepends=True)
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for function in sorted(functions, key=lambda one: one.lineno, reverse=True):
        decorator = _plain_decorator(function)
        if decorator is None or f"def _{function.name}(" in source:
            continue
        name, indent = function.name, " " * function.col_offset
        lines.insert(function.end_lineno or 0, f"\n{indent}{name} = {decorator}(_{name})\n")
        first = function.lineno - 1
        lines[first] = lines[first].replace(f"def {name}(", f"def _{name}(", 1)
        del lines[function.decorator_list[0].lineno - 1]
    return "".join(lines)


def _plain_decorator(function: ast.FunctionDef) -> str | None:
    names = [one.id for one in function.decorator_list if isinstance(one, ast.Name)]
    is_plain = len(function.decorator_list) == 1 and PLAIN.issuperset(names)
    return names[0] if is_plain and names else None

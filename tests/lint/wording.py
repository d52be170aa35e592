"""Find wording that no engineer would say aloud: `python -m tests.lint.wording`.

Each pattern has a plain replacement. The whole text of a Python file counts, names included; of a
Markdown page, all but the fenced blocks, which show what programs print.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = (
    *("*.md", "docs/*.md", "*.yml", ".*.yaml", "Makefile", "pyproject.toml", ".ci/*"),
    *(f"{folder}/**/*.py" for folder in ("askdocs", "benchmarks", "docs", "tests")),
)
EXEMPT = ("wording.py", "test_wording.py")  # they quote what they forbid

# A space also matches a line break, and the sign of a comment after it.
PHRASES = {
    r"(?<!left\s)(?<!leave\s)(?<!leaves\s)(?<!leaving\s)(?<!differences\s)\bbehind": "after, or say where",
    r"\banew": "again, or from scratch",
    r"\b(?:is|are|was|were|be) had": "comes from, or is available",
    r"(?<!here\s)\b(?:is|are|was|were) (?-i:none)": "is not a ..., or there are no ...",
    r"(?<!here\s)\b(?:is|are|was|were) no "
    r"(?!longer|more|less|bigger|larger|better|worse|faster|help|match)\w+": "is not a ...",
    r"\bwhoever": "anyone who, or name them",
    r"\bas is done here": "as askdocs does",
    r"\b(?:and|or) the like": "such as, or name the rest",
    r"\bone's own": "private, or your own",
    r"\bwhat of (?:a|an|the|it)": "the part of ... that",
    r"\btake (?:its|their) place": "replace",
    r'"""(?-i:Whether)': "Return True if",
    r'"""(?-i:Have)': "what it does, in the imperative",
}


def faults(text: str) -> Iterator[tuple[int, str, str]]:
    """Return the line, the words and the replacement of each phrase to avoid."""
    for phrase, replacement in PHRASES.items():
        pattern = phrase.replace(" ", r"(?:\s|#)+") + r"\b"
        for match in re.finditer(pattern, text, re.IGNORECASE):
            words = " ".join(match[0].replace("#", " ").split())
            yield text.count("\n", 0, match.start()) + 1, words, replacement


def prose(path: Path) -> str:
    """Return the text of a file; fenced blocks of a page become empty lines."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".md":
        return text
    return re.sub(r"```.*?```", lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)


def main(root: Path) -> int:
    """Print each phrase to avoid below a folder, and return the exit status."""
    paths = sorted({path for place in PLACES for path in root.glob(place)})
    lines = [
        f'{path.relative_to(root)}:{line}: "{words}": write {replacement}'
        for path in paths
        if path.name not in EXEMPT
        for line, words, replacement in sorted(faults(prose(path)))
    ]
    print("\n".join(lines) or f"{len(paths)} files: no phrase to avoid")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(ROOT))

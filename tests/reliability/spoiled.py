"""Parse spoiled documents of every format: `python -m tests.reliability.spoiled SECONDS` (row D1).

The seconds are for all formats together. A document that breaks a law ends the run, and is written
to build/ as an example.
"""

import io
import json
import random
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

from askdocs.errors import UnreadableSourceError
from askdocs.records.blocks import UNREAD, ParsedText
from askdocs.text.decode import decode
from askdocs.text.formats import FORMATS, Format
from askdocs.text.parsers import ParseLimits, Parsers
from tests.text.formats import test_docx, test_pdf

LIMITS = ParseLimits(seconds=10, memory_bytes=1 << 30, output_bytes=32 << 20)
# Ending a process and starting another one takes a while on a busy machine.
_GRACE_SECONDS = 10
_LONGEST = 100_000

MARKDOWN = """\
---
title: A guide
tags: [water, &a steam, *a]
---
# Guide #

Bring **food** and [water](https://example.org "so") &amp; `more`[^1]:

1. bread

   The fresh kind.
   - [x] rye
2. milk

> [!NOTE]
> Somebody said
so.

| Year | Rain |
|:-----|-----:|
| 2019 | 3 mm \\| 4 |

```python
print("a")
```

    indented

Term
: What it means.

!!! note "Title"
    Text in it.

<!-- hidden --> <details><summary>More</summary>Less</details>

[^1]: A note.

Setext [[wiki|link]]
======
"""

RST = """\
.. A comment.

=======
 Guide
=======

:Author: Ada
:Abstract: What this is.

Install
-------

Run *this* ``command`` [#n]_ from `the index <https://example.org>`_::

    pip install guide

.. [#n] Or `any`_ |other|.
.. |other| replace:: one

- Bring **food**:

  1. bread
  2. milk

    Somebody said so.

Term : kind
    What it means.

-o FILE, --out=FILE  Where it goes.

+------+------+
| Name | Size |
+======+======+
| a    | 3 cm |
+------+------+

=====  =====
A      B
=====  =====
1      2
=====  =====

.. csv-table:: Rain
   :header: a, b

   1, 2

.. note:: Mind :ref:`the gap <gap>`.

.. function:: open(name)

   Opens it.

| A line
| Another
"""

HTML = """\
<!DOCTYPE html><html><head><meta charset="utf-8"><title>Guide</title>
<meta name=description content="What it is"></head><body><nav>Home</nav>
<main id=top><h1>Guide</h1><p>Bring <b>food</b> &amp; caf\u00e9:<ul><li>bread<ul><li>rye</ul><li>milk</ul>
<table><caption>Rain</caption><tr><th>Year<th>Month<tr><td>2019<td>May</table>
<dl><dt>Term<dd>Meaning</dl><pre>  code\n    more</pre><blockquote>Said<p>so</blockquote>
<div hidden>secret</div><script>run()</script><aside class=footnote>A note.</aside></main></body></html>
"""

PLAIN = """\
GUIDE
=====

1. Scope

1.1 This clause
applies to boilers which have been in-
stalled before 1990.

Q: Why?
A: Because.

Name: valve
Size: 3 cm

* bread
* milk

Contents ........ 3
\f
Page 2
"""


def seeds() -> dict[str, list[bytes]]:
    """Return small sound documents of each format, by its name."""
    cells = [
        {"cell_type": "markdown", "source": MARKDOWN.splitlines(keepends=True)},
        {
            "cell_type": "code",
            "source": "print(1)",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["1\n"]},
                {"output_type": "execute_result", "data": {"text/plain": "2"}},
            ],
        },
        {"cell_type": "raw", "source": "a\n\nb"},
    ]
    old = {"cells": [{"cell_type": "heading", "level": 2, "source": "Old"}, *cells]}
    notes = '<w:footnote w:id="2">' + test_docx.paragraph("A note.") + "</w:footnote>"
    rows = test_docx.row("Year", "Rain") + test_docx.row("2019", "3 mm")
    box = f"<w:p><w:r><w:txbxContent>{test_docx.paragraph('In a box.')}</w:txbxContent></w:r></w:p>"
    body = (
        test_docx.paragraph("Start", "berschrift1")
        + test_docx.paragraph("Bring:").replace("</w:r>", '<w:footnoteReference w:id="2"/></w:r>')
        + test_docx.item("food")
        + test_docx.item("bread", 1)
        + f"<w:tbl>{rows}</w:tbl>{box}"
        + test_docx.paragraph("x = 1", "SourceCode")
    )
    columns = test_pdf.column(test_pdf.LOREM, 72, 700) + "\n" + test_pdf.column("abc", 330, 700)
    return {
        "plain": [PLAIN.encode()],
        "markdown": [MARKDOWN.encode()],
        "rst": [RST.encode()],
        "html": [HTML.encode()],
        "notebook": [
            json.dumps({"cells": cells, "metadata": {"title": "Guide"}, "nbformat": 4}).encode(),
            json.dumps({"worksheets": [old], "nbformat": 3}).encode(),
        ],
        "docx": [test_docx.docx(body, styles=test_docx.STYLES, footnotes=notes)],
        "pdf": [
            test_pdf.pdf(
                test_pdf.show("Title", 72, 760, 18, test_pdf.BOLD) + "\n" + columns,
                columns,
                outline=[("Start", 0), ("End", 1)],
                info="/Title (Guide)",
            )
        ],
    }


def spoil(content: bytes, chosen: random.Random) -> bytes:
    """Return a document that is cut off, or has bits flipped, and slices repeated or swapped."""
    for _ in range(chosen.choice((1, 1, 2, 3, 5, 8))):
        at, middle, to = sorted(chosen.randrange(len(content) + 1) for _ in range(3))
        # A mark of a format is a few bytes long.
        near = min(at + chosen.randrange(1, 9), len(content))
        few = content[at:near]
        match chosen.randrange(8):
            case 0:
                content = content[:at] if chosen.random() < 0.3 else content[:at] + content[to:]
            case 1:
                content = (
                    content[:at]
                    + bytes(byte ^ 1 << chosen.randrange(8) for byte in few)
                    + content[near:]
                )
            case 2:
                content = content[:at] + few * chosen.choice((2, 3, 50, 3000)) + content[near:]
            case 3:
                content = content[:to] + content[at:to] * chosen.choice((1, 2, 20)) + content[to:]
            case 4:
                content = content[:at] + content[middle:to] + content[at:middle] + content[to:]
            case 5:
                content = content[:to] + few + content[to:]
            case 6:
                content = content[:at] + content[near:]
            case _:
                content = content[:at] + chosen.choice(_ODD) + content[near:]
        content = content[:_LONGEST] or b"\n"
    return content


_ODD = (
    b"\r", b"\r\n", b"\t", b"\f", b"\xef\xbb\xbf", "\u00ad".encode(), "\u2028".encode(), "\U0001f6a2".encode(),
    b"-1", b"99999999999", b"NaN", b"null", b"\\ud800", b"\x85", "\u0130\ufb01".encode(),
)  # fmt: skip


def breach(parsed: ParsedText) -> str:
    """Return the law of blocks that a document breaks; empty if it keeps them all."""
    position = 0
    for number, block in enumerate(parsed.blocks, start=1):
        start, end = block.chars
        if block.number != number:
            return f"block {block.number} stands at {number}"
        if not position <= start < end <= len(parsed.text):
            return f"block {number} has the span {start} to {end}, after {position}"
        position, inner = end, start
        if bool(block.pieces) == (block.kind in UNREAD):
            return f"block {number} is {block.kind} and has {len(block.pieces)} pieces"
        for piece in block.pieces:
            if not inner <= piece.start <= piece.end <= end:
                return f"block {number} has a piece at {piece.start} to {piece.end}, after {inner}"
            inner = piece.end
        if not 0 <= block.lead < number:
            return f"block {number} is introduced by {block.lead}"
    return ""


class Fuzzer:
    """Parses spoiled documents of one format.

    Attributes:
        tried: How many documents were parsed.
        reasons: How often documents were refused, by the reason.
    """

    def __init__(self, format_: Format, seed: int) -> None:
        """Take a format; equal seeds spoil documents equally."""
        self._format = format_
        self._chosen = random.Random(seed)  # noqa: S311 - no secret
        self.tried = 0
        self.reasons: Counter[str] = Counter()

    def run(self, seconds: float) -> None:
        """Parse for some seconds; raise AssertionError for a document that breaks a law."""
        starts = seeds()[self._format.name]
        end = time.monotonic() + seconds
        with Parsers(LIMITS) as parsers:
            while time.monotonic() < end:
                content = self._spoil(self._chosen.choice(starts))
                started = time.monotonic()
                broken = self._try(parsers, content)
                took = time.monotonic() - started
                if took > LIMITS.seconds + _GRACE_SECONDS:
                    broken = broken or f"parsing takes {took:.0f} s"
                assert not broken, f"{broken}: {_kept(self._format, content)}"

    def _spoil(self, content: bytes) -> bytes:
        if self._format.name != "docx" or self._chosen.random() < 0.2:
            return spoil(content, self._chosen)
        # Checksums guard the parts of a package: one is spoiled before it is packed.
        result = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
            spoiled = self._chosen.choice(old.namelist())
            for name in old.namelist():
                part = old.read(name)
                new.writestr(name, spoil(part, self._chosen) if name == spoiled else part)
        return result.getvalue()

    def _try(self, parsers: Parsers, content: bytes) -> str:
        self.tried += 1
        try:
            source = decode(content)[0] if self._format.is_text else content
            return breach(parsers.parse(self._format, source))
        except UnreadableSourceError as error:
            self.reasons[str(error)] += 1
            return ""


def _kept(format_: Format, content: bytes) -> Path:
    """Write a document that shows a fault, and return its path."""
    folder = Path("build/spoiled")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time.time_ns()}{format_.suffixes[0]}"
    path.write_bytes(content)
    return path


def main() -> None:
    """Parse spoiled documents of all formats, and print what came of them."""
    write = sys.stdout.write
    chosen = [each for each in FORMATS if each.name in (sys.argv[2:] or seeds())]
    for format_ in chosen:
        fuzzer = Fuzzer(format_, seed=time.time_ns())
        fuzzer.run(float(sys.argv[1]) / len(chosen))
        write(f"{format_.name}: {fuzzer.tried:,} documents\n")
        for reason, count in fuzzer.reasons.most_common():
            write(f"  {count:,} {reason}\n")


if __name__ == "__main__":
    main()

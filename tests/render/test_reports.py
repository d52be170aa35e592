"""Documents are counted by what became of them."""

from askdocs.records.reports import Freshness
from askdocs.render.reports import changes_of, count_kinds


def test_changes_are_in_one_order() -> None:
    """Added, changed, removed; a kind that has no document is there all the same."""
    found = Freshness(documents=3, added=("a.txt", "b.txt"), removed=("c.txt",))

    changes = changes_of(found)

    assert list(changes.items()) == [
        ("added", ("a.txt", "b.txt")),
        ("changed", ()),
        ("removed", ("c.txt",)),
    ]
    assert count_kinds(changes) == ["2 added", "1 removed"]

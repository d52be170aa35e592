"""Two indexes are compared by the texts that they cite, not by where those stand."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdocs.evaluation.compare import compare_rankings
from askdocs.records.results import Change, ComparedRanking, Hit, Ranking
from askdocs.render.diff_report import (
    render_comparison,
    render_comparison_json,
    render_comparison_markdown,
)
from askdocs.terminal import Style
from tests.render.conftest import make_hit, ranking_of

PLAIN = Style(width=80)
RAIN, SNOW, HAIL = "Rain fell in March.", "Snow fell in May.", "Hail fell in June."


def hit(text: str, *, path: str = "a.txt", paragraph: int = 1) -> Hit:
    """A hit that cites a text as one paragraph."""
    both = (paragraph, paragraph)
    return make_hit(text, path=path, paragraphs=both, lines=both, start=100 * paragraph, score=0.5)


def ranking(*hits: Hit, question: str = "What fell?") -> Ranking:
    """Hits in the order given."""
    ranked = (replace(one, rank=rank) for rank, one in enumerate(hits, 1))
    return ranking_of(*ranked, question=question)


def texts(hits: tuple[Hit, ...]) -> list[str]:
    """What hits cite."""
    return [one.text for one in hits]


def test_same_texts_in_the_same_places_are_the_same():
    """Scores may differ: what is cited counts."""
    before = ranking(hit(RAIN), hit(SNOW, paragraph=2))
    now = ranking(replace(hit(RAIN), score=0.9), hit(SNOW, paragraph=2))
    found = compare_rankings(before, now)
    assert found == ComparedRanking(before=before, now=now, change=Change.SAME)
    assert not found.is_different


def test_text_at_another_place_has_moved():
    """A paragraph inserted above moves those below it, which is not a difference."""
    before = ranking(hit(RAIN), hit(SNOW, paragraph=2))
    now = ranking(hit(RAIN), hit(SNOW, paragraph=3))
    found = compare_rankings(before, now)
    assert found.change == Change.MOVED
    assert found.moved == ((before.hits[1], now.hits[1]),)
    assert (found.went, found.came, found.is_different) == ((), (), False)


INDEXED = hit(RAIN)
MOVED = replace(hit(RAIN, paragraph=9), indexed=INDEXED.place)
LONGER = hit(f"Heading\n\n{RAIN}")


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        pytest.param((), (hit(RAIN),), Change.ANSWERED, id="answered"),
        pytest.param((hit(RAIN),), (), Change.REFUSED, id="refused"),
        pytest.param((), (), Change.SAME, id="nothing"),
        pytest.param((hit(RAIN),), (hit(RAIN, path="b.txt"),), Change.MOVED, id="renamed"),
        pytest.param((hit("Rain\nfell."),), (hit("Rain fell."),), Change.SAME, id="wrapped"),
        pytest.param((hit(RAIN, paragraph=2),), (LONGER,), Change.MOVED, id="part of a passage"),
        pytest.param((LONGER,), (hit(RAIN, paragraph=2),), Change.FIRST, id="no longer whole"),
        pytest.param((hit("Rain fell"),), (hit("Rain fellow"),), Change.FIRST, id="part of a word"),
        pytest.param((INDEXED,), (MOVED,), Change.SAME, id="place in the index"),
    ],
)
def test_cited_text_decides(before, now, change):
    """Files, line ends and what stands around a text do not matter, whole words do."""
    assert compare_rankings(ranking(*before), ranking(*now)).change == change


def test_another_first_citation_is_said_before_other_hits():
    """The first passage is what most readers look at."""
    before = ranking(hit(RAIN), hit(SNOW, paragraph=2))
    now = ranking(hit(SNOW, paragraph=2), hit(HAIL, paragraph=3))
    found = compare_rankings(before, now)
    assert (found.change, texts(found.went), texts(found.came)) == (Change.FIRST, [RAIN], [HAIL])
    assert found.is_different


def test_order_of_the_first_counts_and_of_the_others_does_not():
    """A swap of the first two texts is a difference, a swap below them is not."""
    rain, snow, hail = (hit(one, paragraph=n) for n, one in enumerate((RAIN, SNOW, HAIL), 1))
    above = compare_rankings(ranking(rain, snow), ranking(snow, rain))
    below = compare_rankings(ranking(rain, snow, hail), ranking(rain, hail, snow))
    assert (above.change, above.went, above.came) == (Change.FIRST, (), ())
    assert below.change == Change.SAME


def test_other_hits_below_the_first_are_named():
    """Hits that came and went are told apart, by rank."""
    before = ranking(hit(RAIN), hit(SNOW, paragraph=2), hit(HAIL, paragraph=3))
    now = ranking(hit(RAIN), hit("Dew fell.", paragraph=4))
    found = compare_rankings(before, now)
    assert found.change == Change.HITS
    assert (texts(found.went), texts(found.came)) == ([SNOW, HAIL], ["Dew fell."])


def test_text_that_stands_twice_is_paired_with_the_nearest():
    """Each copy is compared with the one in its place, then in its document."""
    here, there = hit(RAIN, paragraph=4), hit(RAIN, path="b.txt")
    swapped = compare_rankings(ranking(here, there), ranking(there, here))
    renamed = compare_rankings(ranking(here, there), ranking(hit(RAIN, paragraph=5), there))
    assert (swapped.change, swapped.moved) == (Change.FIRST, ())
    assert [(str(old.place.citation), str(new.place.citation)) for old, new in renamed.moved] == [
        ("a.txt#p4", "a.txt#p5")
    ]


HITS = st.builds(
    hit,
    st.sampled_from([RAIN, SNOW, HAIL, "Dew fell.", f"{RAIN} {SNOW}"]),
    path=st.sampled_from(["a.txt", "b.txt"]),
    paragraph=st.integers(1, 3),
)
RANKINGS = st.lists(HITS, max_size=4).map(lambda hits: ranking(*hits))


@given(found=RANKINGS)
def test_ranking_is_the_same_as_itself(found):
    """Nothing differs where nothing has changed."""
    assert compare_rankings(found, found).change == Change.SAME


@given(before=RANKINGS, now=RANKINGS)
def test_every_hit_is_accounted_for_once(before, now):
    """A hit went, or it is paired with one that did not come."""
    found = compare_rankings(before, now)
    assert len(before.hits) - len(found.went) == len(now.hits) - len(found.came)
    assert set(found.went) <= set(before.hits)
    assert set(found.came) <= set(now.hits)
    assert all(old not in found.went or new not in found.came for old, new in found.moved)


COMPARED = [
    compare_rankings(ranking(hit(RAIN)), ranking(hit(RAIN))),
    compare_rankings(
        ranking(hit(RAIN), hit(HAIL, paragraph=3)), ranking(hit(SNOW), hit(HAIL, paragraph=4))
    ),
    compare_rankings(ranking(hit(RAIN)), ranking()),
]


def test_text_shows_what_differs_and_counts():
    """Questions that differ with the hits that went, came and moved; the counts at the end."""
    assert render_comparison(COMPARED, PLAIN) == (
        "q1  What fell?\n"
        "    with another first citation\n"
        "    - 1. a.txt#p1  0.50\n"
        "        Rain fell in March.\n"
        "    + 1. a.txt#p1  0.50\n"
        "        Snow fell in May.\n"
        "    ~ 2. a.txt#p3 -> a.txt#p4\n"
        "\n"
        "q1  What fell?\n"
        "    newly refused\n"
        "    - 1. a.txt#p1  0.50\n"
        "        Rain fell in March.\n"
        "\n"
        "3 questions: 1 same, 1 with another first citation, 1 newly refused\n"
    )
    assert render_comparison(COMPARED[:1], PLAIN) == "1 question: 1 same\n"


def test_places_that_do_not_fit_stand_one_below_the_other():
    """A narrow terminal shows where a text stood and where it stands now."""
    wide, narrow = (render_comparison(COMPARED[1:2], Style(width=width)) for width in (30, 28))
    assert "    ~ 2. a.txt#p3 -> a.txt#p4\n" in wide
    assert "    ~ 2. a.txt#p3\n        -> a.txt#p4\n" in narrow


def test_text_is_safe_and_fits():
    """No question, path or answer commands a terminal or is wider than it."""
    odd = ranking(hit("Rain\x1b[2J " * 30, path="a\x1b.txt"), question="What\x1b fell?")
    text = render_comparison([compare_rankings(odd, ranking())], Style(width=40))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 40


def test_json_has_answers_before_and_now():
    """The object has the counts, and for each question what was cited before and is now."""
    found = json.loads(render_comparison_json(COMPARED[1:2]))

    def cited(rank: int, citation: str, answer: str) -> dict[str, object]:
        return {"rank": rank, "score": 0.5, "citation": citation, "answer": answer}

    rain, snow = cited(1, "a.txt#p1", RAIN), cited(1, "a.txt#p1", SNOW)
    assert found == {
        "schema": 2,
        "same": False,
        "counts": {"same": 0, "moved": 0, "hits": 0, "first": 1, "answered": 0, "refused": 0},
        "questions": [{
            "id": "q1", "question": "What fell?", "change": "first", "went": [rain], "came": [snow],
            "before": {"answered": True, "first": rain}, "now": {"answered": True, "first": snow},
            "moved": [{"before": "a.txt#p3", "now": "a.txt#p4"}],
        }],
    }  # fmt: skip


def test_markdown_is_a_table_of_what_differs():
    """A comment says the counts; its table has the questions that cite something else."""
    assert render_comparison_markdown(COMPARED) == (
        "**askdocs diff**: 3 questions: 1 same, 1 with another first citation, 1 newly refused\n"
        "\n"
        "| question | before | now |\n"
        "|---|---|---|\n"
        "| What fell?<br>*with another first citation* | 1\\. **a.txt\\#p1** Rain fell in March. "
        "| 1\\. **a.txt\\#p1** Snow fell in May. |\n"
        "| What fell?<br>*newly refused* | 1\\. **a.txt\\#p1** Rain fell in March. | no answer |\n"
    )
    assert render_comparison_markdown(COMPARED[:1]) == "**askdocs diff**: 1 question: 1 same\n"


def test_markdown_takes_nothing_from_the_documents():
    """Tags, tables, links and names after an @ stay plain text."""
    odd = ranking(hit("<img> | `x` [a](b) @all https://example.org *b*\n# no"))
    *_, row = render_comparison_markdown([compare_rankings(odd, ranking())]).splitlines()
    assert row == (
        "| What fell?<br>*newly refused* | 1\\. **a.txt\\#p1** \\<img\\> \\| \\`x\\` \\[a\\]\\(b\\) "
        "@<!-- -->all https:<!-- -->//example.org \\*b\\* \\# no | no answer |"
    )


def test_markdown_fits_into_a_comment():
    """However many questions differ and however long they are, GitHub takes the comment."""
    long = compare_rankings(ranking(hit("|" * 4000)), ranking(hit("@" * 4000)))
    text = render_comparison_markdown([long] * 500)
    assert len(text) < 65_536
    shown = text.count("with another first citation*")
    assert shown > 10
    assert text.endswith(
        f"\n\n{500 - shown} questions more; `askdocs diff --format json` lists all of them.\n"
    )

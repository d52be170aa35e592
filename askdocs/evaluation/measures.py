"""The measures of the field, one small function each.

Measures of a ranking take `found`: for each rank, best first, the number of relevant ids that it
shows and no rank before it did. A relevant id counts once, however often it is shown. `k` is the
last rank that counts, at least 1; `relevant` is the number of relevant ids, at least 1 and at least
the sum of `found`.
"""

import math
from collections.abc import Collection, Hashable, Sequence


def newly_found(shown: Sequence[Collection[Hashable]]) -> list[int]:
    """Count, for each hit, the relevant ids that it shows and no hit before it did.

    `shown` has the relevant ids of each hit, best hit first; none for a hit that is not relevant.
    """
    seen: set[Hashable] = set()
    found: list[int] = []
    for ids in shown:
        found.append(len(set(ids) - seen))
        seen.update(ids)
    return found


def hit_at(found: Sequence[int], k: int) -> float:
    """Return success at k: 1 if one of the first k ranks is relevant, else 0.

    Source:
        Manning, Raghavan & Schütze (2008), Introduction to Information Retrieval, section 8.4.
    """
    return float(any(found[: _checked(k)]))


def reciprocal_rank(found: Sequence[int], k: int) -> float:
    """Return 1 / the rank of the first relevant hit, in [0, 1]; 0 if none is among the first k.

    Source:
        Voorhees (1999), The TREC-8 Question Answering Track Report.
    """
    ranks = (rank for rank, count in enumerate(found[: _checked(k)], 1) if count)
    first = next(ranks, None)
    return 1 / first if first else 0.0


def recall_at(found: Sequence[int], relevant: int, k: int) -> float:
    """Return the share of the relevant ids that the first k ranks show, in [0, 1].

    Source:
        Manning, Raghavan & Schütze (2008), Introduction to Information Retrieval, section 8.4.
    """
    return sum(found[: _checked(k)]) / _checked_relevant(found, relevant)


def ndcg_at(found: Sequence[int], relevant: int, k: int) -> float:
    """Return the discounted cumulative gain of the first k ranks as a share of the highest one.

    The value is in [0, 1]. Gains are binary: a rank that shows two relevant ids at once gains 1, so
    the value of its ranking stays below 1.

    Source:
        Järvelin & Kekäläinen (2002), doi:10.1145/582415.582418, with the discount log2(rank + 1)
        of Burges et al. (2005), doi:10.1145/1102351.1102363.
    """
    ideal = [1] * min(_checked_relevant(found, relevant), _checked(k))
    return _dcg(found[:k]) / _dcg(ideal)


def expected_calibration_error(
    scores: Sequence[float], correct: Sequence[bool], *, bins: int = 10
) -> float:
    """Return the mean distance of scores from the share of correct ones, over bins of equal width.

    There is at least one score, each in [0, 1], with a flag that tells if its answer is correct.
    A bin is weighted by its number of scores. A score on a border belongs to the bin above it; 1
    belongs to the last one. The value is in [0, 1]; 0 if each bin's mean score is its share of
    correct ones.

    Source:
        Naeini, Cooper & Hauskrecht (2015), doi:10.1609/aaai.v29i1.9602.
    """
    if not scores:
        raise ValueError("scores must not be empty")
    gaps = [0.0] * _checked(bins)
    for score, is_correct in zip(scores, correct, strict=True):
        if not 0 <= score <= 1:
            raise ValueError(f"scores must be in [0, 1], got {score}")
        gaps[min(int(score * bins), bins - 1)] += score - is_correct
    return math.fsum(map(abs, gaps)) / len(scores)


def share(flags: Sequence[bool]) -> float:
    """Return the share of true flags, at least one: of refusals, the rate of abstention.

    Source:
        El-Yaniv & Wiener (2010), https://www.jmlr.org/papers/v11/el-yaniv10a.html: coverage is one
        minus the share of questions that are refused.
    """
    if not flags:
        raise ValueError("flags must not be empty")
    return sum(flags) / len(flags)


def _dcg(gains: Sequence[int]) -> float:
    return math.fsum(1 / math.log2(rank + 1) for rank, gain in enumerate(gains, 1) if gain)


def _checked(k: int) -> int:
    if k < 1:
        raise ValueError(f"must be at least 1, got {k}")
    return k


def _checked_relevant(found: Sequence[int], relevant: int) -> int:
    if relevant < max(1, sum(found)):
        raise ValueError(f"relevant must be at least 1 and the sum of found, got {relevant}")
    return relevant

"""Which measures fall short of the bars that a project sets itself."""

from collections.abc import Iterable, Mapping

from askdocs.datamodel import Evaluation
from askdocs.errors import UsageError
from askdocs.evaluation.running import LOWER_IS_BETTER, MEASURES

_HINT = f"--fail-under hit@5=0.9, where the measure is one of {', '.join(MEASURES)}"


def read_bars(given: Iterable[str]) -> dict[str, float]:
    """Bars from `measure=value`; of two for one measure the last one holds.

    Raises:
        UsageError: There is no such measure, or the value is no number from 0 to 1.
    """
    bars: dict[str, float] = {}
    for one in given:
        name, _, text = one.partition("=")
        try:
            value = float(text)
        except ValueError as error:
            raise UsageError(f"{one} has no number behind =", hint=_HINT) from error
        if name not in MEASURES:
            raise UsageError(f"there is no measure {name}", hint=_HINT)
        if not 0 <= value <= 1:
            raise UsageError(f"the bar of {name} must be from 0 to 1, got {text}", hint=_HINT)
        bars[name] = value
    return bars


def shortfalls(evaluation: Evaluation, bars: Mapping[str, float]) -> list[str]:
    """A line for each measure that is worse than its bar, or has no value."""
    return [line for name, bar in bars.items() if (line := _shortfall(evaluation, name, bar))]


def _shortfall(evaluation: Evaluation, name: str, bar: float) -> str:
    value = evaluation.measures[name].value
    if value is None:
        return f"{name} has no value: there is no question for it"
    side = "above" if name in LOWER_IS_BETTER else "below"
    is_worse = value > bar if name in LOWER_IS_BETTER else value < bar
    return f"{name} is {value:.4f}, {side} {bar:g}" if is_worse else ""

"""A retry policy's context decides as the machine's judge does, outcome by outcome."""

from __future__ import annotations

from hypothesis import given

from compiler.targets.asterisk.patterns import matches, width
from plan.strategies import plans
from sipfo.compiler.targets.asterisk.policy import Case, contexts
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.source import NOWHERE
from sipfo.plan.model import OnTag, Plan
from sipfo.plan.outcome import TRANSPORT_ERROR, Judge, responded, timed_out


def one_of(cases: tuple[Case, ...], dialled: str) -> Case:
    """The most specific extension that matches; no two are as specific."""
    found = sorted((case for case in cases if matches(case.exten, dialled)), key=_width)
    assert len({_width(case) for case in found}) == len(found) > 0
    return found[0]


def _width(case: Case) -> int:
    return width(case.exten)


@given(plans())
def test_every_outcome_has_one_extension_and_the_judges_verdict(plan: Plan) -> None:
    try:
        found = contexts(plan, NOWHERE)
    except CannotSay:
        return  # a tag that the dialplan could not look for
    used = {trunk.retry for trunk in plan.trunks}
    retries = [retry for retry in plan.retries if retry.name in used]
    assert [one.name for one in found] == [f"sipfo-retry-{one.name}" for one in retries]
    for context, retry in zip(found, retries, strict=True):
        judge = Judge(retry)
        assert one_of(context.cases, "transport-error").verdict == judge.verdict(TRANSPORT_ERROR)
        for timer in ("no-response", "no-progress", "no-answer"):
            assert one_of(context.cases, timer).verdict == judge.verdict(timed_out(timer))
        for code in range(300, 700):
            case = one_of(context.cases, str(code))
            assert case.verdict == judge.verdict(responded(code))
            tagged = [
                rule
                for rule in retry.rules
                if isinstance(rule.match, OnTag) and rule.match.code == code
            ]
            assert len(case.tags) == len(tagged)

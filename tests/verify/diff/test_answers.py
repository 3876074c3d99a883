"""One response for each way in which two policies read one, and none is missing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sipfo.plan.model import Retry
from sipfo.plan.outcome import Final, Judge, Outcome
from sipfo.verify.diff.answers import Answers, group_of
from verify.diff.worlds import CAUSES, CODES, TAGS, policies

finals = st.builds(
    Final,
    st.sampled_from((*CODES, 301, 418, 599, 699)),
    st.sampled_from(("", "Busy Here", "Busy Here D5", "D5 x", "D56 Z", "Z D5")),
    st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
    st.lists(st.sampled_from((*CAUSES, 99)), max_size=3).map(tuple),
)


def reading(old: Retry, new: Retry, final: Final) -> tuple[object, ...]:
    outcome = Outcome("response", final)
    verdicts = Judge(old).verdict(outcome), Judge(new).verdict(outcome)
    return (*verdicts, group_of(final.status), final.status == 503)


@settings(max_examples=60)
@given(policies("one"), policies("two"), st.lists(finals, min_size=10, max_size=10))
def test_every_response_is_read_like_one_of_the_alphabet(
    old: Retry, new: Retry, heard: list[Final]
) -> None:
    answers = Answers(old, new, unscripted=True)
    known = {reading(old, new, answer.final) for answer in answers.finals}
    assert {reading(old, new, final) for final in heard} <= known


@settings(max_examples=40)
@given(policies("one"), policies("two"))
def test_every_provisional_is_read_like_one_of_the_alphabet(old: Retry, new: Retry) -> None:
    judges = Judge(old), Judge(new)

    def commits(status: int, body: bool) -> tuple[bool, ...]:
        return tuple(judge.commits(status, body) for judge in judges)

    known = {commits(one.status, one.body) for one in Answers(old, new, True).provisionals}
    everything = {commits(status, body) for status in range(101, 200) for body in (True, False)}
    assert known == everything


@given(policies("one"), policies("two"))
@settings(max_examples=20)
def test_what_a_scenario_can_hold_carries_its_reply(old: Retry, new: Retry) -> None:
    for answer in Answers(old, new).finals:
        assert answer.reply is not None
        assert answer.reply.status == answer.final.status

"""The voice settings of one number, and what a PATCH of them changes of the policy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from sipfo.plan.change import Changes, NumberChange, Situation, said
from sipfo.plan.model import NumberRange, Plan, Trunk
from sipfo.plan.numbering import Numbering, normalise
from sipfo.runtime.wire.api.connection import cut_out, forwarding, wanted
from sipfo.runtime.wire.api.problem import not_found
from sipfo.runtime.wire.api.shape import NumberPatch, NumberVoice


def owner(plan: Plan, text: str) -> tuple[str, Trunk]:
    """A number with its plus, and the trunk that has it. Raises Rejected."""
    number = normalise(text)
    trunk = Numbering(plan).trunk_of(number) if number[:1] == "+" and number[1:2] != "0" else None
    if trunk is None:
        raise not_found(f"no trunk has the number {text[:32]}: an id is a number such as +1312…")
    return number, trunk


def shape(plan: Plan, situation: Situation, number: str, trunk: Trunk) -> NumberVoice:
    """A number as it is shown."""
    change = situation.changes.of_number(number)
    return NumberVoice(
        id=number,
        phone_number=number,
        record_type="voice_settings",
        connection_id=cut_out(plan, situation.changes).get(trunk.name, trunk.name),
        call_forwarding=forwarding(said(trunk), change, hyphen=True),
    )


def edited(situation: Situation, number: str, trunk: Trunk, patch: NumberPatch) -> Changes:
    """What is changed when a PATCH has been done. Raises Rejected."""
    before = situation.changes.of_number(number)
    base = before.over if before is not None else said(trunk)
    change = before or NumberChange(number=number, over=base)
    if "call_forwarding" not in patch.model_fields_set:
        return situation.changes
    update = wanted(patch.call_forwarding, change, base)
    return situation.changes.with_number(change.model_copy(update=update).without(base))


def listed(plan: Plan, start: int, size: int) -> tuple[int, list[tuple[str, Trunk]]]:
    """How many numbers stand in ranges, and some of them in their order. Of a prefix, or of `any`,
    nobody knows which numbers there are."""
    total = sum(last - first + 1 for first, last, _, _ in _ranges(plan))
    return total, list(islice(_numbers(plan, start), size))


def _ranges(plan: Plan) -> Iterator[tuple[int, int, int, Trunk]]:
    for trunk in plan.trunks:
        for one in trunk.numbers:
            if isinstance(one, NumberRange):
                yield int(one.first[1:]), int(one.last[1:]), len(one.first) - 1, trunk


def _numbers(plan: Plan, start: int) -> Iterator[tuple[str, Trunk]]:
    for first, last, digits, trunk in sorted(_ranges(plan), key=lambda one: one[:3]):
        count = last - first + 1
        if start < count:
            for number in range(first + start, last + 1):
                yield f"+{number:0{digits}}", trunk
        start = max(0, start - count)

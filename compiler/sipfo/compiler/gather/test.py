"""One call and what must be seen of it: `test "…" { … }`, and a `when` of the command line."""

from __future__ import annotations

from functools import partial
from typing import get_args

from sipfo.compiler import policy
from sipfo.compiler.gather.reader import Reader, all_of, first_of
from sipfo.compiler.values.count import count
from sipfo.compiler.values.duration import duration
from sipfo.compiler.values.number import telephone
from sipfo.compiler.values.outcome import cause_number, tag
from sipfo.compiler.values.seen import answer, attempt_outcome, refusal
from sipfo.grammar import tree
from sipfo.plan.scenario import NOMINAL_DELAY, Reply

PROVISIONALS = {"trying": 100, "rings": 180, "progress": 183}
_delay = partial(duration, zero=True)


def test(reader: Reader, node: tree.Test) -> policy.Test:
    """A test block."""
    call = first_of(tree.Call, node)
    cancels = (cancel(reader, one) for one in all_of(tree.CallerCancels, node))
    attempts = (_attempt(reader, one) for one in all_of(tree.ExpectAttempt, node))
    results = (_result(reader, item) for item in node.items)
    assert isinstance(node.name, tree.Quoted)
    return policy.Test(
        node.name.text,
        _call(reader, call) if call else None,
        tuple(behaviour(reader, when) for when in all_of(tree.When, node)),
        tuple(holder(one) for one in all_of(tree.RegisteredAt, node)),
        tuple(one for one in cancels if one is not None),
        tuple(one for one in attempts if one is not None),
        tuple(one for one in results if one is not None),
        node.name.span,
    )


def behaviour(reader: Reader, node: tree.When) -> policy.Behaviour:
    """`when ROUTE [from EGRESS] …`."""
    steps = (_step(reader, step) for step in node.steps)
    read = tuple(step for step in steps if step is not None)
    return policy.Behaviour(node.destination, node.egress, read, node.span)


def holder(node: tree.RegisteredAt) -> policy.Holder:
    """`when ROUTE registered at INSTANCE`."""
    return policy.Holder(node.destination, node.instance, node.span)


def cancel(reader: Reader, node: tree.CallerCancels) -> policy.Cancel | None:
    """`when caller cancels after T`."""
    after = reader.value(_delay, node.after)
    return None if after is None else policy.Cancel(after, node.span)


def _call(reader: Reader, node: tree.Call) -> policy.Call:
    number = reader.value(telephone, node.number)
    return policy.Call(
        node.trunk,
        number,
        reader.value(count, node.after) or 0,
        node.after.span if node.after else None,
        node.drawing or (),
        node.span,
    )


def _step(reader: Reader, node: tree.Answers | tree.Signals) -> policy.Step | None:
    if node.after is None:
        after: float | None = NOMINAL_DELAY
    else:
        after = reader.value(_delay, node.after)
    delayed = node.after is not None
    tagged = cause = None
    if isinstance(node, tree.Answers):
        code = reader.value(answer, node.code)
        tagged = reader.value(tag, node.tag)
        cause = reader.value(cause_number, node.cause)
    else:
        for absence in get_args(policy.Absence):
            if node.signal.text == absence:
                return policy.Step(absence, node.span, delayed)
        code = PROVISIONALS[node.signal.text]
    if code is None or after is None:
        return None
    return policy.Step(Reply(status=code, after=after, tag=tagged, cause=cause), node.span, delayed)


def _attempt(reader: Reader, node: tree.ExpectAttempt) -> policy.SeenAttempt | None:
    outcome = reader.value(attempt_outcome, node.outcome)
    if outcome is None:
        return None
    return policy.SeenAttempt(node.egress, node.destination, outcome, node.span)


def _result(reader: Reader, node: tree.Node) -> policy.SeenResult | None:
    match node:
        case tree.ExpectAnswered(by=by, within=within):
            limit = reader.value(_delay, within)
            return policy.SeenResult("answered", None, by, limit, node.span)
        case tree.ExpectRefused(code=word, by=by, within=within):
            code = reader.value(refusal, word)
            limit = reader.value(_delay, within)
            return policy.SeenResult("refused", code, by, limit, node.span)
        case tree.ExpectCancelled(within=within):
            limit = reader.value(_delay, within)
            return policy.SeenResult("cancelled", None, None, limit, node.span)
        case _:
            return None

"""A scenario to the text of a `test` block that compiles to it again.

What would surprise: what the language has no words for (a 181, a quote in a title) is refused and
never left out, so that a block says all of its scenario; only what can make no difference is
dropped: replies after a final one, a behaviour that a later one replaces, an answer's exact code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil

from sipfo.plan.scenario import NOMINAL_DELAY, Behaviour, Reply, Scenario, SeenResult

_SIGNALS = {100: "trying", 180: "rings", 183: "progress"}
_QUOTED = re.compile(r'[^"\x00-\x1f\x7f]*')
_NUMBER = re.compile(r"\+[0-9]{1,15}")
_MOST_CALLS = 1_000_000


class Unsayable(ValueError):
    """The language has no words for a part of the scenario; the message says which."""


def scenario_text(scenario: Scenario) -> str:
    """The scenario as a `test` block with a final newline. Raises Unsayable.

    Times are written to the microsecond, a limit (`within`) rounded up.
    """
    lines = [
        _call(scenario),
        *_whens(scenario),
        *_attempts(scenario),
        *_result(scenario.result),
    ]
    body = "".join(f"    {line}\n" for line in lines)
    return f"test {_quoted(scenario.name)} {{\n{body}}}\n"


def _call(scenario: Scenario) -> str:
    if not _NUMBER.fullmatch(scenario.number):
        raise Unsayable(f"a call to {scenario.number!r}, which is no telephone number")
    words = f"call {scenario.trunk} to {scenario.number}"
    if scenario.calls_before:
        if scenario.calls_before > _MOST_CALLS:
            raise Unsayable(f"more than {_MOST_CALLS} calls before")
        words += f" after {scenario.calls_before} call{'s' * (scenario.calls_before != 1)}"
    if scenario.drawn:
        words += f" drawing {', '.join(scenario.drawn)}"
    return words


def _whens(scenario: Scenario) -> Iterator[str]:
    for holder in {one.route: one for one in reversed(scenario.holders)}.values():
        yield f"when {holder.route} registered at {holder.instance}"
    said = {(one.route, one.egress): one for one in scenario.behaviours}
    for behaviour in said.values():
        sender = f" from {behaviour.egress}" if behaviour.egress is not None else ""
        yield f"when {behaviour.route}{sender} {_does(behaviour)}"
    if scenario.cancel_after is not None:
        yield f"when caller cancels after {seconds_text(scenario.cancel_after)}"


def _does(behaviour: Behaviour) -> str:
    if behaviour.reach != "replies":
        if behaviour.replies:
            raise Unsayable(f"{behaviour.route} is {behaviour.reach} and replies all the same")
        return behaviour.reach
    steps = [_step(reply) for reply in _until_final(behaviour.replies)]
    return ", ".join(steps) or "silent"


def _until_final(replies: Sequence[Reply]) -> Iterator[Reply]:
    for reply in replies:
        yield reply
        if reply.status >= 200:
            return


def _step(reply: Reply) -> str:
    if reply.status >= 200:
        words = f"answers {reply.status}"
        if reply.tag is not None:
            words += f" tagged {_quoted(reply.tag)}"
        if reply.cause is not None:
            words += f" cause {reply.cause}"
    elif reply.status not in _SIGNALS:
        raise Unsayable(f"a {reply.status}: the provisionals are `trying`, `rings`, `progress`")
    elif reply.tag is not None or reply.cause is not None:
        raise Unsayable(f"a {reply.status} with a tag or a cause: only an answer has them")
    else:
        words = _SIGNALS[reply.status]
    if reply.after != NOMINAL_DELAY:
        words += f" after {seconds_text(reply.after)}"
    return words


def _attempts(scenario: Scenario) -> Iterator[str]:
    if scenario.attempts is not None and not scenario.attempts:
        raise Unsayable("that no attempt is made")
    for seen in scenario.attempts or ():
        yield f"expect {seen.egress} to {seen.route} {seen.outcome}"


def _result(seen: SeenResult | None) -> Iterator[str]:
    if seen is None:
        return
    words = f"expect {seen.kind}"
    if seen.kind == "refused":
        if seen.code is None:
            raise Unsayable("a refusal by any code")
        words += f" {seen.code}"
    if seen.by is not None:
        if seen.kind == "cancelled":
            raise Unsayable("a call cancelled by a destination")
        words += f" by {seen.by}"
    if seen.within is not None:
        words += f" within {seconds_text(seen.within, up=True)}"
    yield words


def seconds_text(seconds: float, *, up: bool = False) -> str:
    """Seconds as the language writes them: `2s`, `1.5s`, `100ms`; to the nearest microsecond, or
    with `up` to the next one."""
    # Most of a float's excess over a whole microsecond is its own inexactness, not somebody's wish.
    micro = ceil(round(seconds * 1e6, 3)) if up else round(seconds * 1e6)
    unit, per = ("ms", 1000) if 0 < micro < 1_000_000 else ("s", 1_000_000)
    whole, rest = divmod(micro, per)
    fraction = f"{rest:0{len(str(per)) - 1}d}".rstrip("0")
    return f"{whole}.{fraction}{unit}" if fraction else f"{whole}{unit}"


def _quoted(text: str) -> str:
    if not _QUOTED.fullmatch(text):
        raise Unsayable(f"a quote or a control character in {text!r}")
    return f'"{text}"'

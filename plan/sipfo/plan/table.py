"""The failover machine as a table: state × sign to the next state and the work to do.

Total: every state has a row for every sign, and what is ignored says so. A sign is an event as
the policy sees it: the same 503 is NEXT_TARGET, NEXT_STEP, EXHAUSTED or STOP.
"""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where a call's set-up stands."""

    __hash__ = object.__hash__  # a key of the table, each one object; `Enum` hashes the name

    IDLE = auto()
    LOCATING = auto()
    CALLING = auto()  # nothing heard of the attempt
    PROCEEDING = auto()  # 100 heard
    RINGING = auto()  # 101-199 heard
    COMMITTED = auto()  # no failover any more
    ENDED = auto()


class Sign(Enum):
    """An event, as the policy and what is left to try make it out."""

    __hash__ = object.__hash__

    PLACED = auto()
    NOWHERE = auto()  # placed, and there is nothing at all to try
    TARGETS = auto()
    HELD = auto()  # all its targets are held; another step is left
    HELD_LAST = auto()  # the same at the last step, after an INVITE was sent
    ALL_HELD = auto()  # the same at the last step, and no INVITE was sent at all
    ONLY_HELD_LEFT = auto()  # the last step is unreachable, and only held ones were not tried
    TRYING = auto()
    PROGRESS = auto()
    COMMIT = auto()
    NEXT_TARGET = auto()
    NEXT_STEP = auto()
    EXHAUSTED = auto()
    STOP = auto()
    ANSWER = auto()
    CALLER_LEFT = auto()
    DEADLINE = auto()
    STALE = auto()


class Op(Enum):
    """A row's work; `hunt` carries them out in order."""

    __hash__ = object.__hash__

    ARM_DEADLINE = auto()
    LOCATE_FIRST = auto()
    LOCATE_NEXT = auto()
    LOCATE_ANYWAY = auto()
    SKIP = auto()
    INVITE_FIRST = auto()
    INVITE_NEXT = auto()
    ARM_NO_PROGRESS = auto()
    ARM_NO_ANSWER = auto()
    RELAY = auto()
    END_ATTEMPT = auto()
    CUT_ATTEMPT = auto()
    ANSWERED = auto()
    REFUSED = auto()
    BEST = auto()
    CANCELLED = auto()
    LATE = auto()
    UNROUTED = auto()


# The table is read by column; one-letter names keep it one.
S, G, O = State, Sign, Op

Row = tuple[State, tuple[Op, ...]]
IGNORE: tuple[Op, ...] = ()

_FAILURES: dict[Sign, Row] = {
    G.NEXT_TARGET: (S.CALLING, (O.END_ATTEMPT, O.INVITE_NEXT)),
    G.NEXT_STEP: (S.LOCATING, (O.END_ATTEMPT, O.LOCATE_NEXT)),
    G.EXHAUSTED: (S.ENDED, (O.END_ATTEMPT, O.BEST)),
}
_ENDINGS: dict[Sign, Row] = {
    G.STOP: (S.ENDED, (O.END_ATTEMPT, O.REFUSED)),
    G.ANSWER: (S.ENDED, (O.END_ATTEMPT, O.ANSWERED)),
    G.CALLER_LEFT: (S.ENDED, (O.CUT_ATTEMPT, O.CANCELLED)),
    G.DEADLINE: (S.ENDED, (O.CUT_ATTEMPT, O.LATE)),
}


def _still(state: State, *signs: Sign) -> dict[Sign, Row]:
    """Rows that leave the state as it is and do nothing."""
    return dict.fromkeys(signs, (state, IGNORE))


_OUTSIDE = (
    G.PLACED,
    G.NOWHERE,
    G.TARGETS,
    G.HELD,
    G.HELD_LAST,
    G.ALL_HELD,
    G.ONLY_HELD_LEFT,
    G.STALE,
)

TABLE: dict[State, dict[Sign, Row]] = {
    S.IDLE: {
        **_still(S.IDLE, *(sign for sign in Sign if sign not in (G.PLACED, G.NOWHERE))),
        G.PLACED: (S.LOCATING, (O.ARM_DEADLINE, O.LOCATE_FIRST)),
        G.NOWHERE: (S.ENDED, (O.UNROUTED,)),
    },
    # No attempt is under way: what an earlier one still says is stale, so the response signs
    # stand here for "the name does not resolve" alone.
    S.LOCATING: {
        **_still(S.LOCATING, G.PLACED, G.NOWHERE, G.STALE, G.TRYING, G.PROGRESS, G.COMMIT),
        **_still(S.LOCATING, G.NEXT_TARGET, G.ANSWER),
        G.TARGETS: (S.CALLING, (O.INVITE_FIRST,)),
        G.HELD: (S.LOCATING, (O.SKIP, O.LOCATE_NEXT)),
        G.HELD_LAST: (S.ENDED, (O.SKIP, O.BEST)),
        G.ALL_HELD: (S.LOCATING, (O.LOCATE_ANYWAY,)),  # all down: try them in order anyway
        G.ONLY_HELD_LEFT: (S.LOCATING, (O.END_ATTEMPT, O.LOCATE_ANYWAY)),
        G.NEXT_STEP: (S.LOCATING, (O.END_ATTEMPT, O.LOCATE_NEXT)),
        G.EXHAUSTED: (S.ENDED, (O.END_ATTEMPT, O.BEST)),
        G.STOP: (S.ENDED, (O.END_ATTEMPT, O.REFUSED)),
        G.CALLER_LEFT: (S.ENDED, (O.CANCELLED,)),
        G.DEADLINE: (S.ENDED, (O.LATE,)),
    },
    S.CALLING: {
        **_still(S.CALLING, *_OUTSIDE),
        G.TRYING: (S.PROCEEDING, (O.ARM_NO_PROGRESS,)),
        G.PROGRESS: (S.RINGING, (O.ARM_NO_ANSWER, O.RELAY)),
        G.COMMIT: (S.COMMITTED, (O.ARM_NO_ANSWER, O.RELAY)),
        **_FAILURES,
        **_ENDINGS,
    },
    S.PROCEEDING: {
        **_still(S.PROCEEDING, *_OUTSIDE, G.TRYING),
        G.PROGRESS: (S.RINGING, (O.ARM_NO_ANSWER, O.RELAY)),
        G.COMMIT: (S.COMMITTED, (O.ARM_NO_ANSWER, O.RELAY)),
        **_FAILURES,
        **_ENDINGS,
    },
    # A provisional that repeats does not arm no-answer again, or a chatty 183 would hold the call
    # for ever (RFC 3261 §13.3.1.1 recommends one a minute).
    S.RINGING: {
        **_still(S.RINGING, *_OUTSIDE, G.TRYING),
        G.PROGRESS: (S.RINGING, (O.RELAY,)),
        G.COMMIT: (S.COMMITTED, (O.RELAY,)),
        **_FAILURES,
        **_ENDINGS,
    },
    # `Hunt._failure` reads every failure here as STOP: the failure rows exist to keep the table
    # total, and end the call too.
    S.COMMITTED: {
        **_still(S.COMMITTED, *_OUTSIDE, G.TRYING),
        G.PROGRESS: (S.COMMITTED, (O.RELAY,)),
        G.COMMIT: (S.COMMITTED, (O.RELAY,)),
        G.NEXT_TARGET: (S.ENDED, (O.END_ATTEMPT, O.REFUSED)),
        G.NEXT_STEP: (S.ENDED, (O.END_ATTEMPT, O.REFUSED)),
        G.EXHAUSTED: (S.ENDED, (O.END_ATTEMPT, O.REFUSED)),
        **_ENDINGS,
    },
    S.ENDED: _still(S.ENDED, *Sign),
}

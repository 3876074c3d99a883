"""Attempts, results and times as the words that ladders, verdicts and test reports share.

What comes from a policy or from the network is made printable here: a reason phrase may hold
escape sequences that a terminal would obey.
"""

from __future__ import annotations

from sipfo.plan.ladder import Attempt, Settled
from sipfo.plan.scenario import SeenAttempt, SeenResult


def printable(text: str) -> str:
    """`text` with everything that is no visible character or space as `\\x1b` and the like."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def duration(seconds: float) -> str:
    """Seconds as people read them: `0 ms`, `12 ms`, `2.00 s`, `1 min 5 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def attempt_words(attempt: Attempt | SeenAttempt) -> str:
    """An attempt as a test block writes it: `us.primary to pbx-east 503`."""
    return f"{attempt.egress} to {place_words(attempt)} {attempt.outcome}"


def place_words(attempt: Attempt | SeenAttempt) -> str:
    """Where an attempt goes, or must go: `pbx-east`, `desk.kss-b`."""
    return attempt.place if isinstance(attempt, Attempt) else attempt.route


def result_words(result: Settled) -> str:
    """What the caller got: `answered 200 by pbx-west`, `refused 408`."""
    return _result(result.kind, result.code, result.by)


def expected_words(expected: SeenResult) -> str:
    """What the caller must get, as far as it is stated, without its time limit."""
    return _result(expected.kind, expected.code, expected.by)


def _result(kind: str, code: int | None, by: str | None) -> str:
    parts = [kind]
    if code is not None and kind != "cancelled":
        parts.append(str(code))
    if by is not None:
        parts.append(f"by {by}")
    return " ".join(parts)

"""A commit point adds nothing to another, or says the opposite of it.

Avoid: `commit on 180, progress`, `commit on answer, 180`.
Prefer: `commit on progress` for any provisional, `commit on 180` for that one, `commit on answer` for
none.
Why: `progress` is any provisional above 100; `answer` means that no provisional commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import CommitPoint
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.plan.model import CommitOn

CODE: Final = "SF405"
TITLE: Final = "Needless commit point"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """An error for `answer` beside another point, a warning for what `progress` covers."""
    for retry in subject.policy.retries:
        answer = _point(retry.commits, "answer")
        progress = _point(retry.commits, "progress")
        others = [one for one in retry.commits if one.point != CommitOn(point="answer")]
        if answer is not None and others:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                "`answer` means that no provisional response commits",
                answer.span,
                "never before the answer",
                (Label(others[0].span, "before the answer"),),
                "keep one of the two",
            )
        elif progress is not None:
            for one in others:
                if one.point != progress.point:
                    text = quoted(subject.source.excerpt(one.span))
                    yield Diagnostic(
                        CODE,
                        "warning",
                        TITLE,
                        f"`progress` commits on {text} too",
                        one.span,
                        "adds nothing",
                        (Label(progress.span, "any provisional above 100"),),
                        "remove one of the two",
                    )


def _point(commits: tuple[CommitPoint, ...], name: str) -> CommitPoint | None:
    return next(
        (one for one in commits if isinstance(one.point, CommitOn) and one.point.point == name),
        None,
    )

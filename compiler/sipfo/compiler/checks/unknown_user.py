"""A route goes to a user whom the registrar does not have.

Avoid: `to registered alcie at office` when `office` has `user alice`.
Prefer: the user as the registrar writes it, upper and lower case alike.
Why: nobody could ever register as that user, so that every call to the route would be a 480.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.checks.unknown_name import SUGGESTED
from sipfo.compiler.policy import ToRegistered
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.grammar.near import near

CODE: Final = "SF210"
TITLE: Final = "Unknown user"

_LISTED: Final = 4


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each route."""
    known = {
        name: dict.fromkeys(user.name for user in registrar.users)
        for name, registrar in subject.scope.registrars.items()
    }
    told = 0
    for route in subject.policy.routes:
        to = route.destination
        if not isinstance(to, ToRegistered) or to.registrar.text not in known:
            continue
        users = known[to.registrar.text]
        if not users or to.user in users or not subject.clean:
            continue
        told += 1
        names = near(to.user, sorted(users)) if told < SUGGESTED else ()
        names = names or tuple(islice(users, _LISTED))
        yield Diagnostic(
            CODE,
            "error",
            TITLE,
            f"registrar {quoted(to.registrar.text)} has no user {quoted(to.user)}",
            to.user_span,
            "not a user of it",
            (Label(subject.scope.registrars[to.registrar.text].name.span, "declared here"),),
            f"it has {one_of([quoted(name) for name in names], 'and')}",
        )

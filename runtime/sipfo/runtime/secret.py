"""Passwords: which ones a plan needs, and values that no message, log or traceback can show.

A plan holds the names of its secrets. Their values come from whoever starts the runtime, and all of
them must be there before anything is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NoReturn

from sipfo.plan.model import Credential, Plan, RegisteredUser

_SHOWN: Final = "<secret>"


class Secret:
    """A secret's value, in UTF-8. It is shown as `<secret>`, however one looks at it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """`value` is what the environment or a file has; bytes that are no UTF-8 are kept."""
        self._value = value.encode("utf-8", "surrogateescape")

    def reveal(self) -> bytes:
        """The value, for what is computed from it and for nothing else."""
        return self._value

    def __repr__(self) -> str:
        return _SHOWN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


class MissingSecret(ValueError):
    """Secrets that the plan needs have no value; the message names each and who uses it."""


def uses(plan: Plan) -> Iterator[tuple[Credential | RegisteredUser, str]]:
    """Everybody that the runtime needs the password of, and who uses it, in plan order."""
    for route in plan.routes:
        if route.auth is not None:
            yield route.auth, f"route {route.name}"
    for registrar in plan.registrars:
        for user in registrar.users:
            yield user, f"registrar {registrar.name}"
    for carrier in plan.carriers:
        if carrier.auth is not None:
            yield carrier.auth, f"carrier {carrier.name}"
    for trunk in plan.trunks:
        for credential in trunk.accept.credentials:
            yield credential, f"trunk {trunk.name}"


def names(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The names of a plan's secrets, each with who uses it."""
    found: dict[str, dict[str, None]] = {}
    for credential, user in uses(plan):
        found.setdefault(credential.secret, {})[user] = None
    return {name: tuple(users) for name, users in found.items()}


def check_secrets(plan: Plan, secrets: Mapping[str, Secret]) -> None:
    """Raises MissingSecret unless every secret of the plan is there, and is not empty."""
    lacking = [
        f"`{name}` ({', '.join(users)})"
        for name, users in names(plan).items()
        if name not in secrets or not secrets[name].reveal()
    ]
    if lacking:
        raise MissingSecret(
            f"no value for the secret{'s' * (len(lacking) > 1)} {', '.join(lacking)}"
        )

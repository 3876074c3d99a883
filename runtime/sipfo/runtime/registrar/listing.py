"""What an operator is shown of a registration, as a JSON value."""

from __future__ import annotations

from typing import TypedDict

from sipfo.runtime.registrar.binding import Binding
from sipfo.runtime.row import clean
from sipfo.runtime.sip.parameters import encode_host


class RegistrationJson(TypedDict):
    """One contact of a user: the instance that holds it, where it registered from, and the seconds
    that are left."""

    registrar: str
    user: str
    instance: str
    contact: str
    source: str
    path: list[str]
    q: float
    seconds: int
    device: str
    reg_id: int
    agent: str


def registration_json(
    registrar: str, user: str, instance: str, one: Binding, at: float
) -> RegistrationJson:
    """A binding at a moment, in Unix seconds."""
    origin = one.origin
    return {
        "registrar": registrar,
        "user": user,
        "instance": instance,
        "contact": clean(one.contact),
        "source": f"{origin.transport}:{encode_host(*origin.remote)}",
        "path": [clean(each) for each in one.path],
        "q": one.q,
        "seconds": max(0, round(one.expires - at)),
        "device": clean(one.device),
        "reg_id": one.reg_id,
        "agent": clean(one.agent),
    }

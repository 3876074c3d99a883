"""Which secrets a plan needs, and that none of their values can be seen."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from dataclasses import dataclass

import pytest

from runtime.world import policy
from sipfo.plan.model import Accept, Carrier, Credential, Plan, Route
from sipfo.runtime.secret import MissingSecret, Secret, check_secrets, names, uses

SAID = "correct horse"


def needy() -> Plan:
    """A route and a carrier with one secret, a trunk with that one and another."""
    auth = Credential(user="acme", secret="OURS")
    plan = policy(carriers={"northstar": "sip:203.0.113.9"})
    accept = Accept(credentials=(auth, Credential(user="ann", secret="ANN_PW")))
    return plan.model_copy(
        update={
            "routes": (
                Route(name="pbx-east", destinations=("sip:198.51.100.10",), auth=auth),
                plan.routes[1],
            ),
            "carriers": (Carrier(name="northstar", destination="sip:203.0.113.9", auth=auth),),
            "trunks": (plan.trunks[0].model_copy(update={"accept": accept}),),
        }
    )


@dataclass(frozen=True)
class Holder:
    password: Secret


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__, "{!r:>10}".format])
def test_a_secret_is_shown_as_such(show: object) -> None:
    assert callable(show)
    for one in (Secret(SAID), Holder(Secret(SAID)), [Secret(SAID)]):
        shown = show(one)
        assert SAID not in shown and "<secret>" in shown


def test_a_secret_is_not_in_a_log_line_or_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError(Secret(SAID))
    except ValueError as error:
        logging.getLogger("sipfo").exception("with %s", Secret(SAID))
        told = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    assert SAID not in told and SAID not in caplog.text
    assert "<secret>" in told and "<secret>" in caplog.text


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_secret_is_written_nowhere(write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError, match="not written anywhere"):
        write(Secret(SAID))


def test_secrets_are_equal_by_their_value() -> None:
    assert Secret(SAID) == Secret(SAID) and hash(Secret(SAID)) == hash(Secret(SAID))
    assert Secret(SAID) != Secret("other")
    assert Secret(SAID) != SAID.encode()


def test_a_value_is_utf_8_and_bytes_that_are_not_are_kept() -> None:
    assert Secret("pässwörd").reveal() == "pässwörd".encode()
    assert Secret(b"\xff\x00x".decode("utf-8", "surrogateescape")).reveal() == b"\xff\x00x"


def test_every_use_of_a_secret_is_found_in_plan_order() -> None:
    found = [(one.secret, user) for one, user in uses(needy())]
    assert found == [
        ("OURS", "route pbx-east"),
        ("OURS", "carrier northstar"),
        ("OURS", "trunk acme"),
        ("ANN_PW", "trunk acme"),
    ]
    assert names(needy()) == {
        "OURS": ("route pbx-east", "carrier northstar", "trunk acme"),
        "ANN_PW": ("trunk acme",),
    }
    assert names(policy()) == {}


def test_a_missing_secret_is_named_with_who_uses_it() -> None:
    check_secrets(policy(), {})
    check_secrets(needy(), {"OURS": Secret("x"), "ANN_PW": Secret("y")})
    with pytest.raises(MissingSecret) as caught:
        check_secrets(needy(), {"OURS": Secret(SAID)})
    assert str(caught.value) == "no value for the secret `ANN_PW` (trunk acme)"


def test_all_that_are_missing_are_named_and_an_empty_one_is_missing() -> None:
    with pytest.raises(MissingSecret) as caught:
        check_secrets(needy(), {"OURS": Secret("")})
    assert str(caught.value) == (
        "no value for the secrets `OURS` (route pbx-east, carrier northstar, trunk acme),"
        " `ANN_PW` (trunk acme)"
    )

"""What a REGISTER makes of the bindings that are there: properties that hold for every history."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.registrar.binding import Binding, Origin
from sipfo.runtime.registrar.register import MOST_CONTACTS, NotTaken, Registration, Wanted
from sipfo.runtime.registrar.sameness import same
from sipfo.runtime.registrar.table import Bindings, Came, alive, change
from sipfo.runtime.sip.uri import parse_uri

ORIGIN = Origin("udp", ("192.0.2.10", 5060), ("198.51.100.77", 5060))
CONTACTS = [f"sip:alice@198.51.100.{place}" for place in range(1, 5)]
DEVICES = ["", "<urn:uuid:1>", "<urn:uuid:2>"]

wanted = st.builds(
    Wanted,
    contact=st.sampled_from(CONTACTS),
    expires=st.sampled_from([0, 60, 3600]),
    q=st.sampled_from([0.1, 0.5, 1.0]),
    device=st.sampled_from(DEVICES),
    reg_id=st.integers(0, 2),
).map(lambda one: one if one.device else replace(one, reg_id=0))
registrations = st.builds(
    Registration,
    call_id=st.sampled_from(["a", "b"]),
    number=st.integers(1, 6),
    contacts=st.lists(wanted, max_size=3).map(tuple),
    everything=st.sampled_from([False, False, False, True]),
)
histories = st.lists(st.tuples(registrations, st.integers(0, 90)), max_size=12)


def played(history: list[tuple[Registration, int]]) -> tuple[Bindings, float]:
    kept: Bindings = ()
    now = 1_700_000_000.0
    for registration, seconds in history:
        now += seconds
        try:
            kept = change(kept, registration, Came(now, "kss-a", ORIGIN))
        except NotTaken:
            continue
    return kept, now


@given(histories)
def test_no_two_bindings_are_of_one_flow_or_of_one_contact(
    history: list[tuple[Registration, int]],
) -> None:
    kept, _ = played(history)
    flows = [(one.device, one.reg_id) for one in kept if one.reg_id]
    assert len(flows) == len(set(flows))
    plain = [parse_uri(one.contact) for one in kept if not one.reg_id]
    assert not any(same(one, other) for n, one in enumerate(plain) for other in plain[:n])
    assert len(kept) <= MOST_CONTACTS


@given(histories, registrations)
def test_a_register_that_is_refused_changes_nothing_and_one_that_is_taken_changes_all(
    history: list[tuple[Registration, int]], last: Registration
) -> None:
    kept, now = played(history)
    try:
        after = change(kept, last, Came(now, "kss-a", ORIGIN))
    except NotTaken:
        assert any(
            one.call_id == last.call_id and one.number >= last.number for one in alive(kept, now)
        )
        return
    if last.everything:
        assert after == ()
    for one in last.contacts[-1:]:
        there = [each for each in after if each.contact == one.contact]
        if one.expires and not last.everything:
            assert there
            assert any(each.expires == now + one.expires and each.q == one.q for each in there)


@given(histories, registrations)
def test_the_same_register_again_changes_nothing_more(
    history: list[tuple[Registration, int]], last: Registration
) -> None:
    kept, now = played(history)
    came = Came(now, "kss-a", ORIGIN)
    try:
        once = change(kept, last, came)
    except NotTaken:
        return
    try:
        assert change(once, last, came) == once
    except NotTaken as refused:
        assert refused.status == 500


@given(histories)
def test_the_order_is_by_what_is_wanted_most_and_then_by_the_latest(
    history: list[tuple[Registration, int]],
) -> None:
    kept, now = played(history)
    assert list(kept) == sorted(kept, key=lambda one: (-one.q, -one.updated, one.contact))
    assert all(one.expires > now for one in alive(kept, now))
    assert alive(kept, now + 7200) == ()


@given(histories)
def test_a_store_gives_back_what_it_was_given(history: list[tuple[Registration, int]]) -> None:
    kept, _ = played(history)
    text = json.dumps([one.to_json() for one in kept])
    assert tuple(Binding.from_json(one) for one in json.loads(text)) == kept


@given(histories, st.sampled_from(CONTACTS), st.integers(10, 20))
def test_the_registrations_of_one_telephone_leave_the_others_alone(
    history: list[tuple[Registration, int]], contact: str, number: int
) -> None:
    kept, now = played(history)
    one = Registration("mine", number, (Wanted(contact, 60, 1.0),))
    after = change(kept, one, Came(now, "kss-a", ORIGIN))
    others = [each for each in alive(kept, now) if each.contact != contact]
    assert [each for each in after if each.contact != contact] == others

"""RFC 3261 §10, sentence by sentence, on a whole engine in virtual time."""

from __future__ import annotations

import pytest

from runtime.registrar.telephones import DOMAIN, Telephone, contacts, world

HERE = "<sip:alice@198.51.100.77>"
SOFT = "<sip:alice@198.51.100.78>"


def test_10_3_step_3_who_shows_no_password_is_asked_for_one() -> None:
    telephone = Telephone(world())
    assert telephone.ask(HERE).status == 401
    assert telephone.register(HERE).status == 200


def test_rfc8760_2_3_both_algorithms_are_offered_the_stronger_first() -> None:
    said = Telephone(world()).ask(HERE).headers.lines(b"www-authenticate")
    assert [b"SHA-256" in said[0], b"MD5" in said[1], len(said)] == [True, True, 2]
    assert all(b'qop="auth"' in one and f'realm="{DOMAIN}"'.encode() in one for one in said)


@pytest.mark.parametrize("algorithm", [b"SHA-256", b"MD5"])
def test_rfc8760_either_algorithm_is_taken(algorithm: bytes) -> None:
    assert Telephone(world(), algorithm=algorithm).register(HERE).status == 200


def test_10_3_step_8_the_answer_has_every_binding_and_the_seconds_left() -> None:
    there = world()
    telephone = Telephone(there)
    telephone.register(f"{HERE};expires=600")
    said = telephone.register(f"{SOFT};q=0.5;expires=300")
    assert contacts(said) == [HERE, f"{SOFT};q=0.5"]
    assert b";expires=600" in said.headers.all(b"contact")[0] + b";expires=600"
    seconds = [int(one.rpartition(b"=")[2]) for one in said.headers.all(b"contact")]
    assert seconds[0] in (599, 600)
    assert seconds[1] == 300


def test_10_2_3_who_names_no_contact_asks_which_there_are() -> None:
    telephone = Telephone(world())
    telephone.register(HERE)
    said = telephone.register()
    assert (said.status, contacts(said)) == (200, [HERE])


def test_10_2_2_an_expiry_of_0_removes_a_contact() -> None:
    telephone = Telephone(world())
    telephone.register(HERE, SOFT)
    assert contacts(telephone.register(f"{HERE};expires=0")) == [SOFT]
    assert contacts(telephone.register(SOFT, fields=((b"expires", b"0"),))) == []


def test_10_2_2_a_star_removes_every_contact() -> None:
    telephone = Telephone(world())
    telephone.register(HERE, SOFT)
    assert contacts(telephone.register("*", fields=((b"expires", b"0"),))) == []


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        (("*",), ()),
        (("*",), ((b"expires", b"60"),)),
        (("*", HERE), ((b"expires", b"0"),)),
    ],
)
def test_10_3_step_6_a_star_stands_alone_and_for_0_seconds(
    said: tuple[str, ...], fields: tuple[tuple[bytes, bytes], ...]
) -> None:
    telephone = Telephone(world())
    telephone.register(HERE)
    assert telephone.register(*said, fields=fields).status == 400
    assert contacts(telephone.register()) == [HERE]


def test_10_3_step_7_an_interval_too_brief_is_refused_with_the_least() -> None:
    telephone = Telephone(world())
    said = telephone.register(HERE, fields=((b"expires", b"59"),))
    assert (said.status, said.headers.first(b"min-expires")) == (423, b"60")
    assert telephone.register(HERE, fields=((b"expires", b"60"),)).status == 200


def test_10_2_1_1_an_expiry_that_cannot_be_read_is_an_hour() -> None:
    said = Telephone(world()).register(f"{HERE};expires=soon")
    assert said.headers.all(b"contact")[0].endswith(b";expires=3600")


def test_an_expiry_is_shortened_to_the_most() -> None:
    said = Telephone(world()).register(f"{HERE};expires=4000000")
    assert said.headers.all(b"contact")[0].endswith(b";expires=7200")


def test_10_3_step_7_a_late_register_of_the_same_telephone_changes_nothing() -> None:
    telephone = Telephone(world())
    telephone.register(HERE, number=5)
    telephone.number = 6
    said = telephone.register(f"{HERE};expires=0", number=6)  # what came after the answer to 5
    assert said.status in (200, 500)
    telephone.register(HERE, number=20)
    late = telephone.register(f"{HERE};expires=0", number=19)
    assert late.status == 500
    assert contacts(telephone.register(number=21)) == [HERE]


def test_10_3_step_7_a_restarted_telephone_has_another_call_id() -> None:
    there = world()
    Telephone(there).register(HERE, number=100)
    again = Telephone(there, call_id=b"registration-2")
    assert contacts(again.register(f"{HERE};expires=0")) == []


def test_10_3_step_7_all_contacts_are_changed_or_none() -> None:
    telephone = Telephone(world())
    telephone.register(SOFT, number=50)
    late = telephone.register(HERE, f"{SOFT};expires=0", number=49)
    assert late.status == 500
    assert contacts(telephone.register(number=60)) == [SOFT]


def test_10_3_step_2_an_extension_that_is_not_known_is_refused() -> None:
    said = Telephone(world()).register(HERE, fields=((b"require", b"teleport, path"),))
    assert (said.status, said.headers.first(b"unsupported")) == (420, b"teleport")


def test_10_3_step_4_nobody_registers_for_somebody_else() -> None:
    telephone = Telephone(world(), user="bob", password=b"friend")
    assert telephone.register(HERE, to=f"sip:alice@{DOMAIN}").status == 403


def test_10_3_step_5_nobody_registers_for_another_domain() -> None:
    assert Telephone(world()).register(HERE, to="sip:alice@elsewhere.example").status == 404


def test_a_register_for_another_domain_is_a_strangers() -> None:
    said = Telephone(world()).ask(HERE, uri="sip:elsewhere.example")
    assert said.status == 403


def test_a_telephone_may_know_the_registrar_by_its_address() -> None:
    assert Telephone(world()).register(HERE, uri="sip:192.0.2.10").status == 200


def test_a_binding_expires() -> None:
    there = world()
    telephone = Telephone(there)
    telephone.register(f"{HERE};expires=60")
    there.run(there.now + 61)
    assert contacts(telephone.register()) == []


def test_a_uri_that_is_no_sip_uri_is_refused() -> None:
    assert Telephone(world()).register("<mailto:alice@acme.example>").status == 416


def test_of_a_user_ten_contacts_are_kept() -> None:
    telephone = Telephone(world())
    for place in range(10):
        assert telephone.register(f"<sip:alice@198.51.100.{place + 1}>").status == 200
    assert telephone.register("<sip:alice@198.51.100.99>").status == 403
    assert len(contacts(telephone.register())) == 10


def test_a_store_that_does_not_answer_is_a_500_and_nothing_is_registered() -> None:
    there = world()
    telephone = Telephone(there)
    telephone.register(HERE)
    there.store_is_down = True
    said = telephone.register(SOFT)
    assert (said.status, said.headers.first(b"retry-after")) == (500, b"5")
    there.store_is_down = False
    assert contacts(telephone.register()) == [HERE]


def test_10_3_the_answer_waits_for_the_store() -> None:
    there = world()
    telephone = Telephone(there)
    telephone.take(telephone.ask(HERE))
    there.store_takes = 5.0
    with pytest.raises(AssertionError, match="nothing was answered"):
        telephone.ask(HERE)
    there.run(there.now + 5.0)
    assert there.sent[-1][2].status == 200  # type: ignore[union-attr]  # a response

"""Nonces, replays, stale, guesses: RFC 3261 §22, RFC 7616 §3.3 to §3.5, RFC 8760."""

from __future__ import annotations

from dataclasses import replace

from runtime.registrar.telephones import Telephone, contacts, world
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.message import Response

HERE = "<sip:alice@198.51.100.77>"


def is_stale(response: Response) -> bool:
    said = response.headers.lines(b"www-authenticate")
    assert said
    return all(b"stale=true" in one for one in said)


def proven() -> Telephone:
    """One that has registered, and knows its nonce."""
    telephone = Telephone(world())
    assert telephone.register(HERE).status == 200
    return telephone


def test_rfc7616_3_4_a_count_that_was_seen_is_a_replay() -> None:
    telephone = proven()
    assert telephone.ask(HERE, count=2).status == 200
    again = telephone.ask(HERE, count=2)
    assert (again.status, is_stale(again)) == (401, True)
    assert telephone.ask(HERE, count=1).status == 401
    assert telephone.ask(HERE, count=3).status == 200


def test_rfc7616_3_3_a_nonce_that_is_too_old_is_stale_once() -> None:
    telephone = proven()
    telephone.world.run(telephone.world.now + 301)
    said = telephone.ask(HERE)
    assert (said.status, is_stale(said)) == (401, True)
    telephone.take(said)
    assert telephone.ask(HERE).status == 200


def test_a_first_challenge_is_not_stale() -> None:
    assert not is_stale(Telephone(world()).ask(HERE))


def test_a_nonce_that_another_address_was_given_is_stale() -> None:
    telephone = proven()
    thief = replace(telephone, source=("198.51.100.99", 5060), call_id=b"thief", said=[])
    said = thief.ask(HERE, count=9)
    assert (said.status, is_stale(said)) == (401, True)


def test_a_nonce_that_nobody_was_given_is_stale() -> None:
    telephone = proven()
    assert telephone.challenge is not None
    telephone.challenge = replace(telephone.challenge, nonce=b"0" * 52)
    assert is_stale(telephone.ask(HERE))


def test_who_does_not_exist_and_who_has_a_wrong_password_are_told_the_same() -> None:
    wrong = Telephone(world(), password=b"guess")
    nobody = Telephone(world(), user="zacharias", password=b"guess")
    one, other = wrong.register(HERE), nobody.register(HERE)
    assert (one.status, one.phrase) == (other.status, other.phrase) == (403, b"Forbidden")
    names = [[name for name, _ in said.headers] for said in (one, other)]
    assert names[0] == names[1]
    first = [each.said[0].headers.lines(b"www-authenticate") for each in (wrong, nobody)]
    assert [len(one) for one in first] == [2, 2]


def test_who_guesses_too_often_is_locked_out_and_others_are_not() -> None:
    there = world(Limits(failures=3))
    guesser = Telephone(there, password=b"guess")
    for _ in range(3):
        assert guesser.register(HERE).status == 403
    guesser.password = b"open sesame"
    assert guesser.register(HERE).status == 403
    other = Telephone(there, source=("198.51.100.99", 5060), call_id=b"other")
    assert other.register(HERE).status == 200
    there.run(there.now + 301)
    guesser.challenge = None
    assert guesser.register(HERE).status == 200


def test_a_password_is_in_no_record_and_no_answer() -> None:
    telephone = proven()
    Telephone(telephone.world, password=b"guess", call_id=b"2").register(HERE)
    assert "open sesame" not in repr(telephone.world.records)
    assert all(b"open sesame" not in repr(one).encode() for _, _, one in telephone.world.sent)


def test_a_source_that_sends_too_many_is_not_answered_and_it_is_said_once() -> None:
    there = world(Limits(registers=1.0, registers_burst=5))
    telephone = Telephone(there)
    telephone.register(HERE)
    answered = 0
    for _ in range(12):
        before = len(there.sent)
        try:
            telephone.ask()
        except AssertionError:
            assert len(there.sent) == before
        else:
            answered += 1
    assert 3 <= answered <= 6
    notices = [one.text for one in there.records if isinstance(one, Notice)]
    assert sum("REGISTERs a second" in one for one in notices) == 1
    there.run(there.now + 10)
    assert contacts(telephone.ask()) == [HERE]

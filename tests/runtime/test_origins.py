"""Our legs' Call-IDs lead to the caller's."""

from __future__ import annotations

from sipfo.runtime.origins import Origins


def test_a_leg_leads_to_its_caller_and_a_caller_to_itself() -> None:
    origins = Origins()
    origins.note(b"ours", b"theirs")
    assert origins.of(b"ours") == b"theirs"
    assert origins.of(b"theirs") == b"theirs"


def test_the_leg_heard_of_least_recently_goes_first() -> None:
    origins = Origins(most=2)
    origins.note(b"one", b"a")
    origins.note(b"two", b"b")
    assert origins.of(b"one") == b"a"
    origins.note(b"three", b"c")
    assert len(origins) == 2
    assert origins.of(b"one") == b"a"
    assert origins.of(b"two") == b"two"

"""What was read is not read again, and nobody fills memory with what is."""

from __future__ import annotations

import pytest

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.remembered import LONGEST, MOST, remembered


class Reader:
    """Reads a text, and counts how often."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, text: bytes) -> tuple[bytes, ...]:
        self.reads += 1
        if text == b"bad":
            raise Malformed(400, "bad")
        return tuple(text.split())


def test_the_same_text_is_read_once() -> None:
    reader = Reader()
    recall = remembered(reader.__call__)
    assert recall(b"a b") == recall(b"a b") == (b"a", b"b")
    assert reader.reads == 1


def test_what_cannot_be_read_is_said_every_time() -> None:
    reader = Reader()
    recall = remembered(reader.__call__)
    for _ in range(2):
        with pytest.raises(Malformed):
            recall(b"bad")
    assert reader.reads == 2


def test_a_long_text_is_read_every_time() -> None:
    reader = Reader()
    recall = remembered(reader.__call__)
    for _ in range(2):
        recall(b"x" * (LONGEST + 1))
    assert reader.reads == 2


def test_no_more_than_the_bound_is_kept() -> None:
    reader = Reader()
    recall = remembered(reader.__call__)
    for number in range(MOST + 1):
        recall(b"%d" % number)
    recall(b"0")  # it was the oldest
    assert reader.reads == MOST + 2

"""How many connections are kept, and for how long, at each bound and just above it."""

from __future__ import annotations

import pytest

from sipfo.runtime.connections import Connections
from sipfo.runtime.limits import Limits

LIMITS = Limits(
    connections=4,
    connections_each=3,
    stranger_connections=3,
    stranger_connections_each=2,
    message_time=32.0,
    idle_time=3605.0,
    stranger_idle_time=64.0,
)


def accepted(connections: Connections, known: bool, *sources: str) -> list[bool]:
    first = len(connections) * 100
    return [
        connections.accept(first + n, source, known, 0.0) for n, source in enumerate(sources, 1)
    ]


def test_a_source_has_so_many_and_no_more() -> None:
    assert accepted(Connections(LIMITS), True, *["192.0.2.1"] * 4) == [True, True, True, False]
    assert accepted(Connections(LIMITS), False, *["192.0.2.1"] * 3) == [True, True, False]


def test_all_sources_together_have_so_many_and_no_more() -> None:
    sources = [f"192.0.2.{n}" for n in range(5)]
    assert accepted(Connections(LIMITS), True, *sources) == [True] * 4 + [False]
    assert accepted(Connections(LIMITS), False, *sources) == [True] * 3 + [False] * 2


def test_strangers_take_no_place_of_those_that_are_known() -> None:
    connections = Connections(LIMITS)
    accepted(connections, False, *[f"192.0.2.{n}" for n in range(9)])
    assert accepted(connections, True, *[f"198.51.100.{n}" for n in range(5)]) == (
        [True] * 4 + [False]
    )


def test_a_closed_connection_gives_its_place_back_once() -> None:
    connections = Connections(LIMITS)
    assert accepted(connections, False, "192.0.2.1", "192.0.2.1") == [True, True]
    for _ in range(2):
        connections.closed(1)
    assert connections.accept(9, "192.0.2.1", False, 0.0)
    assert not connections.accept(10, "192.0.2.1", False, 0.0)
    assert len(connections) == 2


def test_an_ipv6_64_is_one_source() -> None:
    sources = ["2001:db8::1", "2001:db8::2", "2001:db8::3"]
    assert accepted(Connections(LIMITS), False, *sources) == [True, True, False]


def test_who_says_nothing_at_all_is_closed() -> None:
    connections = Connections(LIMITS)
    connections.accept(1, "192.0.2.1", True, 100.0)
    assert connections.overdue(132.0) == []
    assert connections.overdue(132.1) == [1]


def test_a_message_that_comes_octet_by_octet_has_its_time_from_the_first() -> None:
    connections = Connections(LIMITS)
    connections.accept(1, "192.0.2.1", True, 0.0)
    connections.heard(1, True, False, 1.0)
    for second in range(1000, 1033):
        connections.heard(1, False, True, float(second))
        assert connections.overdue(float(second)) == []
    assert connections.overdue(1032.1) == [1]


def test_whole_messages_back_to_back_are_not_slow() -> None:
    connections = Connections(LIMITS)
    connections.accept(1, "192.0.2.1", True, 0.0)
    for second in range(0, 1000, 30):
        connections.heard(1, True, True, float(second))
        assert connections.overdue(second + 31.0) == []


@pytest.mark.parametrize(("known", "idle"), [(True, 3605.0), (False, 64.0)])
def test_a_quiet_connection_is_kept_for_its_idle_time(known: bool, idle: float) -> None:
    connections = Connections(LIMITS)
    connections.accept(1, "192.0.2.1", known, 0.0)
    connections.heard(1, True, False, 10.0)
    assert connections.overdue(10.0 + idle) == []
    assert connections.overdue(10.1 + idle) == [1]


def test_our_own_connections_are_not_watched() -> None:
    connections = Connections(LIMITS)
    connections.heard(7, False, True, 0.0)
    connections.closed(7)
    assert len(connections) == 0 and connections.overdue(1e9) == []


def test_who_has_shown_a_password_since_is_no_stranger_any_more() -> None:
    limits = Limits(stranger_connections=1, stranger_idle_time=10.0, idle_time=100.0)
    watched = Connections(limits)
    assert watched.accept(1, "203.0.113.1", False, 0.0)
    assert not watched.accept(2, "203.0.113.2", False, 0.0)
    watched.heard(1, True, False, 1.0)
    watched.acquaint(lambda source: source == "203.0.113.1")
    assert watched.overdue(50.0) == []
    assert watched.accept(2, "203.0.113.2", False, 50.0)
    watched.closed(1)
    watched.closed(2)
    assert watched.accept(3, "203.0.113.3", False, 51.0)
    assert not watched.accept(4, "203.0.113.4", False, 51.0)

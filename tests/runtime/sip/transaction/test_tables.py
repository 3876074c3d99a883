"""The four tables read as documents: total, and nothing in them that cannot be reached."""

from __future__ import annotations

from enum import Enum
from types import ModuleType
from typing import Any

import pytest

from sipfo.runtime.sip.transaction import client, invite_client, invite_server, server

MACHINES = [invite_client, client, invite_server, server]
FINAL = {
    (invite_client, "CALLING"): "R_1XX R_2XX R_300_699 TIMER_B TRANSPORT_ERROR",
    (invite_client, "PROCEEDING"): "R_2XX R_300_699 TRANSPORT_ERROR",
    (invite_client, "ACCEPTED"): "TIMER_M",
    (invite_client, "COMPLETED"): "TIMER_D TRANSPORT_ERROR",
    (client, "TRYING"): "R_1XX R_200_699 TIMER_F TRANSPORT_ERROR",
    (client, "PROCEEDING"): "R_200_699 TIMER_F TRANSPORT_ERROR",
    (client, "COMPLETED"): "TIMER_K",
    (invite_server, "PROCEEDING"): "SEND_2XX SEND_300_699",
    (invite_server, "ACCEPTED"): "TIMER_L",
    (invite_server, "COMPLETED"): "ACK TIMER_H",
    (invite_server, "CONFIRMED"): "TIMER_I",
    (server, "TRYING"): "SEND_1XX SEND_200_699",
    (server, "PROCEEDING"): "SEND_200_699",
    (server, "COMPLETED"): "TIMER_J",
}
"""The events that lead out of each state, by the figures of RFC 3261 §17 and RFC 6026 §7."""

machines = pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__.split(".")[-1])


def rows(machine: ModuleType) -> dict[tuple[Enum, Enum], tuple[Enum, Enum]]:
    table: dict[tuple[Enum, Enum], tuple[Enum, Enum]] = machine.TABLE
    return table


@machines
def test_every_state_has_a_row_for_every_event_and_no_other(machine: ModuleType) -> None:
    pairs = {(state, event) for state in machine.State for event in machine.Event}
    assert set(rows(machine)) == pairs


@machines
def test_every_state_is_reached_and_every_action_is_some_rows(machine: ModuleType) -> None:
    states: list[Any] = list(machine.State)
    assert {after for after, _ in rows(machine).values()} | {states[0]} == set(states)
    assert {action for _, action in rows(machine).values()} == set(machine.Action)


@machines
def test_terminated_ignores_everything_and_every_end_is_terminated(machine: ModuleType) -> None:
    state, action = machine.State, machine.Action
    for (before, _), (after, does) in rows(machine).items():
        if before is state.TERMINATED:
            assert (after, does) == (state.TERMINATED, action.IGNORE)
        elif after is state.TERMINATED:
            assert does in {action.END, getattr(action, "TIME_OUT", None)} | {
                getattr(action, "FAIL", None)
            }


@machines
def test_what_is_ignored_changes_no_state(machine: ModuleType) -> None:
    for (before, _), (after, does) in rows(machine).items():
        if does is machine.Action.IGNORE:
            assert after is before


@pytest.mark.parametrize(("machine", "name"), FINAL)
def test_a_state_is_left_by_the_events_of_the_figure(machine: ModuleType, name: str) -> None:
    state = machine.State[name]
    out = {
        event.name for (b, event), (after, _) in rows(machine).items() if b is state is not after
    }
    assert out - {"TRANSPORT_ERROR"} == set(FINAL[machine, name].split()) - {"TRANSPORT_ERROR"}

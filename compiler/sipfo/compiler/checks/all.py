"""Every check. None depends on another, and diagnostics are in the order of their places."""

from __future__ import annotations

from typing import Final

from sipfo.compiler.checks import (
    above_ceiling,
    accept_conflict,
    address_families,
    carrier_region,
    claimed_twice,
    cluster_addresses,
    cluster_members,
    contradicting_match,
    contradicting_result,
    cost_missing,
    cut_off,
    dead_rule,
    duplicate_name,
    equal_addresses,
    foreign_destination,
    foreign_instance,
    foreign_number,
    forward_loop,
    global_failover,
    impossible_behaviour,
    late_deadline,
    late_no_response,
    late_timer,
    limit_twice,
    listen_twice,
    missing_block,
    missing_statement,
    needless_commit,
    nobody_can_call,
    nothing_expected,
    number_used_up,
    own_address,
    rates_and_cost,
    rates_unpriced,
    registrar_repeats,
    repeated_match,
    repeated_name,
    statement_twice,
    too_many_carriers,
    too_many_instances,
    turn_without_effect,
    unknown_address,
    unknown_name,
    unknown_user,
    unreached_route,
    untried_carrier,
    unused_name,
    weightless,
)
from sipfo.compiler.checks.subject import Check, Proof

CHECKS: Final[tuple[Check, ...]] = (
    # names
    unknown_name.check,
    unknown_address.check,
    duplicate_name.check,
    unknown_user.check,
    # statements
    missing_statement.check,
    statement_twice.check,
    missing_block.check,
    listen_twice.check,
    accept_conflict.check,
    limit_twice.check,
    # retry policies
    contradicting_match.check,
    repeated_match.check,
    late_no_response.check,
    global_failover.check,
    needless_commit.check,
    # trunks, regions and carriers
    too_many_carriers.check,
    repeated_name.check,
    untried_carrier.check,
    forward_loop.check,
    claimed_twice.check,
    equal_addresses.check,
    carrier_region.check,
    own_address.check,
    weightless.check,
    cost_missing.check,
    rates_and_cost.check,
    above_ceiling.check,
    number_used_up.check,
    late_deadline.check,
    # registrars
    too_many_instances.check,
    registrar_repeats.check,
    # clusters
    cluster_members.check,
    cluster_addresses.check,
    # tests
    foreign_destination.check,
    foreign_number.check,
    contradicting_result.check,
    impossible_behaviour.check,
    foreign_instance.check,
    turn_without_effect.check,
)

ADVICE: Final[tuple[Check, ...]] = (
    unused_name.check,
    nothing_expected.check,
    late_timer.check,
)
"""Checks for what is not there: told only when nothing is wrong, or a mistake would look like a
second one."""

PROOFS: Final[tuple[Proof, ...]] = (
    rates_unpriced.check,
    dead_rule.check,
    unreached_route.check,
    cut_off.check,
    address_families.check,
    nobody_can_call.check,
)
"""Checks of what calls would do, told only when nothing is wrong."""
